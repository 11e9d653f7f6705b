import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openResourceLocks } from './resource-locks.ts';

test('E2: property: one key has one holder at a time, everybody gets a turn, and nobody waits for ever', async () => {
  const keys = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 5 });
  const worker = fc.record({ keys, holds: fc.nat(3), before: fc.nat(3) });
  await fc.assert(
    fc.asyncProperty(fc.array(worker, { maxLength: 12 }), async (workers) => {
      const locks = openResourceLocks();
      const held = new Map<string, number>();
      let done = 0;
      const turns = async (count: number): Promise<void> => {
        for (let at = 0; at < count; at++) await turn();
      };
      const all = workers.map(async (one, at) => {
        await turns(one.before);
        const release = await locks.hold(one.keys);
        for (const key of new Set(one.keys)) {
          expect(held.get(key)).toBeUndefined();
          held.set(key, at);
        }
        await turns(one.holds);
        for (const key of new Set(one.keys)) {
          expect(held.get(key)).toBe(at);
          held.delete(key);
        }
        release();
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
  const release = await locks.hold(['b', 'c']);
  release();
});

test('E2: who came first goes first', async () => {
  const locks = openResourceLocks();
  const order: number[] = [];
  const first = await locks.hold(['a', 'b']);
  const waiting = [1, 2, 3].map(async (at) => {
    const release = await locks.hold(at === 2 ? ['b'] : ['b', 'a']);
    order.push(at);
    release();
  });
  await turn();
  expect(order).toEqual([]);
  first();
  await Promise.all(waiting);
  expect(order).toEqual([1, 2, 3]);
});

test('releasing twice frees nothing of the next holder', async () => {
  const locks = openResourceLocks();
  const first = await locks.hold(['a']);
  first();
  await locks.hold(['a']);
  first();
  let third = false;
  const waiting = locks.hold(['a']).then(() => (third = true));
  await turn();
  expect(third).toBe(false);
  void waiting;
});
