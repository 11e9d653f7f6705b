import { setImmediate as turn } from 'node:timers/promises';
import type { Store } from '../../contract/store.ts';
import type { Entry } from '../../model/entry.ts';
import { checkpointAt, entryIn, placeKey, readState } from './ledger.ts';

const page = 500;

export type EntryListener = (entry: Entry) => void;
export type CheckpointListener = (checkpoint: string) => void;

export interface FeedOptions {
  readonly store: Pick<Store, 'get' | 'find'>;
  /** Size of the journal from which on entries are new. */
  readonly from: number;
  /** What was committed cannot be read. */
  readonly lost: (cause: unknown) => void;
  /** A listener threw. It must not keep the others, or the journal, from going on. */
  readonly report: (thrown: unknown) => void;
}

/**
 * Tells of entries and checkpoints once they are durable, and never of one that was rolled back: it looks at what is
 * really there, after whoever waited for the commit has gone on.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #entries = new Set<EntryListener>();
  readonly #checkpoints = new Set<CheckpointListener>();
  #told: number;
  #wanted = false;
  #running: Promise<void> | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#told = options.from;
  }

  /** Entries, or a checkpoint over them, were committed. */
  committed(): void {
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
      await turn();
      this.#wanted = false;
      try {
        await this.#follow();
      } catch (thrown) {
        this.#options.lost(thrown);
      }
    }
    this.#running = undefined;
  }

  async #follow(): Promise<void> {
    const { store } = this.#options;
    const { size } = (await readState(store)).tree;
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
