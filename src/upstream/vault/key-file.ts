import { type KeyObject, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Candidate, KeySource, NextKey } from './wrapping-key.ts';
import { keyId, keyOf } from './sealing.ts';
import { VaultFault } from './vault-fault.ts';

export interface KeyFileOptions {
  /** Who has to own it; the user that runs this process unless a test says otherwise. */
  readonly owner?: number;
  /** Told before each step that touches the disk, so that a test can stop at it. */
  readonly onStep?: (step: string) => void;
}

/**
 * A file of the service user's, 0600, 64 hex characters. A rotation writes the new key to `<path>.next-<key id>`, and
 * only after the vault is sealed under it renames it over the old one: at every moment a key is there that opens it.
 */
export function keyFile(path: string, options: KeyFileOptions = {}): KeySource {
  const file = new KeyFile(path, options.owner ?? process.getuid?.() ?? 0, options.onStep ?? (() => undefined));
  return Object.freeze({
    where: `key file \`${path}\``,
    candidates: () => file.candidates(),
    first: () => file.first(),
    next: (inUse: KeyObject) => file.next(inUse),
  });
}

class KeyFile {
  readonly #path: string;
  readonly #folder: string;
  readonly #owner: number;
  readonly #step: (step: string) => void;

  constructor(path: string, owner: number, step: (step: string) => void) {
    this.#path = path;
    this.#folder = dirname(path);
    this.#owner = owner;
    this.#step = step;
  }

  async candidates(): Promise<readonly Candidate[]> {
    const current = await this.#read(this.#path);
    const found: Candidate[] = current === undefined ? [] : [{ key: current, adopt: async () => undefined }];
    for (const path of await this.#waiting()) {
      // One that was cut short while it was written has sealed nothing yet.
      const key = await this.#read(path).catch(() => undefined);
      if (key !== undefined) found.push({ key, adopt: () => this.#promote(path) });
    }
    if (found.length === 0)
      throw new VaultFault('no-key', `there is no key at \`${this.#path}\`; put it back from where you keep its copy`);
    return found;
  }

  async first(): Promise<NextKey> {
    this.#step('make folder');
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const there = await this.#read(this.#path);
    if (there !== undefined) return this.#settled(there);
    const { path } = await this.#writeNew();
    this.#step('link first key');
    // Unlike a rename, a link never replaces the key of somebody who was faster.
    await link(path, this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await rm(path);
    await this.#syncFolder();
    const key = await this.#read(this.#path);
    if (key === undefined) throw new VaultFault('no-key', `the new key at \`${this.#path}\` is gone`);
    return this.#settled(key);
  }

  async next(inUse: KeyObject): Promise<NextKey> {
    this.#step('make folder');
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.#makeRoomFor(inUse);
    const { path, key } = await this.#writeNew();
    return { key, derivation: { kind: 'file' }, settle: () => this.#promote(path) };
  }

  /** Nothing but the key in use may be replaced; one that an interrupted rotation left beside is put in its place. */
  async #makeRoomFor(inUse: KeyObject): Promise<void> {
    const there = await this.#read(this.#path);
    if (there === undefined || there.equals(inUse)) return;
    const path = `${this.#path}.next-${keyId(inUse)}`;
    if ((await this.#read(path)) === undefined) {
      throw new VaultFault('bad-key', `\`${this.#path}\` holds a key of something else; name a new file`);
    }
    await this.#promote(path);
  }

  #settled(key: KeyObject): NextKey {
    return { key, derivation: { kind: 'file' }, settle: async () => undefined };
  }

  async #writeNew(): Promise<{ path: string; key: KeyObject }> {
    await this.#checkFolder();
    const bytes = randomBytes(32);
    const text = `${bytes.toString('hex')}\n`;
    const key = keyOf(bytes);
    const path = `${this.#path}.next-${keyId(key)}`;
    this.#step('create next key');
    const file = await open(path, 'wx', 0o600);
    try {
      this.#step('write next key');
      await file.writeFile(text);
      this.#step('sync next key');
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#syncFolder();
    return { path, key };
  }

  /** The next key becomes the key. What older rotations left behind when they were cut short goes. */
  async #promote(path: string): Promise<void> {
    const written = await stat(path).catch(() => undefined);
    // Somebody else who opened the vault was faster.
    if (written === undefined) return;
    this.#step('rename next key');
    await rename(path, this.#path);
    await this.#syncFolder();
    for (const other of await this.#waiting()) {
      const left = await stat(other).catch(() => undefined);
      // A later one may belong to a rotation that is under way in another process.
      if (left === undefined || left.mtimeMs >= written.mtimeMs) continue;
      this.#step('remove stale key');
      await rm(other, { force: true });
    }
  }

  async #waiting(): Promise<readonly string[]> {
    const prefix = `${basename(this.#path)}.next-`;
    const names = await readdir(this.#folder).catch((): string[] => []);
    return names
      .filter((name) => name.startsWith(prefix))
      .sort()
      .map((name) => join(this.#folder, name));
  }

  /** Undefined when it is not there. Throws when it is not ours alone, or no key. */
  async #read(path: string): Promise<KeyObject | undefined> {
    const file = await openUnlinked(path);
    if (file === undefined) return undefined;
    try {
      await this.#checkFolder();
      const found = await file.stat();
      if (!found.isFile()) throw new VaultFault('bad-key', `\`${path}\` is not a file`);
      if (found.uid !== this.#owner)
        throw new VaultFault('exposed', `\`${path}\` belongs to another user; give it to the service user`);
      if ((found.mode & 0o077) !== 0)
        throw new VaultFault('exposed', `others can read \`${path}\`; make it 0600, and rotate the key`);
      const { bytesRead, buffer } = await file.read(Buffer.alloc(128), 0, 128, 0);
      const text = buffer.toString('latin1', 0, bytesRead).trimEnd();
      if (!/^[0-9a-f]{64}$/.test(text)) throw new VaultFault('bad-key', `\`${path}\` does not hold 64 hex characters`);
      return keyOf(Buffer.from(text, 'hex'));
    } finally {
      await file.close();
    }
  }

  async #checkFolder(): Promise<void> {
    const folder = await stat(this.#folder);
    if ((folder.mode & 0o022) !== 0) {
      throw new VaultFault('exposed', `others can replace files in \`${this.#folder}\`; make it 0700`);
    }
  }

  async #syncFolder(): Promise<void> {
    this.#step('sync folder');
    const folder = await open(this.#folder, constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

async function openUnlinked(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw new VaultFault('exposed', `\`${path}\` is a link; name the file itself`);
    throw new VaultFault('bad-key', `\`${path}\` cannot be read`, { cause: error });
  }
}
