import type { EntryDraft } from '../../model/entry.ts';

const windowMs = 1_000;
const mostInWindow = 20;
/** A flood that goes on is one of many minutes: it must not fill the disk. */
const longWindowMs = 60_000;
const mostInLongWindow = 60;

/**
 * Journals refused tokens, but no more of them in a second than a flood may cost: what was left out is counted in the
 * next entry. The refusal stands whether or not it could be written down.
 */
export class RefusalNotes {
  readonly #record: (draft: EntryDraft) => Promise<unknown>;
  readonly #monotonic: () => number;
  #windowFrom = Number.NEGATIVE_INFINITY;
  #inWindow = 0;
  #longFrom = Number.NEGATIVE_INFINITY;
  #inLongWindow = 0;
  #leftOut = 0;

  constructor(record: (draft: EntryDraft) => Promise<unknown>, monotonic: () => number) {
    this.#record = record;
    this.#monotonic = monotonic;
  }

  async note(draft: EntryDraft): Promise<void> {
    const now = this.#monotonic();
    if (now - this.#windowFrom >= windowMs) {
      this.#windowFrom = now;
      this.#inWindow = 0;
    }
    if (now - this.#longFrom >= longWindowMs) {
      this.#longFrom = now;
      this.#inLongWindow = 0;
    }
    if (this.#inWindow >= mostInWindow || this.#inLongWindow >= mostInLongWindow) {
      this.#leftOut++;
      return;
    }
    this.#inWindow++;
    this.#inLongWindow++;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    try {
      await this.#record(leftOut === 0 ? draft : { ...draft, body: { ...draft.body, leftOut } });
    } catch {
      // Nobody was let in; the journal says for itself that it is not healthy.
      this.#leftOut += leftOut + 1;
    }
  }
}
