import { ask } from './ask.ts';
import { questions } from './questions.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { JsonObject } from '../../model/json.ts';
import { postgresAnswer, postgresLookup, type PostgresTarget } from '../../model/postgres-message.ts';

/** `transaction ID … is in the future`: the server came back from a crash without our id, so without our COMMIT. */
const inTheFuture = '22023';

/**
 * Asks the server whether a transaction was committed. After a crash an id that never reached the disk is given out
 * again and then answers for a stranger: `committed` counts only in the server's life that it was noted in, while
 * `aborted` is true of ours either way.
 */
export function* proveCommit(intent: JsonObject): Looking<'done' | 'failed' | 'unknown'> {
  const { transaction, system, timeline, database, generation, entry, major } = intent;
  if (typeof transaction !== 'string' || typeof entry !== 'string' || typeof major !== 'number') return 'unknown';
  const target: PostgresTarget = { entry, major };
  const [row] = yield* ask(target, 'server');
  if (row === undefined || row[0] !== system || row[1] !== timeline || row[2] !== database) return 'unknown';
  const asked = postgresAnswer(
    yield { message: postgresLookup(target, questions.outcome, transaction), purpose: 'outcome' },
  );
  if (asked.error !== undefined) return asked.error.code === inTheFuture ? 'failed' : 'unknown';
  const said = asked.rows[0]?.[0];
  if (said === 'aborted') return 'failed';
  return said === 'committed' && row[3] === generation ? 'done' : 'unknown';
}
