import type { Catalogue, ClusterWal, ListedBackup } from '../catalogue.ts';
import type { History } from './histories.ts';
import { RestoreRefused } from './restore-refused.ts';
import type { Lsn } from '../../../contract/backup.ts';
import { lsnNumber, lsnText, segmentStart } from '../../../contract/lsn.ts';

/** To which moment. */
export type RestoreTarget =
  /** As far as the log goes. */
  | { readonly kind: 'newest' }
  /** What was committed up to this moment by the server’s clock; milliseconds since the epoch. */
  | { readonly kind: 'time'; readonly at: number }
  /** Up to this place of the log: every record that ends before it, or at it. */
  | { readonly kind: 'position'; readonly position: Lsn };

/** A stretch of one timeline that is replayed. */
export interface Leg {
  readonly timeline: number;
  /** Beginning of a segment. */
  readonly from: bigint;
  /** First byte that is not replayed, or not there. */
  readonly to: bigint;
}

/** What is fetched and replayed, in order. */
export interface RestorePlan {
  readonly backup: ListedBackup;
  readonly target: RestoreTarget;
  /** The last one is the timeline that recovery follows. */
  readonly legs: readonly Leg[];
  readonly wal: ClusterWal;
  readonly histories: readonly History[];
  /** Where the log ends that is replayed; of a moment, how far it is there without a gap. */
  readonly reach: Lsn;
  readonly segmentSize: number;
}

export interface PlanWishes {
  readonly target: RestoreTarget;
  /** `system_identifier`; needed where the store holds several clusters. */
  readonly system?: string;
  /** `bk_…`: that one and no other. */
  readonly backup?: string;
  /** Along which timeline; the newest that descends from the backup's unless said. */
  readonly timeline?: number;
  /** Of that cluster: `readHistories`. */
  readonly histories: ReadonlyMap<number, History>;
}

/** From which copy, and through which log, the target is reached. Reads nothing. Throws `RestoreRefused`. */
export function planRestore(catalogue: Catalogue, wishes: PlanWishes): RestorePlan {
  const system = clusterMeant(catalogue, wishes.system);
  const wal = catalogue.wal.find((one) => one.system === system);
  const bases = catalogue.backups.filter(
    ({ manifest }) =>
      manifest.kind === 'base' &&
      manifest.cluster.system === system &&
      (wishes.backup === undefined || manifest.backup === wishes.backup),
  );
  if (wal === undefined || bases.length === 0) throw noBackup(wishes, 'there is no base backup with its log');
  const early = bases.filter(({ manifest }) => endsBefore(manifest, wishes.target));
  if (early.length === 0) throw noBackup(wishes, 'every base backup is younger than that');
  let why: RestoreRefused | undefined;
  // The newest from which the target can be reached: the least has to be replayed.
  for (const backup of early.toReversed()) {
    try {
      return planFrom(backup, wal, wishes);
    } catch (thrown) {
      if (!(thrown instanceof RestoreRefused)) throw thrown;
      why ??= thrown;
    }
  }
  throw why ?? noBackup(wishes, 'there is no base backup');
}

function clusterMeant(catalogue: Catalogue, wished: string | undefined): string {
  const systems = new Set(catalogue.backups.map(({ manifest }) => manifest.cluster.system));
  const [only] = systems;
  if (wished !== undefined) return wished;
  if (only === undefined)
    throw new RestoreRefused('no-backup', 'the store holds no backup that was signed by this installation');
  if (systems.size > 1)
    throw new RestoreRefused('no-backup', 'the store holds backups of several clusters', {
      hint: `say which: ${[...systems].join(', ')}`,
    });
  return only;
}

/** The copy has to be whole by then: nobody can stop before that. */
function endsBefore(manifest: ListedBackup['manifest'], target: RestoreTarget): boolean {
  if (target.kind === 'newest') return true;
  if (target.kind === 'time') return Date.parse(manifest.finishedAt) <= target.at;
  return manifest.endLsn !== undefined && lsnNumber(manifest.endLsn) <= lsnNumber(target.position);
}

