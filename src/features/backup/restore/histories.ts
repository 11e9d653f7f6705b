import { openObject } from '../format/object.ts';
import type { ClusterWal } from '../catalogue.ts';
import { exactObject } from '../stores.ts';
import { RestoreRefused } from './restore-refused.ts';
import type { BackupStore } from '../../../contract/backup.ts';
import { lsnNumber } from '../../../contract/lsn.ts';

/** Where a timeline left the one before it. */
export interface Fork {
  readonly parent: number;
  /** First byte that is not the parent's any more. */
  readonly at: bigint;
}

/** What a timeline descends from, oldest first, and the file that says so. */
export interface History {
  readonly timeline: number;
  readonly forks: readonly Fork[];
  readonly bytes: Uint8Array;
}

const largestHistory = 1024 * 1024;

/** All of a cluster. Throws `RestoreRefused` where one cannot be opened, and what the store throws. */
export async function readHistories(
  store: BackupStore,
  wal: ClusterWal,
  identity: string,
): Promise<ReadonlyMap<number, History>> {
  const found = new Map<number, History>();
  for (const object of wal.histories) {
    const sealed = await exactObject(store, object, object.version);
    const bytes = await openObject(sealed, identity, largestHistory);
    const history = readHistory(object.timeline, bytes);
    const before = found.get(object.timeline);
    if (before !== undefined && Buffer.compare(before.bytes, bytes) !== 0)
      throw new RestoreRefused('forked', `timeline ${object.timeline} began twice, at different places`);
    found.set(object.timeline, history);
  }
  return found;
}

/** A `.history` file: parent, place and reason, a line each; `#` begins a remark. Throws `RestoreRefused`. */
export function readHistory(timeline: number, bytes: Uint8Array): History {
  const forks: Fork[] = [];
  for (const line of Buffer.from(bytes).toString('utf8').split('\n')) {
    if (line.trim() === '' || line.trim().startsWith('#')) continue;
    const [, parent, at] = /^\s*(\d{1,10})\s+([0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8})/.exec(line) ?? [];
    const fork = parent === undefined || at === undefined ? undefined : { parent: Number(parent), at: lsnNumber(at) };
    const last = forks.at(-1);
    if (fork === undefined || fork.parent >= timeline || (last !== undefined && fork.parent <= last.parent))
      throw new RestoreRefused('damaged', `the history of timeline ${timeline} cannot be read`);
    forks.push(fork);
  }
  if (forks.length === 0) throw new RestoreRefused('damaged', `the history of timeline ${timeline} is empty`);
  return Object.freeze({ timeline, forks, bytes });
}
