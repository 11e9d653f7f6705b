import { once } from 'node:events';
import { resolve } from 'node:path';
import { identityIn, kitFor, needed, readText, wayFrom } from './backup-store.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { progressLine } from '../terminal/progress.ts';
import type { BackupKit } from '../../contract/backup-kit.ts';
import type * as offlineRoom from '../../daemon/backup/offline.ts';
import type { Entry } from '../../model/entry.ts';

/** `at`: milliseconds since the epoch. */
type Target = { readonly kind: 'newest' } | { readonly kind: 'time'; readonly at: number };

/** A server of its own as it was at a moment, in a new folder, to look at; nothing that exists is touched. */
export const restore: Run = async (invocation) => {
  const { out } = invocation;
  const kit = await kitFor(invocation);
  const identity = identityIn(readText(needed(invocation, 'identity')));
  const target = await targetOf(invocation);
  const folder = resolve(needed(invocation, 'as'));
  const offline = await import('../../daemon/backup/offline.ts');
  const database = invocation.text('dump');
  if (database !== undefined) return dump(invocation, { kit, identity, target, database, file: folder });
  const bar = progressLine(out);
  const programs = invocation.text('postgres-bin');
  const { restored } = await offline
    .restoreByKit({
      way: wayFrom(invocation, kit),
      target,
      identity,
      folder,
      progress: ({ stage, done, of }) => bar.tell(stage, done, of),
      ...(programs === undefined ? {} : { programs: [programs] }),
    })
    .catch((error: unknown) => explain(error, offline))
    .finally(() => bar.end());
  const { server, took, lastCommit, data } = restored;
  out.show({ data, socket: server.socket, user: server.user, lastCommit, took }, () => {
    out.line(['good', `${kit.name} is back`], ` as it was at ${lastCommit ?? 'the time of the copy'}`);
    out.line(`  files ${seconds(took.files)}, log ${seconds(took.log)}, replay ${seconds(took.replay)}`);
    out.line(`  look at it:  ${psqlLine(server)}`);
    out.line('  it runs until you press ctrl-c; its folder stays');
  });
  if (!invocation.flag('stop')) await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await server.stop();
  return exitCode.done;
};

type Offline = typeof offlineRoom;

function explain(error: unknown, { RestoreRefused, StoreFailed }: Offline): never {
  if (error instanceof RestoreRefused)
    throw new Complaint(error.message, error.hint ?? 'see `holdpoint backup verify`', { cause: error });
  if (error instanceof StoreFailed)
    throw new Complaint(error.message, 'a store is read by a credential that may list: see --help', { cause: error });
  throw error;
}

/** A logical dump, as the file that pg_restore reads. */
async function dump(
  invocation: Invocation,
  asked: {
    readonly kit: BackupKit;
    readonly identity: string;
    readonly target: Target;
    readonly database: string;
    readonly file: string;
  },
): Promise<ExitCode> {
  const { out } = invocation;
  const { kit, target, file, database } = asked;
  const offline = await import('../../daemon/backup/offline.ts');
  const bar = progressLine(out);
  const { backup, startedAt, cluster } = await offline
    .dumpByKit({
      ...asked,
      way: wayFrom(invocation, kit),
      progress: ({ stage, done, of }) => bar.tell(stage, done, of),
      ...(target.kind === 'time' ? { by: target.at } : {}),
    })
    .catch((error: unknown) => explain(error, offline))
    .finally(() => bar.end());
  const major = Math.floor(cluster.version / 10_000);
  out.show({ backup, database, startedAt, major, file }, () => {
    out.line(['good', `${database} as of ${startedAt}`], ` is in ${file}`);
    out.line(
      `  into a new database, by a pg_restore of ${major} or newer:  createdb back && pg_restore -d back ${file}`,
    );
  });
  return exitCode.done;
}

/** `newest`, a moment, or `before:<hold>` or `before:<entry>`: just before what that let through. */
async function targetOf(invocation: Invocation): Promise<Target> {
  const text = invocation.text('to') ?? 'newest';
  if (text === 'newest') return { kind: 'newest' };
  if (text.startsWith('before:')) return { kind: 'time', at: (await momentOf(invocation, text.slice(7))) - 1 };
  const at = Date.parse(text);
  if (Number.isNaN(at) || !/\d{4}-\d\d-\d\dT/.test(text))
    throw misused(`\`${text}\` is no moment`, 'write newest, 2026-11-24T09:00:00Z, before:<hold> or before:<entry>');
  return { kind: 'time', at };
}

/** When it went out, by our journal; by the server's clock it was later, if the clocks agree. */
async function momentOf(invocation: Invocation, of: string): Promise<number> {
  if (!/^\d{1,15}$/.test(of)) return momentOfHold(invocation, of);
  const { entry } = await invocation.api().get<{ entry: Entry }>(`/v1/journal/entries/${of}`);
  return Date.parse(entry.at);
}

async function momentOfHold(invocation: Invocation, hold: string): Promise<number> {
  const path = `/v1/journal?hold=${encodeURIComponent(hold)}`;
  const { entries } = await invocation.api().get<{ entries: readonly Entry[] }>(path);
  const sent = entries.filter((one) => one.kind === 'intent').map((one) => Date.parse(one.at));
  if (sent.length === 0) throw misused(`nothing of \`${hold}\` was sent`, 'see `holdpoint journal --hold <hold>`');
  return Math.min(...sent);
}

function psqlLine(server: { readonly socket: string; readonly user: string }): string {
  const at = server.socket.lastIndexOf('/');
  const port = /\.(\d+)$/.exec(server.socket)?.[1] ?? '5432';
  return `psql -h ${server.socket.slice(0, at)} -p ${port} -U ${server.user} postgres`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
