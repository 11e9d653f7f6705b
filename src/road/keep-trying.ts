import { setTimeout as wait } from 'node:timers/promises';

const firstWaitMs = 250;
const longestWaitMs = 30_000;

/** Does the work again, ever more slowly, until it succeeds or the store is closed. Never rejects, keeps no process alive. */
export async function keepTrying(work: () => Promise<void>, report: (cause: unknown) => void): Promise<void> {
  for (let pause = firstWaitMs; ; pause = Math.min(pause * 2, longestWaitMs)) {
    await wait(pause, undefined, { ref: false });
    try {
      await work();
      return;
    } catch (cause) {
      if (isClosed(cause)) return;
      report(cause);
    }
  }
}

function isClosed(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'closed';
}
