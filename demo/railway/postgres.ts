import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { OsAccount, PostgresBinaries } from './postgres-binaries.ts';

export interface PostgresPlace {
  readonly binaries: PostgresBinaries;
  readonly account: OsAccount | null;
  readonly dataDir: string;
  readonly port: number;
  readonly password: string;
  readonly database: string;
  /** Settings of `postgresql.conf` beyond the double's own. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** One real PostgreSQL server whose files are a volume's data. On loopback, password (SCRAM) required. */
export class PostgresServer {
  readonly place: PostgresPlace;
  #child: ChildProcess | null = null;
  #said = '';
  #latest: Earlier | undefined;

  constructor(place: PostgresPlace) {
    this.place = place;
  }

  get url(): string {
    return this.#urlOf(this.place.database);
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Makes the cluster and its one database, and starts it. */
  async create(): Promise<void> {
    const { dataDir, binaries, account, password } = this.place;
    const secret = `${dataDir}.password`;
    await fsp.writeFile(secret, password, { mode: 0o600 });
    await fsp.mkdir(dataDir, { recursive: true, mode: 0o700 });
    this.#own(dataDir);
    this.#own(secret);
    const args = ['-D', dataDir, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8'];
    const child = spawn(binaries.initdb, [...args, '--locale=C', '--no-sync', '--wal-segsize=1'], {
      ...account,
      cwd: '/',
      env: environment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    await fsp.rm(secret, { force: true });
    if (code !== 0) throw new Error(`initdb failed: ${this.#said.trim()}`);
    await this.start();
    const client = await this.#connect('postgres');
    await client.query(`create database "${this.place.database}"`);
    await client.end();
  }

  /** Starts the server on the files that are there and waits until it answers. */
  async start(): Promise<void> {
    const { dataDir, binaries, account, port, parameters } = this.place;
    this.#own(dataDir);
    fs.chmodSync(dataDir, 0o700);
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      shared_buffers: '32MB',
      fsync: 'off',
      max_wal_size: '64MB',
      ...parameters,
    };
    const flags = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    this.#said = '';
    const child = spawn(binaries.postgres, ['-D', dataDir, '-p', String(port), ...flags], {
      ...account,
      cwd: '/',
      env: environment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.on('data', (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-4000)));
    this.#child = child;
    await this.#ready();
  }

  /** A clean shutdown (SIGINT), or an immediate one (SIGQUIT), as when the disk is torn away. */
  async stop(signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
    const child = this.#child;
    if (child === null || !this.isRunning) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    const late = sleep(10_000, 'late', { ref: false });
    if ((await Promise.race([gone, late])) === 'late') {
      child.kill('SIGKILL');
      await gone;
    }
  }

  /** For the end of our own process, which waits for nobody. */
  killNow(): void {
    if (this.isRunning) this.#child?.kill('SIGQUIT');
  }

  /**
   * A consistent file-level copy of the running cluster into `target`, with the log it needs to start from. What did not
   * change since the backup before is linked to it, as backup tools do: each is whole, and goes with the folder it is in.
   */
  async backup(target: string): Promise<void> {
    const { dataDir } = this.place;
    const earlier = this.#latest;
    // A file written in the same tick as it was copied would look unchanged, so only older ones count.
    this.#latest = { folder: target, before: Date.now() - 50 };
    const client = await this.#connect('postgres');
    try {
      const started = await client.query<{ file: string }>(
        `select pg_walfile_name(pg_backup_start('railway double', true)) as file`,
      );
      const first = started.rows[0]?.file ?? '';
      copyTree(dataDir, target, (name) => !skipped.has(name), earlier);
      await fsp.mkdir(path.join(target, 'pg_wal'), { recursive: true });
      const stopped = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
      await fsp.writeFile(path.join(target, 'backup_label'), stopped.rows[0]?.labelfile ?? '');
      for (const segment of await fsp.readdir(path.join(dataDir, 'pg_wal'))) {
        if (!/^[0-9A-F]{24}$/u.test(segment) || segment < first) continue;
        copyFile(path.join(dataDir, 'pg_wal', segment), path.join(target, 'pg_wal', segment));
      }
    } finally {
      await client.end();
    }
  }

  async #ready(): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (Date.now() < deadline) {
      if (!this.isRunning) throw new Error(`PostgreSQL did not start: ${this.#said.trim()}`);
      try {
        const client = await this.#connect('postgres');
        await client.end();
        return;
      } catch {
        await sleep(25);
      }
    }
    throw new Error(`PostgreSQL did not answer in 30 s: ${this.#said.trim()}`);
  }

  async #connect(database: string): Promise<Client> {
    const client = new Client({ connectionString: this.#urlOf(database) });
    // without a listener, a server that is killed under a client would end our process
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  #urlOf(database: string): string {
    return `postgresql://postgres:${this.place.password}@127.0.0.1:${this.place.port}/${database}`;
  }

  #own(target: string): void {
    const { account } = this.place;
    if (account !== null) execFileSync('chown', ['-R', `${account.uid}:${account.gid}`, target]);
  }
}

/** The backup before: where it lies (in the end, this very file of it), and from when on what was written is not in it. */
interface Earlier {
  readonly folder: string;
  /** Milliseconds since the epoch. */
  readonly before: number;
}

const skipped: ReadonlySet<string> = new Set(['pg_wal', 'postmaster.pid', 'postmaster.opts', 'pg_stat_tmp']);

/**
 * Copies a folder whose files may come and go meanwhile; `keep` decides about the names at its top. Without waiting in between:
 * a cluster is a thousand small files.
 */
export function copyTree(
  source: string,
  target: string,
  keep: (name: string) => boolean = () => true,
  earlier?: Earlier,
): void {
  fs.mkdirSync(target, { recursive: true, mode: 0o700 });
  if (!fs.existsSync(source)) return;
  for (const entry of fs.readdirSync(source, { withFileTypes: true })) {
    if (!keep(entry.name)) continue;
    const from = path.join(source, entry.name);
    const to = path.join(target, entry.name);
    const before = earlier === undefined ? undefined : { ...earlier, folder: path.join(earlier.folder, entry.name) };
    if (entry.isDirectory()) copyTree(from, to, undefined, before);
    else if (entry.isFile()) copyFile(from, to, before);
  }
}

function copyFile(from: string, to: string, earlier?: Earlier): void {
  try {
    const { size, atime, mtime } = fs.statSync(from);
    const was = earlier === undefined ? undefined : fs.statSync(earlier.folder, { throwIfNoEntry: false });
    const same = was?.size === size && was.mtime.getTime() === mtime.getTime();
    if (earlier !== undefined && same && mtime.getTime() < earlier.before) {
      fs.linkSync(earlier.folder, to);
      return;
    }
    fs.copyFileSync(from, to, fs.constants.COPYFILE_FICLONE);
    fs.utimesSync(to, atime, mtime);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

/** A port on loopback that nobody holds just now. */
export async function freePort(): Promise<number> {
  const probe = net.createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}
