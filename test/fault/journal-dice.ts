import { randomInt } from 'node:crypto';

/** Chance that can be repeated: mulberry32 over a printed seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, and without, `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new RangeError('nothing to pick from');
    return found;
  }
}

/** The seed of this run: `HOLDPOINT_SEED`, or a new one. Printed, so that a failure can be had again. */
export function seedFor(test: string): number {
  const given = process.env['HOLDPOINT_SEED'];
  const seed = given === undefined ? randomInt(2 ** 31) : Number(given);
  console.log(`${test}: seed ${seed} (HOLDPOINT_SEED=${seed} repeats it)`);
  return seed;
}
