import type { Witness } from './witness.ts';

/** At most one checkpoint in so long (ms) goes to a witness; in between only the newest is remembered. */
const pause = 1_000;
const longestPause = 60_000;
/** A witness that has not answered by then (ms) has failed. */
const patience = 10_000;

/** Brings the newest durable checkpoint to one witness, again and again until it is taken. */
export class Courier {
  readonly #witness: Witness;
  readonly #failed: (witness: string, reason: string) => void;
  #newest: string | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #closed = false;

  /** `failed` is called once for a row of failures, not for each of them. */
  constructor(witness: Witness, failed: (witness: string, reason: string) => void) {
    this.#witness = witness;
    this.#failed = failed;
  }

  bring(checkpoint: string): void {
    this.#newest = checkpoint;
    if (this.#timer === undefined && this.#sending === undefined && !this.#closed) this.#sending = this.#send();
  }

  /** Tries once more to bring what is still unsent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#sending;
    if (this.#newest !== undefined) await this.#send();
  }

  async #send(): Promise<void> {
    const checkpoint = this.#newest;
    this.#newest = undefined;
    if (checkpoint === undefined) return;
    try {
      await inTime(this.#witness.keep(checkpoint));
      this.#failures = 0;
    } catch (thrown) {
      this.#newest ??= checkpoint;
      this.#failures += 1;
      if (this.#failures === 1)
        this.#failed(this.#witness.name, thrown instanceof Error ? thrown.message : 'no reason given');
    }
    this.#sending = undefined;
    if (!this.#closed) this.#wait();
  }

  #wait(): void {
    const after = Math.min(pause * 2 ** Math.max(0, this.#failures - 1), longestPause);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#newest !== undefined) this.#sending = this.#send();
    }, after);
    this.#timer.unref();
  }
}

async function inTime(kept: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in 10 s')), patience);
  });
  try {
    await Promise.race([kept, late]);
  } finally {
    clearTimeout(timer);
  }
}
