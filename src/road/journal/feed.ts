import type { Store } from '../../contract/store.ts';
import type { Entry } from '../../model/entry.ts';
import { checkpointAt, entryIn, placeKey, readState } from './ledger.ts';

const page = 500;

export type EntryListener = (entry: Entry) => void;
export type CheckpointListener = (checkpoint: string) => void;

export interface FeedOptions {
  readonly store: Store;
  /** Size of the journal from which on entries are new. */
  readonly from: number;
  /** What was coming was not committed: the store failed under somebody's transaction. */
  readonly lost: (cause: unknown) => void;
  /** A listener threw. It must not keep the others, or the journal, from going on. */
  readonly report: (thrown: unknown) => void;
}

/**
 * Tells of entries and checkpoints once they are durable, and never of one that was rolled back: it waits for the
 * commit that was about to happen, then looks at what is really there.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #entries = new Set<EntryListener>();
  readonly #checkpoints = new Set<CheckpointListener>();
  #coming: number;
  #told: number;
  #wanted = false;
  #running: Promise<void> | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#coming = options.from;
    this.#told = options.from;
  }

  /** A tree of this size, or a checkpoint over it, is about to be committed, or just was. */
  coming(size: number): void {
    this.#coming = size;
    this.#wanted = true;
    this.#running ??= this.#run();
  }

  onEntry(listener: EntryListener): () => void {
    this.#entries.add(listener);
    return () => this.#entries.delete(listener);
  }

  onCheckpoint(listener: CheckpointListener): void {
    this.#checkpoints.add(listener);
  }

  /** Resolves when everything that came so far was told. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false;
      try {
        await this.#follow(this.#coming);
      } catch (thrown) {
        this.#options.lost(thrown);
      }
    }
    this.#running = undefined;
  }

  async #follow(expected: number): Promise<void> {
    const { store } = this.#options;
    // An empty transaction queues up behind the one that is being committed.
    await store.transact(async () => undefined);
    const { size } = (await readState(store)).tree;
    if (size < expected) throw new Error('a transaction with journal entries was not committed');
    if (this.#entries.size === 0) this.#told = size;
    while (this.#told < size) await this.#tellPage(size);
    if (this.#checkpoints.size === 0) return;
    const checkpoint = await checkpointAt(store, size);
    if (checkpoint === undefined) return;
    for (const listener of this.#checkpoints) this.#call(() => listener(checkpoint));
  }

  async #tellPage(size: number): Promise<void> {
    const after = this.#told === 0 ? {} : { after: placeKey(this.#told - 1) };
    const found = await this.#options.store.find('entries', { ...after, limit: Math.min(page, size - this.#told) });
    this.#told = found.length === 0 ? size : this.#told + found.length;
    for (const { record } of found) {
      const entry = entryIn(record);
      for (const listener of this.#entries) this.#call(() => listener(entry));
    }
  }

  #call(listener: () => void): void {
    try {
      listener();
    } catch (thrown) {
      this.#options.report(thrown);
    }
  }
}
