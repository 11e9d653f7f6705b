import type { RoadParts } from './parts.ts';
import { prove, type Proved, settlesWithin } from './prove.ts';
import { textIn, type Found } from '../contract/store.ts';
import type { JsonObject } from '../model/json.ts';

/** What a run that did not end in order had sent, or was about to, and had not settled. Listed before the doors open. */
export function leftOpen(road: RoadParts): Promise<readonly Found[]> {
  return road.store.find('clearances', { where: { state: 'sent' } });
}

/**
 * After a crash: what was sent and never settled is looked up at the far side. What cannot be proved stays unknown, is
 * written down as that and a human is told; nothing is ever sent again by itself. One record that cannot be settled keeps
 * neither the others open nor the doors shut.
 */
export async function recover(road: RoadParts, open?: readonly Found[]): Promise<void> {
  const left = open ?? (await leftOpen(road));
  await Promise.all(
    left.map((one) => settleLate(road, one).catch((cause: unknown) => road.diagnose('recover', cause))),
  );
}

async function settleLate(road: RoadParts, { key, record }: Found): Promise<void> {
  const outcome = await lookedUp(road, record);
  await write(road, key, record, outcome, 'holdpoint stopped between sending and settling');
  if (outcome !== 'unknown') return;
  road.raise({
    kind: 'outcome-unknown',
    text: `holdpoint stopped while something was being sent (clearance ${key}); whether it took effect is not known`,
  });
}

/** Asks once more about what was unknown, when the far side can no longer be working on it. */
export async function lookAgain(road: RoadParts): Promise<void> {
  for (const { key, record } of await road.store.find('clearances', { where: { state: 'unknown' } })) {
    const provider = providerOf(road, record);
    if (provider === undefined || record['intent'] === undefined) continue;
    if (!(road.clock.now() - sentAt(record) >= settlesWithin(provider))) continue;
    const outcome = await lookedUp(road, record);
    if (outcome === 'unknown') continue;
    await write(road, key, record, outcome, 'looked up again when the provider had to be done with it');
  }
}

function lookedUp(road: RoadParts, record: JsonObject): Promise<Proved> {
  const provider = providerOf(road, record);
  if (provider === undefined) return Promise.resolve('unknown');
  const intent = record['intent'] as JsonObject | undefined;
  return prove(road, provider, { upstream: textIn(record, 'upstream'), intent, sentAt: sentAt(record) });
}

function providerOf(road: RoadParts, record: JsonObject): RoadParts['providers'][number] | undefined {
  return road.providers.find((one) => one.name === record['provider']);
}

/** NaN for a record that does not say: then an absence is never believed. */
function sentAt(record: JsonObject): number {
  return Date.parse(textIn(record, 'at'));
}

async function write(
  road: RoadParts,
  clearance: string,
  record: JsonObject,
  outcome: Proved,
  reason: string,
): Promise<void> {
  const hold = textIn(record, 'hold');
  const image = textIn(record, 'image');
  await road.store.transact(async (tx) => {
    const { intent, ...kept } = record;
    await tx.put('clearances', clearance, {
      ...kept,
      state: outcome === 'unknown' ? 'unknown' : 'settled',
      outcome,
      ...(outcome === 'unknown' ? { intent } : {}),
    });
    if (hold !== '') await road.holds.life.step(tx, hold, outcome, {});
    if (image !== '' && outcome !== 'unknown')
      await road.images.settle(tx, image, outcome === 'done' ? 'settled' : 'void');
    await road.journal.append(tx, {
      kind: 'settled',
      digest: textIn(record, 'digest'),
      ...(hold === '' ? {} : { hold }),
      body: { outcome, clearance, image, reason },
    });
  });
}
