/** Writes to one resource go one after another, from resolving it to settling what was done to it. */
export interface ResourceLocks {
  /** Resolves once every key is free for the caller. Keys are taken in one order, so no two can wait on each other. */
  hold(keys: readonly string[]): Promise<Held>;
}

/** Keys that one exchange has for itself. */
export interface Held {
  /**
   * Takes more keys, all or none, and never waits: whoever waits while holding something could be waited for. False where
   * one of them is taken or waited for, or was let go since this hold began, so that what was found out of it meanwhile may
   * be stale.
   */
  extend(keys: readonly string[]): boolean;
  release(): void;
}

export function openResourceLocks(): ResourceLocks {
  const tails = new Map<string, Promise<void>>();
  /** One for each hold: what others let go since it began. */
  const letGo = new Set<Set<string>>();
  return {
    async hold(keys) {
      const mine = Promise.withResolvers<void>();
      const queued = new Map<string, Promise<void>>();
      const before = [...new Set(keys)].map((key) => {
        const tail = tails.get(key);
        const own = tail === undefined ? mine.promise : tail.then(() => mine.promise);
        queued.set(key, own);
        tails.set(key, own);
        return tail;
      });
      for (const tail of before) await tail;
      const since = new Set<string>();
      letGo.add(since);
      return {
        extend(more) {
          const fresh = more.filter((key) => !queued.has(key));
          if (fresh.some((key) => tails.has(key) || since.has(key))) return false;
          for (const key of fresh) {
            queued.set(key, mine.promise);
            tails.set(key, mine.promise);
          }
          return true;
        },
        release() {
          if (!letGo.delete(since)) return;
          for (const [key, tail] of queued) {
            if (tails.get(key) === tail) tails.delete(key);
            for (const others of letGo) others.add(key);
          }
          mine.resolve();
        },
      };
    },
  };
}
