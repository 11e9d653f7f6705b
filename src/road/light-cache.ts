import type { Reading } from '../contract/provider.ts';

/** That this token may do this reading again, and by which entry, until then. */
export interface LightVerdict {
  readonly upstream: string;
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
