import type { Ready } from './again.ts';
import type { PostgresLimits } from './parts.ts';
import type { Ran, Transaction } from './transaction.ts';
import type { Frame } from '../../contract/postgres/frames.ts';
import type { PostgresSession } from '../../contract/postgres/session.ts';
import type { Statement } from '../../languages/sql/statement.ts';
import type { PostgresTarget } from '../../model/postgres-message.ts';

/** The client's prepared statements, which both protocols share. */
export interface PreparedNames {
  /** Says these, of Parse, Bind, Describe and Execute, as if the client had; whether all went well. */
  work(frames: readonly Frame[]): Promise<boolean>;
  /** Closes one prepared statement, or all; false for a name that there is none of. */
  forget(name?: string): Promise<boolean>;
}

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
  hushed<T>(work: () => Promise<T>, types?: string): Promise<T>;
  /** Of a Describe that is sent meanwhile the client sees the rows alone, in these formats. */
  describing(formats: readonly number[], work: () => Promise<void>): Promise<void>;
  /** Errors of what follows say where they stand in a text that begins this many characters earlier. */
  offset(characters: number): void;
  /** What the client has prepared. */
  readonly names: PreparedNames;
  /** Sends a whole round of the client's that only reads; whether the Parse in it was taken. */
  again(ready: Ready, frames: readonly Frame[]): Promise<boolean>;
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
