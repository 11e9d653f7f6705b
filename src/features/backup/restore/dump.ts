import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { Catalogue, ListedBackup } from '../catalogue.ts';
import { openObject } from '../format/object.ts';
import { openContent } from '../manifest.ts';
import { fetchObject } from '../stores.ts';
import type { Tell } from './progress.ts';
import { inOurWords } from './restore.ts';
import { RestoreRefused } from './restore-refused.ts';
import type { BackupStore } from '../../../contract/backup.ts';

export interface DumpWishes {
  readonly database: string;
  /** The newest that was begun by then; milliseconds since the epoch. */
  readonly by?: number;
}

/** The newest dump of that database. Throws `RestoreRefused`. */
export function chooseDump({ backups }: Catalogue, { database, by = Infinity }: DumpWishes): ListedBackup {
  const dumps = backups.filter(({ manifest }) => manifest.kind === 'dump' && manifest.database === database);
  const found = dumps.findLast(({ manifest }) => Date.parse(manifest.startedAt) <= by);
  if (found !== undefined) return found;
  const there = new Set(backups.flatMap(({ manifest }) => manifest.database ?? []));
  const hint = there.size === 0 ? 'no dump is kept there' : `dumps are kept of: ${[...there].join(', ')}`;
  throw new RestoreRefused('no-backup', `there is no dump of \`${database}\` from then or before`, { hint });
}

/**
 * Writes it as pg_dump wrote it, to a file that is not there yet; pg_restore reads it. A file that is not whole does not stay.
 * Throws `RestoreRefused`, and `StoreFailed` where the store does not answer.
 */
export async function writeDumpFile(options: {
  readonly dump: ListedBackup;
  readonly store: BackupStore;
  readonly identity: string;
  readonly file: string;
  readonly progress?: Tell;
}): Promise<void> {
  const { dump, store, identity, file, progress } = options;
  const { manifest } = dump;
  const handle = await open(file, 'wx', 0o600).catch((cause: unknown) => {
    throw new RestoreRefused('place', `\`${file}\` cannot be made: it is there, or what it is in is not`, { cause });
  });
  try {
    const content = await openContent(manifest, identity);
    if (content.kind !== 'dump') throw new RestoreRefused('damaged', 'that copy is no dump');
    const sum = createHash('sha256');
    let done = 0;
    for (const { object, at, length } of content.extents) {
      const named = manifest.objects[object];
      if (named === undefined) throw new RestoreRefused('damaged', 'the dump names an object that it has not');
      const bytes = (await openObject(await fetchObject(store, named), identity)).subarray(at, at + length);
      sum.update(bytes);
      await handle.write(bytes);
      done += bytes.length;
      progress?.({ stage: 'files', done, of: content.size });
    }
    if (done !== content.size || sum.digest('hex') !== content.sha256)
      throw new RestoreRefused('damaged', 'the dump is not what was backed up');
    await handle.sync();
  } catch (thrown) {
    await rm(file, { force: true });
    throw inOurWords(thrown);
  } finally {
    await handle.close();
  }
}
