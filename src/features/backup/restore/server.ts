import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readHistory } from './histories.ts';
import { environment, type Programs, type ServerAccount } from './programs.ts';
import { RestoreRefused } from './restore-refused.ts';
import { serverPort, settingsFor, type SettingWishes } from './server-settings.ts';
import { type OpenSql, type Sql, within } from './sql.ts';
import type { Lsn } from '../../../contract/backup.ts';
import { lsnText } from '../../../contract/lsn.ts';

export interface ServerOptions extends Omit<SettingWishes, 'run' | 'segments'> {
  readonly programs: Programs;
  readonly account: ServerAccount | undefined;
  /** Holds `data`, `segments` and `run`. */
  readonly folder: string;
  readonly openSql: OpenSql;
  /** Milliseconds for the replay; a day unless said. */
  readonly timeout?: number;
  /** Told of each segment that the server took. */
  readonly replayed?: (segment: string) => void;
  readonly signal?: AbortSignal;
}

/** A restored server, on a socket that only its account (and root) can reach. */
export interface RestoredServer {
  readonly socket: string;
  /** The cluster's first superuser. */
  readonly user: string;
  /** What it said: the end of it. */
  log(): string;
  /** Where its replay ended, and when the last transaction in it was committed (ISO 8601). Throws `RestoreRefused`. */
  reached(): Promise<{ readonly replayed: Lsn; readonly lastCommit?: string }>;
  /** As its superuser, unless another role is named. */
  sql(database: string, user?: string): Promise<Sql>;
  /** Shut down as an operator would; its folder stays. */
  stop(): Promise<void>;
}

/** Of its log this much is kept: the end. */
const longestLog = 256 * 1024;

/** Starts recovery, and gives the server once it has ended there and takes statements. Throws `RestoreRefused`. */
export async function startServer(options: ServerOptions): Promise<RestoredServer> {
  const { folder, account, programs } = options;
  const run = path.join(folder, 'run');
  const data = path.join(folder, 'data');
  await mkdir(run, { recursive: true, mode: 0o700 });
  await writeFile(path.join(run, 'postgresql.conf'), '');
  await writeFile(path.join(run, 'pg_hba.conf'), 'local all all trust\n');
  await writeFile(path.join(run, 'pg_ident.conf'), '');
  await writeFile(path.join(data, 'recovery.signal'), '');
  if (account !== undefined) for (const one of [data, run, path.join(folder, 'segments')]) await give(one, account);
  const settings = settingsFor({ ...options, run, segments: path.join(folder, 'segments') });
  const server = new StartedServer(options, programs, data, run, settings);
  try {
    await server.start();
    return server;
  } catch (thrown) {
    await server.stop('SIGQUIT');
    throw thrown;
  }
}

class StartedServer implements RestoredServer {
  readonly socket: string;
  user = 'postgres';
  readonly #options: ServerOptions;
  readonly #programs: Programs;
  readonly #data: string;
  readonly #settings: readonly string[];
  #child: ChildProcess | undefined;
  #log = '';

  constructor(options: ServerOptions, programs: Programs, data: string, run: string, settings: readonly string[]) {
    this.#options = options;
    this.#programs = programs;
    this.#data = data;
    this.#settings = settings;
    this.socket = path.join(run, `.s.PGSQL.${serverPort}`);
    // The kernel's own bound on the name of a socket.
    if (Buffer.byteLength(this.socket) > 100)
      throw new RestoreRefused('place', `\`${run}\` is too long a path for a socket`, {
        hint: 'name a shorter folder',
      });
  }

  log(): string {
    return this.#log;
  }

  sql(database: string, user: string = this.user): Promise<Sql> {
    return this.#options.openSql({ socket: this.socket, user, database });
  }

  async start(): Promise<void> {
    this.#spawn();
    await this.#recovered();
  }

