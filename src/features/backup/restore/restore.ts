import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { openContent } from '../manifest.ts';
import { SealBroken } from '../format/age.ts';
import { ObjectDamaged } from '../stores.ts';
import type { RestorePlan } from './plan.ts';
import { accountForServer, findPrograms, type Programs, type ServerAccount } from './programs.ts';
import type { Tell } from './progress.ts';
import { RestoreRefused } from './restore-refused.ts';
import { writeSegments } from './segments.ts';
import { majorOfFolder, removeFolder, type RestoredServer, startServer } from './server.ts';
import type { OpenSql } from './sql.ts';
import { unpack } from './unpack.ts';
import type { BackupStore, Lsn } from '../../../contract/backup.ts';
import { lsnNumber } from '../../../contract/lsn.ts';

export interface RestoreOptions {
  readonly plan: RestorePlan;
  readonly store: BackupStore;
  /** `AGE-SECRET-KEY-1…`, the recovery key's or the drill runner's. */
  readonly identity: string;
  /** Made here: `data` in it is the cluster. */
  readonly folder: string;
  /** Nothing has to be durable, and `remove` takes it away. */
  readonly throwAway: boolean;
  /** Folders with PostgreSQL's programs, before the usual ones. */
  readonly programs?: readonly string[];
  readonly account?: ServerAccount;
  readonly openSql: OpenSql;
  readonly progress?: Tell;
  /** Milliseconds for the replay. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** A cluster as it was at the target, up and answering. */
export interface Restored {
  readonly server: RestoredServer;
  readonly programs: Programs;
  readonly account: ServerAccount | undefined;
  /** The cluster itself. */
  readonly data: string;
  /** First byte that was not replayed. */
  readonly replayed: Lsn;
  /** When the last transaction that came back was committed, ISO 8601 by the server's clock; absent where none was replayed. */
  readonly lastCommit?: string;
  /** Milliseconds. */
  readonly took: { readonly files: number; readonly log: number; readonly replay: number };
  /** Stops it and removes the folder. */
  remove(): Promise<void>;
}

/** What is left over at the end of a log is at most one record that was not whole; such are small. */
const largestTail = 1024n * 1024n;

/**
 * Unpacks, assembles the log, replays, and gives the server when it is up. What failed leaves nothing behind. Throws
 * `RestoreRefused`, and `StoreFailed` where the store does not answer.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { plan, folder } = options;
  const account = options.account ?? (await accountForServer());
  await mkdir(folder, { mode: 0o700 }).catch((cause: unknown) => {
    throw new RestoreRefused('place', `\`${folder}\` cannot be made: it is there, or what it is in is not`, { cause });
  });
  // Others only pass through: what is in it belongs to the account that the server runs as.
  if (account !== undefined) await chmod(folder, 0o711);
  let server: RestoredServer | undefined;
  try {
    const major = Math.floor(plan.backup.manifest.cluster.version / 10_000);
    const programs = await findPrograms(major, options.programs ?? [], folder);
    const data = path.join(folder, 'data');
    const began = performance.now();
    await fetched(options, data);
    if ((await majorOfFolder(data)) !== major) throw new RestoreRefused('damaged', 'the copy is of another PostgreSQL');
    const unpacked = performance.now();
    await logged(options, path.join(folder, 'segments'));
    const assembled = performance.now();
    server = await startServer({
      ...options,
      account,
      programs,
      major,
      target: plan.target,
      timeline: plan.legs.at(-1)?.timeline ?? plan.backup.manifest.cluster.timeline,
      replayed: replayTeller(options),
    });
    const reached = await server.reached();
    refuseShort(plan, reached.replayed);
    const running = server;
    return Object.freeze({
      server: running,
      programs,
      account,
      data,
      ...reached,
      took: {
        files: unpacked - began,
        log: assembled - unpacked,
        replay: performance.now() - assembled,
      },
      async remove() {
        await running.stop();
        await removeFolder(folder);
      },
    });
  } catch (thrown) {
    await server?.stop();
    await removeFolder(folder);
    throw inOurWords(thrown);
  }
}

async function fetched(options: RestoreOptions, data: string): Promise<void> {
  const { manifest } = options.plan.backup;
  const content = await openContent(manifest, options.identity);
  if (content.kind !== 'base') throw new RestoreRefused('no-backup', 'a logical dump has no data directory');
  await unpack({ ...options, manifest, content, folder: data });
}

async function logged(options: RestoreOptions, folder: string): Promise<void> {
  await writeSegments({ ...options, folder });
}

function replayTeller({ plan, progress }: RestoreOptions): (segment: string) => void {
  const of = plan.legs.reduce((sum, leg) => sum + Number(leg.to - leg.from), 0);
  let done = 0;
  return () => {
    done = Math.min(of, done + plan.segmentSize);
    progress?.({ stage: 'replay', done, of });
  };
}

/** A server that comes up has not said how far it came: a record that cannot be read ends a replay without a word. */
function refuseShort({ target, reach }: RestorePlan, replayed: Lsn): void {
  if (target.kind !== 'time' && lsnNumber(reach) - lsnNumber(replayed) > largestTail)
    throw new RestoreRefused('not-reached', `the replay ended at ${replayed}, and the log goes to ${reach}`);
}

/** Faults of objects and seals, as a restore says them. */
export function inOurWords(thrown: unknown): unknown {
  if (thrown instanceof ObjectDamaged)
    return new RestoreRefused('damaged', thrown.message, { cause: thrown, hint: 'try another store that holds it' });
  if (thrown instanceof SealBroken)
    return new RestoreRefused('damaged', `it does not open: ${thrown.message}`, {
      cause: thrown,
      hint: 'name the identity that it was sealed for: the recovery key, or the drill runner’s',
    });
  return thrown;
}
