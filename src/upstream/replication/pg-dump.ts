import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { getCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { SourceFailed } from '../../contract/backup.ts';
import type { Place, SignIn } from '../postgres/place.ts';

export interface DumpWishes {
  readonly place: Place;
  readonly who: SignIn;
  /** The address that the name stood for when it was looked at: the program must not look again. */
  readonly address: string;
  /** PEM of extra authorities. */
  readonly ca?: string;
  /** The server's. */
  readonly major: number;
  readonly database: string;
  /** Folders that are looked into before the usual ones. */
  readonly programs: readonly string[];
}

/**
 * `pg_dump --format=custom`, not compressed, as it comes. The password goes by the environment, which only this account
 * may read. A dump that did not end well ends in `SourceFailed`, and is worth nothing.
 */
export async function* dumped(wishes: DumpWishes): AsyncGenerator<Uint8Array> {
  const program = await dumpProgram(wishes.major, wishes.programs);
  const folder = await mkdtemp(path.join(tmpdir(), 'holdpoint-dump-'));
  let child: ChildProcess | undefined;
  try {
    const roots = path.join(folder, 'roots.pem');
    await writeFile(roots, [...getCACertificates('default'), wishes.ca ?? ''].join('\n'), { mode: 0o600 });
    const running = spawn(program, ['--format=custom', '--compress=0', '--no-password', '--lock-wait-timeout=60s'], {
      cwd: folder,
      env: environmentOf(wishes, roots),
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: false,
    });
    child = running;
    const ended = once(running, 'close') as Promise<[code: number | null]>;
    ended.catch(() => undefined);
    let said = '';
    running.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(0, 2000)));
    for await (const bytes of running.stdout) yield bytes as Uint8Array;
    const [code] = await ended;
    if (code !== 0) throw dumpFailed(said, wishes.who.password);
  } finally {
    child?.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

function environmentOf({ place, who, address, database }: DumpWishes, roots: string): NodeJS.ProcessEnv {
  const tls = place.encrypted ? { PGSSLMODE: 'verify-full', PGSSLROOTCERT: roots } : { PGSSLMODE: 'disable' };
  return {
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C',
    PGHOST: place.host,
    PGHOSTADDR: address,
    PGPORT: String(place.port),
    PGUSER: who.user,
    PGPASSWORD: who.password,
    PGDATABASE: database,
    PGAPPNAME: 'holdpoint backup',
    PGCONNECT_TIMEOUT: '20',
    // Nothing of the account's own settings is taken.
    PGPASSFILE: '/dev/null',
    PGSERVICEFILE: '/dev/null',
    PGSYSCONFDIR: '/nonexistent',
    ...tls,
  };
}

function dumpFailed(said: string, password: string): SourceFailed {
  const masked = password === '' ? said : said.replaceAll(password, '***');
  const line = masked.split('\n').find((one) => one.includes('error:')) ?? masked.split('\n')[0] ?? '';
  const denied = line.includes('permission denied');
  const why = line.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 300);
  return new SourceFailed(
    denied ? 'no-right' : 'failed',
    `pg_dump gave up: ${why === '' ? 'it ended early' : why}`,
    denied ? { hint: 'the role reads everything with GRANT pg_read_all_data' } : {},
  );
}

const ran = promisify(execFile);

/** Where a pg_dump of that very major lies. An older one refuses, a newer one writes what older servers cannot read. */
async function dumpProgram(major: number, programs: readonly string[]): Promise<string> {
  const usual = [`/usr/lib/postgresql/${major}/bin`, `/usr/pgsql-${major}/bin`, '/usr/local/bin', '/usr/bin'];
  for (const folder of [...programs, ...usual]) {
    const program = path.join(folder, 'pg_dump');
    try {
      await access(program, constants.X_OK);
      const { stdout } = await ran(program, ['--version'], {
        timeout: 10_000,
        env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
      });
      if (Number(/\b(\d+)(?:\.\d+|devel|beta\d+|rc\d+)/.exec(stdout)?.[1]) === major) return program;
    } catch {
      // Not there, or nothing that runs: the next.
    }
  }
  throw new SourceFailed('not-supported', `there is no pg_dump of PostgreSQL ${major} here`, {
    hint: `install postgresql-client-${major}`,
  });
}
