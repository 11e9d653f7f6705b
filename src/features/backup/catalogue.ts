import { hash, type KeyObject } from 'node:crypto';
import { type BackupManifest, ManifestRefused, readManifest } from './manifest.ts';
import { manifestKey, readWalKey, walFolder } from './names.ts';
import type { BackupStore } from '../../contract/backup.ts';
import { ObjectMissing } from '../../contract/backup.ts';
import { lsnNumber, lsnText } from '../../contract/lsn.ts';

/** A backup that a store holds the signed manifest of. */
export interface ListedBackup {
  readonly manifest: BackupManifest;
  readonly key: string;
  readonly version: string;
  /** Of the manifest's bytes. */
  readonly sha256: string;
  /** A base backup whose log from start to end is there, or a dump. Without its log a copy restores nothing. */
  readonly complete: boolean;
  /** How far it can be replayed on its own timeline without a gap. */
  readonly through?: string;
}

/** A piece of the write-ahead log, believed by its signed key alone; its bytes are judged by `sha256` when they are read. */
export interface WalPiece {
  readonly key: string;
  readonly version: string;
  readonly size: number;
  readonly sha256: string;
  readonly timeline: number;
  readonly start: bigint;
  readonly end: bigint;
}

export interface WalRange {
  readonly timeline: number;
  readonly start: string;
  readonly end: string;
}

/** The log of one cluster. */
export interface ClusterWal {
  readonly system: string;
  /** By timeline, then start. Where one stretch was kept twice, both are here. */
  readonly pieces: readonly WalPiece[];
  readonly histories: readonly Pick<WalPiece, 'key' | 'version' | 'sha256' | 'size' | 'timeline'>[];
  /** Without gaps, each; two of one timeline have a gap between them. */
  readonly ranges: readonly WalRange[];
}

/** Something under our names that is not ours, or not as it was put. */
export interface RefusedObject {
  readonly key: string;
  readonly version: string;
  readonly why: string;
}

/** What a store holds, as far as it can be believed. */
export interface Catalogue {
  /** Oldest first. */
  readonly backups: readonly ListedBackup[];
  readonly wal: readonly ClusterWal[];
  readonly refused: readonly RefusedObject[];
}

/**
 * Reads everything a store lists, with a credential that may list. Nothing counts that was not signed by the holder of
 * `publicKey`; what lies under our names and was not is in `refused`. Throws `StoreFailed` where the store does not answer.
 */
export async function readCatalogue(store: BackupStore, publicKey: KeyObject, system?: string): Promise<Catalogue> {
  const refused: RefusedObject[] = [];
  const found: Omit<ListedBackup, 'complete'>[] = [];
  const seen = new Set<string>();
  for await (const { key, version } of store.list(system === undefined ? 'manifests/' : `manifests/${system}/`)) {
    const read = await manifestAt(store, publicKey, key, version);
    if ('why' in read) refused.push({ key, version, why: read.why });
    // The same bytes twice are one backup.
    else if (!seen.has(read.sha256)) {
      seen.add(read.sha256);
      found.push(read);
    }
  }
  const wal = await readWal(store, publicKey, system, refused);
  return catalogueOf(found, wal, refused);
}

/** The same from what a daemon that may list nothing has written down itself. */
export function catalogueOf(
  found: readonly Omit<ListedBackup, 'complete' | 'through'>[],
  wal: readonly ClusterWal[],
  refused: readonly RefusedObject[] = [],
): Catalogue {
  const backups = found
    .map((one) => ({ ...one, ...reachOf(one.manifest, wal) }))
    .sort((a, b) => a.manifest.startedAt.localeCompare(b.manifest.startedAt));
  return Object.freeze({ backups, wal, refused });
}

/** Orders pieces and finds the gaps between them. */
export function clusterWal(
  system: string,
  pieces: readonly WalPiece[],
  histories: ClusterWal['histories'],
): ClusterWal {
  const sorted = [...pieces].sort(
    (a, b) => a.timeline - b.timeline || Number(a.start - b.start) || Number(b.end - a.end),
  );
  const ranges: { timeline: number; start: bigint; end: bigint }[] = [];
  for (const { timeline, start, end } of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && last.timeline === timeline && start <= last.end) {
      if (end > last.end) last.end = end;
    } else ranges.push({ timeline, start, end });
  }
  const told = ranges.map(({ timeline, start, end }) => ({ timeline, start: lsnText(start), end: lsnText(end) }));
  return Object.freeze({ system, pieces: sorted, histories, ranges: told });
}

async function manifestAt(
  store: BackupStore,
  publicKey: KeyObject,
  key: string,
  version: string,
): Promise<Omit<ListedBackup, 'complete'> | { readonly why: string }> {
  try {
    const bytes = await store.get({ key, version });
    const manifest = readManifest(bytes, publicKey);
    if (manifestKey(manifest.cluster.system, manifest.backup) !== key)
      return { why: 'it is the manifest of another backup' };
    return { manifest, key, version, sha256: hash('sha256', bytes, 'hex') };
  } catch (error) {
    if (error instanceof ManifestRefused) return { why: error.message };
    if (error instanceof ObjectMissing) return { why: 'it is listed and not there' };
    throw error;
  }
}

async function readWal(
  store: BackupStore,
  publicKey: KeyObject,
  system: string | undefined,
  refused: RefusedObject[],
): Promise<readonly ClusterWal[]> {
  const bySystem = new Map<string, { pieces: WalPiece[]; histories: WalPiece[] }>();
  for await (const { key, version, size } of store.list(system === undefined ? 'wal/' : walFolder(system))) {
    const name = readWalKey(key, publicKey);
    if (name === undefined) {
      refused.push({ key, version, why: 'its name is not signed by this installation’s backup key' });
      continue;
    }
    const cluster = bySystem.get(name.system) ?? { pieces: [], histories: [] };
    bySystem.set(name.system, cluster);
    const one = { key, version, size, sha256: name.sha256, timeline: name.timeline };
    if (name.kind === 'piece') cluster.pieces.push({ ...one, start: name.start, end: name.end });
    else cluster.histories.push({ ...one, start: 0n, end: 0n });
  }
  return [...bySystem].map(([name, { pieces, histories }]) => clusterWal(name, pieces, histories));
}

function reachOf(manifest: BackupManifest, wal: readonly ClusterWal[]): Pick<ListedBackup, 'complete' | 'through'> {
  const { kind, startLsn, endLsn, cluster } = manifest;
  if (kind === 'dump') return { complete: true };
  if (startLsn === undefined || endLsn === undefined) return { complete: false };
  const [start, end] = [lsnNumber(startLsn), lsnNumber(endLsn)];
  const range = wal
    .find((one) => one.system === cluster.system)
    ?.ranges.find(
      (one) => one.timeline === cluster.timeline && lsnNumber(one.start) <= start && start < lsnNumber(one.end),
    );
  if (range === undefined) return { complete: false };
  return { complete: lsnNumber(range.end) >= end, through: range.end };
}
