import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRig, type Rig } from '../../../test/contract/rig.ts';
import type { Attempted } from './attempt.ts';
import { defaultLimits, readLimit, type VelocityLimits } from './limits.ts';
import { openVelocity, type Velocity } from './velocity.ts';
import { Sum, Window } from './window.ts';

const hasty = { kind: 'agent', id: 'pr_hasty', name: 'hasty' } as const;
const jane = { kind: 'human', id: 'pr_jane', name: 'jane' } as const;

let rig: Rig;
let limits: VelocityLimits;
let velocity: Velocity;
beforeEach(async () => {
  rig = await openRig({ providers: [], upstreams: [], environments: [], entries: {} });
  limits = defaultLimits;
  velocity = await opened();
});
afterEach(() => rig.close());

const opened = (): Promise<Velocity> => {
  const { store, clock, freeze, raise, diagnose } = rig.road;
  return openVelocity({ store, clock, freeze, raise, diagnose, limits: () => limits });
};
const attempt = (key: string, change: Partial<Attempted> = {}): Attempted => ({
  key,
  destructive: true,
  reads: false,
  outcome: 'held',
  ...change,
});
const frozen = (): readonly string[] => rig.road.freeze.state.agents.map((one) => one.name);

describe('velocity', () => {
  it('H7: ten different destructive acts a minute are let be held, the eleventh freezes the agent', () => {
    for (let index = 0; index < 10; index++) velocity.attempted(hasty, attempt(String(index)));
    expect(frozen()).toEqual([]);
    velocity.attempted(hasty, attempt('10'));
    expect(frozen()).toEqual(['hasty']);
    expect(() => rig.road.freeze.pass(hasty)).toThrow(/holdpoint stopped all writes of hasty/);
    expect(() => rig.road.freeze.pass({ id: 'pr_other' })).not.toThrow();
    expect(rig.alarms).toMatchObject([{ kind: 'frozen' }]);
  });

  it('H7: slower ones, and the same one again, do not', () => {
    for (let index = 0; index < 25; index++) {
      velocity.attempted(hasty, attempt(String(index)));
      velocity.attempted(hasty, attempt(String(index)));
      rig.clock.step(7_000);
    }
    expect(frozen()).toEqual([]);
  });

  it('H7: holds of an hour and denials of ten minutes have limits of their own', () => {
    for (let index = 0; index < 61; index++)
      velocity.attempted(hasty, attempt('same', { destructive: false, outcome: 'denied' }));
    expect(frozen()).toEqual(['hasty']);
    const slow = { kind: 'agent', id: 'pr_slow', name: 'slow' } as const;
    for (let index = 0; index < 31; index++) {
      velocity.attempted(slow, attempt(String(index), { destructive: false }));
      rig.clock.step(60_000);
    }
    expect(frozen()).toEqual(['hasty', 'slow']);
  });

  it('H7: a person is not counted, and nobody is where it is off', () => {
    for (let index = 0; index < 100; index++) velocity.attempted(jane, attempt(String(index)));
    limits = { ...defaultLimits, destructive: undefined, held: undefined };
    for (let index = 0; index < 100; index++) velocity.attempted(hasty, attempt(String(index)));
    expect(frozen()).toEqual([]);
  });

  it('H7: all are frozen where a human signed that', () => {
    limits = { ...defaultLimits, freezes: 'all', destructive: { most: 1, withinMs: 60_000 } };
    velocity.attempted(hasty, attempt('1'));
    velocity.attempted(hasty, attempt('2'));
    expect(rig.road.freeze.state).toMatchObject({ frozen: true, by: 'holdpoint' });
  });

  it('H7: after a thaw it counts anew; rows stay counted', async () => {
    velocity.spend(hasty, 7);
    for (let index = 0; index < 11; index++) velocity.attempted(hasty, attempt(String(index)));
    const [own] = rig.road.freeze.state.agents;
    const thawed = await rig.store.transact((tx) => rig.road.freeze.thawAgent(tx, 'hasty', own?.epoch ?? 0, 'jane'));
    thawed();
    velocity.forget('hasty');
    velocity.attempted(hasty, attempt('11'));
    expect(frozen()).toEqual([]);
    expect(velocity.rows(hasty)).toBe(7);
  });

  it('U1, F2: unsigned rows add up over an hour, and over a restart; signed ones do not', async () => {
    const intent = (rows: number, approvals?: readonly string[]): Promise<unknown> =>
      rig.journal.record({ kind: 'intent', principal: 'hasty', body: { rows, approvals } });
    await intent(600);
    await intent(9_000, ['signed']);
    rig.clock.step(30 * 60_000);
    await intent(300);
    const again = await opened();
    expect(again.rows(hasty)).toBe(900);
    rig.clock.step(32 * 60_000);
    expect(again.rows(hasty)).toBe(300);
  });

  it('F1: a freeze of agents that cannot be read back freezes everybody', async () => {
    const { openFreeze } = await import('../freeze/freeze.ts');
    for (const record of [{ agents: 'none' }, { agents: [{ name: 'x' }] }, {}]) {
      await rig.store.transact((tx) => tx.put('settings', 'freeze.agents', record));
      expect((await openFreeze(rig)).state.frozen).toBe(true);
    }
  });

  it('F2, H7: a frozen agent is frozen after a restart', async () => {
    const { openFreeze } = await import('../freeze/freeze.ts');
    await rig.road.freeze.freezeAgent(hasty, 'jane', 'look first');
    const again = await openFreeze(rig);
    expect(() => again.pass(hasty)).toThrow(/jane stopped all writes of hasty/);
    expect(again.state.frozen).toBe(false);
  });
});

describe('limits as text', () => {
  it.each([
    ['10/1m', { most: 10, withinMs: 60_000 }],
    ['1/1s', { most: 1, withinMs: 1_000 }],
    ['60/24h', { most: 60, withinMs: 86_400_000 }],
    ['off', undefined],
  ])('F1: %s is read', (text, limit) => expect(readLimit(text)).toEqual(limit));

  it('F1: property: whatever else is written is refused, and never read as no limit', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{0,7}\/?\d{0,5}[smhdx]?$/)), (text) => {
        if (text === 'off') return;
        let limit: unknown;
        try {
          limit = readLimit(text);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RangeError);
          return;
        }
        expect(limit).toMatchObject({ most: expect.any(Number), withinMs: expect.any(Number) });
      }),
    );
  });
});

describe('counting', () => {
  it('H7: property: a window passes exactly when more different things than the limit lie within it', () => {
    const steps = fc.array(fc.tuple(fc.nat(8), fc.nat(400)), { maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 6 }), (events, most) => {
        const window = new Window();
        const first = new Map<number, number>();
        let now = 0;
        for (const [key, pause] of events) {
          now += pause;
          for (const [old, at] of first) if (now - at >= 1_000) first.delete(old);
          if (!first.has(key)) first.set(key, now);
          const passes = window.passes(String(key), now, { most, withinMs: 1_000 });
          if (first.size > most) expect(passes).toBe(true);
        }
      }),
    );
  });

  it('U1: property: a sum never counts less than what lies within the window', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(900_000)), { maxLength: 80 }), (events) => {
        const sum = new Sum();
        const all: (readonly [number, number])[] = [];
        let now = 1_700_000_000_000;
        for (const [rows, pause] of events) {
          now += pause;
          all.push([now, rows]);
          sum.add(rows, now, 3_600_000);
          const exact = all.filter(([at]) => now - at < 3_600_000).reduce((total, [, one]) => total + one, 0);
          expect(sum.of(now, 3_600_000)).toBeGreaterThanOrEqual(exact);
        }
      }),
    );
  });
});
