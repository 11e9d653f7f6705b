import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openRig, type Rig } from '../../../test/contract/rig.ts';
import type { EntryKind } from '../../model/entry.ts';
import { endedHoldStates, type Hold, type HoldState } from '../../model/hold.ts';
import type { JsonObject } from '../../model/json.ts';
import { Refused } from '../../model/refusal.ts';

const states: readonly HoldState[] = [
  'waiting',
  'approved',
  'scheduled',
  'running',
  'done',
  'failed',
  'unknown',
  'denied',
  'withdrawn',
  'expired',
  'cancelled',
];

// A pin: every step there is, and the entry it leaves (none: the road writes a fuller one). All others are refused.
const steps: readonly (readonly [from: HoldState, to: HoldState, entry?: EntryKind])[] = [
  ['waiting', 'approved', 'approved'],
  ['waiting', 'scheduled', 'scheduled'],
  ['waiting', 'denied', 'denied'],
  ['waiting', 'withdrawn', 'withdrawn'],
  ['waiting', 'expired', 'expired'],
  ['approved', 'scheduled', 'scheduled'],
  ['approved', 'running'],
  ['approved', 'denied', 'denied'],
  ['approved', 'withdrawn', 'withdrawn'],
  ['approved', 'expired', 'expired'],
  ['approved', 'cancelled', 'cancelled'],
  ['scheduled', 'running'],
  ['scheduled', 'withdrawn', 'withdrawn'],
  ['scheduled', 'expired', 'expired'],
  ['scheduled', 'cancelled', 'cancelled'],
  ['running', 'approved', 'approved'],
  ['running', 'scheduled', 'scheduled'],
  ['running', 'done'],
  ['running', 'failed'],
  ['running', 'unknown'],
  ['unknown', 'done'],
  ['unknown', 'failed'],
];

let rig: Rig;
let made = 0;

beforeAll(async () => {
  rig = await openRig({ providers: [], upstreams: [], environments: [], entries: {} });
});
afterAll(() => rig.close());

/** A hold in this state, as the store has it. */
async function holdIn(state: HoldState): Promise<Hold> {
  const id = `hp_${(made++).toString().padStart(26, '0')}`;
  const request = { principal: { kind: 'agent', id: 'pr_1', name: 'cursor' }, token: 'tk_1', gate: 'http' };
  const record = {
    id,
    code: `hp_${made}`,
    state,
    digest: 'ab'.repeat(32),
    request,
    schedule: { notBefore: 'x', notAfter: 'y' },
  };
  await rig.store.transact((tx) => tx.insert('holds', id, record));
  return record as unknown as Hold;
}

const stored = async (id: string): Promise<Hold> => (await rig.store.get('holds', id)) as unknown as Hold;
const step = (id: string, to: HoldState, body: JsonObject = {}): Promise<Hold> =>
  rig.store.transact((tx) => rig.road.holds.life.step(tx, id, to, body));
const entriesOf = async (id: string): Promise<readonly JsonObject[]> =>
  (await rig.store.find('entries', { where: { 'entry.hold': id } })).map((one) => one.record['entry'] as JsonObject);

describe('life of a hold', () => {
  test.each(states.flatMap((from) => states.map((to) => [from, to] as const)))('H2 H5: %s → %s', async (from, to) => {
    const allowed = steps.find(([one, other]) => one === from && other === to);
    const before = await holdIn(from);
    if (allowed === undefined) {
      await expect(step(before.id, to)).rejects.toBeInstanceOf(Refused);
      expect(await stored(before.id)).toEqual(before);
      expect(await entriesOf(before.id)).toEqual([]);
      return;
    }
    const after = await step(before.id, to, { by: 'jane' });
    expect(after).toEqual({ ...before, state: to });
    expect(await stored(before.id)).toEqual(after);
    const [, , kind] = allowed;
    const entries = await entriesOf(before.id);
    expect(entries.map((one) => one['kind'])).toEqual(kind === undefined ? [] : [kind]);
    if (kind !== undefined)
      expect(entries[0]).toMatchObject({
        principal: 'cursor',
        token: 'tk_1',
        gate: 'http',
        body: { by: 'jane', from },
      });
  });

  test('H5: what has ended stays ended, but for an outcome that is proved later', () => {
    const onwards = steps.filter(([from]) => endedHoldStates.includes(from));
    expect(onwards).toEqual([
      ['unknown', 'done'],
      ['unknown', 'failed'],
    ]);
  });

  test('F2: of two that race for one hold, one goes on', async () => {
    for (let round = 0; round < 10; round++) {
      const hold = await holdIn('approved');
      const ends = await Promise.allSettled([
        step(hold.id, 'running'),
        step(hold.id, 'running'),
        step(hold.id, 'cancelled'),
      ]);
      expect(ends.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    }
  });

  test('F1: a step whose entry cannot be written is not taken', async () => {
    const hold = await holdIn('waiting');
    vi.spyOn(rig.journal, 'append').mockRejectedValueOnce(new Error('disk full'));
    await expect(step(hold.id, 'approved')).rejects.toThrow('disk full');
    expect(await stored(hold.id)).toEqual(hold);
  });

  test('an unknown hold is refused', async () => {
    await expect(step('hp_nothing', 'approved')).rejects.toMatchObject({ refusal: { code: 'BAD_REQUEST' } });
  });
});
