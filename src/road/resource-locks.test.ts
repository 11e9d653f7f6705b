import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Held, openResourceLocks } from './resource-locks.ts';

test('E2: property: one key has one holder at a time, everybody gets a turn, and nobody waits for ever', async () => {
  const keys = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 5 });
  const worker = fc.record({ keys, holds: fc.nat(3), before: fc.nat(3) });
  await fc.assert(
    fc.asyncProperty(fc.array(worker, { maxLength: 12 }), async (workers) => {
      const locks = openResourceLocks();
      const holders = new Map<string, number>();
      let done = 0;
      const turns = async (count: number): Promise<void> => {
        for (let at = 0; at < count; at++) await turn();
      };
      const all = workers.map(async (one, at) => {
        await turns(one.before);
        const held = await locks.hold(one.keys);
        for (const key of new Set(one.keys)) {
          expect(holders.get(key)).toBeUndefined();
          holders.set(key, at);
        }
        await turns(one.holds);
        for (const key of new Set(one.keys)) {
          expect(holders.get(key)).toBe(at);
          holders.delete(key);
        }
        held.release();
        done += 1;
      });
      await Promise.all(all);
      expect(done).toBe(workers.length);
    }),
    { numRuns: 200, timeout: 5_000 },
  );
}, 60_000);

test('E2: those that share no key do not wait for each other', async () => {
  const locks = openResourceLocks();
  await locks.hold(['a']);
  (await locks.hold(['b', 'c'])).release();
});

test('E2: who came first goes first', async () => {
  const locks = openResourceLocks();
  const order: number[] = [];
  const first = await locks.hold(['a', 'b']);
  const waiting = [1, 2, 3].map(async (at) => {
    const held = await locks.hold(at === 2 ? ['b'] : ['b', 'a']);
    order.push(at);
    held.release();
  });
  await turn();
  expect(order).toEqual([]);
  first.release();
  await Promise.all(waiting);
  expect(order).toEqual([1, 2, 3]);
});

test('releasing twice frees nothing of the next holder', async () => {
  const locks = openResourceLocks();
  const first = await locks.hold(['a']);
  first.release();
  await locks.hold(['a']);
  first.release();
  let third = false;
  const waiting = locks.hold(['a']).then(() => (third = true));
  await turn();
  expect(third).toBe(false);
  void waiting;
});

test('E2: more keys are taken at once or not at all, and never waited for', async () => {
  const locks = openResourceLocks();
  const one = await locks.hold(['a']);
  const other = await locks.hold(['b', 'c']);
  expect(one.extend(['d', 'b'])).toBe(false);
  // Nothing was taken of it: a third gets `d`.
  (await locks.hold(['d'])).release();
  expect(one.extend(['a', 'e'])).toBe(true);
  let fifth: Held | undefined;
  const waiting = locks.hold(['e']).then((held) => (fifth = held));
  await turn();
  expect(fifth).toBeUndefined();
  one.release();
  // Let go before the third began.
  expect((await waiting).extend(['a'])).toBe(true);
  other.release();
});

test('E2: what another let go since a hold began may be stale, and is not simply taken', async () => {
  const locks = openResourceLocks();
  const other = await locks.hold(['volume']);
  const one = await locks.hold(['service']);
  other.release();
  expect(one.extend(['volume'])).toBe(false);
  one.release();
  const again = await locks.hold(['service', 'volume']);
  expect(again.extend(['volume'])).toBe(true);
  again.release();
});

test('E2: property: whoever has to lock again with everything gets it in the end, one holder a key', async () => {
  const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 });
  const worker = fc.record({ named: keys, resolved: keys, before: fc.nat(3), holds: fc.nat(3) });
  await fc.assert(
    fc.asyncProperty(fc.array(worker, { maxLength: 10 }), async (workers) => {
      const locks = openResourceLocks();
      const holder = new Map<string, number>();
      const all = workers.map(async (one, at) => {
        for (let waits = 0; waits < one.before; waits++) await turn();
        let held = await locks.hold(one.named);
        let tries = 0;
        while (!held.extend(one.resolved)) {
          tries += 1;
          held.release();
          held = await locks.hold([...one.named, ...one.resolved]);
        }
        expect(tries).toBeLessThanOrEqual(1);
        const mine = new Set([...one.named, ...one.resolved]);
        for (const key of mine) {
          expect(holder.get(key)).toBeUndefined();
          holder.set(key, at);
        }
        for (let waits = 0; waits < one.holds; waits++) await turn();
        for (const key of mine) holder.delete(key);
        held.release();
      });
      await Promise.all(all);
    }),
    { numRuns: 200, timeout: 5_000 },
  );
}, 60_000);
