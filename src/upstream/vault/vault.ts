import { type KeyObject, timingSafeEqual } from 'node:crypto';
import { credentialOf, dataIdIn, type EntryDraft, entryOf, entryRecord, markIn, markOf, resealed } from './entry.ts';
import { type KeyRing, lockOf, markingKey, renewedRing, ringKey, ringRecord, sealingKey } from './key-ring.ts';
import type { KeySource } from './wrapping-key.ts';
import { seal, unseal } from './sealing.ts';
import { unlock, unlockOrMake } from './unlocking.ts';
import { VaultFault } from './vault-fault.ts';
import type { VaultEntry } from '../../contract/api.ts';
import { type Clock, isoTime } from '../../contract/clock.ts';
import type { Store, StoredRecord, Transaction } from '../../contract/store.ts';
import type { Credential } from '../../contract/upstream.ts';

/** Milliseconds for which an opened credential is believed to be the stored one. */
const believed = 1_000;

/** Real credentials at rest, and the one place that opens them. */
export interface Vault {
  /** Inside the caller's transaction, with the signed act that says so. Fails where the name is taken. */
  add(tx: Transaction, draft: EntryDraft): Promise<VaultEntry>;
  /** Throws `VaultFault` (`not-found`). A credential opened before is used for a second more at most. */
  remove(tx: Transaction, name: string): Promise<void>;
  list(): Promise<readonly VaultEntry[]>;
  /** For `upstream` alone. Throws `VaultFault`. */
  open(name: string): Promise<Credential>;
  /** From memory: as of the last `refresh`, and what this process added since. */
  entry(name: string): VaultEntry | undefined;
  /** The name of the entry whose secret this is. One removed since the vault was opened is still known: it was real. */
  matches(text: string): string | undefined;
  /** Reads the entries again; to be called when a transaction that changed them is durable. */
  refresh(): Promise<void>;
  /** How far the credential of an entry sees; one that is not there sees no further than its own environment. */
  reach(name: string): 'all' | 'environment';
  /** Seals what other rooms keep (AES-256-GCM). `about` is bound to it. Outlives rotations. */
  seal(plaintext: Uint8Array, about: string): string;
  /** Throws `VaultFault` (`damaged`) unless it is whole and about this. */
  unseal(sealed: string, about: string): Uint8Array;
  /**
   * Every entry under a fresh data key, and that one under a key of `source`, in one transaction; `also` runs in it. If
   * it is cut short at any point, the old key or the new one opens everything.
   */
  rotateKey(source: KeySource, also?: (tx: Transaction) => Promise<void>): Promise<void>;
}

export interface VaultParts {
  readonly store: Store;
  /** Several after a change of source: the first that opens the vault is used. */
  readonly key: KeySource | readonly KeySource[];
  readonly clock: Clock;
}

/** Opens the vault in a store, or makes one where there is none. Throws `VaultFault`. */
export async function openVault(parts: VaultParts): Promise<Vault> {
  const sources = 'where' in parts.key ? [parts.key] : parts.key;
  const vault = new OpenVault(parts, await unlockOrMake(parts.store, sources), sources);
  await vault.refresh();
  return vault;
}

interface Believed {
  readonly until: number;
  readonly credential: Promise<Credential>;
}

class OpenVault implements Vault {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #marking: KeyObject;
  readonly #sealing: KeyObject;
  readonly #opened = new Map<string, Believed>();
  /** Grows only: a secret that was ever here is known for as long as this process lives. */
  readonly #marks = new Map<string, { readonly mark: Buffer; readonly name: string }>();
  /** By the id of the data key: entries are read while a rotation is being made durable. */
  readonly #rings = new Map<string, KeyRing>();
  #entries = new Map<string, VaultEntry>();
  #sources: readonly KeySource[];

