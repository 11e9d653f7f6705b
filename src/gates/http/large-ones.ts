/** Larger bodies (bytes) than this are worked on one at a time for each principal. */
export const largeBody = 4_096;

/** Whose turn it is with a large request. */
export interface LargeOnes {
  /** Resolves when no earlier large one of this principal is under way, with what ends the turn. */
  turn(principal: string): Promise<() => void>;
}

/**
 * Large requests take the time of the one process that also hears a human's freeze: sixty at once of one agent kept it
 * waiting for seconds. One after the other they leave room between their parts.
 */
export function openLargeOnes(): LargeOnes {
  const tails = new Map<string, Promise<void>>();
  return Object.freeze({
    async turn(principal: string) {
      const before = tails.get(principal);
      const { promise, resolve } = Promise.withResolvers<void>();
      tails.set(principal, promise);
      await before;
      return () => {
        if (tails.get(principal) === promise) tails.delete(principal);
        // Not at once: what waits for input in between is heard first.
        setImmediate(resolve);
      };
    },
  });
}
