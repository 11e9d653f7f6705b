import type { Limit } from './limits.ts';

/** What happened lately, by its time. Keeps no more than it takes to see that a limit is passed. */
export class Window {
  /** Key of what happened → when it first did, the oldest first. */
  readonly #seen = new Map<string, number>();

  /** Counts something, once a key; true when that is more than the limit. */
  passes(key: string, at: number, limit: Exclude<Limit, undefined>): boolean {
    for (const [old, when] of this.#seen) {
      // What is from the future was counted before the clock stepped back: it counts.
      if (at - when < limit.withinMs) break;
      this.#seen.delete(old);
    }
    if (!this.#seen.has(key)) this.#seen.set(key, at);
    for (const old of this.#seen.keys()) {
      if (this.#seen.size <= limit.most + 1) break;
      this.#seen.delete(old);
    }
    return this.#seen.size > limit.most;
  }
}

const spanMs = 60_000;

/** A sum over the last so many milliseconds, kept by the minute: what falls out falls out late, never early. */
export class Sum {
  readonly #spans = new Map<number, number>();

  add(amount: number, at: number, withinMs: number): void {
    const span = Math.floor(at / spanMs);
    this.#spans.set(span, (this.#spans.get(span) ?? 0) + amount);
    this.of(at, withinMs);
  }

  of(at: number, withinMs: number): number {
    const oldest = Math.floor((at - withinMs) / spanMs);
    let sum = 0;
    for (const [span, amount] of this.#spans) {
      if (span < oldest) this.#spans.delete(span);
      else sum += amount;
    }
    return sum;
  }
}
