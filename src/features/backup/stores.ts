import { hash } from 'node:crypto';
import { type BackupStore, ObjectMissing, type StoredObject, StoreFailed } from '../../contract/backup.ts';
import type { BackupObject } from './manifest.ts';

/** What every store made of one object. */
export interface PutEverywhere {
  /** By the store's name. */
  readonly versions: { readonly [store: string]: string };
  /** ISO 8601: the earliest. */
  readonly keptUntil: string;
}

/** An object is not what it should be, in that store: gone, changed, or another's in its place. */
export class ObjectDamaged extends Error {
  override readonly name = 'ObjectDamaged';
}

/** Puts an object into every store at once. Throws `StoreFailed` unless each of them has it, unchanged and for long enough. */
export async function putEverywhere(
  stores: readonly BackupStore[],
  key: string,
  bytes: Uint8Array,
  keptUntil: Date,
): Promise<PutEverywhere> {
  const sha256 = hash('sha256', bytes, 'hex');
  const all = await Promise.allSettled(stores.map(async (store) => store.put(key, bytes, keptUntil)));
  const taken: [string, StoredObject][] = [];
  for (const [index, one] of all.entries()) {
    const { name = '' } = stores[index] ?? {};
    if (one.status === 'rejected') throw failedIn(name, one.reason);
    const wrong = one.value.key !== key || one.value.sha256 !== sha256 || one.value.version === '';
    if (wrong) throw new StoreFailed(`store \`${name}\` took something else than it was given`);
    if (!(Date.parse(one.value.keptUntil) >= keptUntil.getTime()))
      throw new StoreFailed(`store \`${name}\` keeps the object for less long than it was asked`);
    taken.push([name, one.value]);
  }
  if (taken.length === 0) throw new StoreFailed('there is no store to put it into');
  const earliest = Math.min(...taken.map(([, one]) => Date.parse(one.keptUntil)));
  return Object.freeze({
    versions: Object.fromEntries(taken.map(([name, one]) => [name, one.version])),
    keptUntil: new Date(earliest).toISOString(),
  });
}

/**
 * The bytes of an object, by its version in that store, and only if they are the right ones. Where that version is not
 * there, or the store goes by another name now, any version under the key with the right hash does: bytes are known by
 * their hash. Throws `ObjectDamaged` where there is none, `StoreFailed` where nobody knows.
 */
export async function fetchObject(
  store: BackupStore,
  object: Pick<BackupObject, 'key' | 'sha256' | 'versions'>,
): Promise<Uint8Array> {
  const named = object.versions[store.name];
  const first = named === undefined ? undefined : await exactObject(store, object, named).catch(ifDamaged);
  if (first instanceof Uint8Array) return first;
  for await (const other of store.list(object.key)) {
    if (other.key !== object.key || other.version === named) continue;
    const bytes = await exactObject(store, object, other.version).catch(ifDamaged);
    if (bytes instanceof Uint8Array) return bytes;
  }
  throw first ?? new ObjectDamaged(`\`${object.key}\` is not in store \`${store.name}\``);
}

/** The bytes of exactly this version. Throws `ObjectDamaged` unless it is there with that hash. */
export async function exactObject(
  store: BackupStore,
  object: { readonly key: string; readonly sha256: string },
  version: string,
): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await store.get({ key: object.key, version });
  } catch (error) {
    if (error instanceof ObjectMissing)
      throw new ObjectDamaged(`\`${object.key}\` is not in store \`${store.name}\``, { cause: error });
    throw error;
  }
  if (hash('sha256', bytes, 'hex') !== object.sha256)
    throw new ObjectDamaged(`\`${object.key}\` is not what was put into store \`${store.name}\``);
  return bytes;
}

function ifDamaged(error: unknown): ObjectDamaged {
  if (error instanceof ObjectDamaged) return error;
  throw error;
}

function failedIn(name: string, reason: unknown): StoreFailed {
  const why = reason instanceof Error ? reason.message : String(reason);
  return new StoreFailed(`store \`${name}\` did not take it: ${why}`, { cause: reason });
}
