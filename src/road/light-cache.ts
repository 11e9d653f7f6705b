import type { ReadNote } from '../contract/journal.ts';
import type { Reading } from '../contract/provider.ts';

/** That this token may do this reading again, until then, and how it is noted: `note.upstream` is the entry that serves it. */
export interface LightVerdict {
  /** One object for all its reads: the journal counts them by it. */
  readonly note: ReadNote;
  readonly policy: string;
  readonly bindings: unknown;
  readonly until: number;
}

/** Verdicts on proved reads, found by the reading itself and the token: a map look-up, no digest. */
export class LightCache {
  readonly #verdicts = new WeakMap<Reading, Map<string, LightVerdict>>();

  get(reading: Reading, token: string): LightVerdict | undefined {
    return this.#verdicts.get(reading)?.get(token);
  }

  set(reading: Reading, token: string, verdict: LightVerdict): void {
    const byToken = this.#verdicts.get(reading) ?? new Map<string, LightVerdict>();
    byToken.set(token, verdict);
    this.#verdicts.set(reading, byToken);
  }
}
