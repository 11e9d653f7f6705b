import { createHash, hash, type Hash, randomBytes } from 'node:crypto';
import { type ChunkCounts, ChunkWriter, type WritingKeys } from './chunks.ts';
import { type TarEvent, TarReader } from './format/tar.ts';
import type { BackedUpCluster, BackedUpFile, BackupManifest, Extent, SignedManifest } from './manifest.ts';
import { signManifest } from './manifest.ts';
import { backupId, manifestKey } from './names.ts';
import { putEverywhere } from './stores.ts';
import type { BackupSource, BackupStore, SourceIdentity } from '../../contract/backup.ts';
import { SourceFailed } from '../../contract/backup.ts';
import { type Clock, isoTime } from '../../contract/clock.ts';

/** How far a backup is. */
export interface WriteProgress extends ChunkCounts {
  /** Plain bytes read, and of how many by the server's estimate (0: unknown). */
  readonly done: number;
  readonly of: number;
}

export interface WriteOptions {
  readonly source: BackupSource;
  /** The backup is in every one of them, or it is none. */
  readonly stores: readonly BackupStore[];
  readonly keys: WritingKeys;
  readonly clock: Clock;
  readonly keptUntil: Date;
  /** How much longer objects are locked, in milliseconds, so that later backups can use them again. 7 days unless said. */
  readonly lockAhead?: number;
  /** Manifests of ours, oldest first: what they put is used again where its lock outlives this backup. */
  readonly earlier?: readonly BackupManifest[];
  /** Read back what is used again before it is believed to be there. True unless said. */
  readonly recheck?: boolean;
  /** Of the backup before this one. */
  readonly previous?: BackupManifest['previous'];
  readonly checkpoint?: 'fast' | 'spread';
  readonly progress?: (progress: WriteProgress) => void;
  readonly signal?: AbortSignal;
}

/** A backup that is whole in every store. */
export interface WrittenBackup extends SignedManifest {
  /** Key and versions of the stored manifest. */
  readonly key: string;
  readonly versions: { readonly [store: string]: string };
  readonly counts: ChunkCounts;
}

const week = 7 * 86_400_000;
/** Of PostgreSQL's own manifest, which has some 150 bytes a file. */
const largestServerManifest = 128 * 1024 * 1024;

/**
 * Copies the data directory. Resolves when every object and the manifest are durable in every store; until then there is
 * no backup. Throws `SourceFailed`, `StoreFailed`, `TarBroken`, or the signal's reason. The copy can be restored only with
 * the write-ahead log from `startLsn` to `endLsn`, which `archiveWal` keeps.
 */
export async function writeBase(options: WriteOptions): Promise<WrittenBackup> {
  const { source, clock } = options;
  const startedAt = clock.now();
  const identity = await source.identify();
  if (identity.tablespaces.length > 0)
    throw new SourceFailed('tablespaces', 'the cluster has tablespaces of its own, which are not copied');
  const chunks = chunkWriter(options);
  const copy = new BaseCopy(chunks);
  try {
    let of = 0;
    for await (const part of source.base({ label: 'holdpoint', checkpoint: options.checkpoint ?? 'spread' })) {
      options.signal?.throwIfAborted();
      if (part.kind === 'progress') of = part.of;
      await copy.take(part);
      options.progress?.({ done: copy.plainSize, of, ...chunks.counts });
    }
    const read = copy.whole();
    const { objects, place } = await chunks.finish();
    const files = read.files.map((file) => ({ ...file, extents: joined(file.extents.map(place)) }));
    const unsigned = {
      ...identityOf(options, clusterOf(identity, read.timeline), startedAt),
      kind: 'base' as const,
      startLsn: read.start,
      endLsn: read.end,
      finishedAt: isoTime(clock.now()),
      plainSize: copy.plainSize,
      objects,
    };
    const content = {
      kind: 'base',
      directories: read.directories,
      files,
      serverManifest: read.serverManifest,
    } as const;
    const signed = await signManifest(unsigned, content, options.keys.signing);
    return await putManifest(options, signed, chunks.counts);
  } finally {
    await chunks.settle();
  }
}

