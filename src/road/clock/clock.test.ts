import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineTime, openClock, type RoadClock, type Suspicion, type TimeSource } from './clock.ts';
import { settingsKey } from './mark.ts';
import type { Store } from '../../contract/store.ts';
import { Refused } from '../../model/refusal.ts';
import { openSqliteStore } from '../../stores/sqlite/store.ts';

const start = Date.parse('2026-04-24T12:00:00Z');
const hour = 3_600_000;

/** A machine whose clock can be stepped, put to sleep and restarted. */
class Machine implements TimeSource {
  bootId = 'boot-1';
  #wall = start;
  #uptime = 10 * hour;
  #monotonic = 10 * hour;

  wall = (): number => this.#wall;
  uptime = (): number => Math.floor(this.#uptime / 10) * 10;
  monotonic = (): number => this.#monotonic;

  run(ms: number): void {
    this.#wall += ms;
    this.#uptime += ms;
    this.#monotonic += ms;
  }

  sleep(ms: number): void {
    this.#wall += ms;
    this.#uptime += ms;
  }

  step(ms: number): void {
    this.#wall += ms;
  }

  reboot(offMs: number, upMs = 20_000): void {
    this.bootId = `${this.bootId}+`;
    this.#wall += offMs + upMs;
    this.#uptime = upMs;
    this.#monotonic = upMs;
  }
}

/** Keeps nothing: each clock on it is the first. */
const forgetful = {
  get: async () => undefined,
  transact: async () => undefined,
  beforeCommit: () => undefined,
} as unknown as Store;

let dir: string;
let store: Store;
let machine: Machine;
let clock: RoadClock;

async function restart(): Promise<void> {
  await store.close();
  store = await openSqliteStore({ path: join(dir, 'state.db') });
  clock = await openClock({ store, source: machine });
}

/** Anything durable: it carries the mark. */
async function act(): Promise<void> {
  await store.transact((tx) => tx.put('settings', 'something', { at: clock.now() }));
}

async function confirm(): Promise<void> {
  const afterwards = await store.transact((tx) => clock.confirm(tx));
  afterwards();
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'holdpoint-clock-'));
  machine = new Machine();
  store = await openSqliteStore({ path: join(dir, 'state.db') });
  clock = await openClock({ store, source: machine });
});

afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

describe('time that never runs back (F1, U3)', () => {
  it('is the time of the machine while nothing is odd, over sleep and restarts too', async () => {
    expect(clock.now()).toBe(start);
    machine.run(500);
    expect(clock.now()).toBe(start + 500);
    machine.run(3 * hour);
    machine.sleep(60 * hour);
    expect(clock.now()).toBe(machine.wall());
    machine.step(-30_000);
    machine.step(50_000);
    await act();
    machine.reboot(8 * hour);
    await restart();
    expect(clock.now()).toBe(machine.wall());
    expect(clock.suspicious).toBe(false);
    clock.pass();
  });

  it('goes on by the time since boot when the clock is stepped back, and is no slower for it', async () => {
    machine.run(hour);
    clock.now();
    machine.step(-48 * hour);
    expect(clock.now()).toBeGreaterThanOrEqual(start + hour);
    machine.run(2 * hour);
    expect(Math.abs(clock.now() - (start + 3 * hour))).toBeLessThan(100);
    await act();
    await restart();
    expect(Math.abs(clock.now() - (start + 3 * hour))).toBeLessThan(100);
    machine.reboot(hour);
    await restart();
    expect(clock.now()).toBeGreaterThanOrEqual(start + 3 * hour + 19_000);
    expect(clock.suspicious).toBe(false);
  });

  it('does not gain by the grain of the uptime', () => {
    for (let index = 0; index < 5_000; index++) {
      machine.run(997);
      clock.now();
    }
    expect(Math.abs(clock.now() - machine.wall())).toBeLessThan(50);
  });

  it('never goes back, whatever the machine does', () => {
    const happening = fc.oneof(
      fc.record({ what: fc.constant('run' as const), ms: fc.nat(10 * hour) }),
      fc.record({ what: fc.constant('sleep' as const), ms: fc.nat(10 * hour) }),
      fc.record({ what: fc.constant('step' as const), ms: fc.integer({ min: -100 * hour, max: 100 * hour }) }),
    );
    return fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 20 }), async (happenings) => {
        machine = new Machine();
        clock = await openClock({ store: forgetful, source: machine });
        let before = clock.now();
        let ran = 0;
        const from = before;
        for (const { what, ms } of happenings) {
          machine[what](ms);
          if (what !== 'step') ran += ms;
          const now = clock.now();
          expect(Number.isSafeInteger(now)).toBe(true);
          expect(now).toBeGreaterThanOrEqual(before);
          // Nothing lives longer because somebody stepped the clock back. A sleep shorter than the second between two
          // looks at the uptime may go unseen until the next look, when a step back hides it from the wall clock too.
          expect(now - from).toBeGreaterThanOrEqual(ran - 1_000 - 50);
          before = now;
        }
      }),
      {
        numRuns: 300,
        examples: [
          [
            [
              { what: 'step', ms: -51 },
              { what: 'sleep', ms: 17_999_988 },
              { what: 'sleep', ms: 23 },
            ],
          ],
        ],
      },
    );
  });
});

