import { AsyncLocalStorage } from 'node:async_hooks';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import type { AfterCommit, Collection, Found, Query, Store, StoredRecord, Transaction } from '../../contract/store.ts';
import { Checkpoints } from './checkpoints.ts';
import { StoreFault, storeFault } from './fault.ts';
import { secureFiles } from './files.ts';
import { Patience } from './patience.ts';
import { Rows } from './rows.ts';
import { prepareSchema, schemaVersion } from './schema.ts';
import { OpenTransaction } from './transaction.ts';

/** At most so many transactions share one commit, so that the first of them does not wait for all of a flood. */
const largestBatch = 256;
/** How long (ms) a lock of another process is waited for. The process stands still meanwhile. */
const lockWait = 50;

export interface SqliteStoreOptions {
  /** The database file. Its folder is made if need be; two more files appear beside it while it is open. */
  readonly path: string;
}

/**
 * Opens the durable state of one installation: SQLite in WAL mode with synchronous=FULL, so that a commit has been
 * fsynced when it returns. Rejects with `StoreFault` when the file is not ours, too new, exposed or cannot be written.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  try {
    secureFiles(options.path);
    const writer = openConnection(options.path, false);
    try {
      configure(writer);
      prepareSchema(writer);
      return new SqliteStore(writer, openConnection(options.path, true));
    } catch (thrown) {
      writer.close();
      throw thrown;
    }
  } catch (thrown) {
    throw storeFault(thrown);
  }
}

function openConnection(path: string, readOnly: boolean): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly, timeout: lockWait, allowExtension: false });
  database.enableDefensive(true);
  database.exec('PRAGMA trusted_schema = OFF');
  return database;
}

function configure(database: DatabaseSync): void {
  const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
  if (mode !== 'wal')
    throw new StoreFault('io', 'the file system cannot hold a write-ahead log; put the store elsewhere');
  // fullfsync: on macOS a plain fsync leaves the data in the drive's own cache.
  database.exec(
    'PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; PRAGMA cell_size_check = ON',
  );
  if (database.prepare('PRAGMA synchronous').get()?.['synchronous'] !== 2) {
    throw new StoreFault('io', 'the store cannot be made to sync its writes');
  }
}

/** Tells the caller of a transaction that it is durable. */
type Attempted = () => void;

/** One waiting transaction. */
interface Waiting {
  readonly run: (tx: Transaction) => Promise<Attempted>;
  readonly reject: (fault: unknown) => void;
}

class SqliteStore implements Store {
  readonly #writing: DatabaseSync;
  readonly #reading: DatabaseSync;
  readonly #rows: Rows;
  /** A connection of its own, which sees only what was committed: a read must never see what may yet be rolled back. */
  readonly #committed: Rows;
  readonly #hooks: ((tx: Transaction) => Promise<AfterCommit | void>)[] = [];
  readonly #inside = new AsyncLocalStorage<OpenTransaction>();
  readonly #patience = new Patience();
  readonly #checkpoints: Checkpoints;
  #waiting: Waiting[] = [];
  #draining: Promise<void> | undefined;
  #closed = false;

