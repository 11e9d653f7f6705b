import type { Statement } from '../../languages/sql/index.ts';
import type { PostgresMessage } from '../../model/postgres-message.ts';

/** How a message is to be seen: by itself, inside a transaction that the gate holds open, or as part of one's whole Plan. */
export type View = 'alone' | 'inside' | 'plan';

/** One statement of a Plan with what it says. */
export interface Step {
  readonly message: PostgresMessage;
  readonly statement: Statement;
}
