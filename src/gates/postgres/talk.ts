import type { PostgresLimits } from './parts.ts';
import type { Ran, Transaction } from './transaction.ts';
import type { Frame } from '../../contract/postgres/frames.ts';
import type { PostgresSession } from '../../contract/postgres/session.ts';
import type { Statement } from '../../languages/sql/statement.ts';
import type { PostgresTarget } from '../../model/postgres-message.ts';

/** What the two ways of saying a statement need of the conversation that they are part of. */
export interface Talk {
  readonly session: PostgresSession;
  readonly transaction: Transaction;
  readonly target: PostgresTarget;
  readonly limits: PostgresLimits;
  say(message: Frame): void;
  /** The statements of a text; undefined when it cannot be read, which the client has been told. */
  read(text: string): readonly Statement[] | undefined;
  /** As `read`, but nobody is told. */
  peek(text: string): readonly Statement[] | undefined;
  /** A Query of the gate's own making. */
  queryOf(text: string): Frame;
  /** What the server answers meanwhile is not shown, but for errors, notices and what it reports. */
  hushed<T>(work: () => Promise<T>): Promise<T>;
  /** Whether it went well; if not, the client has been told by now. */
  wentWell(ran: Ran): boolean;
  /** Says these words, and makes the transaction a failed one where there is one. */
  refuse(words: Frame): Promise<void>;
  /** Opens a transaction round what the client wants done at once. */
  beginOwn(): Promise<boolean>;
  /** Commits what was opened so, or takes it back. */
  endOwn(well: boolean): Promise<void>;
  /** The CommandComplete that was held back is true by now, or no longer the last. */
  letTailGo(): void;
  /** ReadyForQuery, with the state that the client's transaction is really in. */
  ready(): void;
}
