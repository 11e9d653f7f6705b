import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Seen } from './far-side.ts';
import type { GateSaid } from './gate-process.ts';
import { type Effort, type Figure, median, quantile } from './figure.ts';
import { ask } from './http-gate.ts';
import { requestText, writeBody } from './messages.ts';
import { startScript } from './processes.ts';

/** Slow enough that each write is settled before the next one comes. */
const perSecond = 20;
const part = `write, ${perSecond} a second on one connection`;

interface Round {
  readonly direct: number;
  readonly gate: number;
  readonly p99: number;
  readonly sync: number;
  /** Messages that the far side saw for each write, the write itself included. */
  readonly asked: number;
  readonly lookups: number;
  readonly recording: number;
}

/**
 * An allowed write (a variable's change, its former value captured) through the gate and straight to the same far side,
 * and bare appends with their fdatasync at the same pace. What the gate adds beyond one fsync is taken round by round.
 */
export async function benchWrites(folder: string, effort: Effort): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack();
  const farSide = await startScript<{ port: number }>('far-side.ts', [], 'other');
  stack.defer(() => farSide.stop());
  const far = farSide.said.port;
  const gate = await startScript<GateSaid>('gate-process.ts', [join(folder, 'writes'), String(far)], 'measured');
  stack.defer(() => gate.stop());
  const load = { connections: 1, seconds: effort.seconds, perSecond };
  const straight = { ...load, port: far, requests: changes(far, '/graphql/v2', 'none') };
  const { port, token } = gate.said;
  const judged = { ...load, port, requests: changes(port, '/railway/graphql/v2', token) };
  const warm = { seconds: effort.quick ? 0.3 : 5, perSecond: 0 };
  await ask({ ...straight, ...warm });
  await ask({ ...judged, ...warm });
  const rounds: Round[] = [];
  for (let round = 0; round < effort.rounds; round++) {
    const sync = median(await syncTimes(join(folder, `bare-${round}`), effort.seconds));
    const direct = median((await ask(straight)).times);
    await seen(far);
    const { times } = await ask(judged);
    const { messages, lookups, recording } = await seen(far);
    // The first one of each connection is sent before times are taken.
    const asked = messages / (times.length + load.connections);
    const spans = { lookups: median(lookups), recording: median(recording) };
    rounds.push({ direct, gate: median(times), p99: quantile(times, 0.99), sync, asked, ...spans });
  }
  return figures(rounds);
}

function figures(rounds: readonly Round[]): readonly Figure[] {
  const of = (pick: (round: Round) => number): number => median(rounds.map(pick));
  const beyond = of(({ gate, direct, sync }) => gate - direct - sync);
  return [
    { part, name: 'direct: p50', value: of(({ direct }) => direct), unit: 'ms' },
    { part, name: 'bare 4 KiB append + fdatasync: p50', value: of(({ sync }) => sync), unit: 'ms' },
    { part, name: 'gate: p50', value: of(({ gate }) => gate), unit: 'ms' },
    { part, name: 'gate: p99', value: of(({ p99 }) => p99), unit: 'ms' },
    { part, name: 'gate: messages to the far side a write', value: of(({ asked }) => asked), unit: '' },
    { part, name: 'gate: added p50', value: of(({ gate, direct }) => gate - direct), unit: 'ms' },
    { part, name: 'gate: added p50 beyond one fsync', value: beyond, unit: 'ms', atMost: 1 },
    {
      part,
      name: 'of it: the look-ups, first asked to last answered',
      value: of(({ lookups }) => lookups),
      unit: 'ms',
    },
    {
      part,
      name: 'of it: from there to the write, on disk by then',
      value: of(({ recording }) => recording),
      unit: 'ms',
    },
  ];
}

/** Several values in turn, so that each write is another one than the last. */
function changes(port: number, path: string, credential: string): readonly string[] {
  return Array.from({ length: 100 }, (_, index) =>
    requestText(port, path, credential, writeBody(`open until ${index}`)),
  );
}

async function seen(port: number): Promise<Seen> {
  return (await (await fetch(`http://127.0.0.1:${port}/seen`)).json()) as Seen;
}

/** Milliseconds of single appends of 4 KiB, each with its fdatasync, at the pace of the writes. */
async function syncTimes(path: string, seconds: number): Promise<readonly number[]> {
  const file = openSync(path, 'ax', 0o600);
  const block = Buffer.alloc(4096, 1);
  const times: number[] = [];
  for (const end = performance.now() + seconds * 1_000; performance.now() < end;) {
    const before = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    times.push(performance.now() - before);
    await new Promise((resolve) => setTimeout(resolve, 1_000 / perSecond));
  }
  closeSync(file);
  return times;
}
