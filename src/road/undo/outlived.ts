import { outlived } from './keeping.ts';
import type { RoadParts } from '../parts.ts';

/** What time alone ends, by the word of whoever signed how long undos are kept. */
export async function endOutlived(road: RoadParts): Promise<void> {
  const ended = await outlived(road.store, road.images.keeping(), road.clock.now());
  if (ended.length === 0) return;
  await road.store.transact(async (tx) => {
    await road.images.purge(tx, ended, 'time');
    await road.journal.append(tx, { kind: 'undo-ended', body: { images: ended } });
  });
}
