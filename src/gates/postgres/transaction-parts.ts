import type { PostgresGateParts } from './parts.ts';
import type { PostgresSession } from '../../contract/postgres/session.ts';
import type { Bearer } from '../../contract/road.ts';
import type { PostgresTarget } from '../../model/postgres-message.ts';

/** One client's session, and what is judged and run on it. */
export interface TransactionParts {
  readonly gate: PostgresGateParts;
  readonly bearer: Bearer;
  readonly session: PostgresSession;
  readonly target: PostgresTarget;
}
