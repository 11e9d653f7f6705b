import type { Attempt, Outcome } from '../../features/doctor/tier.ts';
import type { AttackName } from '../../features/doctor/attacks.ts';

/** What is attacked: everything that an agent could find out by itself, handed over so that nothing is missed. */
export interface Target {
  readonly data: string;
  /** Files and folders of the installation that are the service user's alone, as its owner sees them. */
  readonly files: readonly string[];
  readonly folders: readonly string[];
  /** What agents may read and never write. */
  readonly open: readonly string[];
  readonly humanToken: string;
  readonly pid: number;
  /** Owner of the daemon's process. */
  readonly daemonUid: number;
  readonly daemonGid: number;
  readonly daemonUser: string | undefined;
  readonly api: string;
  readonly http: string;
  /** The program that the daemon runs, and the Node that runs it. */
  readonly program: { readonly root: string; readonly node: string };
  /** Where the attacker's own code lies, for running the command line. */
  readonly commandLine: string;
  /** Origins of the upstreams. */
  readonly providers: readonly string[];
  /** Whether somebody can sign: the way of the first signer is closed then, and may be tried. */
  readonly hasSigner: boolean;
  /** Where an agent would look for credentials. */
  readonly searched: readonly string[];
}

/** A text in a file that could be a credential. Goes to the parent alone, never into a report. */
export interface Candidate {
  readonly path: string;
  readonly text: string;
}

/** What the attacking process writes to its stdout. */
export interface AttackerReport {
  readonly uid: number;
  readonly attempts: readonly Attempt[];
  readonly candidates: readonly Candidate[];
  /** Files that hold a signer's key, with its public half. */
  readonly signerKeys: readonly { readonly path: string; readonly publicKey: string }[];
  /** Whether there was more than it looked at. */
  readonly isCutShort: boolean;
}

/** One way to try; throws nothing that is not a defect. */
export type Try = (target: Target) => Promise<readonly Attempt[]> | readonly Attempt[];

export function attempt(attack: AttackName, outcome: Outcome, detail: string): Attempt {
  return { attack, outcome, detail };
}

/** The error code of the system (`EACCES`), or `error` where there is none. */
export function codeOf(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return 'error';
}

/** A few of many, and how many more. */
export function some(names: readonly string[], most = 4): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}