  constructor(parts: VaultParts, ring: KeyRing, sources: readonly KeySource[]) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#sources = sources;
    this.#rings.set(ring.dataId, ring);
    this.#marking = markingKey(ring);
    this.#sealing = sealingKey(ring);
  }

  async add(tx: Transaction, draft: EntryDraft): Promise<VaultEntry> {
    // The ring as this transaction sees it: one that shares its commit may just have changed it.
    const record = entryRecord(await this.#ringIn(tx), this.#marking, draft, isoTime(this.#clock.now()));
    await tx.insert('vault', draft.name, record);
    const entry = entryOf(record);
    this.#remember(record, entry.name);
    this.#entries.set(entry.name, entry);
    this.#opened.delete(entry.name);
    return entry;
  }

  async remove(tx: Transaction, name: string): Promise<void> {
    if ((await tx.get('vault', name)) === undefined) throw notFound(name);
    await tx.remove('vault', name);
    this.#opened.delete(name);
  }

  async list(): Promise<readonly VaultEntry[]> {
    return (await this.#store.find('vault')).map(({ record }) => entryOf(record));
  }

  entry(name: string): VaultEntry | undefined {
    return this.#entries.get(name);
  }

  reach(name: string): 'all' | 'environment' {
    return this.#entries.get(name)?.reach ?? 'environment';
  }

  seal(plaintext: Uint8Array, about: string): string {
    return seal(this.#sealing, plaintext, about);
  }

  unseal(sealed: string, about: string): Uint8Array {
    return unseal(this.#sealing, sealed, about);
  }

  open(name: string): Promise<Credential> {
    const now = this.#clock.now();
    const known = this.#opened.get(name);
    if (known !== undefined && now < known.until) return known.credential;
    const credential = this.#read(name);
    const believe = { until: now + believed, credential };
    this.#opened.set(name, believe);
    credential.catch(() => {
      if (this.#opened.get(name) === believe) this.#opened.delete(name);
    });
    return credential;
  }

  matches(text: string): string | undefined {
    const mark = Buffer.from(markOf(this.#marking, text));
    let found: string | undefined;
    // All of them, whichever it is: how long this takes tells nothing.
    for (const one of this.#marks.values()) if (timingSafeEqual(one.mark, mark)) found = one.name;
    return found;
  }

  async refresh(): Promise<void> {
    const found = await this.#store.find('vault');
    this.#entries = new Map(found.map(({ key, record }) => [key, entryOf(record)]));
    for (const { key, record } of found) this.#remember(record, key);
    this.#opened.clear();
  }

  async rotateKey(source: KeySource, also?: (tx: Transaction) => Promise<void>): Promise<void> {
    const before = await this.#ringNow();
    const next = await source.next(before.wrapping);
    const after = renewedRing(before, next.key, next.derivation);
    // Before the transaction, and kept if it fails: a commit that reports a failure may be there all the same.
    this.#rings.set(after.dataId, after);
    await this.#store.transact(async (tx) => {
      const stored = await tx.get('settings', ringKey);
      if (stored === undefined || lockOf(stored).dataId !== before.dataId) {
        throw new VaultFault('changed', 'the vault key was changed at the same time; look, and rotate again');
      }
      for (const { key, record } of await tx.find('vault')) await tx.put('vault', key, resealed(record, before, after));
      await tx.put('settings', ringKey, ringRecord(after));
      await also?.(tx);
    });
    this.#sources = [source];
    this.#opened.clear();
    await next.settle();
  }

  async #read(name: string): Promise<Credential> {
    const record = await this.#store.get('vault', name);
    if (record === undefined) throw notFound(name);
    const ring = this.#rings.get(dataIdIn(record)) ?? (await this.#ringNow());
    return credentialOf(record, name, ring);
  }

  async #ringIn(tx: Transaction): Promise<KeyRing> {
    const stored = await tx.get('settings', ringKey);
    const ring = stored === undefined ? undefined : this.#rings.get(lockOf(stored).dataId);
    if (ring === undefined)
      throw new VaultFault('changed', 'the vault key was changed by another process; open the vault again');
    return ring;
  }

  /** The ring as it is stored now, which a rotation by another process may have changed. */
  async #ringNow(): Promise<KeyRing> {
    const stored = await this.#store.get('settings', ringKey);
    if (stored === undefined) throw new VaultFault('damaged', 'the record of the vault key is gone');
    const ring = this.#rings.get(lockOf(stored).dataId) ?? (await unlock(stored, this.#sources));
    this.#rings.set(ring.dataId, ring);
    return ring;
  }

  #remember(record: StoredRecord, name: string): void {
    const mark = markIn(record);
    this.#marks.set(mark, { mark: Buffer.from(mark), name });
  }
}

function notFound(name: string): VaultFault {
  return new VaultFault('not-found', `there is no vault entry \`${name}\`; add it with \`holdpoint vault add\``);
}
