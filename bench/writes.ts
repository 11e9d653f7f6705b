import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Seen } from './far-side.ts';
import type { GateSaid } from './gate-process.ts';
import { type Effort, type Figure, median, quantile } from './figure.ts';
import { ask } from './http-gate.ts';
import { requestText, writeBody } from './messages.ts';
import { cpuSeconds, startScript } from './processes.ts';

/**
 * Writes a second. At 20 each is settled long before the next one comes, and every process on the way is asleep and its
 * caches are others' by then; at 200 they are awake.
 */
const paces = [20, 200] as const;

interface Round {
  readonly direct: number;
  readonly gate: number;
  readonly p99: number;
  readonly sync: number;
  readonly writes: number;
  /** What the far side saw, the writes themselves included. */
  readonly messages: number;
  readonly lookups: number;
  readonly recording: number;
  /** Seconds of processor time in the gate's process. */
  readonly used: number;
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
  const load = { connections: 1, seconds: effort.seconds, perSecond: 0 };
  const straight = { ...load, port: far, requests: changes(far, '/graphql/v2', 'none') };
  const { port, token } = gate.said;
  const judged = { ...load, port, requests: changes(port, '/railway/graphql/v2', token) };
  const warm = { seconds: effort.quick ? 0.3 : 5 };
  await ask({ ...straight, ...warm });
  await ask({ ...judged, ...warm });
  const measure = async (perSecond: number, round: number): Promise<Round> => {
    const path = join(folder, `bare-${perSecond}-${round}`);
    const sync = median(await syncTimes(path, effort.seconds, perSecond));
    const direct = median((await ask({ ...straight, perSecond })).times);
    await seen(far);
    const before = cpuSeconds(gate.pid);
    const { times } = await ask({ ...judged, perSecond });
    const used = cpuSeconds(gate.pid) - before;
    const { messages, lookups, recording } = await seen(far);
    // The first one of each connection is sent before times are taken.
    const writes = times.length + load.connections;
    const spans = { lookups: median(lookups), recording: median(recording), used };
    return { direct, gate: median(times), p99: quantile(times, 0.99), sync, writes, messages, ...spans };
  };
  const rounds = new Map<number, Round[]>(paces.map((pace) => [pace, []]));
  for (let round = 0; round < effort.rounds; round++) {
    for (const [pace, kept] of rounds) kept.push(await measure(pace, round));
  }
  return [...rounds].flatMap(([pace, kept]) => figures(pace, kept));
}

function figures(perSecond: number, rounds: readonly Round[]): readonly Figure[] {
  const part = `write, ${perSecond} a second on one connection`;
  const of = (pick: (round: Round) => number): number => median(rounds.map(pick));
  // In ticks of 10 ms, so over all rounds at once.
  const total = (pick: (round: Round) => number): number => rounds.reduce((sum, round) => sum + pick(round), 0);
  const writes = total((round) => round.writes);
  const ms = (name: string, value: number): Figure => ({ part, name, value, unit: 'ms' });
  const beyond = of(({ gate, direct, sync }) => gate - direct - sync);
  return [
    ms(
      'direct: p50',
      of(({ direct }) => direct),
    ),
    ms(
      'bare 4 KiB append + fdatasync: p50',
      of(({ sync }) => sync),
    ),
    ms(
      'gate: p50',
      of(({ gate }) => gate),
    ),
    ms(
      'gate: p99',
      of(({ p99 }) => p99),
    ),
    {
      part,
      name: 'gate: messages to the far side a write',
      value: total((round) => round.messages) / writes,
      unit: '',
    },
    ms('gate: processor time a write, settling included', (total(({ used }) => used) / writes) * 1_000),
    ms(
      'gate: added p50',
      of(({ gate, direct }) => gate - direct),
    ),
    { ...ms('gate: added p50 beyond one fsync', beyond), atMost: 1 },
    ms(
      'of it: the look-ups, first asked to last answered',
      of(({ lookups }) => lookups),
    ),
    ms(
      'of it: from there to the write, on disk by then',
      of(({ recording }) => recording),
    ),
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
async function syncTimes(path: string, seconds: number, perSecond: number): Promise<readonly number[]> {
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