function planFrom(backup: ListedBackup, wal: ClusterWal, wishes: PlanWishes): RestorePlan {
  const { cluster, startLsn, endLsn } = backup.manifest;
  if (startLsn === undefined || endLsn === undefined) throw noBackup(wishes, 'the copy does not say where it begins');
  const { segmentSize } = cluster;
  const timeline = wishes.timeline ?? newestFrom(cluster.timeline, lsnNumber(endLsn), wal, wishes.histories);
  const forks = forksBetween(cluster.timeline, timeline, wishes.histories);
  const legs: Leg[] = [];
  let from = segmentStart(lsnNumber(startLsn), segmentSize);
  const until = wishes.target.kind === 'position' ? lsnNumber(wishes.target.position) : undefined;
  for (const fork of forks) {
    // A place before the fork is the parent's: replay ends there.
    if (until !== undefined && until <= fork.at) break;
    // A fork before the copy was whole leads to a timeline that the copy is not of.
    if (fork.at < lsnNumber(endLsn)) throw noBackup(wishes, `timeline ${timeline} left before the copy was whole`);
    refuseGap(wal, fork.parent, from, fork.at);
    legs.push({ timeline: fork.parent, from, to: fork.at });
    from = segmentStart(fork.at, segmentSize);
  }
  const last = forks[legs.length]?.parent ?? timeline;
  const reach = reachOf(wal, last, from);
  if (reach === undefined || (legs.length === 0 && reach < lsnNumber(endLsn)))
    throw gap(`the log that \`${backup.manifest.backup}\` needs is not there`);
  refuseBeyond(wishes.target, wal, last, reach);
  // Of a place nothing but what lies before it is fetched: replay ends where the log does.
  legs.push({ timeline: last, from, to: until ?? reach });
  const histories = [...wishes.histories.values()].filter((one) => legs.length > 1 && one.timeline <= last);
  return Object.freeze({
    backup,
    target: wishes.target,
    legs,
    wal,
    histories,
    reach: lsnText(until ?? reach),
    segmentSize,
  });
}

/** The target must lie in what is there; where there is more behind a gap, `newest` would not be the newest. */
function refuseBeyond(target: RestoreTarget, wal: ClusterWal, timeline: number, reach: bigint): void {
  if (target.kind === 'position' && lsnNumber(target.position) > reach)
    throw gap(`the log goes to ${lsnText(reach)} without a gap, and not to ${target.position}`);
  const behind = wal.ranges.find((one) => one.timeline === timeline && lsnNumber(one.start) > reach);
  if (target.kind === 'newest' && behind !== undefined)
    throw gap(
      `the log is missing from ${lsnText(reach)} to ${behind.start}: nothing behind it can be restored from this copy`,
      `what is before it can: --to lsn:${lsnText(reach)}`,
    );
}

function refuseGap(wal: ClusterWal, timeline: number, from: bigint, to: bigint): void {
  const reach = reachOf(wal, timeline, from);
  if (reach === undefined || reach < to)
    throw gap(`the log of timeline ${timeline} from ${lsnText(reach ?? from)} to ${lsnText(to)} is missing`);
}

function reachOf(wal: ClusterWal, timeline: number, from: bigint): bigint | undefined {
  const range = wal.ranges.find(
    (one) => one.timeline === timeline && lsnNumber(one.start) <= from && from < lsnNumber(one.end),
  );
  return range === undefined ? undefined : lsnNumber(range.end);
}

/** The youngest timeline with a log that descends from where the copy was whole. */
function newestFrom(timeline: number, end: bigint, wal: ClusterWal, histories: ReadonlyMap<number, History>): number {
  const younger = [...histories.values()].filter(
    (one) =>
      one.forks.some((fork) => fork.parent === timeline && fork.at >= end) &&
      wal.ranges.some((range) => range.timeline === one.timeline),
  );
  return Math.max(timeline, ...younger.map((one) => one.timeline));
}

function forksBetween(from: number, to: number, histories: ReadonlyMap<number, History>): History['forks'] {
  if (from === to) return [];
  const forks = histories.get(to)?.forks ?? [];
  const first = forks.findIndex((fork) => fork.parent === from);
  if (first < 0) throw gap(`nothing says how timeline ${to} follows from ${from}`);
  return forks.slice(first);
}

function gap(message: string, hint?: string): RestoreRefused {
  return new RestoreRefused('gap', message, hint === undefined ? {} : { hint });
}

function noBackup({ target }: PlanWishes, why: string): RestoreRefused {
  const where =
    target.kind === 'newest'
      ? ''
      : ` to ${target.kind === 'time' ? new Date(target.at).toISOString() : target.position}`;
  return new RestoreRefused('no-backup', `nothing can be restored${where}: ${why}`);
}
