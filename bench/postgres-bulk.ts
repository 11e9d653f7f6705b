import { connect, type Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Effort, type Figure, median, quantile } from './figure.ts';
import { pgbench, psqlSeconds } from './pgbench.ts';
import { openWays, type Way } from './postgres.ts';

const megabyte = 2 ** 20;
/** Connections that have said nothing yet; the gate takes 1,000 at a time unless it is told otherwise. */
const idle = 900;

/** What goes through in bulk: COPY out, a large result and what it costs in memory, connections that wait, and one INSERT at a time. */
export async function benchPostgresBulk(folder: string, effort: Effort): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack();
  const ways = await openWays(join(folder, 'postgres-bulk'), stack);
  const gate = ways.find((way) => way.name === 'gate');
  if (gate?.pid === undefined) throw new Error('there is no gate');
  return [
    // First of all: after a large result the process gives memory back while it is looked at.
    await waiting(gate),
    ...(await copied(ways, effort)),
    ...(await largeResult(gate, effort)),
    ...(await inserted(folder, ways, effort)),
  ];
}

async function copied(ways: readonly Way[], effort: Effort): Promise<readonly Figure[]> {
  const part = 'postgres, COPY of 100,000 rows to the client';
  const text = 'copy (select a.* from pgbench_accounts a) to stdout';
  const took = new Map<Way['name'], number[]>(ways.map((one) => [one.name, []]));
  for (const way of ways) await psqlSeconds(way.address, text);
  for (let round = 0; round < effort.rounds; round++)
    for (const way of ways) took.get(way.name)?.push(await psqlSeconds(way.address, text));
  const middle = (name: Way['name']): number => median(took.get(name) ?? []);
  return [
    ...ways.map(({ name }): Figure => ({ part, name, value: middle(name) * 1000, unit: 'ms, psql’s start included' })),
    { part, name: 'gate: speed, direct being 1', value: middle('direct') / middle('gate'), unit: '×', atLeast: 0.9 },
  ];
}

/** 1 GB in rows of 100 kB; a tenth of it where it has to be quick. */
async function largeResult(gate: Way, effort: Effort): Promise<readonly Figure[]> {
  const pid = gate.pid ?? 0;
  const rows = effort.quick ? 1_000 : 10_000;
  const part = `postgres, a result of ${rows / 10_000} GB`;
  const text = `copy (select repeat('x', 100000) from generate_series(1, ${rows})) to stdout`;
  await psqlSeconds(gate.address, text.replace(String(rows), '10'));
  const before = residentBytes(pid);
  let most = before;
  const watching = setInterval(() => (most = Math.max(most, residentBytes(pid))), 20);
  const seconds = await psqlSeconds(gate.address, text).finally(() => clearInterval(watching));
  return [
    { part, name: 'gate: memory above idle', value: (most - before) / megabyte, unit: 'MiB', atMost: 64 },
    { part, name: 'gate: bytes', value: (rows * 100_000) / megabyte / seconds, unit: 'MiB a second' },
  ];
}

async function waiting(gate: Way): Promise<Figure> {
  const pid = gate.pid ?? 0;
  const before = residentBytes(pid);
  const sockets: Socket[] = [];
  try {
    for (let count = 0; count < idle; count++) {
      const socket = connect({ port: gate.address.port, host: '127.0.0.1' }).on('error', () => undefined);
      sockets.push(socket);
      await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    const each = (residentBytes(pid) - before) / idle / 1024;
    const part = `postgres, ${idle} connections before sign-in`;
    return { part, name: 'gate: memory', value: each, unit: 'KiB each', atMost: 64 };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** An act of its own each: judged, measured, its inverse and its entry on disk before the COMMIT. */
async function inserted(folder: string, ways: readonly Way[], effort: Effort): Promise<readonly Figure[]> {
  const script = 'insert into notes (body) values (1);';
  const load = { mode: 'prepared', clients: 1, seconds: effort.seconds, script };
  const part = 'postgres, one INSERT at a time';
  const figures: Figure[] = [];
  for (const way of ways) {
    const { times } = await pgbench(folder, way.address, load);
    figures.push({ part, name: `${way.name}: p50`, value: quantile(times, 0.5) / 1000, unit: 'ms' });
  }
  return figures;
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
