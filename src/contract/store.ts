import type { JsonObject } from '../model/json.ts';

/**
 * Every collection and the record members it can be found by. A record is a JSON object under a text key; an index may
 * point into it by a dotted path. Numbers and text only.
 */
export const collections = {
  /** Journal entries, key = index padded to 12 digits; record = `{ leaf, entry }`. */
  entries: ['entry.kind', 'entry.hold', 'entry.principal', 'entry.digest'],
  /** Signed checkpoints, key = tree size padded to 12 digits. */
  checkpoints: [],
  /** Single values under their own names: tree frontier, clock high-water mark, freeze epoch, data key, policy version. */
  settings: [],
  principals: ['name'],
  tokens: [],
  vault: [],
  signers: [],
  holds: ['state', 'digest', 'code', 'request.principal.id'],
  approvals: ['hold'],
  /** One record a spent approval number or administrative nonce; inserting twice fails. */
  spent: [],
  /** One record a Clearance that was spent; `state` is `sent` until it is settled. */
  clearances: ['state'],
  /** Before-images, their content encrypted. */
  images: [],
  /** Credentials that were moved out of files, and how each is put back; by the finding's id. */
  moves: [],
  /** Goal locks after a denial. */
  locks: [],
  /** What each agent did in the last hour, for velocity limits. */
  budgets: [],
  /** Copies of databases that were made whole, by their id. */
  backups: ['name', 'state'],
  /** Restores that were rehearsed, good and bad, by their id. */
  drills: ['name'],
} as const satisfies { readonly [name: string]: readonly string[] };

export type Collection = keyof typeof collections;

/** A record as stored: plain JSON, bytes already written as base64url text. */
export type StoredRecord = JsonObject;

export interface Found<T = StoredRecord> {
  readonly key: string;
  readonly record: T;
}

export interface Query {
  /** Only records whose indexed member equals this. Members must be declared in `collections`. */
  readonly where?: { readonly [member: string]: string | number };
  /** Keys strictly after this one. */
  readonly after?: string;
  readonly limit?: number;
  /** By key; `descending` for the newest first. */
  readonly order?: 'ascending' | 'descending';
}

/** Reads and writes inside one transaction. Only these may be awaited while it is open. */
export interface Transaction {
  get(collection: Collection, key: string): Promise<StoredRecord | undefined>;
  find(collection: Collection, query?: Query): Promise<readonly Found[]>;
  /** Fails with `StoreConflict` if the key is taken: this is what makes a thing single-use. */
  insert(collection: Collection, key: string, record: StoredRecord): Promise<void>;
  /** The same for a record of which the caller has the canonical JSON already. */
  insertText(collection: Collection, key: string, text: string): Promise<void>;
  /** Writes over what is there. */
  put(collection: Collection, key: string, record: StoredRecord): Promise<void>;
  remove(collection: Collection, key: string): Promise<void>;
}

/**
 * The durable state of one installation. Transactions are serialised; when `transact` resolves, what it wrote is on disk
 * (fsynced). Transactions that wait together may share one fsync. If it rejects, nothing it wrote is there.
 */
export interface Store {
  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  get(collection: Collection, key: string): Promise<StoredRecord | undefined>;
  find(collection: Collection, query?: Query): Promise<readonly Found[]>;
  /**
   * Runs once before each commit, inside the transaction that is about to be made durable (several may share it). What it
   * gives back, if anything, is told what became of that commit.
   */
  beforeCommit(work: (tx: Transaction) => Promise<AfterCommit | void>): void;
  close(): Promise<void>;
}

/** Told whether a commit is durable; false where nothing of it is there. Must not throw. */
export type AfterCommit = (durable: boolean) => void;

export class StoreConflict extends Error {
  readonly collection: Collection;
  readonly key: string;

  constructor(collection: Collection, key: string) {
    super(`record \`${key}\` is already in ${collection}`);
    this.name = 'StoreConflict';
    this.collection = collection;
    this.key = key;
  }
}

/** A text member of a record; empty when it is absent. Throws for a member that is no text. */
export function textIn(record: StoredRecord, member: string): string {
  const value = record[member];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new TypeError(`record member \`${member}\` is no text`);
  return value;
}
