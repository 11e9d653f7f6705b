import { questions, type Question } from './questions.ts';
import type { Looking } from '../../contract/lookup.ts';
import { postgresAnswer, postgresLookup, type PostgresTarget } from '../../model/postgres-message.ts';
import { refuse } from '../../model/refusal.ts';

export type Row = readonly (string | null)[];

/** Rows of one of our questions. Throws `Refused` (`DENIED`) when the server did not answer it: not known is not allowed. */
export function* ask(
  target: PostgresTarget,
  question: Question,
  ...values: readonly (string | null)[]
): Looking<readonly Row[]> {
  return yield* askText(target, questions[question], question, ...values);
}

/** As `ask`, on the second line that sees everything. What goes wrong there is thrown as well. */
export function* askAside(
  target: PostgresTarget,
  question: Question,
  ...values: readonly (string | null)[]
): Looking<readonly Row[]> {
  return yield* asked(target, questions[question], question, values, 'undo');
}

/** As `askText`, on the second line. */
export function* askTextAside(
  target: PostgresTarget,
  text: string,
  question: string,
  ...values: readonly (string | null)[]
): Looking<readonly Row[]> {
  return yield* asked(target, text, question, values, 'undo');
}

/** As `ask`, about rows of one table: `asksAboutRows` has to be true of the text. */
export function* askText(
  target: PostgresTarget,
  text: string,
  question: string,
  ...values: readonly (string | null)[]
): Looking<readonly Row[]> {
  return yield* asked(target, text, question, values);
}

/** By which line something is looked at: the session's own, or the second one. */
export interface Sight {
  readonly ask: typeof ask;
  readonly askText: typeof askText;
}

export const own: Sight = Object.freeze({ ask, askText });
export const aside: Sight = Object.freeze({ ask: askAside, askText: askTextAside });

function* asked(
  target: PostgresTarget,
  text: string,
  question: string,
  values: readonly (string | null)[],
  by?: 'undo',
): Looking<readonly Row[]> {
  const message = postgresLookup(target, text, ...values);
  const { rows, error } = postgresAnswer(yield { message, purpose: question, ...(by === undefined ? {} : { by }) });
  if (error === undefined) return rows;
  // The server's own words may hold the agent's.
  throw refuse('DENIED', `the server did not answer what this is about (${question}, SQLSTATE ${error.code})`);
}
