import type { Found, ScanReport } from '../../features/scan/index.ts';
import { Complaint } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import { looksLikeCredential } from './credential-names.ts';

type Variables = { readonly [name: string]: string | undefined };

/** Shorter than this a secret is a word that stands in other values by chance. */
const tellingLength = 12;

/**
 * Names of the variables that hold what looks like a credential: by their names, and by the rules of `holdpoint scan` for
 * their values. A value that the scan breaks on counts as one. Throws `Complaint` where it cannot be looked at all: an
 * agent is not started in an environment that nobody looked at.
 */
export async function credentialsIn(variables: Variables): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  const rest: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) continue;
    if (looksLikeCredential(name, value)) named.add(name);
    else rest[name] = value;
  }
  const report = await scanned(rest);
  for (const one of report.found) for (const name of holdersOf(one, rest)) named.add(name);
  for (const { path } of report.coverage.unread) named.add(path.replace(/^environment: /, ''));
  return named;
}

async function scanned(environment: Variables): Promise<ScanReport> {
  try {
    const { scan } = await import('../../features/scan/index.ts');
    return await scan({ environment, only: ['environment'] });
  } catch {
    // What was thrown may quote a value.
    throw new Complaint(
      'the environment could not be searched for credentials, so nothing was started',
      'it is a defect: report it with what you typed, not with your environment',
      { exit: exitCode.unavailable },
    );
  }
}

/** The variable that it was found in, and others that hold the same. */
function holdersOf({ finding, secret }: Found, variables: Variables): readonly string[] {
  const value = secret.reveal();
  const holders = Object.keys(variables).filter(
    (name) => name === finding.place.key || (value.length >= tellingLength && (variables[name] ?? '').includes(value)),
  );
  if (holders.length > 0) return holders;
  // Its name was not one to show: whichever it is, it is among those that hold the value.
  return Object.keys(variables).filter((name) => (variables[name] ?? '').includes(value));
}
