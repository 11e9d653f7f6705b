import type { RoadParts } from './parts.ts';
import { prove } from './prove.ts';
import { textIn } from '../contract/store.ts';
import type { JsonObject } from '../model/json.ts';

/**
 * After a crash: what was sent and never settled is looked up at the far side. What cannot be proved stays unknown, is
 * written down as that and a human is told; nothing is ever sent again by itself.
 */
export async function recover(road: RoadParts): Promise<number> {
  const open = await road.store.find('clearances', { where: { state: 'sent' } });
  for (const { key, record } of open) {
    const provider = road.providers.find((one) => one.name === record['provider']);
    const outcome =
      provider === undefined
        ? 'unknown'
        : await prove(road, provider, textIn(record, 'upstream'), record['intent'] as JsonObject | undefined);
    await settleLate(road, key, record, outcome);
    if (outcome === 'unknown') {
      road.raise({
        kind: 'outcome-unknown',
        text: `holdpoint stopped while something was being sent (clearance ${key}); whether it took effect is not known`,
      });
    }
  }
  return open.length;
}

async function settleLate(
  road: RoadParts,
  clearance: string,
  record: JsonObject,
  outcome: 'done' | 'failed' | 'unknown',
): Promise<void> {
  const hold = textIn(record, 'hold');
  const image = textIn(record, 'image');
  await road.store.transact(async (tx) => {
    await tx.put('clearances', clearance, { ...record, state: outcome === 'unknown' ? 'unknown' : 'settled', outcome });
    if (hold !== '') await road.holds.life.step(tx, hold, outcome, {});
    if (image !== '' && outcome !== 'unknown')
      await road.images.settle(tx, image, outcome === 'done' ? 'settled' : 'void');
    await road.journal.append(tx, {
      kind: 'settled',
      digest: textIn(record, 'digest'),
      ...(hold === '' ? {} : { hold }),
      body: { outcome, clearance, image, reason: 'holdpoint stopped between sending and settling' },
    });
  });
}
