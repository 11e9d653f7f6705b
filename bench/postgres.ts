import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { GateSaid } from './gate-process.ts';
import { type Effort, type Figure, median, quantile } from './figure.ts';
import { firstLine } from './machine.ts';
import { type Address, type Benched, pgbench, startPgbouncer } from './pgbench.ts';
import { cpuSeconds, pinned, type Started, startScript } from './processes.ts';
import { openPostgres } from '../test/postgres/server.ts';

/** One way to the server. */
export interface Way {
  readonly name: 'direct' | 'pgbouncer' | 'pipe' | 'gate';
  readonly address: Address;
  /** The process that stands between; undefined for none. */
  readonly pid: number | undefined;
}

interface Round {
  readonly p50: number;
  readonly rate: number;
  /** Microseconds of processor time a transaction, of what stands between. */
  readonly cpu: number;
}

const modes = ['simple', 'extended', 'prepared'] as const;
const rows = 100_000;

/**
 * pgbench's reads by every way to one server, in turn: median latency, transactions a second, and processor time a
 * transaction of what stands between, which has a core for itself where cores can be told apart.
 */
export async function benchPostgres(folder: string, effort: Effort): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack();
  const ways = await openWays(join(folder, 'postgres'), stack);
  const figures: Figure[] = [];
  // Signing in, and the first proof of a session, count: in a short run they would be most of it.
  const seconds = effort.quick ? 1 : 3;
  const rounds = Math.min(effort.rounds, 3);
  for (const mode of modes) {
    for (const way of ways) await once(folder, way, mode, 8, way.name === 'gate' && !effort.quick ? 4 : 1);
    for (const clients of [1, 8]) {
      const found = new Map<Way['name'], Round[]>(ways.map((one) => [one.name, []]));
      for (let round = 0; round < rounds; round++)
        for (const way of ways) found.get(way.name)?.push(await once(folder, way, mode, clients, seconds));
      figures.push(...figuresOf(`postgres, pgbench -S ${mode}, ${clients} at a time`, clients, found));
    }
  }
  return figures;
}

async function once(folder: string, way: Way, mode: string, clients: number, seconds: number): Promise<Round> {
  const before = way.pid === undefined ? 0 : cpuSeconds(way.pid);
  const done: Benched = await pgbench(folder, way.address, { mode, clients, seconds });
  const used = way.pid === undefined ? 0 : cpuSeconds(way.pid) - before;
  return { p50: quantile(done.times, 0.5), rate: done.rate, cpu: (used * 1e6) / done.transactions };
}

export async function openWays(folder: string, stack: AsyncDisposableStack): Promise<readonly Way[]> {
  const kept = <T>(started: Started<T>): Started<T> => {
    stack.defer(() => started.stop());
    return started;
  };
  const server = await openServer(stack);
  const agent = { user: 'agent', password: 'secret', database: 'postgres' };
  const ways: Way[] = [{ name: 'direct', address: { ...agent, port: server }, pid: undefined }];
  if (firstLine('/usr/sbin/pgbouncer', ['--version']) === 'absent')
    process.stderr.write('left out: pgbouncer (it is not installed)\n');
  else {
    execFileSync('mkdir', ['-p', folder]);
    for (let above = folder; above.length > 5; above = join(above, '..')) chmodSync(above, 0o755);
    const { said, pid } = kept(await startPgbouncer(join(folder, 'pgbouncer'), { ...agent, port: server }));
    ways.push({ name: 'pgbouncer', address: { ...agent, port: said }, pid });
  }
  const pipe = kept(await startScript<{ port: number }>('pipe-process.ts', [String(server)], 'measured'));
  ways.push({ name: 'pipe', address: { ...agent, port: pipe.said.port }, pid: pipe.pid });
  const gate = kept(
    await startScript<GateSaid>(
      'postgres-gate-process.ts',
      [join(folder, 'gate'), String(server), 'agent:secret'],
      'measured',
    ),
  );
  const { port, token } = gate.said;
  ways.push({
    name: 'gate',
    address: { port, user: 'cursor', password: token, database: 'pg-staging' },
    pid: gate.pid,
  });
  return ways;
}

/** A server with pgbench's tables, on the core that is not measured. */
async function openServer(stack: AsyncDisposableStack): Promise<number> {
  const self = String(process.pid);
  if (pinned) execFileSync('taskset', ['-acp', '1', self]);
  try {
    const settings = ['log_statement=none', 'max_connections=200', 'shared_buffers=128MB', 'synchronous_commit=on'];
    const server = await openPostgres({ settings });
    stack.defer(() => server.stop());
    await server.query("create role agent login password 'secret'");
    await server.query(`create table pgbench_branches (bid int primary key, bbalance int, filler char(88))`);
    await server.query(`create table pgbench_tellers (tid int primary key, bid int, tbalance int, filler char(84))`);
    await server.query(`create table pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84))`);
    await server.query(
      `create table pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22))`,
    );
    await server.query(`insert into pgbench_branches values (1, 0, '')`);
    await server.query(`insert into pgbench_tellers select g, 1, 0, '' from generate_series(1, 10) g`);
    await server.query(`insert into pgbench_accounts select g, 1, 0, '' from generate_series(1, ${rows}) g`);
    await server.query('create table notes (id bigint generated always as identity primary key, body text)');
    await server.query('grant all on all tables in schema public to agent');
    await server.query('vacuum analyze');
    return server.port;
  } finally {
    if (pinned) execFileSync('taskset', ['-acp', '0,1', self]);
  }
}

/** What a way adds is taken round by round, against the direct way of the same round. */
function figuresOf(
  part: string,
  clients: number,
  found: ReadonlyMap<Way['name'], readonly Round[]>,
): readonly Figure[] {
  const middle = (name: Way['name'], what: keyof Round): number =>
    median((found.get(name) ?? []).map((one) => one[what]));
  const direct = found.get('direct') ?? [];
  const added = (name: Way['name']): number =>
    median((found.get(name) ?? []).map(({ p50 }, at) => p50 - (direct[at]?.p50 ?? Number.NaN)));
  const figures = [...found.keys()].flatMap((name): Figure[] => {
    const rate: Figure = { part, name: `${name}: transactions`, value: middle(name, 'rate'), unit: 'a second' };
    if (name === 'direct') return [{ part, name: 'direct: p50', value: middle(name, 'p50'), unit: 'µs' }, rate];
    return [
      { part, name: `${name}: added p50`, value: added(name), unit: 'µs' },
      rate,
      { part, name: `${name}: processor time`, value: middle(name, 'cpu'), unit: 'µs a transaction' },
    ];
  });
  const cpu = middle('gate', 'cpu') / middle('pipe', 'cpu');
  figures.push({ part, name: 'gate: processor time, the pipe being 1', value: cpu, unit: '×', atMost: 1.15 });
  if (clients === 1) {
    const ratio = added('gate') / added('pipe');
    figures.push({ part, name: 'gate: added p50, the pipe’s being 1', value: ratio, unit: '×', atMost: 1 });
  } else if (found.has('pgbouncer')) {
    const share = middle('gate', 'rate') / middle('pgbouncer', 'rate');
    figures.push({ part, name: 'gate: transactions, pgbouncer’s being 1', value: share, unit: '×', atLeast: 0.85 });
  }
  return figures;
}