export function chunkWriter(options: WriteOptions): ChunkWriter {
  const { stores, keys, keptUntil, earlier = [], recheck = true, lockAhead = week } = options;
  const lockUntil = new Date(keptUntil.getTime() + lockAhead);
  return new ChunkWriter({ stores, keys, keptUntil, lockUntil, earlier, recheck });
}

/** What every manifest says of itself. */
export function identityOf(options: WriteOptions, cluster: BackedUpCluster, startedAt: number) {
  const { source, keptUntil, keys, previous } = options;
  return {
    backup: backupId(startedAt, randomBytes(4).toString('hex')),
    name: source.name,
    cluster,
    startedAt: isoTime(startedAt),
    keptUntil: keptUntil.toISOString(),
    recipients: keys.recipients,
    ...(previous === undefined ? {} : { previous }),
  };
}

export function clusterOf(identity: SourceIdentity, timeline = identity.timeline): BackedUpCluster {
  const { system, version, segmentSize, checksums, extensions } = identity;
  return { system, timeline, version, segmentSize, checksums, extensions };
}

/** Last of all: what a manifest names is durable when it becomes so itself. */
export async function putManifest(
  options: WriteOptions,
  signed: SignedManifest,
  counts: ChunkCounts,
): Promise<WrittenBackup> {
  options.signal?.throwIfAborted();
  const key = manifestKey(signed.manifest.cluster.system, signed.manifest.backup);
  const { versions } = await putEverywhere(options.stores, key, signed.bytes, options.keptUntil);
  return Object.freeze({ ...signed, key, versions, counts });
}

/** Neighbouring extents of one object as one. */
export function joined(extents: readonly Extent[]): readonly Extent[] {
  const out: Extent[] = [];
  for (const extent of extents) {
    const last = out.at(-1);
    if (last !== undefined && last.object === extent.object && last.at + last.length === extent.at)
      out[out.length - 1] = { ...last, length: last.length + extent.length };
    else out.push(extent);
  }
  return out;
}

type BaseRead = ReturnType<BaseCopy['whole']>;
type PartOf<S extends BackupSource> = ReturnType<S['base']> extends AsyncIterable<infer Part> ? Part : never;

/** One base backup as it comes over the wire. */
class BaseCopy {
  readonly #chunks: ChunkWriter;
  readonly #tar = new TarReader();
  readonly #directories: { path: string; mode: number }[] = [];
  readonly #files: BackedUpFile[] = [];
  readonly #serverManifest: Uint8Array[] = [];
  #present: { file: Omit<BackedUpFile, 'sha256' | 'extents'>; hash: Hash; extents: Extent[] } | undefined;
  #start: { position: string; timeline: number } | undefined;
  #end: { position: string } | undefined;
  #archives = 0;
  #manifestSize = 0;
  plainSize = 0;

  constructor(chunks: ChunkWriter) {
    this.#chunks = chunks;
  }

