/**
 * What a backup consists of: a source that can be read over the wire, stores that take objects once and give them back,
 * and servers on which a restore is tried. Backups live where neither an agent nor a gate can delete them.
 */

/** An object as a store took it. Two puts under one key are two versions; a version never changes. */
export interface StoredObject {
  /** `chunks/<keyed hash>`, `manifests/<cluster>/<backup>`, `wal/<cluster>/…`. ASCII, at most 512 characters. */
  readonly key: string;
  /** The store's own name for this version; read by it, because a key can be hidden behind a newer version or a delete marker. */
  readonly version: string;
  /** Of the bytes as stored, lower-case hexadecimal. */
  readonly sha256: string;
  /** Bytes as stored. */
  readonly size: number;
  /** ISO 8601: nobody can delete it before. */
  readonly keptUntil: string;
}

/** What a store is bound to, so that "apart" can be told from "beside". Each member only where it is known. */
export interface StorePlace {
  /** `keeper` (another OS user's process), `s3`. */
  readonly kind: string;
  /** Host name or IP address. */
  readonly host: string;
  /** Device number of the file system, for a directory on this machine. */
  readonly device?: string;
  /** Account or key id it is reached by; never the secret. */
  readonly account?: string;
  /** `railway`, `aws`, …, where the address tells. */
  readonly provider?: string;
}

/** One attempt to destroy what we put ourselves, made at set-up with the very credential that we hold. */
export interface DestructionAttempt {
  /** `delete the version`, `shorten its retention`, `overwrite it`, `lift the lock of the bucket`, … */
  readonly what: string;
  /** True when the store refused and the object was read back unchanged afterwards. Anything else means: this is no backup. */
  readonly refused: boolean;
  /** What the store said, masked and bounded. */
  readonly said: string;
}

/** Where objects rest. The daemon's own credential can put and get, and nothing else. */
export interface BackupStore {
  /** Name in `holdpoint.yaml`. */
  readonly name: string;
  readonly place: StorePlace;
  /**
   * Resolves when the object is durable there and locked until `keptUntil` at least. Putting again what is there already
   * is allowed and gives another version, or the same one where its lock lasts long enough.
   */
  put(key: string, bytes: Uint8Array, keptUntil: Date): Promise<StoredObject>;
  /** The very bytes of that version. Throws `ObjectMissing` when it is not there, `StoreFailed` when nobody knows. */
  get(object: Pick<StoredObject, 'key' | 'version'>): Promise<Uint8Array>;
  /** Every version under the prefix, in the order of the keys. By the credential of a human who restores; a gate's is refused this. */
  list(prefix: string): AsyncIterable<Pick<StoredObject, 'key' | 'version' | 'size'>>;
  /** Puts an object and tries to destroy it with all that this credential can say. */
  probe(keptUntil: Date): Promise<readonly DestructionAttempt[]>;
  close(): Promise<void>;
}

/** The object (or that version of it) is not in the store. */
export class ObjectMissing extends Error {
  override readonly name = 'ObjectMissing';
}

/** The store did not answer, or not as it should: try again, and believe nothing meanwhile. */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed';
}

/** A position in the write-ahead log: `16/B374D848`. Compared as a number, never as text. */
export type Lsn = string;

/** Which cluster a source leads to, and what of it matters for bringing it back. */
export interface SourceIdentity {
  /** `system_identifier`. */
  readonly system: string;
  readonly timeline: number;
  /** `server_version_num`. */
  readonly version: number;
  /** End of the write-ahead log when it was asked. */
  readonly position: Lsn;
  /** Bytes of one segment of the write-ahead log. */
  readonly segmentSize: number;
  /** `max_slot_wal_keep_size` in megabytes; -1 means that a slot may fill the disk. */
  readonly slotKeepMegabytes: number;
  /** Data checksums are on. */
  readonly checksums: boolean;
  /** Locations of tablespaces beside the default ones: such a cluster is refused. */
  readonly tablespaces: readonly string[];
  /** Databases with their installed extensions. */
  readonly extensions: { readonly [database: string]: readonly string[] };
}

