/** Writes to one resource go one after another, from resolving it to settling what was done to it. */
export interface ResourceLocks {
  /** Resolves with the release once every key is free for the caller. Keys are taken in one order, so no two can wait on each other. */
  hold(keys: readonly string[]): Promise<() => void>;
}

export function openResourceLocks(): ResourceLocks {
  const tails = new Map<string, Promise<void>>();
  return {
    async hold(keys) {
      const mine = Promise.withResolvers<void>();
      const before = [...new Set(keys)].map((key) => {
        const tail = tails.get(key);
        tails.set(key, tail === undefined ? mine.promise : tail.then(() => mine.promise));
        return tail;
      });
      const queued = [...new Set(keys)].map((key) => [key, tails.get(key)] as const);
      for (const tail of before) await tail;
      return () => {
        for (const [key, tail] of queued) if (tails.get(key) === tail) tails.delete(key);
        mine.resolve();
      };
    },
  };
}
