import { join } from 'node:path';
import type { GateSaid } from './gate-process.ts';
import type { Load, LoadSaid } from './client-process.ts';
import { type Effort, type Figure, median, quantile } from './figure.ts';
import { firstLine } from './machine.ts';
import { readBody, requestText } from './messages.ts';
import { nginxFarSide, nginxProxy } from './nginx.ts';
import { cpuSeconds, type Started, startScript } from './processes.ts';
import { throughput } from './wrk.ts';

/** One way to the far side. */
interface Way {
  readonly name: 'direct' | 'nginx' | 'pipe' | 'relay' | 'gate';
  readonly port: number;
  /** The process that stands between; undefined for none. */
  readonly pid: number | undefined;
  readonly path: string;
  readonly credential: string;
}

interface Round {
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of processor time a request. */
  readonly cpu: number;
}

/** Everything asked as fast as it is answered. */
interface Flood extends Round {
  /** Answers a second. */
  readonly rate: number;
}

/** Paced load of the target: requests a second over so many connections. */
const perSecond = 1_000;
const connections = 32;

/**
 * An allowed read by every way to one far side, in turn: latency at a paced 1,000 a second over 32 connections, and
 * processor time a request. What stands between has a core for itself where cores can be told apart; far side and client
 * share the other.
 */
export async function benchPacedReads(folder: string, effort: Effort): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack();
  const ways = await openWays(join(folder, 'paced'), stack);
  // Until the compilers are done with it: what runs for hours is measured, not its first seconds.
  for (const way of ways) await paced(way, effort.quick ? 0.3 : 6, effort.quick ? perSecond : 4 * perSecond);
  const rounds = new Map<string, Round[]>();
  for (let round = 0; round < effort.rounds; round++)
    for (const way of ways) add(rounds, way.name, await paced(way, effort.seconds, perSecond));
  return pacedFigures(rounds);
}

/** The same, answers a second when 32 connections ask as fast as they are answered. */
export async function benchThroughput(folder: string, effort: Effort): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack();
  const ways = await openWays(join(folder, 'throughput'), stack);
  for (const way of ways) await asFastAsAnswered(way, effort.quick ? 1 : way.name === 'gate' ? 8 : 2);
  const rounds = new Map<string, Flood[]>();
  for (let round = 0; round < effort.rounds; round++)
    for (const way of ways) add(rounds, way.name, await asFastAsAnswered(way, effort.seconds));
  return closedFigures(rounds);
}

async function openWays(folder: string, stack: AsyncDisposableStack): Promise<readonly Way[]> {
  const kept = <T>(started: Started<T>): Started<T> => {
    stack.defer(() => started.stop());
    return started;
  };
  const hasNginx = firstLine('nginx', ['-v']) !== 'absent';
  const farSide = hasNginx
    ? kept(await nginxFarSide(folder)).said
    : kept(await startScript<{ port: number }>('far-side.ts', [], 'other')).said.port;
  const provider = '/graphql/v2';
  const ways: Way[] = [{ name: 'direct', port: farSide, pid: undefined, path: provider, credential: 'none' }];
  if (hasNginx) {
    const { said, pid } = kept(await nginxProxy(folder, farSide));
    ways.push({ name: 'nginx', port: said, pid, path: provider, credential: 'none' });
  } else {
    process.stderr.write('left out: nginx as a reverse proxy (there is no `nginx` here)\n');
  }
  for (const name of ['pipe', 'relay'] as const) {
    const { said, pid } = kept(
      await startScript<{ port: number }>(`${name}-process.ts`, [String(farSide)], 'measured'),
    );
    ways.push({ name, port: said.port, pid, path: provider, credential: 'none' });
  }
  const gate = kept(
    await startScript<GateSaid>('gate-process.ts', [join(folder, 'gate'), String(farSide)], 'measured'),
  );
  const { port, token } = gate.said;
  ways.push({ name: 'gate', port, pid: gate.pid, path: `/railway${provider}`, credential: token });
  return ways;
}

