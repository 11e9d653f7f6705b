import type { Verdict } from './verdict.ts';

/** Verdicts on one question by level of signing. */
export type Levels = Map<number, Verdict>;

/** Questions by their exact facts, the least recently asked dropped first: an agent that varies its facts cannot grow it. */
export class VerdictCache {
  readonly #questions = new Map<string, Levels>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#questions.size;
  }

  /** What is known of this question; an empty map, kept from now on, when nothing is. */
  take(key: string): Levels {
    const known = this.#questions.get(key) ?? new Map<number, Verdict>();
    this.#questions.delete(key);
    this.#questions.set(key, known);
    if (this.#questions.size > this.#capacity) {
      const [oldest] = this.#questions.keys();
      if (oldest !== undefined) this.#questions.delete(oldest);
    }
    return known;
  }
}
