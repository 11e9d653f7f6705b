import type { RoadParts } from './parts.ts';
import type { JsonObject } from '../model/json.ts';

/**
 * After a crash: what was sent and never settled has an unknown outcome. It is written down and a human is told; it is
 * never sent again by itself.
 */
export async function recover(road: RoadParts): Promise<number> {
  const open = await road.store.find('clearances', { where: { state: 'sent' } });
  for (const { key, record } of open) {
    const hold = String(record['hold'] ?? '');
    await road.store.transact(async (tx) => {
      await tx.put('clearances', key, { ...record, state: 'unknown' });
      if (hold !== '') await road.holds.life.step(tx, hold, 'unknown', {});
      await road.journal.append(tx, {
        kind: 'settled',
        digest: String(record['digest']),
        ...(hold === '' ? {} : { hold }),
        body: { outcome: 'unknown', clearance: key, image: record['image'], reason: 'holdpoint stopped between sending and settling' } satisfies JsonObject,
      });
    });
    road.raise({ kind: 'outcome-unknown', text: `holdpoint stopped while something was being sent (clearance ${key}${hold === '' ? '' : `, hold ${hold}`}); whether it took effect is not known` });
  }
  return open.length;
}
