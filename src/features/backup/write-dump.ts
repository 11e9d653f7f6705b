import { createHash } from 'node:crypto';
import type { BackedUpCluster, Extent } from './manifest.ts';
import { signManifest } from './manifest.ts';
import {
  chunkWriter,
  clusterOf,
  identityOf,
  joined,
  putManifest,
  type WriteOptions,
  type WrittenBackup,
} from './write-base.ts';
import { SourceFailed } from '../../contract/backup.ts';
import { isoTime } from '../../contract/clock.ts';

export interface DumpOptions extends Omit<WriteOptions, 'checkpoint'> {
  readonly database: string;
  /** Where the host allows no replication connection, which would tell. */
  readonly cluster?: BackedUpCluster;
}

/**
 * Keeps a logical dump of one database. No moment but that of the dump can be restored from it, and roles and other
 * databases are not in it. Resolves and throws as `writeBase` does.
 */
export async function writeDump(options: DumpOptions): Promise<WrittenBackup> {
  const { source, clock, database } = options;
  const startedAt = clock.now();
  const cluster = options.cluster ?? clusterOf(await source.identify());
  const chunks = chunkWriter(options);
  try {
    const sum = createHash('sha256');
    let size = 0;
    let extents: readonly Extent[] = [];
    await chunks.begin(Infinity);
    for await (const bytes of source.dump(database)) {
      options.signal?.throwIfAborted();
      sum.update(bytes);
      size += bytes.length;
      extents = joined([...extents, ...(await chunks.add(bytes))]);
      options.progress?.({ done: size, of: 0, ...chunks.counts });
    }
    if (size === 0) throw new SourceFailed('failed', `pg_dump wrote nothing for \`${database}\``);
    const { objects, place } = await chunks.finish();
    const content = { kind: 'dump', size, sha256: sum.digest('hex'), extents: joined(extents.map(place)) } as const;
    const unsigned = {
      ...identityOf({ ...options }, cluster, startedAt),
      kind: 'dump' as const,
      database,
      finishedAt: isoTime(clock.now()),
      plainSize: size,
      objects,
    };
    return await putManifest(options, await signManifest(unsigned, content, options.keys.signing), chunks.counts);
  } finally {
    await chunks.settle();
  }
}