  /** The end of recovery begins a timeline, and its history says where: true also after a second start. */
  async reached(): Promise<{ readonly replayed: Lsn; readonly lastCommit?: string }> {
    const [row] = await within(this.sql('template1'), (sql) =>
      sql.run('SELECT timeline_id::text FROM pg_catalog.pg_control_checkpoint()'),
    );
    const name = `${Number(row?.[0]).toString(16).toUpperCase().padStart(8, '0')}.history`;
    const bytes = await readFile(path.join(this.#data, 'pg_wal', name)).catch(() => undefined);
    const fork = bytes === undefined ? undefined : readHistory(Number(row?.[0]), bytes).forks.at(-1);
    if (fork === undefined) throw new RestoreRefused('not-reached', 'the restored server does not say how far it came');
    const [, day, time] = /last completed transaction was at log time (\S+) (\S+)\+00/.exec(this.#log) ?? [];
    const replayed = lsnText(fork.at);
    return day === undefined ? { replayed } : { replayed, lastCommit: new Date(`${day}T${time}Z`).toISOString() };
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  #spawn(): void {
    const { account } = this.#options;
    const child = spawn(path.join(this.#programs.folder, 'postgres'), ['-D', this.#data, ...this.#settings], {
      cwd: this.#data,
      env: environment(this.#programs.libraries),
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
    });
    this.#child = child;
    child.on('error', (cause: Error) => (this.#log += `\n${cause.message}`));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log = `${this.#log}${text}`.slice(-longestLog);
      for (const [, segment = ''] of text.matchAll(/restored log file "([0-9A-F]{24})"/g))
        this.#options.replayed?.(segment);
    });
  }

  /** Until it takes statements it says that it starts up; it ends itself where the target cannot be reached. */
  async #recovered(): Promise<void> {
    const { signal, timeout = 86_400_000 } = this.#options;
    const until = performance.now() + timeout;
    let asked = false;
    for (let wait = 20; performance.now() < until; wait = Math.min(wait * 1.5, 500)) {
      signal?.throwIfAborted();
      if (
        this.#child === undefined ||
        this.#child.exitCode !== null ||
        this.#child.signalCode !== null ||
        this.#child.pid === undefined
      )
        throw this.#ended();
      try {
        const [row] = await within(this.sql('template1'), (sql) => sql.run('SELECT pg_catalog.pg_is_in_recovery()'));
        if (row?.[0] === 'f') return;
      } catch (thrown) {
        if (!asked && noSuchRole(thrown)) {
          asked = true;
          await this.#askForUser();
        }
      }
      await sleep(wait);
    }
    throw new RestoreRefused('not-reached', 'the server did not finish its replay in time');
  }

  /** Images name the first superuser as they like; only the cluster itself knows, and a single-user session asks nobody's name. */
  async #askForUser(): Promise<void> {
    await this.stop();
    const { account } = this.#options;
    const child = spawn(
      path.join(this.#programs.folder, 'postgres'),
      ['--single', '-D', this.#data, ...this.#settings, 'template1'],
      {
        cwd: this.#data,
        env: environment(this.#programs.libraries),
        stdio: ['pipe', 'pipe', 'ignore'],
        ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
      },
    );
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.stdin.end('SELECT pg_catalog.quote_literal(rolname) FROM pg_catalog.pg_authid WHERE oid = 10\n');
    await once(child, 'close');
    const found = /"\s*'((?:[^']|'')+)'"/.exec(said)?.[1];
    if (found === undefined)
      throw new RestoreRefused('no-server', 'the restored server does not say who its superuser is');
    this.user = found.replaceAll("''", "'");
    this.#spawn();
  }

  #ended(): RestoreRefused {
    const lines = this.#log
      .split('\n')
      .filter((line) => /^(?:FATAL|PANIC|ERROR|.*error while loading|spawn )/.test(line));
    const why =
      lines
        .at(-1)
        ?.replaceAll(/[^\x20-\x7e]/g, ' ')
        .slice(0, 300) ?? 'it said nothing';
    if (this.#log.includes('recovery ended before configured recovery target was reached'))
      return new RestoreRefused('not-reached', 'the log ends before the moment that was asked for', {
        hint: 'restore to an earlier moment, or to the newest there is',
      });
    if (this.#log.includes('requested recovery stop point is before consistent recovery point'))
      return new RestoreRefused('not-reached', 'the copy was not whole yet at the moment that was asked for', {
        hint: 'name an older copy: --backup <id>',
      });
    return new RestoreRefused('no-server', `the restored server ended: ${why}`);
  }
}

/** PostgreSQL's own answer for a role that it does not know, whose code is one for all failed sign-ins. */
function noSuchRole(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === '28000';
}

async function give(folder: string, { uid, gid }: ServerAccount): Promise<void> {
  await chown(folder, uid, gid);
  for (const one of await readdir(folder, { recursive: true, withFileTypes: true }))
    await chown(path.join(one.parentPath, one.name), uid, gid);
}

/** Bytes of pg_control are not ours to read: only whether the folder says that it was made by that major. */
export async function majorOfFolder(data: string): Promise<number> {
  const text = await readFile(path.join(data, 'PG_VERSION'), 'utf8').catch(() => '');
  return Number.parseInt(text, 10);
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
