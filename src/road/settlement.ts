import type { RoadParts } from './parts.ts';
import type { Proved } from './prove.ts';
import { textIn, type StoredRecord, type Transaction } from '../contract/store.ts';
import type { JsonObject } from '../model/json.ts';

/** What is known of a sending: right after the answer, late, or after a crash. */
export interface Settlement {
  readonly clearance: string;
  readonly outcome: Proved;
  /** How that is known; journaled. */
  readonly body: JsonObject;
  /** What the before-image needs of the answer. */
  readonly fromAnswer?: JsonObject | undefined;
  /** Where a signed hold goes back to when nothing left this machine; otherwise it ends with the outcome. */
  readonly backTo?: 'approved' | 'scheduled' | undefined;
}

/** An act that may have happened keeps its image as it is, with what the answer did say of it. */
const imageAfter = { done: 'settled', failed: 'void', unknown: 'secured' } as const;

/** Settles one sending in the caller's transaction. What is settled already stays as it is. */
export async function settleClearance(road: RoadParts, tx: Transaction, settlement: Settlement): Promise<void> {
  const { clearance, outcome, body } = settlement;
  const record = await tx.get('clearances', clearance);
  if (record === undefined) throw new Error(`clearance ${clearance} is gone`);
  if (record['state'] === 'settled') return;
  const { intent, ...kept } = record;
  await tx.put('clearances', clearance, {
    ...kept,
    state: outcome === 'unknown' ? 'unknown' : 'settled',
    outcome,
    // What is not known yet is asked again when the far side can no longer be working on it.
    ...(outcome === 'unknown' && intent !== undefined ? { intent } : {}),
  });
  const image = textIn(record, 'image');
  if (image !== '') await road.images.settle(tx, image, imageAfter[outcome], settlement.fromAnswer);
  const hold = textIn(record, 'hold');
  if (hold !== '') await endRun(road, tx, hold, settlement);
  await road.journal.append(tx, {
    kind: 'settled',
    ...whose(record),
    ...(hold === '' ? {} : { hold }),
    body: { outcome, clearance, image, ...body },
  });
}

function whose(record: StoredRecord): { principal: string; token: string; gate: string; digest: string } {
  return {
    principal: textIn(record, 'principal'),
    token: textIn(record, 'token'),
    gate: textIn(record, 'gate'),
    digest: textIn(record, 'digest'),
  };
}

async function endRun(road: RoadParts, tx: Transaction, hold: string, settlement: Settlement): Promise<void> {
  const { outcome, backTo } = settlement;
  if (backTo === undefined) {
    await road.holds.life.step(tx, hold, outcome, {});
    return;
  }
  await tx.remove('spent', `run:${hold}`);
  await road.holds.life.step(tx, hold, backTo, { reason: 'proved not sent' });
}
