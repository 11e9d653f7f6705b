import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestServer } from '../test/postgres/server.ts';
import { freePort, onCore, type Started, startListening } from './processes.ts';

const run = promisify(execFile);

/** How a client reaches the server, or what stands before it. */
export interface Address {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface Load {
  /** `simple`, `extended` or `prepared`. */
  readonly mode: string;
  readonly clients: number;
  readonly seconds: number;
  /** A script of our own; pgbench's `-S` otherwise. */
  readonly script?: string;
}

export interface Benched {
  readonly transactions: number;
  /** Transactions a second, without connecting. */
  readonly rate: number;
  /** Microseconds of each transaction. */
  readonly times: readonly number[];
}

function environment({ password }: Address): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], PGPASSWORD: password, PGSSLMODE: 'disable' };
}

/** One run of PostgreSQL's own pgbench. Throws when any transaction failed. */
export async function pgbench(folder: string, address: Address, load: Load): Promise<Benched> {
  const logs = join(folder, 'pgbench');
  await rm(logs, { recursive: true, force: true });
  await mkdir(logs, { recursive: true });
  const script = join(logs, 'script.sql');
  if (load.script !== undefined) await writeFile(script, load.script);
  const what = load.script === undefined ? ['-S'] : ['-f', script];
  const where = ['-h', '127.0.0.1', '-p', String(address.port), '-U', address.user, address.database];
  const how = ['-n', '-M', load.mode, '-c', String(load.clients), '-T', String(Math.max(1, Math.round(load.seconds)))];
  const log = ['-l', '--log-prefix', join(logs, 'log')];
  const [program = '', ...args] = onCore('other', ['pgbench', ...what, ...how, ...log, ...where]);
  const { stdout } = await run(program, args, { env: environment(address), maxBuffer: 64 * 1024 * 1024 });
  const rate = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
  const transactions = Number(/actually processed: (\d+)/.exec(stdout)?.[1]);
  if (/failed transactions: [1-9]/.test(stdout) || !(transactions > 0)) throw new Error(`pgbench: ${stdout}`);
  const files = (await readdir(logs)).filter((one) => one.startsWith('log'));
  const texts = await Promise.all(files.map((one) => readFile(join(logs, one), 'utf8')));
  const times = texts.flatMap((text) => text.split('\n').flatMap((line) => Number(line.split(' ')[2]) || []));
  return { transactions, rate, times };
}

/** psql with one command; its output is thrown away, its seconds are what is wanted. */
export async function psqlSeconds(address: Address, command: string, input?: string): Promise<number> {
  const where = ['-h', '127.0.0.1', '-p', String(address.port), '-U', address.user, '-d', address.database];
  const [program = '', ...args] = onCore('other', [
    'psql',
    '-X',
    '-q',
    ...where,
    '-v',
    'ON_ERROR_STOP=1',
    '-c',
    command,
  ]);
  const quoted = [program, ...args].map((one) => `'${one.replaceAll("'", `'\\''`)}'`).join(' ');
  const began = performance.now();
  await run('sh', ['-c', `${quoted} ${input === undefined ? '' : `< '${input}'`} > /dev/null`], {
    env: environment(address),
  });
  return (performance.now() - began) / 1000;
}

/** Debian's pgbouncer with session pooling, in front of one server. */
export async function startPgbouncer(folder: string, server: Address): Promise<Started<number>> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const { user, password, database } = server;
  await writeFile(join(folder, 'users'), `"${user}" "${password}"\n`);
  await writeFile(
    join(folder, 'pgbouncer.ini'),
    `[databases]
${database} = host=127.0.0.1 port=${server.port} dbname=${database} user=${user} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${join(folder, 'users')}
pool_mode = session
max_client_conn = 200
default_pool_size = 50
ignore_startup_parameters = extra_float_digits
logfile = ${join(folder, 'log')}
`,
  );
  for (const one of [folder, join(folder, 'users'), join(folder, 'pgbouncer.ini')]) await chmod(one, 0o777);
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  return startListening(['/usr/sbin/pgbouncer', '-q', ...asNobody, join(folder, 'pgbouncer.ini')], port, 'measured');
}

/** pgbench with these options on a test's own server, as its superuser; transactions a second. */
export async function asSuperuser(
  { port, password }: Pick<TestServer, 'port' | 'password'>,
  args: readonly string[],
): Promise<number> {
  const where = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', 'postgres'];
  const env = { PATH: process.env['PATH'], PGPASSWORD: password };
  const { stdout } = await run('pgbench', [...args, ...where], { env, maxBuffer: 1 << 24 });
  return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
}
