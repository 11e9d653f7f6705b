import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, opendir, readdir, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isObjectKey, type KeptObject, keptUntilOf, keptVersion, largestKept } from '../../../contract/keeper.ts';

/** Days that objects are kept at least and at most, and how many bytes the file system must have left. */
export interface KeeperLimits {
  readonly floor: number;
  readonly ceiling: number;
  readonly reserve: number;
}

export const defaultKeeperLimits: KeeperLimits = Object.freeze({ floor: 0, ceiling: 3660, reserve: 256 * 1024 * 1024 });

/** The keeper said no. `code` goes over the wire. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: 'missing' | 'invalid' | 'full' | 'failed' | 'not-allowed';

  constructor(code: Refusal['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const day = 86_400_000;

/** An object on its way in. */
export interface Incoming {
  /** The bytes must be exactly these; they are on no list before they are all durable. */
  readonly key: string;
  readonly keptUntil: number;
  readonly sha256: string;
  readonly size: number;
}

/**
 * A directory of write-once objects. An object's name says until when it is kept, so no record of that can be changed
 * apart from it; nothing here deletes but `prune`.
 */
export class KeptDirectory {
  readonly path: string;
  readonly limits: KeeperLimits;
  readonly #now: () => number;
  readonly #made = new Set<string>();

  private constructor(path: string, limits: KeeperLimits, now: () => number) {
    this.path = path;
    this.limits = limits;
    this.#now = now;
  }

