import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { refuse, type Refused } from '../../model/refusal.ts';

/** A file as it was read, whole, and what it has to be like again. */
export interface ReadFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly digest: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly inode: number;
}

/** Larger files are no place where a credential is moved out of. */
const mostBytes = 16 * 1024 * 1024;

/** Reads a file that is going to be replaced. Throws `Refused` for what is no plain file of one name. */
export function readWhole(path: string): ReadFile {
  return readAt(path, path);
}

/** `at` is where it is opened, `path` what it is called to people. */
function readAt(at: string, path: string): ReadFile {
  const found = lstatSync(at, { throwIfNoEntry: false });
  if (found === undefined) throw cannot(`\`${path}\` is not there any more`, 'scan again');
  if (found.isSymbolicLink())
    throw cannot(`\`${path}\` is a symbolic link, and what it leads to could be anything`, 'name the file itself');
  if (!found.isFile()) throw cannot(`\`${path}\` is no plain file`, 'take the credential out by hand');
  if (found.nlink > 1)
    throw cannot(
      `\`${path}\` has ${found.nlink} names (hard links), and the credential would stay under the others`,
      'take it out by hand, or make it one file first',
    );
  if (found.size > mostBytes) throw cannot(`\`${path}\` is larger than 16 MiB`, 'take the credential out by hand');
  // Not to wait for ever, should somebody put a pipe there this moment.
  const descriptor = openSync(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { mode, uid, gid, ino } = fstatSync(descriptor);
    if (ino !== found.ino) throw cannot(`\`${path}\` was replaced just now`, 'scan again');
    const bytes = readFileSync(descriptor);
    return { path, bytes, digest: digestOfBytes(bytes), mode: mode & 0o7777, uid, gid, inode: ino };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Replaces a file by other bytes, in one step: whoever looks sees the one or the other, whole. Mode, owner and group stay
 * as they were. Throws `Refused` where that cannot be, or where the file is no longer the one that was read.
 */
export function replaceWhole(read: ReadFile, bytes: Uint8Array): void {
  const { path } = read;
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    replaceIn(pinned(folder, dirname(path)), read, bytes);
    fsyncSync(folder);
  } catch (thrown) {
    throw reasonOf(thrown, path);
  } finally {
    closeSync(folder);
  }
}

/**
 * A name for the very folder that is open: whoever may write in the folders above could otherwise lead what a person
 * with more rights does here to another place. Where there is no such name, the path itself.
 */
function pinned(folder: number, path: string): string {
  const name = `/proc/self/fd/${folder}`;
  return lstatSync(name, { throwIfNoEntry: false }) === undefined ? path : name;
}

function replaceIn(folder: string, read: ReadFile, bytes: Uint8Array): void {
  const { path } = read;
  const name = basename(path);
  removeLeftovers(folder, name);
  const beside = join(folder, `.${name}.${randomBytes(6).toString('hex')}.holdpoint`);
  try {
    writeLike(beside, read, bytes);
    const now = readAt(join(folder, name), path);
    if (now.digest !== read.digest || now.inode !== read.inode) throw changed(path);
    renameSync(beside, join(folder, name));
  } catch (thrown) {
    rmSync(beside, { force: true });
    throw thrown;
  }
}

/** A new file with the owner, group and mode of another. */
function writeLike(beside: string, { mode, uid, gid }: ReadFile, bytes: Uint8Array): void {
  const descriptor = openSync(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    writeFileSync(descriptor, bytes);
    const made = fstatSync(descriptor);
    if (made.uid !== uid || made.gid !== gid) fchownSync(descriptor, uid, gid);
    // After the owner: a change of owner takes set-user-id bits away.
    fchmodSync(descriptor, mode);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** What a replacing that was killed left beside the file: it was never the file, and may hold a credential. */
function removeLeftovers(folder: string, name: string): void {
  const [start, end] = [`.${name}.`, '.holdpoint'];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const middle = entry.name.slice(start.length, -end.length);
    const ours = entry.name === `${start}${middle}${end}` && /^[0-9a-f]{12}$/.test(middle);
    if (entry.isFile() && ours) rmSync(join(folder, entry.name), { force: true });
  }
}

/** The bytes with `expected` at an offset replaced; undefined where something else stands there. */
export function spliced(bytes: Buffer, start: number, expected: string, replacement: string): Buffer | undefined {
  const wanted = Buffer.from(expected);
  const end = start + wanted.length;
  if (!Number.isSafeInteger(start) || start < 0 || end > bytes.length) return undefined;
  if (!bytes.subarray(start, end).equals(wanted)) return undefined;
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(replacement), bytes.subarray(end)]);
}

/** SHA-256, hex. */
export function digestOfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function changed(path: string): Refused {
  return cannot(`\`${path}\` changed since it was read, so nothing was written`, 'scan again, and move it then');
}

function reasonOf(thrown: unknown, path: string): unknown {
  const { code } = thrown as NodeJS.ErrnoException;
  if (code === 'EPERM' || code === 'EACCES' || code === 'EROFS')
    return cannot(
      `\`${path}\` cannot be replaced by this account with its owner and mode kept (${code})`,
      'run it as the owner of the file',
    );
  return thrown;
}

function cannot(detail: string, hint: string): Refused {
  return refuse('BAD_REQUEST', detail, hint);
}