describe('a step forward that nothing explains (F1, U3)', () => {
  it.each([
    ['while it runs', 49 * hour],
    ['just beyond an ordinary correction', 61_000],
  ])('%s stops what time alone would grant, and ends what should end', (_, ms) => {
    const seen: Suspicion[] = [];
    clock.watch((suspicion) => seen.push(suspicion));
    machine.run(hour);
    machine.step(ms);
    expect(clock.suspicious).toBe(true);
    expect(clock.now()).toBe(start + hour + ms);
    expect(() => clock.pass()).toThrow(Refused);
    expect(clock.suspicion).toEqual({ at: '2026-04-24T13:00:00.000Z', stepMs: ms, why: 'step' });
    expect(seen).toHaveLength(1);
  });

  it('is found when it creeps in small steps', () => {
    for (let index = 0; index < 40; index++) {
      machine.run(10_000);
      machine.step(5_000);
      clock.now();
    }
    expect(clock.suspicious).toBe(true);
  });

  it('is found when it happened while the daemon was down', async () => {
    await act();
    machine.run(hour);
    machine.step(48 * hour);
    await restart();
    expect(clock.suspicion?.why).toBe('step');
  });

  it('is found over a restart of the machine that lasted longer than a day', async () => {
    machine.reboot(25 * hour);
    await restart();
    expect(clock.suspicion).toMatchObject({ why: 'boot', stepMs: 25 * hour });
    machine.run(hour);
    await restart();
    expect(clock.suspicious).toBe(true);
  });

  it('lasts over restarts and over the clock being put right, until a human confirms the time', async () => {
    machine.step(50 * hour);
    expect(clock.suspicious).toBe(true);
    machine.step(-50 * hour);
    machine.run(hour);
    expect(clock.suspicious).toBe(true);
    await act();
    await restart();
    expect(clock.suspicious).toBe(true);
    await confirm();
    expect(clock.suspicious).toBe(false);
    // In this process time does not run back; the next one begins at the confirmed time.
    expect(clock.now()).toBeGreaterThanOrEqual(start + 51 * hour - 100);
    machine.run(hour);
    await act();
    await restart();
    expect(Math.abs(clock.now() - machine.wall())).toBeLessThan(2_000);
    expect(clock.suspicious).toBe(false);
  });

  it('is accepted when a human confirms it, and the next one is found again', async () => {
    machine.step(50 * hour);
    expect(clock.suspicious).toBe(true);
    await confirm();
    expect(clock.suspicious).toBe(false);
    expect(clock.now()).toBe(machine.wall());
    await act();
    await restart();
    expect(clock.suspicious).toBe(false);
    machine.step(2 * hour);
    expect(clock.suspicious).toBe(true);
  });

  it('is not confirmed by an act that failed', async () => {
    machine.step(50 * hour);
    expect(clock.suspicious).toBe(true);
    await expect(
      store.transact(async (tx) => {
        await clock.confirm(tx);
        throw new Error('the signature was not good');
      }),
    ).rejects.toThrow('not good');
    expect(clock.suspicious).toBe(true);
    await act();
    await restart();
    expect(clock.suspicious).toBe(true);
  });
});

describe('what is kept', () => {
  it.each([{}, { latest: 'soon' }, { latest: 1, uptime: 1, offset: null, bootId: 'x', confirmations: 0 }])(
    'a mark that cannot be read lets nothing start: %j (F1)',
    async (mark) => {
      await store.transact((tx) => tx.remove('settings', settingsKey));
      const other = await openSqliteStore({ path: join(dir, 'other.db') });
      try {
        await other.transact((tx) => tx.put('settings', settingsKey, mark));
        await expect(openClock({ store: other, source: machine })).rejects.toThrow(/UNAVAILABLE/);
      } finally {
        await other.close();
      }
    },
  );

  it('reads this machine', () => {
    const source = machineTime();
    expect(Math.abs(source.wall() - Date.now())).toBeLessThan(1_000);
    expect(source.uptime()).toBeGreaterThan(0);
    expect(source.bootId.length).toBeGreaterThan(8);
  });
});