/** A base backup as it comes over the wire, in this order: start, (archive, data…)…, manifest…, end. */
export type BasePart =
  | { readonly kind: 'start'; readonly position: Lsn; readonly timeline: number }
  /** A new tar archive begins. Only the cluster's own (`base.tar`), because tablespaces are refused. */
  | { readonly kind: 'archive'; readonly name: string }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  /** A piece of PostgreSQL's own `backup_manifest`. */
  | { readonly kind: 'manifest'; readonly bytes: Uint8Array }
  /** Bytes done, and of how many by the server's estimate. */
  | { readonly kind: 'progress'; readonly done: number; readonly of: number }
  | { readonly kind: 'end'; readonly position: Lsn; readonly timeline: number };

/** A stretch of the write-ahead log, whole and in order: the next begins where this one ends. */
export interface WalPart {
  readonly timeline: number;
  readonly start: Lsn;
  readonly bytes: Uint8Array;
  /** The server's clock when it was sent, in milliseconds since the epoch. */
  readonly sentAt: number;
}

/** A stream of the write-ahead log. Ends, by `done`, only with a new timeline; throws when the line breaks. */
export interface WalStream extends AsyncIterable<WalPart> {
  /** What is durable in every store: the server may forget what lies before. Sent with the next status message. */
  confirm(position: Lsn): void;
  /** The timeline that follows, and where it begins, once the iteration has ended. */
  readonly next: { readonly timeline: number; readonly position: Lsn } | undefined;
  close(): Promise<void>;
}

/** Why a source gave nothing. Only `unreachable` is worth trying again as it is. */
export type SourceFault =
  /** Nobody answered, or the line broke. */
  | 'unreachable'
  /** The role may not sign in, or lacks REPLICATION or what else it was asked for. */
  | 'no-right'
  /** Another cluster answers than before: its log does not continue ours. */
  | 'another-server'
  /** Asked for what was there and is no more: there is a gap, and only a new base backup goes on from here. */
  | 'wal-gone'
  /** Somebody else reads by that slot. */
  | 'slot-taken'
  /** The server would keep its log for the slot until its disk is full. */
  | 'unbounded-slot'
  | 'tablespaces'
  /** The server's version, a pooler before it, or no pg_dump of its major. */
  | 'not-supported'
  /** The server said no for another reason. */
  | 'failed';

/** The source could not give what it was asked for. Its message says what, in the manner of all our errors. */
export class SourceFailed extends Error {
  override readonly name = 'SourceFailed';
  readonly code: SourceFault;
  readonly hint: string | undefined;

  constructor(code: SourceFault, message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options);
    this.code = code;
    this.hint = options.hint;
  }
}

/** A PostgreSQL cluster that is read over a `replication=database` connection by a role that no gate uses. */
export interface BackupSource {
  readonly name: string;
  identify(): Promise<SourceIdentity>;
  /** `label` shows in the server's own log. `spread` spares the server a checkpoint at once. */
  base(options: { readonly label: string; readonly checkpoint: 'fast' | 'spread' }): AsyncIterable<BasePart>;
  /** A slot that keeps the log until we have it; made when it is not there. Refuses where the server bounds no slot, unless `unbounded`. */
  slot(name: string, options?: { readonly unbounded?: boolean }): Promise<{ readonly position: Lsn }>;
  dropSlot(name: string): Promise<void>;
  wal(from: { readonly timeline: number; readonly position: Lsn; readonly slot: string }): Promise<WalStream>;
  /** The `.history` file of a timeline. */
  history(timeline: number): Promise<{ readonly name: string; readonly bytes: Uint8Array }>;
  /** A logical dump of one database in pg_dump's custom format, by a pg_dump of the server's major; throws where none is there. */
  dump(database: string): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}
