/** How long a read believes where a thing is, and of how many things. A write never asks here. */
const believed = { ms: 30_000, things: 2_000 } as const;

/**
 * Where things are that reads name: an id's environment, for half a minute. Agents ask for one deployment's logs over and
 * over, each time in other words; looking the deployment up each time would double what Railway is asked.
 */
export class Inventory {
  readonly #places = new Map<string, { readonly environmentId: string; readonly until: number }>();
  readonly #now: () => number;

  /** `now` in ms; by default a clock that nobody can set. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Railway's environment of a thing, if it was seen lately. */
  environmentOf(key: string): string | undefined {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    if (place.until > this.#now()) return place.environmentId;
    this.#places.delete(key);
    return undefined;
  }

  saw(key: string, environmentId: string): void {
    this.#places.delete(key);
    this.#places.set(key, { environmentId, until: this.#now() + believed.ms });
    for (const oldest of this.#places.keys()) {
      if (this.#places.size <= believed.things) break;
      this.#places.delete(oldest);
    }
  }
}
