import type { ReadNote } from '../../contract/journal.ts';
import type { EntryDraft } from '../../model/entry.ts';
import { canonicalJson } from '../../model/json.ts';
import { JournalFault } from './fault.ts';

/** More different reads than this are not kept unwritten: reads stop. */
const mostPending = 10_000;
/** Different reads in one entry. */
const mostInEntry = 1_000;
/** A text of a note is cut there; operations come from catalogues and are far shorter. */
const longestText = 256;

/** Reads that were let through and are not written yet. */
export class PendingReads {
  #counts = new Map<ReadNote, number>();
  #from = 0;

  get empty(): boolean {
    return this.#counts.size === 0;
  }

  /** Counts one read. A note that is handed in again as the same object costs one map look-up. */
  add(note: ReadNote, now: () => number): void {
    const count = this.#counts.get(note);
    if (count === undefined) {
      if (this.#counts.size >= mostPending) throw new JournalFault('down', 'too many reads wait to be journaled');
      if (this.#counts.size === 0) this.#from = now();
    }
    this.#counts.set(note, (count ?? 0) + 1);
  }

  /** Takes all that is pending. `drafts` are usually one; `putBack` is for when they could not be written. */
  take(
    to: string,
    from: (milliseconds: number) => string,
  ): { readonly drafts: readonly EntryDraft[]; readonly putBack: () => void } {
    const taken = this.#counts;
    const began = this.#from;
    this.#counts = new Map();
    const lines = [...merged(taken).values()];
    const drafts: EntryDraft[] = [];
    for (let start = 0; start < lines.length; start += mostInEntry) {
      const reads = lines.slice(start, start + mostInEntry);
      const count = reads.reduce((sum, read) => sum + read.count, 0);
      drafts.push({ kind: 'reads', body: { from: from(began), to, count, reads: reads.map((read) => ({ ...read })) } });
    }
    const putBack = (): void => {
      for (const [note, count] of taken) this.#counts.set(note, (this.#counts.get(note) ?? 0) + count);
      this.#from = began;
    };
    return { drafts, putBack };
  }
}

interface ReadLine extends ReadNote {
  readonly count: number;
}

/** Equal notes under different identities become one line. */
function merged(counts: ReadonlyMap<ReadNote, number>): ReadonlyMap<string, ReadLine> {
  const lines = new Map<string, ReadLine>();
  for (const [note, count] of counts) {
    const line = printable(note);
    const key = canonicalJson({ ...line });
    lines.set(key, { ...line, count: count + (lines.get(key)?.count ?? 0) });
  }
  return lines;
}

/** Half a character in one note must not keep all others from being written. */
function printable({ principal, token, gate, upstream, operations }: ReadNote): ReadNote {
  const clean = (text: string): string => text.slice(0, longestText).toWellFormed();
  return {
    principal: clean(principal),
    token: clean(token),
    gate: clean(gate),
    upstream: clean(upstream),
    operations: operations.map(clean),
  };
}
