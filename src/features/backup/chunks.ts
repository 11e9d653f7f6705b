import type { KeyObject } from 'node:crypto';
import { chunkKey } from './names.ts';
import { sealObject } from './format/object.ts';
import type { BackupManifest, BackupObject, Extent } from './manifest.ts';
import { exactObject, ObjectDamaged, putEverywhere } from './stores.ts';
import { type BackupStore, StoreFailed } from '../../contract/backup.ts';

/** Plain bytes of a full chunk. */
export const chunkSize = 8 * 1024 * 1024;
/** A file of this size has chunks of its own, so that the next backup meets the same ones. */
export const ownChunkFrom = 1024 * 1024;
/** Chunks on their way at once, besides the one that is being filled: what bounds the memory of a backup. */
const mostUnderWay = 2;

/** Keys by which backups are written. None of them opens anything. */
export interface WritingKeys {
  /** Under which chunks are named, 32 bytes. */
  readonly naming: Uint8Array;
  /** The installation's private Ed25519 backup key. */
  readonly signing: KeyObject;
  /** The offline recovery key, and the drill runner's where there is one: `age1…`. */
  readonly recipients: readonly string[];
}

export interface ChunkCounts {
  /** Bytes put, as stored. */
  readonly stored: number;
  /** Plain bytes that lay in the stores already. */
  readonly reused: number;
}

export interface ChunkOptions {
  readonly stores: readonly BackupStore[];
  readonly keys: WritingKeys;
  /** The backup's own; what is put is locked until `lockUntil`, so that a later backup can use it too. */
  readonly keptUntil: Date;
  readonly lockUntil: Date;
  /** Signed by us: where a chunk may lie already. */
  readonly earlier: readonly BackupManifest[];
  /** Read back what is used again, before it is believed to be there. */
  readonly recheck: boolean;
}

/**
 * Cuts a stream of bytes into chunks and puts them into every store. Memory is bounded: whoever adds waits while too many
 * are on their way. The first failure ends it; nothing it put counts without a manifest.
 */
export class ChunkWriter {
  readonly #options: ChunkOptions;
  readonly #known: ReadonlyMap<string, BackupObject>;
  readonly #objects: (BackupObject | undefined)[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #places: number[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #spare: Buffer[] = [];
  #filling: Buffer | undefined;
  #filled = 0;
  #failure: { readonly error: unknown } | undefined;
  #stored = 0;
  #reused = 0;

  constructor(options: ChunkOptions) {
    this.#options = options;
    this.#known = usable(options);
  }

  get counts(): ChunkCounts {
    return { stored: this.#stored, reused: this.#reused };
  }

  /** Begins a new chunk where what follows is large. */
  async begin(size: number): Promise<void> {
    if (size >= ownChunkFrom) await this.#flush();
  }

  /** Takes the bytes (a copy) and says where they went. Extents name chunks in the order of filling; `finish` puts them right. */
  async add(bytes: Uint8Array): Promise<readonly Extent[]> {
    const extents: Extent[] = [];
    let rest = bytes;
    while (rest.length > 0) {
      const into = (this.#filling ??= this.#spare.pop() ?? Buffer.allocUnsafeSlow(chunkSize));
      const part = rest.subarray(0, chunkSize - this.#filled);
      into.set(part, this.#filled);
      extents.push({ object: this.#places.length, at: this.#filled, length: part.length });
      this.#filled += part.length;
      rest = rest.subarray(part.length);
      if (this.#filled === chunkSize) await this.#flush();
    }
    return extents;
  }

  /** Waits for everything. Gives the objects, and what an extent's chunk is among them. */
  async finish(): Promise<{ readonly objects: readonly BackupObject[]; readonly place: (extent: Extent) => Extent }> {
    await this.#flush();
    await this.settle();
    this.#check();
    const objects = this.#objects.map((object) => {
      if (object === undefined) throw new StoreFailed('a piece of the backup was not put');
      return object;
    });
    return { objects, place: (extent) => ({ ...extent, object: this.#places[extent.object] ?? -1 }) };
  }

  /** Waits for what is on its way, whatever becomes of it. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #flush(): Promise<void> {
    this.#check();
    const buffer = this.#filling;
    if (buffer === undefined || this.#filled === 0) return;
    const plain = buffer.subarray(0, this.#filled);
    this.#filling = undefined;
    this.#filled = 0;
    const key = chunkKey(plain, this.#options.keys.naming);
    const before = this.#indexes.get(key);
    const index = before ?? this.#objects.push(undefined) - 1;
    this.#places.push(index);
    if (before !== undefined) {
      this.#spare.push(buffer);
      this.#reused += plain.length;
      return;
    }
    this.#indexes.set(key, index);
    const work = this.#store(key, plain)
      .then((object) => void (this.#objects[index] = object))
      .catch((error: unknown) => void (this.#failure ??= { error }))
      .finally(() => {
        this.#spare.push(buffer);
        this.#underWay.delete(work);
      });
    this.#underWay.add(work);
    while (this.#underWay.size >= mostUnderWay) await Promise.race(this.#underWay);
    this.#check();
  }

  async #store(key: string, plain: Uint8Array): Promise<BackupObject> {
    const { stores, keys, lockUntil } = this.#options;
    const known = this.#known.get(key);
    if (known !== undefined && (await this.#isThere(known))) {
      this.#reused += plain.length;
      return known;
    }
    const sealed = await sealObject(plain, keys.recipients);
    const put = await putEverywhere(stores, key, sealed.bytes, lockUntil);
    this.#stored += sealed.bytes.length;
    return Object.freeze({ key, sha256: sealed.sha256, size: sealed.bytes.length, ...put });
  }

  async #isThere(object: BackupObject): Promise<boolean> {
    if (!this.#options.recheck) return true;
    for (const store of this.#options.stores) {
      try {
        await exactObject(store, object, object.versions[store.name] ?? '');
      } catch (error) {
        if (error instanceof ObjectDamaged) return false;
        throw error;
      }
    }
    return true;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** What earlier backups put that lies in every store, sealed for the same recipients, and outlives this backup. */
function usable(options: ChunkOptions): ReadonlyMap<string, BackupObject> {
  const known = new Map<string, BackupObject>();
  const recipients = [...options.keys.recipients].sort().join(' ');
  for (const manifest of options.earlier) {
    if ([...manifest.recipients].sort().join(' ') !== recipients) continue;
    for (const object of manifest.objects) {
      const everywhere = options.stores.every((store) => object.versions[store.name] !== undefined);
      if (everywhere && Date.parse(object.keptUntil) >= options.keptUntil.getTime()) known.set(object.key, object);
    }
  }
  return known;
}
