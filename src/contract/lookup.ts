import type { Answer } from './upstream.ts';
import type { Message } from '../model/plan.ts';

/** A read-only message that a provider wants answered before it can say what something is. It never sends it itself. */
export interface Lookup {
  readonly message: Message;
  /** For diagnostics and the journal: `instances of volume`. */
  readonly purpose: string;
  /**
   * Asked on a second line to the same far side, which sees everything there is (`ResolveContext.undoLine`): for looking at
   * what is about to be lost. What fails on it is thrown into the generator, which may go on without.
   */
  readonly by?: 'undo';
}

/**
 * Work that has to ask the far side: yields look-ups, is handed their answers, returns what it found out. The road runs
 * the look-ups, after proving by the same provider's `read` that each of them is a read. Throw `Refused` where the
 * answer does not settle the question: not resolved is denied.
 */
export type Looking<T> = Generator<Lookup, T, Answer>;
