/** A bounded map that forgets what was used longest ago; bounded by entries and by what they weigh together. */
export class WeighedLru<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly weight: number }>();
  readonly #entriesAtMost: number;
  readonly #weightAtMost: number;
  #weight = 0;

  constructor(entriesAtMost: number, weightAtMost: number) {
    this.#entriesAtMost = entriesAtMost;
    this.#weightAtMost = weightAtMost;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: V, weight: number): void {
    this.#drop(key);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    while (this.#entries.size > this.#entriesAtMost || this.#weight > this.#weightAtMost) {
      const [oldest] = this.#entries.keys();
      if (oldest === undefined) return;
      this.#drop(oldest);
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
  }
}
