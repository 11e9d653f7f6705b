import { StoreFault } from './fault.ts';

/** Work may await nothing but its transaction; what takes longer than this (ms) waits for something else. */
const longestWork = 10_000;

/** Bounds one piece of work at a time. One timer for all of them: every transaction would make and end two. */
export class Patience {
  #timer: NodeJS.Timeout | undefined;
  #late: ((fault: StoreFault) => void) | undefined;

  /** Rejects with `StoreFault` (`slow`) when the work has not ended in time. */
  async inTime<T>(work: Promise<T>): Promise<T> {
    const late = new Promise<never>((_resolve, reject) => {
      this.#late = reject;
    });
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#end(), longestWork).unref();
    else this.#timer.refresh();
    try {
      return await Promise.race([work, late]);
    } finally {
      this.#late = undefined;
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #end(): void {
    this.#timer = undefined;
    this.#late?.(new StoreFault('slow', 'a transaction waited for something else than the store; it was taken back'));
  }
}
