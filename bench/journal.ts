import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '../src/road/journal/journal.ts';
import { openSqliteStore } from '../src/stores/sqlite/store.ts';

/** One measured figure. */
export interface JournalRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The least that was promised. */
  readonly atLeast?: number;
}

const rounds = 3;
const seconds = 2;

/**
 * Durable journal entries a second by 1 and by 8 writers, each of which waits for its entry before it writes the next;
 * and beside it what the disk gives: bare 4 KiB appends, each with its fdatasync. Alternating, the median of 3 rounds.
 */
export async function benchJournal(): Promise<readonly JournalRow[]> {
  const folder = await mkdtemp(join(process.env['HOLDPOINT_BENCH_DIR'] ?? tmpdir(), 'holdpoint-bench-'));
  try {
    const found = new Map<string, number[]>();
    const add = (name: string, value: number): void => void found.set(name, [...(found.get(name) ?? []), value]);
    for (let round = 0; round < rounds; round++) {
      add('disk', await bareSyncs(join(folder, `bare-${round}`)));
      for (const writers of [1, 8]) {
        const { rate, p99 } = await entries(join(folder, `journal-${round}-${writers}`, 'holdpoint.db'), writers);
        add(`rate ${writers}`, rate);
        add(`p99 ${writers}`, p99);
      }
    }
    const middle = (name: string): number => median(found.get(name) ?? []);
    return [
      { name: 'bare 4 KiB append + fdatasync', value: Math.round(middle('disk')), unit: 'a second' },
      { name: 'journal, 1 writer', value: Math.round(middle('rate 1')), unit: 'durable entries a second' },
      { name: 'journal, 1 writer, p99', value: round2(middle('p99 1')), unit: 'ms' },
      {
        name: 'journal, 8 writers',
        value: Math.round(middle('rate 8')),
        unit: 'durable entries a second',
        atLeast: 2000,
      },
      { name: 'journal, 8 writers, p99', value: round2(middle('p99 8')), unit: 'ms' },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function entries(path: string, writers: number): Promise<{ readonly rate: number; readonly p99: number }> {
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
  return { rate, p99: times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0 };
}

async function bareSyncs(path: string): Promise<number> {
  await (await open(path, 'wx', 0o600)).close();
  const file = openSync(path, 'a');
  const block = Buffer.alloc(4096, 1);
  const began = performance.now();
  let count = 0;
  while (performance.now() < began + 1000) {
    writeSync(file, block);
    fdatasyncSync(file);
    count += 1;
  }
  closeSync(file);
  return (count * 1000) / (performance.now() - began);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

if (import.meta.main) {
  const rows = await benchJournal();
  for (const { name, value, unit, atLeast } of rows) {
    console.log(`${name}: ${value} ${unit}${atLeast === undefined ? '' : ` (promised: at least ${atLeast})`}`);
  }
  if (rows.some(({ value, atLeast = 0 }) => value < atLeast)) process.exitCode = 1;
}
