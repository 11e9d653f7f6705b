import type { RoadParts } from './parts.ts';
import { prove, type Proved, settlesWithin } from './prove.ts';
import { settleClearance } from './settlement.ts';
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
  await settleAs(road, key, outcome, 'holdpoint stopped between sending and settling');
  if (outcome !== 'unknown') return;
  road.raise({
    kind: 'outcome-unknown',
    text: `holdpoint stopped while something was being sent (clearance ${key}); whether it took effect is not known`,
  });
}

/**
 * Asks once more about what was unknown, when the far side can no longer be working on it. One record that cannot be
 * looked at keeps nobody from the others.
 */
export async function lookAgain(road: RoadParts): Promise<void> {
  for (const found of await road.store.find('clearances', { where: { state: 'unknown' } })) {
    await lookAgainAt(road, found).catch((cause: unknown) => road.diagnose('recover', cause));
  }
}

async function lookAgainAt(road: RoadParts, { key, record }: Found): Promise<void> {
  const provider = providerOf(road, record);
  if (provider === undefined || record['intent'] === undefined) return;
  if (!(road.clock.now() - sentAt(record) >= settlesWithin(provider))) return;
  const outcome = await lookedUp(road, record);
  if (outcome === 'unknown') return;
  await settleAs(road, key, outcome, 'looked up again when the provider had to be done with it');
}

function settleAs(road: RoadParts, clearance: string, outcome: Proved, reason: string): Promise<void> {
  return road.store.transact((tx) => settleClearance(road, tx, { clearance, outcome, body: { reason } }));
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
