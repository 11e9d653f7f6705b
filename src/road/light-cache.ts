import type { ReadNote } from '../contract/journal.ts';
import type { Reading } from '../contract/provider.ts';

/** That this token may do this reading again, until then, and how it is noted: `note.upstream` is the entry that serves it. */
export interface LightVerdict {
  /** One object for all its reads: the journal counts them by it. */
  readonly note: ReadNote;
  /** It holds for a step inside a transaction, which is judged again with the COMMIT. */
  readonly provisional: boolean;
  readonly policy: string;
  readonly bindings: unknown;
  readonly until: number;
}

/** How long (ms) a token that was looked at counts as good on a line that stays open: within the second of C2. */
const liveMs = 500;

/** Verdicts on proved reads, found by the reading itself and the token: a map look-up, no digest. */
export class LightCache {
  readonly #verdicts = new WeakMap<Reading, Map<string, LightVerdict>>();
  /** When each token was last found good, on a clock that nobody sets. */
  readonly #seen = new Map<string, number>();

  /** Whether this token was found neither revoked nor expired a moment ago. */
  lives(token: string): boolean {
    return performance.now() - (this.#seen.get(token) ?? Number.NEGATIVE_INFINITY) < liveMs;
  }

  sawLive(token: string): void {
    const now = performance.now();
    // Old ones say nothing any more.
    if (this.#seen.size >= 1_000) for (const [one, at] of this.#seen) if (now - at >= liveMs) this.#seen.delete(one);
    this.#seen.set(token, now);
  }

  get(reading: Reading, token: string): LightVerdict | undefined {
    return this.#verdicts.get(reading)?.get(token);
  }

  set(reading: Reading, token: string, verdict: LightVerdict): void {
    const byToken = this.#verdicts.get(reading) ?? new Map<string, LightVerdict>();
    byToken.set(token, verdict);
    this.#verdicts.set(reading, byToken);
  }
}