  async take(part: PartOf<BackupSource>): Promise<void> {
    if (part.kind === 'start') this.#start = part;
    else if (part.kind === 'end') this.#end = part;
    else if (part.kind === 'archive') {
      if (++this.#archives > 1)
        throw new SourceFailed('tablespaces', `the server sent \`${part.name}\` besides its own archive`);
    } else if (part.kind === 'manifest') {
      this.#manifestSize += part.bytes.length;
      if (this.#manifestSize > largestServerManifest)
        throw new SourceFailed('not-supported', 'the server’s manifest of the copy is too large');
      this.#serverManifest.push(Uint8Array.from(part.bytes));
    } else if (part.kind === 'data') {
      for (const event of this.#tar.push(part.bytes)) await this.#entry(event);
    }
  }

  /** What was read. Throws where the copy is not whole, or not what the server says that it sent. */
  whole() {
    if (this.#start === undefined || this.#end === undefined || this.#archives !== 1)
      throw new SourceFailed('unreachable', 'the copy ended before it was whole');
    this.#tar.finish();
    const serverManifest = Buffer.concat(this.#serverManifest).toString();
    checkAgainst(serverManifest, this.#files);
    return {
      start: this.#start.position,
      end: this.#end.position,
      timeline: this.#start.timeline,
      directories: this.#directories,
      files: this.#files,
      serverManifest,
    };
  }

  async #entry(event: TarEvent): Promise<void> {
    if (event.kind === 'directory') {
      this.#directories.push({ path: event.path, mode: event.mode });
    } else if (event.kind === 'file') {
      const { path, mode, size, modified } = event;
      await this.#chunks.begin(size);
      this.#present = { file: { path, mode, size, modified }, hash: createHash('sha256'), extents: [] };
    } else if (this.#present === undefined) {
      throw new SourceFailed('failed', 'the server sent bytes that belong to no file');
    } else if (event.kind === 'data') {
      this.#present.hash.update(event.bytes);
      this.#present.extents.push(...(await this.#chunks.add(event.bytes)));
      this.#present.extents = [...joined(this.#present.extents)];
      this.plainSize += event.bytes.length;
    } else {
      const { file, hash: sum, extents } = this.#present;
      this.#present = undefined;
      this.#files.push({ ...file, sha256: sum.digest('hex'), extents });
    }
  }
}

/** The server's manifest lists every file it sent, with hashes: a copy that differs was garbled on its way. */
function checkAgainst(text: string, files: BaseRead['files']): void {
  if (text === '') return;
  const listed = listedIn(text);
  const byPath = new Map(files.map((file) => [file.path, file]));
  for (const { path, size, sha256 } of listed) {
    const file = byPath.get(path);
    if (file === undefined) throw new SourceFailed('failed', `the server did not send \`${path}\`, which it lists`);
    if (file.size !== size || (sha256 !== undefined && file.sha256 !== sha256))
      throw new SourceFailed('failed', `\`${path}\` is not what the server says that it sent`);
  }
}

function listedIn(text: string): readonly { path: string; size: number; sha256: string | undefined }[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new SourceFailed('failed', 'the server’s manifest of the copy cannot be read', { cause: error });
  }
  checkOwnSum(text, parsed);
  const files = (parsed as { readonly Files?: unknown } | null)?.Files;
  if (!Array.isArray(files)) throw new SourceFailed('failed', 'the server’s manifest of the copy lists no files');
  return files.map((one: { readonly [member: string]: unknown }) => {
    const encoded = one['Encoded-Path'];
    const path = typeof encoded === 'string' ? Buffer.from(encoded, 'hex').toString() : one['Path'];
    const algorithm = one['Checksum-Algorithm'];
    const checksum = one['Checksum'];
    const sha256 = algorithm === 'SHA256' && typeof checksum === 'string' ? checksum.toLowerCase() : undefined;
    if (typeof path !== 'string' || typeof one['Size'] !== 'number')
      throw new SourceFailed('failed', 'the server’s manifest of the copy cannot be read');
    return { path, size: one['Size'], sha256 };
  });
}

/** Its last line is the SHA-256 of all before it. */
function checkOwnSum(text: string, parsed: unknown): void {
  const told = (parsed as { readonly 'Manifest-Checksum'?: unknown } | null)?.['Manifest-Checksum'];
  const at = text.lastIndexOf('\n"Manifest-Checksum"');
  if (typeof told !== 'string' || at < 0) return;
  if (hash('sha256', text.slice(0, at + 1), 'hex') !== told.toLowerCase())
    throw new SourceFailed('failed', 'the server’s manifest of the copy was garbled on its way');
}
