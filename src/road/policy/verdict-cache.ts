import type { Known } from './verdict.ts';

/** Questions by their exact facts, the least recently asked dropped first: an agent that varies its facts cannot grow it. */
export class VerdictCache {
  readonly #questions = new Map<string, Known>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#questions.size;
  }

  /** What is known of this question; kept from now on, and empty when nothing is. */
  take(key: string): Known {
    const known = this.#questions.get(key) ?? { verdicts: new Map(), decisions: new Map() };
    this.#questions.delete(key);
    this.#questions.set(key, known);
    if (this.#questions.size > this.#capacity) {
      const [oldest] = this.#questions.keys();
      if (oldest !== undefined) this.#questions.delete(oldest);
    }
    return known;
  }
}
