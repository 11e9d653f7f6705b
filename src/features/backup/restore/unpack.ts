import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { openObject } from '../format/object.ts';
import { type BackedUpFile, type BackupContent, type BackupManifest, type BackupObject } from '../manifest.ts';
import { fetchObject } from '../stores.ts';
import { inOrder } from './in-order.ts';
import type { Tell } from './progress.ts';
import { RestoreRefused } from './restore-refused.ts';
import type { BackupStore } from '../../../contract/backup.ts';

export interface UnpackOptions {
  readonly manifest: BackupManifest;
  /** `openContent` of it. */
  readonly content: Extract<BackupContent, { readonly kind: 'base' }>;
  readonly store: BackupStore;
  /** `AGE-SECRET-KEY-1…` */
  readonly identity: string;
  /** Made here, with mode 0700, or empty. */
  readonly folder: string;
  readonly progress?: Tell;
  readonly signal?: AbortSignal;
}

/** Objects that are fetched ahead: with 16 MiB each it is what bounds the memory. */
const ahead = 3;

/** What says how a server was to recover where it came from. Here it recovers as we say. */
const notOurs: ReadonlySet<string> = new Set([
  'recovery.signal',
  'standby.signal',
  'postmaster.pid',
  'postmaster.opts',
]);

interface Piece {
  readonly file: Filling;
  /** Where in the file, and where in the object. */
  readonly to: number;
  readonly at: number;
  readonly length: number;
}

/** A file that is being put together. */
interface Filling {
  readonly of: BackedUpFile;
  hash: Hash | undefined;
  /** Bytes that came in order, and so are in the hash. */
  done: number;
  left: number;
}

/**
 * Writes the data directory as it was. Every file has the hash that the manifest says, or `RestoreRefused` (`damaged`) is
 * thrown. What is there already is never written over.
 */
export async function unpack(options: UnpackOptions): Promise<void> {
  const { manifest, content, folder, signal } = options;
  await emptyFolder(folder);
  for (const { path: name, mode } of content.directories) {
    if (name === '.') continue;
    await mkdir(below(folder, name), { recursive: true, mode: 0o700 });
    await chmod(below(folder, name), mode & 0o750);
  }
  const files = content.files.filter((file) => !notOurs.has(file.path));
  const pieces = await made(folder, files, manifest.objects.length);
  const used = manifest.objects.flatMap((object, index) => {
    const own = pieces[index] ?? [];
    return own.length === 0 ? [] : [{ object, own }];
  });
  let done = 0;
  const held = new Held(folder);
  try {
    for await (const [{ own }, plain] of inOrder(used, ahead, ({ object }) => opened(options, object))) {
      signal?.throwIfAborted();
      for (const piece of own) {
        const bytes = plain.subarray(piece.at, piece.at + piece.length);
        if (bytes.length !== piece.length) throw damaged(piece.file.of.path);
        await (await held.handle(piece.file.of.path)).write(bytes, 0, bytes.length, piece.to);
        note(piece, bytes);
        done += bytes.length;
        if (piece.file.left === 0) await settle(folder, piece.file);
      }
      options.progress?.({ stage: 'files', done, of: manifest.plainSize });
    }
  } finally {
    await held.close();
  }
}

async function emptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  if ((await readdir(folder)).length > 0)
    throw new RestoreRefused('place', `\`${folder}\` is not empty`, { hint: 'name a folder that is not there yet' });
}

/** Makes every file, and says for each object which parts of it go where. */
async function made(folder: string, files: readonly BackedUpFile[], objects: number): Promise<readonly Piece[][]> {
  const pieces: Piece[][] = Array.from({ length: objects }, () => []);
  for (const of of files) {
    const file: Filling = { of, hash: createHash('sha256'), done: 0, left: of.size };
    const handle = await open(below(folder, of.path), 'wx', 0o600);
    await handle.chmod(of.mode & 0o640);
    await handle.close();
    let to = 0;
    for (const { object, at, length } of of.extents) {
      const own = pieces[object];
      if (own === undefined) throw damaged(of.path);
      own.push({ file, to, at, length });
      to += length;
    }
    if (to !== of.size) throw damaged(of.path);
    if (of.size === 0) await settle(folder, file);
  }
  return pieces;
}

async function opened({ store, identity }: UnpackOptions, object: BackupObject): Promise<Uint8Array> {
  return openObject(await fetchObject(store, object), identity);
}

function note(piece: Piece, bytes: Uint8Array): void {
  const { file } = piece;
  file.left -= bytes.length;
  if (piece.to === file.done && file.hash !== undefined) {
    file.hash.update(bytes);
    file.done += bytes.length;
    // An object that is used twice can come before its turn: such a file is read again when it is whole.
  } else file.hash = undefined;
}

async function settle(folder: string, { of, hash }: Filling): Promise<void> {
  let sum = hash;
  if (sum === undefined) {
    sum = createHash('sha256');
    for await (const bytes of createReadStream(below(folder, of.path))) sum.update(bytes as Uint8Array);
  }
  if (sum.digest('hex') !== of.sha256) throw damaged(of.path);
}

function below(folder: string, name: string): string {
  const whole = path.join(folder, name);
  // The manifest is signed; a path that leads out of the folder is refused all the same.
  if (path.isAbsolute(name) || !whole.startsWith(path.join(folder, path.sep))) throw damaged(name);
  return whole;
}

function damaged(name: string): RestoreRefused {
  return new RestoreRefused('damaged', `\`${name}\` is not what was backed up`);
}

/** The file that is being written stays open: large ones come in many pieces. */
class Held {
  readonly #folder: string;
  #name: string | undefined;
  #handle: FileHandle | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async handle(name: string): Promise<FileHandle> {
    if (this.#handle !== undefined && this.#name === name) return this.#handle;
    await this.close();
    this.#name = name;
    this.#handle = await open(below(this.#folder, name), 'r+');
    return this.#handle;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }
}