/** Lets the client of the bench send, and throws when anything was refused. */
export async function ask(load: Load): Promise<LoadSaid> {
  const client = await startScript<LoadSaid>('client-process.ts', [JSON.stringify(load)], 'other');
  await client.stop();
  const { said } = client;
  if (said.failed > 0) throw new Error(`${said.failed} of ${said.times.length} requests were refused`);
  return said;
}

async function paced(way: Way, seconds: number, rate: number): Promise<Round> {
  const before = way.pid === undefined ? 0 : cpuSeconds(way.pid);
  const requests = [requestText(way.port, way.path, way.credential, readBody)];
  const { times } = await ask({ port: way.port, requests, connections, seconds, perSecond: rate });
  const used = way.pid === undefined ? 0 : cpuSeconds(way.pid) - before;
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), cpu: (used * 1e6) / times.length };
}

async function asFastAsAnswered(way: Way, seconds: number): Promise<Flood> {
  const before = way.pid === undefined ? 0 : cpuSeconds(way.pid);
  const { answered, rate, p50, p99 } = await throughput({ ...way, connections, seconds, body: readBody });
  const used = way.pid === undefined ? 0 : cpuSeconds(way.pid) - before;
  return { rate, p50, p99, cpu: (used * 1e6) / answered };
}

function add<T>(rounds: Map<string, T[]>, name: string, round: T): void {
  rounds.set(name, [...(rounds.get(name) ?? []), round]);
}

/** What a way adds is taken round by round, against the direct way of the same round. */
function pacedFigures(rounds: ReadonlyMap<string, readonly Round[]>): readonly Figure[] {
  const part = `read, ${perSecond} a second over ${connections} connections`;
  const direct = rounds.get('direct') ?? [];
  return [...rounds].flatMap(([name, own]): Figure[] => {
    const added = median(own.map(({ p50 }, index) => p50 - (direct[index]?.p50 ?? Number.NaN)));
    const plain: Figure[] = [
      { part, name: `${name}: p50`, value: median(own.map(({ p50 }) => p50)), unit: 'ms' },
      { part, name: `${name}: p99`, value: median(own.map(({ p99 }) => p99)), unit: 'ms' },
    ];
    if (name === 'direct') return plain;
    const goal = name === 'gate' ? { atMost: 0.3 } : {};
    return [
      ...plain,
      { part, name: `${name}: added p50`, value: added, unit: 'ms', ...goal },
      { part, name: `${name}: processor time`, value: median(own.map(({ cpu }) => cpu)), unit: 'µs a request' },
    ];
  });
}

function closedFigures(rounds: ReadonlyMap<string, readonly Flood[]>): readonly Figure[] {
  const part = `read, ${connections} connections as fast as answered`;
  const nginx = rounds.get('nginx');
  return [...rounds].flatMap(([name, own]): Figure[] => {
    const plain: Figure[] = [
      { part, name: `${name}: answers`, value: median(own.map(({ rate }) => rate)), unit: 'a second' },
      { part, name: `${name}: p50`, value: median(own.map(({ p50 }) => p50)), unit: 'ms' },
    ];
    if (name === 'direct') return plain;
    plain.push({
      part,
      name: `${name}: processor time`,
      value: median(own.map(({ cpu }) => cpu)),
      unit: 'µs a request',
    });
    if (nginx === undefined || name === 'nginx') return plain;
    const goal = name === 'gate' ? { atLeast: 0.25 } : {};
    const share = median(own.map(({ rate }, index) => rate / (nginx[index]?.rate ?? Number.NaN)));
    const price = median(own.map(({ cpu }, index) => cpu / (nginx[index]?.cpu ?? Number.NaN)));
    return [
      ...plain,
      { part, name: `${name}: answers, nginx being 1`, value: share, unit: '×', ...goal },
      { part, name: `${name}: processor time, nginx being 1`, value: price, unit: '×' },
    ];
  });
}
