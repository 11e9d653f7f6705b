import { questions } from './questions.ts';
import type { Looking } from '../../contract/lookup.ts';
import { postgresAnswer, postgresLookup, type PostgresTarget } from '../../model/postgres-message.ts';
import { refuse } from '../../model/refusal.ts';

/**
 * Does now what a COMMIT would do first: deferred constraints and their triggers. The client hears what the server says of it,
 * as it would hear it of the COMMIT. Throws `Refused` (`BAD_REQUEST`) where it fails.
 */
export function* deferredNow(target: PostgresTarget): Looking<void> {
  const message = { ...postgresLookup(target, questions.constraints), heard: true } as const;
  const { error } = postgresAnswer(yield { message, purpose: 'constraints' });
  if (error === undefined) return;
  const what = `what was deferred to the end of the transaction failed (SQLSTATE ${error.code})`;
  throw refuse('BAD_REQUEST', what, 'mend it and ask again; nothing was done');
}
