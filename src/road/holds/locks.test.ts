import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openGoalLocks, type GoalLocks } from './locks.ts';
import { openRig, type Rig } from '../../../test/contract/rig.ts';
import type { Action, Resource } from '../../model/action.ts';
import type { Hold } from '../../model/hold.ts';
import type { Principal } from '../../model/principal.ts';
import { refusalIn } from '../../model/refusal.ts';
import type { Reversibility } from '../../model/reversibility.ts';

const cursor: Principal = { kind: 'agent', id: 'pr_cursor', name: 'cursor' };
const other: Principal = { kind: 'agent', id: 'pr_other', name: 'other' };
const thing = (id: string, within?: readonly string[]): Resource => ({
  kind: 'toy:thing',
  id,
  environments: ['production'],
  ...(within === undefined ? {} : { within }),
});
const act = (operation: string, reversibility: Reversibility, ...resources: readonly Resource[]): Action => ({
  operation,
  reversibility,
  traits: [],
  resources,
  why: 'a toy',
});

let rig: Rig;
let locks: GoalLocks;
beforeEach(async () => {
  rig = await openRig({ providers: [], upstreams: [], environments: [], entries: {} });
  locks = rig.road.goalLocks;
});
afterEach(() => rig.close());

async function deny(action: Action, note = 'not today'): Promise<void> {
  const request = { principal: cursor, actions: [action] };
  const hold = { code: 'hp_7K3QXM', request } as unknown as Hold;
  const inForce = await rig.store.transact((tx) => locks.lock(tx, hold, 'jane', note));
  inForce();
}

const passes = (action: Action, by = cursor, dependents: readonly string[] = []): boolean => {
  try {
    locks.pass(by, [action], dependents);
    return true;
  } catch (thrown) {
    expect(refusalIn(thrown)).toMatchObject({ code: 'DENIED', hold: 'hp_7K3QXM' });
    return false;
  }
};

describe('after a denied destruction', () => {
  beforeEach(() => deny(act('toy:delete', 'irreversible', thing('a'))));

  test.each<[string, boolean, Action]>([
    ['the same act', false, act('toy:delete', 'irreversible', thing('a'))],
    ['the same goal by another operation', false, act('toy:wipe', 'irreversible', thing('a'))],
    ['an act that nobody understands', false, act('toy:what', 'unknown', thing('a'))],
    ['what comes back from a backup only', false, act('toy:reset', 'recoverable', thing('a'))],
    ['something inside it', false, act('toy:delete', 'irreversible', thing('part', ['a']))],
    ['among others', false, act('toy:deleteAll', 'irreversible', thing('b'), thing('a'))],
    ['another thing', true, act('toy:delete', 'irreversible', thing('b'))],
    ['a change that can be undone', true, act('toy:rename', 'reversible', thing('a'))],
    ['a read', true, act('toy:get', 'read', thing('a'))],
  ])('H5: %s passes: %s', (_what, expected, action) => {
    expect(passes(action)).toBe(expected);
  });

  test('H5: what takes it along is the same goal', () => {
    expect(passes(act('toy:deleteProject', 'irreversible', thing('project')), cursor, ['a'])).toBe(false);
    expect(passes(act('toy:deleteProject', 'irreversible', thing('project')), cursor, ['b'])).toBe(true);
  });

  test('H5: one of several actions is enough, and another agent is another matter', () => {
    expect(() =>
      locks.pass(cursor, [act('toy:get', 'read', thing('a')), act('toy:delete', 'irreversible', thing('a'))]),
    ).toThrow();
    expect(passes(act('toy:delete', 'irreversible', thing('a')), other)).toBe(true);
  });

  test('H5: the agent is told by whom and in which words', () => {
    expect(() => locks.pass(cursor, [act('toy:delete', 'irreversible', thing('a'))])).toThrow(
      /jane refused this goal \(hp_7K3QXM\): “not today”/,
    );
  });

  test('H5: a human is told of it, and once a minute at most', () => {
    const again = (): unknown => passes(act('toy:delete', 'irreversible', thing('a')));
    const told = (): readonly string[] => rig.alarms.filter((one) => one.kind === 'goal-locked').map((one) => one.text);
    const before = told().length;
    rig.clock.step(60_001);
    again();
    again();
    expect(told().slice(before)).toEqual([
      'cursor tried again, by toy:delete, what jane refused (hp_7K3QXM); it was denied',
    ]);
    rig.clock.step(60_001);
    again();
    expect(told().length).toBe(before + 2);
  });

  test('F2: it is still there after a restart', async () => {
    const again = await openGoalLocks({ ...rig, raise: () => undefined });
    expect(again.list()).toEqual(locks.list());
    expect(() => again.pass(cursor, [act('toy:delete', 'irreversible', thing('a'))])).toThrow();
  });

  test('it is lifted by a signed act, once that is durable, and that is on the journal', async () => {
    const [lock] = locks.list();
    const lifted = await rig.store.transact((tx) => locks.lift(tx, lock?.id ?? '', 'jane'));
    expect(passes(act('toy:delete', 'irreversible', thing('a')))).toBe(false);
    lifted();
    expect(passes(act('toy:delete', 'irreversible', thing('a')))).toBe(true);
    expect(await rig.store.find('locks')).toEqual([]);
    expect(await rig.store.find('entries', { where: { 'entry.kind': 'unlocked' } })).toHaveLength(1);
    await expect(rig.store.transact((tx) => locks.lift(tx, lock?.id ?? '', 'jane'))).rejects.toMatchObject({
      refusal: { code: 'BAD_REQUEST' },
    });
  });
});

test('H5: a denied change locks changing and destroying', async () => {
  await deny(act('toy:rename', 'reversible', thing('a')));
  expect(passes(act('toy:set', 'reversible', thing('a')))).toBe(false);
  expect(passes(act('toy:delete', 'irreversible', thing('a')))).toBe(false);
  expect(passes(act('toy:get', 'read', thing('a')))).toBe(true);
});

test('H5: where no resource is named, the operation is the goal', async () => {
  await deny(act('toy:tokenCreate', 'irreversible'));
  expect(passes(act('toy:tokenCreate', 'irreversible'))).toBe(false);
  expect(passes(act('toy:tokenCreate', 'irreversible', thing('a')))).toBe(false);
  expect(passes(act('toy:delete', 'irreversible', thing('a')))).toBe(true);
});
