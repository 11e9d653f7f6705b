import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Shown } from './asked.ts';
import { defaultHoldSettings } from './parts.ts';
import { openRig, type Person, type Rig } from '../../../test/contract/rig.ts';
import { isoTime } from '../../contract/clock.ts';
import { freezeRequest, type ActionRequest } from '../../model/action-request.ts';
import type { Hold } from '../../model/hold.ts';
import { singleStep } from '../../model/plan.ts';
import { refusalIn } from '../../model/refusal.ts';

let rig: Rig;
let jane: Person;
beforeEach(async () => {
  rig = await openRig({ providers: [], upstreams: [], environments: [], entries: {} });
  jane = await rig.person('jane');
});
afterEach(() => rig.close());

const requestFor = (id: string): ActionRequest =>
  freezeRequest({
    schema: 'holdpoint/action/v1',
    principal: { kind: 'agent', id: 'pr_1', name: 'cursor' },
    token: 'tk_1',
    gate: 'http',
    upstream: 'toy-production',
    environments: ['production'],
    actions: [
      {
        operation: 'toy:delete',
        reversibility: 'irreversible',
        traits: [],
        resources: [{ kind: 'toy:thing', id, environments: ['production'] }],
        why: 'a toy',
      },
    ],
    settings: {},
    plan: singleStep({ protocol: 'toy', id }),
    affected: null,
  });
const shown: Shown = {
  friction: { signatures: 1, typedFact: true },
  reasons: ['it is irreversible'],
  rules: ['signed'],
  facts: [],
  varyingFact: 'pg-data',
  defaultMode: 'now',
  undo: 'none',
  tokenPurpose: 'testing',
};
const ask = (id: string, more: Partial<Shown> = {}): Promise<Hold> =>
  rig.road.holds.ask(requestFor(id), { ...shown, ...more });
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'done';
  } catch (thrown) {
    return refusalIn(thrown).code;
  }
};

describe('asking', () => {
  test('H6 H8: the same ask is one hold and one alarm; another ask is another', async () => {
    const first = await ask('a', { agentSays: 'first words' });
    const second = await ask('a', { agentSays: 'other words' });
    expect(second).toMatchObject({ id: first.id, asked: 2, agentSays: 'first words' });
    expect((await ask('b')).id).not.toBe(first.id);
    expect(rig.alarms.map((alarm) => alarm.kind)).toEqual(['held', 'held']);
  });

  test('a hold is found by its id, and by its code in any case', async () => {
    const hold = await ask('a');
    for (const name of [hold.id, hold.code, hold.code.toLowerCase()])
      expect((await rig.road.holds.find(name))?.id).toBe(hold.id);
    expect(await rig.road.holds.find('hp_NOTHING')).toBeUndefined();
  });

  test('H5: silence is no', async () => {
    const hold = await ask('a');
    rig.clock.step(defaultHoldSettings.lifetimeMs + 1);
    expect(await codeOf(rig.road.holds.approve(hold.id, jane.approve(hold)))).toBe('DENIED');
    expect(await rig.road.holds.sweep()).toBe(1);
    expect(await rig.road.holds.find(hold.id)).toMatchObject({ state: 'expired' });
    expect((await ask('a')).id).not.toBe(hold.id);
  });

  test('F3: nobody has a crowd of them waiting', async () => {
    const { waitingAtMost } = rig.road.holds.settings;
    for (let at = 0; at < waitingAtMost; at++) await ask(`thing-${at}`);
    expect(await codeOf(ask('one-more'))).toBe('DENIED');
    // What waits already may still be asked for again.
    expect((await ask('thing-0')).asked).toBe(2);
  });
});

