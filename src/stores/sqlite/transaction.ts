import {
  type Collection,
  type Found,
  type Query,
  StoreConflict,
  type StoredRecord,
  type Transaction,
} from '../../contract/store.ts';
import { StoreFault, storeFault } from './fault.ts';
import type { Rows } from './rows.ts';

/** One caller's view of the open SQLite transaction. Ends with its work; then every use throws. */
export class OpenTransaction implements Transaction {
  readonly #rows: Rows;
  #open = true;
  #failure: StoreFault | undefined;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  get open(): boolean {
    return this.#open;
  }

  /**
   * The first statement that SQLite could not carry out. Work that swallowed it must not be committed all the same:
   * part of what it meant to write is missing.
   */
  get failure(): StoreFault | undefined {
    return this.#failure;
  }

  end(): void {
    this.#open = false;
  }

  async get(collection: Collection, key: string): Promise<StoredRecord | undefined> {
    return this.#run(() => this.#rows.get(collection, key));
  }

  async find(collection: Collection, query?: Query): Promise<readonly Found[]> {
    return this.#run(() => this.#rows.find(collection, query));
  }

  async insert(collection: Collection, key: string, record: StoredRecord): Promise<void> {
    if (!this.#run(() => this.#rows.insert(collection, key, record))) throw new StoreConflict(collection, key);
  }

  async insertText(collection: Collection, key: string, text: string): Promise<void> {
    if (!this.#run(() => this.#rows.insertText(collection, key, text))) throw new StoreConflict(collection, key);
  }

  async put(collection: Collection, key: string, record: StoredRecord): Promise<void> {
    this.#run(() => this.#rows.put(collection, key, record));
  }

  async remove(collection: Collection, key: string): Promise<void> {
    this.#run(() => this.#rows.remove(collection, key));
  }

  #run<T>(statement: () => T): T {
    if (!this.#open) throw new StoreFault('closed', 'this transaction has ended; start another');
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return statement();
    } catch (thrown) {
      this.#failure = storeFault(thrown);
      throw this.#failure;
    }
  }
}
