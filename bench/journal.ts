import { generateKeyPairSync } from 'node:crypto';
import { open } from 'node:fs/promises';
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Effort, type Figure, median, quantile } from './figure.ts';
import { openJournal } from '../src/road/journal/journal.ts';
import { openSqliteStore } from '../src/stores/sqlite/store.ts';

const part = 'journal';

/**
 * Durable journal entries a second by 1 and by 8 writers, each of which waits for its entry before it writes the next;
 * and beside it what the disk gives: bare 4 KiB appends, each with its fdatasync. In turn, the median of the rounds.
 */
export async function benchJournal(folder: string, { rounds, seconds }: Effort): Promise<readonly Figure[]> {
  const found = new Map<string, number[]>();
  const add = (name: string, value: number): void => void found.set(name, [...(found.get(name) ?? []), value]);
  for (let round = 0; round < rounds; round++) {
    add('disk', await bareSyncs(join(folder, `bare-syncs-${round}`), seconds / 2));
    for (const writers of [1, 8]) {
      const path = join(folder, `journal-${round}-${writers}`, 'holdpoint.db');
      const { rate, p99 } = await entries(path, writers, seconds);
      add(`rate ${writers}`, rate);
      add(`p99 ${writers}`, p99);
    }
  }
  const middle = (name: string): number => median(found.get(name) ?? []);
  const durable = 'durable entries a second';
  return [
    { part, name: 'bare 4 KiB append + fdatasync', value: middle('disk'), unit: 'a second' },
    { part, name: '1 writer', value: middle('rate 1'), unit: durable },
    { part, name: '1 writer, p99', value: middle('p99 1'), unit: 'ms' },
    { part, name: '8 writers', value: middle('rate 8'), unit: durable, atLeast: 2_000 },
    { part, name: '8 writers, p99', value: middle('p99 8'), unit: 'ms' },
  ];
}

async function entries(
  path: string,
  writers: number,
  seconds: number,
): Promise<{ readonly rate: number; readonly p99: number }> {
  const store = await openSqliteStore({ path });
  const key = generateKeyPairSync('ed25519').privateKey;
  const journal = await openJournal({ store, key, origin: 'holdpoint/bench', clock: { now: () => Date.now() } });
  const times: number[] = [];
  const write = async (until: number): Promise<void> => {
    while (performance.now() < until) {
      const before = performance.now();
      await journal.record({
        kind: 'intent',
        principal: 'cursor',
        token: 'tk_01JD0000000000000000000000',
        gate: 'http',
        digest: 'd1ba7a5c0c6f0b5a2e7f3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7081',
        body: {
          operation: 'railway:variableUpsert',
          environments: ['staging'],
          reversibility: 'reversible',
          rules: ['default'],
        },
      });
      times.push(performance.now() - before);
    }
  };
  const all = (until: number): Promise<void[]> => Promise.all(Array.from({ length: writers }, () => write(until)));
  await all(performance.now() + 300);
  times.length = 0;
  const began = performance.now();
  await all(began + seconds * 1000);
  const rate = (times.length * 1000) / (performance.now() - began);
  await journal.close();
  await store.close();
  return { rate, p99: quantile(times, 0.99) };
}

async function bareSyncs(path: string, seconds: number): Promise<number> {
  await (await open(path, 'wx', 0o600)).close();
  const file = openSync(path, 'a');
  const block = Buffer.alloc(4096, 1);
  const began = performance.now();
  let count = 0;
  while (performance.now() < began + seconds * 1_000) {
    writeSync(file, block);
    fdatasyncSync(file);
    count += 1;
  }
  closeSync(file);
  return (count * 1000) / (performance.now() - began);
}