  /** Makes the directory where it is not there. Refuses one that others can read or write, or that is another user's. */
  static async open(
    path: string,
    limits: Partial<KeeperLimits> = {},
    now: () => number = Date.now,
  ): Promise<KeptDirectory> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const found = await lstat(path);
    if (!found.isDirectory() || (found.mode & 0o077) !== 0 || found.uid !== process.getuid?.())
      throw new Refusal('not-allowed', `\`${path}\` must be a directory of the keeper's own user, with mode 0700`);
    for (const folder of ['objects', 'incoming']) await mkdir(join(path, folder), { recursive: true, mode: 0o700 });
    // What a crash left half taken was never promised to anybody.
    for (const name of await readdir(join(path, 'incoming'))) await unlink(join(path, 'incoming', name));
    await syncFolder(path);
    return new KeptDirectory(path, { ...defaultKeeperLimits, ...limits }, now);
  }

  /** Takes an object whole or not at all. Resolves when file and names are on the disk. */
  async put(
    incoming: Incoming,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<{ readonly version: string; readonly keptUntil: number }> {
    const keptUntil = this.#lock(incoming);
    await this.#room(incoming.size);
    const path = join(this.path, 'incoming', randomBytes(16).toString('hex'));
    const file = await guarded(open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o400));
    try {
      await guarded(this.#fill(file, incoming, bytes));
      const version = keptVersion(keptUntil, randomBytes(8).toString('hex'));
      const target = this.#pathOf(incoming.key, version);
      await guarded(this.#folder(dirname(target)));
      // Unlike rename, link never takes the place of something.
      await guarded(link(path, target));
      await guarded(syncFolder(dirname(target)));
      return { version, keptUntil };
    } finally {
      await file.close();
      await unlink(path).catch(() => undefined);
    }
  }

  /** The file of an object, open for reading, and its size. Whoever asks closes it. */
  async get(key: string, version: string): Promise<{ readonly file: FileHandle; readonly size: number }> {
    if (!isObjectKey(key) || keptUntilOf(version) === undefined)
      throw new Refusal('missing', 'there is no such object');
    try {
      const file = await open(this.#pathOf(key, version), constants.O_RDONLY | constants.O_NOFOLLOW);
      return { file, size: (await file.stat()).size };
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw new Refusal('missing', 'there is no such object', { cause: error });
      throw asRefusal(error);
    }
  }

  /** Objects whose key begins with `prefix`, by key, then version. */
  async *list(prefix: string): AsyncGenerator<KeptObject> {
    const top = join(this.path, 'objects');
    for await (const found of this.#walk(top, '', prefix)) {
      const size = await lstat(join(top, found.path)).then(
        (one) => one.size,
        () => undefined,
      );
      if (size !== undefined) yield { key: found.key, version: found.version, size };
    }
  }

  /** Deletes what nobody promised to keep any longer; how many. */
  async prune(): Promise<number> {
    const now = this.#now();
    let gone = 0;
    for await (const { path, version } of this.#walk(join(this.path, 'objects'), '', '')) {
      const until = keptUntilOf(version);
      if (until === undefined || until >= now) continue;
      await unlink(join(this.path, 'objects', path));
      gone++;
    }
    return gone;
  }

  async free(): Promise<number> {
    const { bavail, bsize } = await statfs(this.path);
    return bavail * bsize;
  }

  #lock({ key, keptUntil, size, sha256 }: Incoming): number {
    const now = this.#now();
    const wrong =
      !isObjectKey(key) ||
      !Number.isSafeInteger(keptUntil) ||
      !Number.isSafeInteger(size) ||
      size < 0 ||
      size > largestKept ||
      !/^[0-9a-f]{64}$/.test(sha256);
    if (wrong) throw new Refusal('invalid', 'this is no object');
    if (keptUntil > now + this.limits.ceiling * day)
      throw new Refusal('not-allowed', `nothing is kept here for more than ${this.limits.ceiling} days`);
    if (keptUntil < now) throw new Refusal('not-allowed', 'the moment until which it should be kept is past');
    return Math.max(keptUntil, now + this.limits.floor * day);
  }

  async #room(size: number): Promise<void> {
    if ((await this.free()) - size < this.limits.reserve) throw new Refusal('full', 'there is no room left for it');
  }

  async #fill(file: FileHandle, { size, sha256 }: Incoming, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const sum = createHash('sha256');
    let written = 0;
    for await (const piece of bytes) {
      written += piece.length;
      if (written > size) break;
      sum.update(piece);
      await file.writeFile(piece);
    }
    if (written !== size) throw new Refusal('invalid', 'there were not as many bytes as announced');
    if (sum.digest('hex') !== sha256) throw new Refusal('invalid', 'the bytes are not those that were announced');
    await file.sync();
  }

  /** Makes the folder durable: each new one is synced into its parent. */
  async #folder(path: string): Promise<void> {
    if (this.#made.has(path) || path === join(this.path, 'objects')) return;
    await this.#folder(dirname(path));
    await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    await syncFolder(dirname(path));
    if (this.#made.size > 10_000) this.#made.clear();
    this.#made.add(path);
  }

  #pathOf(key: string, version: string): string {
    return join(this.path, 'objects', `${placeOf(key)}@${version}`);
  }

  async *#walk(
    top: string,
    below: string,
    prefix: string,
  ): AsyncGenerator<{ path: string; key: string; version: string }> {
    const names: { name: string; folder: boolean }[] = [];
    for await (const entry of await opendir(join(top, below)))
      names.push({ name: entry.name, folder: entry.isDirectory() });
    // A shard begins as the names in it do, so the order of the shards is the order of the keys.
    const sorted = names.sort((a, b) => order(keyPartOf(a.name), keyPartOf(b.name)) || order(a.name, b.name));
    for (const { name, folder } of sorted) {
      const path = below === '' ? name : `${below}/${name}`;
      if (folder) {
        const key = keyOf(path);
        if (key.startsWith(prefix) || prefix.startsWith(key)) yield* this.#walk(top, path, prefix);
        continue;
      }
      const at = path.lastIndexOf('@');
      const key = keyOf(path.slice(0, at));
      const version = path.slice(at + 1);
      if (at > 0 && key.startsWith(prefix) && isObjectKey(key) && keptUntilOf(version) !== undefined)
        yield { path, key, version };
    }
  }
}

/** Folders of some thousand files at most: `+` marks one that is none of the key's own. */
function placeOf(key: string): string {
  const split = key.lastIndexOf('/');
  const name = key.slice(split + 1);
  const shard = key.startsWith('wal/') ? name.slice(0, 10) : key.startsWith('chunks/') ? name.slice(0, 2) : '';
  return shard === '' ? key : `${key.slice(0, split)}/${shard}+/${name}`;
}

function keyOf(path: string): string {
  return path
    .split('/')
    .filter((part) => !part.endsWith('+'))
    .join('/');
}

function keyPartOf(name: string): string {
  const at = name.lastIndexOf('@');
  return at < 0 ? name.replace(/\+$/, '') : name.slice(0, at);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function guarded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asRefusal(error);
  }
}

function asRefusal(error: unknown): Error {
  if (error instanceof Refusal) return error;
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new Refusal('full', 'there is no room left for it', { cause: error });
  return new Refusal('failed', `the disk did not take it: ${code ?? 'unknown'}`, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
