import type { ReadNote } from '../../contract/journal.ts';
import type { EntryDraft } from '../../model/entry.ts';
import { isoTime } from '../../contract/clock.ts';
import { JournalFault } from './fault.ts';
import { PendingReads } from './reads.ts';

/** A read waits at most so long (ms) to be written; the rest of the promised 100 ms is for the write. */
const longestWait = 90;
/** A batch that is not written after so long (ms) stops further reads: what a crash can cost has to stay small. */
const patience = 250;

export interface ReadBatchesOptions {
  /** Writes the drafts durably. Called without any to try whether writing works again. */
  readonly write: (drafts: readonly EntryDraft[]) => Promise<unknown>;
  /** Told why a batch could not be written; somebody has to call `flush` again then. */
  readonly failed: (thrown: unknown) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Gathers reads and has them written together, one batch at a time. */
export class ReadBatches {
  readonly #options: ReadBatchesOptions;
  readonly #pending = new PendingReads();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;
  #began = 0;

  constructor(options: ReadBatchesOptions) {
    this.#options = options;
  }

  /** Throws `JournalFault` (`down`) when the batch before is not written in time. */
  add(note: ReadNote): void {
    if (this.#flushing !== undefined && performance.now() - this.#began > patience) {
      throw new JournalFault('down', 'the last reads are not journaled yet, so nothing is read');
    }
    this.#pending.add(note, this.#options.now);
    this.#timer ??= setTimeout(() => this.flush(), longestWait);
  }

  /** Has what is pending written now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#flushing !== undefined) return;
    this.#began = performance.now();
    this.#flushing = this.#write().finally(() => {
      this.#flushing = undefined;
    });
  }

  /** Waits for a batch under way, then takes what is left for whoever writes last. */
  async rest(): Promise<readonly EntryDraft[]> {
    await this.#flushing;
    clearTimeout(this.#timer);
    return this.#take().drafts;
  }

  async #write(): Promise<void> {
    let putBack = (): void => undefined;
    try {
      const taken = this.#take();
      ({ putBack } = taken);
      await this.#options.write(taken.drafts);
      // Reads that came meanwhile may have asked in vain for a batch of their own.
      if (!this.#pending.empty) this.#timer ??= setTimeout(() => this.flush(), longestWait);
    } catch (thrown) {
      putBack();
      this.#options.failed(thrown);
    }
  }

  #take(): ReturnType<PendingReads['take']> {
    return this.#pending.take(isoTime(this.#options.now()), isoTime);
  }
}
