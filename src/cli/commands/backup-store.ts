import { readFileSync } from 'node:fs';
import { Complaint, misused } from '../complaint.ts';
import type { Invocation } from '../invocation.ts';
import type { BackupKit, HumanWay } from '../../contract/backup-kit.ts';

/** The kit from a file, else from the daemon. */
export async function kitFor(invocation: Invocation): Promise<BackupKit> {
  const file = invocation.text('kit');
  const name = invocation.needed(0);
  if (file === undefined) return invocation.api().get<BackupKit>(`/v1/backups/${encodeURIComponent(name)}/kit`);
  const kit = kitIn(readText(file));
  if (kit.name !== name) throw misused(`\`${file}\` is the kit of \`${kit.name}\``, `name it: \`${kit.name}\``);
  return kit;
}

/** Without a daemon nobody else checks it: a kit says only where to look and by which key copies are judged. */
function kitIn(text: string): BackupKit {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const kit = value as Partial<BackupKit> | null | undefined;
  if (kit?.v !== 1 || typeof kit.name !== 'string' || typeof kit.publicKey !== 'string' || !Array.isArray(kit.stores))
    throw misused('the file is no recovery kit', 'hand over what `holdpoint recovery-kit <name> --json` printed');
  return { ...kit, expected: kit.expected ?? { backups: [], wal: [] } } as BackupKit;
}

/** The way into one of the kit's stores for a human, as options and environment say. */
export function wayFrom(invocation: Invocation, kit: BackupKit): HumanWay {
  const { env } = invocation;
  const [store, socket] = [invocation.text('store'), invocation.text('socket')];
  const [keyId, secret] = [env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY']];
  return {
    kit,
    allowPrivate: invocation.flag('private'),
    ...(store === undefined ? {} : { store }),
    ...(socket === undefined ? {} : { socket }),
    ...(keyId === undefined || secret === undefined ? {} : { access: { keyId, secret } }),
  };
}

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Complaint(`\`${path}\` cannot be read`, 'name a file that you can read', { cause });
  }
}

/** The age identity in the text of a file. */
export function identityIn(text: string): string {
  const line = text.split('\n').find((one) => one.trim().startsWith('AGE-SECRET-KEY-1'));
  if (line === undefined)
    throw misused('there is no age identity in that file', 'it has a line AGE-SECRET-KEY-1…, from paper or the runner');
  return line.trim();
}

/** An option that the command cannot do without. */
export function needed(invocation: Invocation, option: string): string {
  const value = invocation.text(option);
  if (value === undefined) throw misused(`--${option} is missing`, 'see --help');
  return value;
}
