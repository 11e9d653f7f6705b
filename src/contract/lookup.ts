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
 * Messages that may change something, said in this order in the transaction that is open on the acting line. Whatever they
 * do, that line itself takes it back before anybody hears of an answer. Answered with `rehearsalAnswer`.
 */
export interface Rehearsal {
  readonly rehearse: readonly Message[];
  /** As that of a look-up. */
  readonly purpose: string;
}

/** Protocol of the answer to a rehearsal: its content is the answers to its messages, up to the first that failed. */
const rehearsed = 'rehearsal';

export function rehearsalAnswer(answers: readonly Answer[]): Answer {
  return { protocol: rehearsed, content: answers };
}

/** The answers in a rehearsal's. Throws `TypeError` for another's. */
export function rehearsalAnswers({ protocol, content }: Answer): readonly Answer[] {
  if (protocol !== rehearsed || !Array.isArray(content)) throw new TypeError('no answer to a rehearsal');
  return content as readonly Answer[];
}

/**
 * Work that has to ask the far side: yields look-ups, is handed their answers, returns what it found out. The road runs
 * the look-ups, after proving by the same provider's `read` that each of them is a read, and rehearsals, after proving by its
 * `readInside` that a transaction can take back each of their messages. Throw `Refused` where the
 * answer does not settle the question: not resolved is denied.
 */
export type Looking<T> = Generator<Lookup | Rehearsal, T, Answer>;
