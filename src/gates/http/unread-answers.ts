import type { Duplex } from 'node:stream';

/** Answers up to so many bytes are not counted: connections are, and all of theirs together stay small. */
export const uncounted = 65_536;

/** Large answers that their clients have not taken yet. */
export interface UnreadAnswers {
  /** Counts an answer on its way out of this connection; `taken` is to be called when the last byte of it has left. */
  hold(socket: Duplex, bytes: number): { readonly taken: () => void };
}

/**
 * Bounds what clients that ask and do not read keep in memory: beyond `most` bytes the connection that has not read for
 * the longest time is ended. What was done stays done, and is journaled; only its answer is lost to who did not want it.
 */
export function unreadAnswers(most: number): UnreadAnswers {
  // In the order in which they began.
  const waiting = new Map<object, { readonly socket: Duplex; readonly bytes: number }>();
  let held = 0;
  return {
    hold(socket, bytes) {
      const mark = {};
      const taken = (): void => {
        if (!waiting.delete(mark)) return;
        held -= bytes;
        socket.off('close', taken);
      };
      waiting.set(mark, { socket, bytes });
      held += bytes;
      socket.once('close', taken);
      for (const [oldest, one] of waiting) {
        // The one that came last may be as large as an answer can be.
        if (held <= most || oldest === mark) break;
        waiting.delete(oldest);
        held -= one.bytes;
        one.socket.destroy();
      }
      return { taken };
    },
  };
}
