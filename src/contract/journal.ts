import type { Transaction } from './store.ts';
import type { EntryDraft, EntryPlace } from '../model/entry.ts';

/** A proved read, as it is remembered until the next batch is written. */
export interface ReadNote {
  readonly principal: string;
  readonly token: string;
  readonly gate: string;
  readonly upstream: string;
  readonly operations: readonly string[];
}

/**
 * The evidence. An entry is in the tree, and covered by the journal's key, when the transaction that holds it is durable:
 * by a signed checkpoint, or, after an `intent`, by a keyed hash that the next checkpoint follows within 100 ms.
 */
export interface JournalWriter {
  /** Adds an entry inside the caller's transaction: durable with it, or not there at all. */
  append(tx: Transaction, draft: EntryDraft): Promise<EntryPlace>;
  /** Adds an entry in a transaction of its own; resolves when it is durable. */
  record(draft: EntryDraft): Promise<EntryPlace>;
  /** Remembers a read for the next batch (at most 100 ms away). Throws when the journal is not healthy: reads stop. */
  noteRead(note: ReadNote): void;
  /** False once a write failed, until one succeeds again. */
  readonly healthy: boolean;
}
