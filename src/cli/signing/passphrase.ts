import { readFileSync, statSync } from 'node:fs';
import { Complaint, misused } from '../complaint.ts';
import type { Invocation } from '../invocation.ts';
import { refuseShort } from './key-file.ts';
import { askTerminal, readSecretFd } from '../terminal/prompt.ts';

/** Names of the options by which one secret can be given without a terminal. */
export interface SecretOptions {
  readonly fd: string;
  readonly file?: string;
}

const camel = (option: string): string => option.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

function insteadOf({ fd, file }: SecretOptions): string {
  return `--${fd} <number>${file === undefined ? '' : ` or --${file} <path>`}`;
}

/** A secret from a descriptor or a file that was named outright; undefined where neither was. */
function givenSecret(invocation: Invocation, options: SecretOptions): string | undefined {
  const fd = invocation.text(camel(options.fd));
  const path = options.file === undefined ? undefined : invocation.text(camel(options.file));
  if (fd !== undefined && path !== undefined) {
    throw misused(`--${options.fd} and --${options.file ?? ''} are both given`, 'give one of them');
  }
  if (fd !== undefined) return readSecretFd(`--${options.fd}`, fd);
  return path === undefined ? undefined : readSecretFile(path);
}

/** The secret that was given, or what the person types into the terminal unseen. */
export async function secretFor(invocation: Invocation, question: string, options: SecretOptions): Promise<string> {
  return (
    givenSecret(invocation, options) ?? (await askTerminal(question, { hidden: true, instead: insteadOf(options) }))
  );
}

/** A passphrase that is being chosen: typed twice, or given. */
export async function newPassphrase(invocation: Invocation, name: string, options: SecretOptions): Promise<string> {
  const given = givenSecret(invocation, options);
  if (given !== undefined) return given;
  const asking = { hidden: true, instead: insteadOf(options) };
  const first = await askTerminal(`choose a passphrase for the key of ${name} (12 characters or more):`, asking);
  refuseShort(first);
  const second = await askTerminal('once more:', asking);
  if (first !== second) throw new Complaint('the two passphrases differ', 'run the command again; nothing was made');
  return first;
}

function readSecretFile(path: string): string {
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      throw new Complaint(`others may read \`${path}\``, `close it first: chmod 600 ${path}`);
    }
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    if (cause instanceof Complaint) throw cause;
    throw new Complaint(`\`${path}\` cannot be read`, 'name a file of yours with mode 600', { cause });
  }
}
