import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, cp } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { statementsOfScript } from './sql-script.ts';

/** Debian's release of each server whose suite is wanted. */
const releases = { 15: 'bookworm', 18: 'sid' } as const;

/** PostgreSQL's own regression suite, unpacked on this machine. */
export interface Suite {
  /** `src/test/regress`: `sql`, `data`, `expected`, `parallel_schedule`. */
  readonly folder: string;
  /** Names of the files without `.sql`, in the order of the schedule. */
  readonly names: readonly string[];
}

/** Where it is kept: `HOLDPOINT_SUITE`, else a cache folder of the user's, never the repository. */
export function suiteFolder(major: 15 | 18): string {
  const cache =
    process.env['HOLDPOINT_SUITE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'holdpoint');
  return join(cache, `postgresql-${major}`);
}

/** Undefined where it has not been fetched. */
export function suiteAt(major: 15 | 18): Suite | undefined {
  const folder = join(suiteFolder(major), 'src/test/regress');
  const schedule = join(folder, 'parallel_schedule');
  if (!existsSync(schedule)) return undefined;
  const lines = readFileSync(schedule, 'utf8').matchAll(/^test: (.*)$/gm);
  const names = [...lines].flatMap(([, line = '']) => line.trim().split(/\s+/));
  return { folder, names: names.filter((name) => existsSync(join(folder, 'sql', `${name}.sql`))) };
}

/** Fetches it by `apt-get source` from Debian, unless it is there. Throws where apt can't. */
export function fetchSuite(major: 15 | 18): Suite {
  const there = suiteAt(major);
  if (there !== undefined) return there;
  const folder = suiteFolder(major);
  const apt = join(folder, 'apt');
  for (const one of ['lists/partial', 'cache']) mkdirSync(join(apt, one), { recursive: true });
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const list = join(apt, 'sources.list');
  writeFileSync(list, `deb-src [signed-by=${keys}] http://deb.debian.org/debian ${releases[major]} main\n`);
  const options = [
    `Dir::Etc::SourceList=${list}`,
    'Dir::Etc::SourceParts=-',
    `Dir::State::Lists=${apt}/lists`,
    `Dir::Cache=${apt}/cache`,
  ];
  const given = options.flatMap((one) => ['-o', one]);
  execFileSync('apt-get', [...given, 'update'], { cwd: apt, stdio: 'pipe' });
  execFileSync('apt-get', [...given, 'source', '--download-only', `postgresql-${major}`], { cwd: apt, stdio: 'pipe' });
  const archive = readdirSync(apt).find((name) => name.includes('.orig.tar'));
  if (archive === undefined) throw new Error(`apt-get brought no source of postgresql-${major}`);
  const wanted = ['*/src/test/regress/*', '*/src/pl/plpgsql/src/sql/*'];
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked, { recursive: true });
  execFileSync('tar', ['xf', archive, '-C', unpacked, '--strip-components=1', '--wildcards', ...wanted], { cwd: apt });
  renameSync(join(unpacked, 'src'), join(folder, 'src'));
  for (const one of [unpacked, apt]) rmSync(one, { recursive: true, force: true });
  const suite = suiteAt(major);
  if (suite === undefined) throw new Error(`the source of postgresql-${major} holds no regression suite`);
  return suite;
}

/** The suite's own scripts, and PL/pgSQL's. */
export function scriptFolders({ folder }: Suite): readonly string[] {
  return [join(folder, 'sql'), join(folder, '../../pl/plpgsql/src/sql')];
}

/** Every statement, file by file, as psql would send it. */
export function* statementsOf(
  suite: Suite,
): Generator<{ readonly where: string; readonly text: string; readonly script: string }> {
  for (const name of suite.names) {
    const script = readFileSync(join(suite.folder, 'sql', `${name}.sql`), 'utf8');
    for (const text of statementsOfScript(script)) yield { where: name, text, script: name };
  }
}

/** A copy that the server, which runs as another user, may read: the suite's own folder may lie where it may not. */
export async function readable(suite: Suite, ground: string): Promise<Suite> {
  await chmod(ground, 0o755);
  for (const part of ['sql', 'data'])
    await cp(join(suite.folder, part), join(ground, part), { recursive: true, force: true }).catch(missing);
  return { ...suite, folder: ground };
}

/** A suite of a test's own has no data. */
function missing(thrown: unknown): void {
  if ((thrown as { readonly code?: string }).code !== 'ENOENT') throw thrown;
}
