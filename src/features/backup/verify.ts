import type { Catalogue } from './catalogue.ts';
import { exactObject, ObjectDamaged } from './stores.ts';
import type { BackupStore } from '../../contract/backup.ts';
import { lsnNumber } from '../../contract/lsn.ts';

/** Something that is wrong with what a store holds. */
export interface Finding {
  /**
   * - `damaged`: an object is gone, or not what was put
   * - `forged`: something lies under our names that we did not put there
   * - `dropped`: a backup that should be there is not listed at all
   * - `gap`: a stretch of the write-ahead log is missing
   */
  readonly kind: 'damaged' | 'forged' | 'dropped' | 'gap';
  /** The key, the backup, or the stretch. */
  readonly what: string;
  readonly why: string;
}

/** What is known from elsewhere (the journal) to have been put. A listing alone cannot tell that its newest line is missing. */
export interface Expected {
  readonly backups: readonly { readonly backup: string; readonly sha256: string; readonly keptUntil: string }[];
  /** How far the log was confirmed, on each timeline. */
  readonly wal: readonly { readonly system: string; readonly timeline: number; readonly through: string }[];
}

export interface VerifyOptions {
  readonly store: BackupStore;
  readonly catalogue: Catalogue;
  /** Milliseconds since the epoch: what may have expired by then is not missed. */
  readonly now: number;
  readonly expected?: Expected;
  /** Objects done, of how many; bytes read. */
  readonly progress?: (done: number, of: number, bytes: number) => void;
  readonly signal?: AbortSignal;
}

export interface Verified {
  readonly objects: number;
  readonly bytes: number;
  /** Empty: every object is there, as it was put. */
  readonly findings: readonly Finding[];
}

interface Wanted {
  readonly key: string;
  readonly sha256: string;
  readonly version: string;
}

/**
 * Reads every object by its version and compares its hash with what was signed. Needs no private key, so it cannot say
 * that the bytes restore: a drill does. Throws `StoreFailed` where the store does not answer: then nothing is known.
 */
export async function verifyBackups(options: VerifyOptions): Promise<Verified> {
  const { store, catalogue, progress, signal } = options;
  const findings: Finding[] = [
    ...catalogue.refused.map(({ key, why }) => ({ kind: 'forged' as const, what: key, why })),
    ...droppedFrom(options),
    ...gapsIn(options),
  ];
  const { wanted, unnamed } = objectsOf(catalogue, store.name);
  for (const key of unnamed)
    findings.push({ kind: 'damaged', what: key, why: `its manifest names no version in store \`${store.name}\`` });
  let done = 0;
  let bytes = 0;
  for (const { key, version, sha256 } of wanted) {
    signal?.throwIfAborted();
    try {
      bytes += (await exactObject(store, { key, sha256 }, version)).length;
    } catch (error) {
      if (!(error instanceof ObjectDamaged)) throw error;
      findings.push({ kind: 'damaged', what: key, why: error.message });
    }
    progress?.(++done, wanted.length, bytes);
  }
  return Object.freeze({ objects: done, bytes, findings });
}

function objectsOf(catalogue: Catalogue, store: string): { wanted: readonly Wanted[]; unnamed: readonly string[] } {
  const wanted = new Map<string, Wanted>();
  const unnamed: string[] = [];
  const want = (one: Wanted): void => void wanted.set(`${one.key} ${one.version} ${one.sha256}`, one);
  for (const { manifest, key, version, sha256 } of catalogue.backups) {
    want({ key, version, sha256 });
    for (const object of manifest.objects) {
      const named = object.versions[store];
      if (named === undefined) unnamed.push(object.key);
      else want({ key: object.key, version: named, sha256: object.sha256 });
    }
  }
  for (const { pieces, histories } of catalogue.wal)
    for (const { key, version, sha256 } of [...pieces, ...histories]) want({ key, version, sha256 });
  return { wanted: [...wanted.values()], unnamed };
}

/** Backups that others name, or the journal, and that the store no longer lists though nobody may delete them yet. */
function droppedFrom({ catalogue, expected, now }: VerifyOptions): readonly Finding[] {
  const there = new Set(catalogue.backups.map(({ sha256 }) => sha256));
  const named = catalogue.backups.flatMap(({ manifest }) =>
    manifest.previous === undefined ? [] : [manifest.previous],
  );
  const missing = [...named, ...(expected?.backups ?? [])].filter(
    ({ sha256, keptUntil }) => !there.has(sha256) && Date.parse(keptUntil) > now,
  );
  const byHash = new Map(missing.map((one) => [one.sha256, one]));
  return [...byHash.values()].map(({ backup, keptUntil }) => ({
    kind: 'dropped' as const,
    what: backup,
    why: `its manifest should be there until ${keptUntil}`,
  }));
}

function gapsIn({ catalogue, expected }: VerifyOptions): readonly Finding[] {
  const gaps: Finding[] = [];
  for (const { system, ranges } of catalogue.wal) {
    for (const [index, range] of ranges.entries()) {
      const before = ranges[index - 1];
      if (before !== undefined && before.timeline === range.timeline)
        gaps.push(gap(system, range.timeline, before.end, range.start));
    }
  }
  for (const { manifest, complete, through } of catalogue.backups)
    if (!complete)
      gaps.push(
        gap(
          manifest.cluster.system,
          manifest.cluster.timeline,
          through ?? manifest.startLsn ?? '',
          manifest.endLsn ?? '',
        ),
      );
  for (const { system, timeline, through } of expected?.wal ?? []) {
    const ranges = catalogue.wal
      .find((one) => one.system === system)
      ?.ranges.filter((one) => one.timeline === timeline);
    const end = ranges?.at(-1)?.end ?? '0/0';
    if (lsnNumber(end) < lsnNumber(through)) gaps.push(gap(system, timeline, end, through));
  }
  return gaps;
}

function gap(system: string, timeline: number, from: string, to: string): Finding {
  return {
    kind: 'gap',
    what: `${system}, timeline ${timeline}, ${from} to ${to}`,
    why: 'this stretch of the write-ahead log is not there: nothing behind it can be restored from before it',
  };
}
