import { closeSync, constants, fstatSync, fchmodSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreFault } from './fault.ts';

/**
 * Makes the folder (0700) and the file (0600) before SQLite does, which gives its WAL and shared-memory files the mode
 * of the database. A file that was looser is tightened; a folder that others may write to is refused, since they could
 * put another file in its place. Throws `StoreFault` (`exposed`) and file system errors.
 */
export function secureFiles(path: string): void {
  const folder = dirname(path);
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
  // A new folder is only there after a power cut if its parent was synced; SQLite syncs no further up than the folder.
  if (made !== undefined) syncFolder(dirname(made));
  if ((statSync(folder).mode & 0o022) !== 0) {
    throw new StoreFault('exposed', `others may write to the folder \`${folder}\`; make it 0700`);
  }
  for (const name of [path, `${path}-wal`, `${path}-shm`]) tighten(name, name === path);
}

function tighten(path: string, create: boolean): void {
  const file = open(path, create);
  if (file === undefined) return;
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw new StoreFault('foreign', `\`${path}\` is not a file`);
    if ((found.mode & 0o077) !== 0) fchmodSync(file, 0o600);
  } finally {
    closeSync(file);
  }
}

function open(path: string, create: boolean): number | undefined {
  // A link could point the store at a file that was not ours to tighten.
  const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK | (create ? constants.O_CREAT : 0);
  try {
    return openSync(path, flags, 0o600);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' && !create) return undefined;
    if (code === 'ELOOP') throw new StoreFault('exposed', `\`${path}\` is a link; name the file itself`);
    throw error;
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
