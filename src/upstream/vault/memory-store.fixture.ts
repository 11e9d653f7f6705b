import {
  type Collection,
  type Found,
  type Query,
  type Store,
  StoreConflict,
  type StoredRecord,
  type Transaction,
} from '../../contract/store.ts';

type Data = Map<string, Map<string, string>>;

/** A store that keeps its records as text, so that what is not JSON is lost as it would be on disk. */
export class MemoryStore implements Store {
  #data: Data = new Map();
  #last: Promise<unknown> = Promise.resolve();
  /** Told before each write, before the commit and after it; what it throws stops there, as a crash would. */
  onStep: (step: string) => void = () => undefined;

  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      const draft: Data = new Map([...this.#data].map(([name, records]) => [name, new Map(records)]));
      const value = await work(this.#transaction(draft));
      this.onStep('commit');
      this.#data = draft;
      this.onStep('committed');
      return value;
    };
    const result = this.#last.then(run, run);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async get(collection: Collection, key: string): Promise<StoredRecord | undefined> {
    return read(this.#data, collection, key);
  }

  async find(collection: Collection, query?: Query): Promise<readonly Found[]> {
    return search(this.#data, collection, query);
  }

  beforeCommit(): void {
    throw new Error('not here');
  }

  async close(): Promise<void> {}

  /** Everything at rest, as one text. */
  dump(): string {
    return JSON.stringify([...this.#data].map(([name, records]) => [name, [...records]]));
  }

  #transaction(data: Data): Transaction {
    const write = (step: string, collection: Collection, key: string, record: StoredRecord | undefined) => {
      this.onStep(step);
      const records = data.get(collection) ?? new Map<string, string>();
      data.set(collection, records);
      if (record === undefined) records.delete(key);
      else records.set(key, JSON.stringify(record));
    };
    return {
      get: async (collection, key) => read(data, collection, key),
      find: async (collection, query) => search(data, collection, query),
      insert: async (collection, key, record) => {
        if (read(data, collection, key) !== undefined) throw new StoreConflict(collection, key);
        write('insert', collection, key, record);
      },
      insertText: async () => {
        throw new Error('not here');
      },
      put: async (collection, key, record) => write('put', collection, key, record),
      remove: async (collection, key) => write('remove', collection, key, undefined),
    };
  }
}

function read(data: Data, collection: Collection, key: string): StoredRecord | undefined {
  const text = data.get(collection)?.get(key);
  return text === undefined ? undefined : (JSON.parse(text) as StoredRecord);
}

function search(data: Data, collection: Collection, query: Query = {}): readonly Found[] {
  const keys = [...(data.get(collection)?.keys() ?? [])].sort();
  return keys.slice(0, query.limit).map((key) => ({ key, record: read(data, collection, key) ?? {} }));
}