describe('approving', () => {
  test('H2 H4: with the fact typed, in its window, once', async () => {
    const hold = await ask('a');
    const approval = jane.approve(hold);
    expect(await rig.road.holds.approve(hold.code, approval)).toMatchObject({ state: 'approved' });
    expect(await codeOf(rig.road.holds.approve(hold.code, approval))).toBe('DENIED');
    expect(await rig.road.holds.approvals(hold)).toEqual([approval]);
  });

  test.each<[string, (hold: Hold) => object]>([
    ['another digest', () => ({ digest: 'ab'.repeat(32) })],
    ['another hold', () => ({ hold: 'hp_other' })],
    ['a verdict of no', () => ({ verdict: 'deny' })],
    ['nothing typed', () => ({ typed: '' })],
    ['a constant word typed', () => ({ typed: 'yes' })],
    ['almost the fact', () => ({ typed: 'pg-data ' })],
    ['a signature from the day before', () => ({ signedAt: isoTime(rig.clock.now() - 86_400_000) })],
    ['a signature from the future', () => ({ signedAt: isoTime(rig.clock.now() + 16 * 60_000) })],
    ['no date', () => ({ signedAt: 'today' })],
    ['a window that is none', () => ({ notAfter: isoTime(rig.clock.now()) })],
    ['a window that is too long', () => ({ notAfter: isoTime(rig.clock.now() + 16 * 60_000) })],
    ['a window that begins later', () => ({ notBefore: isoTime(rig.clock.now() + 60_000) })],
    ['a delay that is too short', () => ({ mode: 'delayed', notBefore: isoTime(rig.clock.now() + 1) })],
    ['a stranger’s key', () => ({ signer: 'sg_nobody' })],
    ['a number that is none', () => ({ number: 'x' })],
  ])('H2 H4: refused: %s', async (_what, change) => {
    const hold = await ask('a');
    expect(await codeOf(rig.road.holds.approve(hold.id, jane.approve(hold, change(hold))))).toMatch(
      /^(DENIED|BAD_REQUEST)$/,
    );
    expect(await rig.road.holds.find(hold.id)).toMatchObject({ state: 'waiting' });
    expect(await rig.road.holds.approvals(hold)).toEqual([]);
    expect(await rig.store.find('spent')).toEqual([]);
  });

  test('H2: a changed statement under a good signature is refused', async () => {
    const hold = await ask('a');
    const approval = jane.approve(hold, { note: 'read it' });
    const changed = { ...approval, statement: { ...approval.statement, note: 'read it twice' } };
    expect(await codeOf(rig.road.holds.approve(hold.id, changed))).toBe('DENIED');
  });

  test('H4: two signatures are two people, not two keys of one', async () => {
    const hold = await ask('a', { friction: { signatures: 2, typedFact: false } });
    expect(await rig.road.holds.approve(hold.id, jane.approve(hold))).toMatchObject({ state: 'waiting' });
    const again = await rig.person('jane');
    expect(await rig.road.holds.approve(hold.id, again.approve(hold))).toMatchObject({ state: 'waiting' });
    const joe = await rig.person('joe');
    expect(await rig.road.holds.approve(hold.id, joe.approve(hold))).toMatchObject({ state: 'approved' });
  });

  test('U3: a delayed approval is scheduled, tells so, and can be cancelled by anybody', async () => {
    const hold = await ask('a', { defaultMode: 'delayed' });
    expect(await codeOf(rig.road.holds.approve(hold.id, jane.approve(hold, { mode: 'now' })))).toBe('DENIED');
    expect(await rig.road.holds.approve(hold.id, jane.approve(hold))).toMatchObject({ state: 'scheduled' });
    expect(rig.alarms.at(-1)).toMatchObject({ kind: 'scheduled' });
    expect(await rig.road.holds.cancel(hold.id, 'joe')).toMatchObject({ state: 'cancelled' });
  });
});

describe('narrowing', () => {
  test('H5: a denial, signed or plain, ends the hold and locks the goal', async () => {
    const first = await ask('a');
    await rig.road.holds.deny(first.id, jane.deny(first, 'no'));
    const second = await ask('b');
    await rig.road.holds.deny(second.id, { by: 'joe', note: 'x'.repeat(400) });
    expect(rig.road.goalLocks.list()).toMatchObject([
      { resources: ['a'], by: 'jane', note: 'no' },
      { resources: ['b'], by: 'joe', note: 'x'.repeat(280) },
    ]);
    expect(await codeOf(rig.road.holds.approve(first.id, jane.approve(first)))).toBe('DENIED');
  });

  test('C2: a revoked token takes its holds with it, and nobody else’s', async () => {
    const open = [await ask('a'), await ask('b')];
    await rig.road.holds.approve(open[1]?.id ?? '', jane.approve(open[1] as Hold));
    await rig.store.transact((tx) => rig.road.holds.withdrawAllOf(tx, 'tk_other'));
    expect((await rig.road.holds.list('withdrawn')).length).toBe(0);
    await rig.store.transact((tx) => rig.road.holds.withdrawAllOf(tx, 'tk_1'));
    expect((await rig.road.holds.list('withdrawn')).length).toBe(2);
  });

  test('an approval that was not used in its time expires', async () => {
    const hold = await ask('a');
    await rig.road.holds.approve(hold.id, jane.approve(hold));
    rig.clock.step(defaultHoldSettings.signatureMs + 1);
    expect(await rig.road.holds.sweep()).toBe(1);
    expect(await rig.road.holds.find(hold.id)).toMatchObject({ state: 'expired' });
  });
});