  constructor(writing: DatabaseSync, reading: DatabaseSync) {
    this.#writing = writing;
    this.#reading = reading;
    this.#rows = new Rows(writing);
    this.#committed = new Rows(reading);
    this.#checkpoints = new Checkpoints(writing);
  }

  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#inside.getStore()?.open === true) {
      return Promise.reject(
        new StoreFault('nested', 'a transaction was started inside another; use the one that is open'),
      );
    }
    if (this.#closed) return Promise.reject(closed());
    return new Promise<T>((resolve, reject) => {
      const run = async (tx: Transaction): Promise<Attempted> => {
        const value = await work(tx);
        return () => resolve(value);
      };
      this.#waiting.push({ run, reject });
      this.#draining ??= this.#drain();
    });
  }

  async get(collection: Collection, key: string): Promise<StoredRecord | undefined> {
    return this.#read((rows) => rows.get(collection, key));
  }

  async find(collection: Collection, query?: Query): Promise<readonly Found[]> {
    return this.#read((rows) => rows.find(collection, query));
  }

  beforeCommit(work: (tx: Transaction) => Promise<AfterCommit | void>): void {
    this.#hooks.push(work);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#draining;
    this.#checkpoints.close();
    this.#patience.close();
    this.#reading.close();
    this.#writing.close();
  }

  #read<T>(from: (rows: Rows) => T): T {
    if (this.#closed) throw closed();
    try {
      return from(this.#committed);
    } catch (thrown) {
      throw storeFault(thrown);
    }
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      // One turn of the event loop, in which whoever else wants to write can join this commit.
      await turn();
      await this.#commit(this.#waiting.splice(0, largestBatch));
    }
    this.#draining = undefined;
    this.#checkpoints.afterWork();
  }

  /** Carries out a batch under one BEGIN … COMMIT. Never rejects: each caller hears of its own. */
  async #commit(batch: readonly Waiting[]): Promise<void> {
    const done: Attempted[] = [];
    const after: AfterCommit[] = [];
    const unheard = new Set(batch);
    let durable = false;
    try {
      this.#rollbackIfOpen();
      this.#rows.steer('BEGIN IMMEDIATE');
      for (const one of batch) {
        const tell = await this.#attempt(one, batch.length === 1);
        if (tell === undefined) unheard.delete(one);
        else done.push(tell);
      }
      if (done.length > 0) {
        await this.#runHooks(after);
        this.#write();
        durable = true;
      }
      for (const tell of done) tell();
    } catch (thrown) {
      const fault = storeFault(thrown);
      for (const one of unheard) one.reject(fault);
    }
    try {
      this.#rollbackIfOpen();
    } catch {
      // The next batch tries again before it begins, and is rejected if that fails too.
    }
    for (const tell of after) tell(durable);
  }

  /** COMMIT: writes the frames and syncs them. */
  #write(): void {
    try {
      this.#rows.steer('COMMIT');
      this.#checkpoints.committed();
    } catch (thrown) {
      this.#overwrite();
      throw thrown;
    }
  }

  /**
   * A commit that failed at its sync leaves whole frames behind, and a process killed then would find the rejected
   * transaction in force when it opened the store again. So something harmless is written over them, before anybody is
   * told. It need not be synced for that; that it fails, too, is expected.
   */
  #overwrite(): void {
    try {
      this.#rollbackIfOpen();
      this.#writing.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${schemaVersion}; COMMIT`);
    } catch {
      // As said above.
    }
  }

  /**
   * One transaction, in its own savepoint unless it is the only one of its batch. Undefined when it failed alone and was
   * told so; throws when the whole batch is lost, as when SQLite itself rolled back because the disk was full.
   */
  async #attempt(one: Waiting, alone: boolean): Promise<Attempted | undefined> {
    if (!alone) this.#rows.steer('SAVEPOINT work');
    const tx = new OpenTransaction(this.#rows);
    try {
      const tell = await this.#inside.run(tx, () => this.#patience.inTime(one.run(tx)));
      if (tx.failure !== undefined) throw tx.failure;
      tx.end();
      if (!alone) this.#rows.steer('RELEASE work');
      return tell;
    } catch (thrown) {
      tx.end();
      if (!this.#writing.isTransaction) throw thrown;
      if (alone) {
        // Nothing else is in it.
        this.#rows.steer('ROLLBACK');
      } else {
        this.#rows.steer('ROLLBACK TO work');
        this.#rows.steer('RELEASE work');
      }
      one.reject(thrown);
      return undefined;
    }
  }

  async #runHooks(after: AfterCommit[]): Promise<void> {
    for (const hook of this.#hooks) {
      const tx = new OpenTransaction(this.#rows);
      try {
        const tell = await this.#patience.inTime(hook(tx));
        if (typeof tell === 'function') after.push(tell);
        if (tx.failure !== undefined) throw tx.failure;
      } finally {
        tx.end();
      }
    }
  }

  #rollbackIfOpen(): void {
    if (this.#writing.isTransaction) this.#rows.steer('ROLLBACK');
  }
}

function closed(): StoreFault {
  return new StoreFault('closed', 'the store is closed');
}
