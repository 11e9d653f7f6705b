import type { Json } from './json.ts';
import type { Message } from './plan.ts';

/**
 * One thing said to a PostgreSQL server, without the names of statements and portals, so that the same act is the same
 * message on every connection.
 * - `begin`: opens the transaction READ WRITE; `text` is the client's own BEGIN, or ours round a single statement
 * - `statement`: one statement with its values
 * - `alone`: a statement that no transaction can hold: its own effect, and allowed to write
 * - `commit`: the effect
 * - `lookup`: a question of ours, whose answer the client never sees
 * - `parse`: a statement that is only prepared; the server runs what literals and types bring with them even then
 */
export interface PostgresMessage extends Message {
  readonly protocol: 'postgres';
  /** Name of the upstream entry: the database that the client signed in to. */
  readonly entry: string;
  readonly act: 'begin' | 'statement' | 'alone' | 'commit' | 'lookup' | 'parse';
  /** Major version of the server: the same text can mean another thing to another one. */
  readonly major: number;
  /** With `begin`, or a statement that gets one of its own: settings of the session that are off what it began with; set again for the transaction. */
  readonly settings?: { readonly [name: string]: string };
  /** Which protocol it was said in: a simple Query gives text results and takes no values. */
  readonly how: 'simple' | 'extended';
  readonly text: string;
  /** Oids of the parameters' types as given with the text; 0 leaves one to the server. */
  readonly types: readonly number[];
  /** 0 text, 1 binary; as the wire has it: none, one for all, or one each. */
  readonly formats: readonly number[];
  readonly values: readonly (Uint8Array | null)[];
  readonly results: readonly number[];
  /** Of a look-up that does what a COMMIT would: the client hears its notices and its error, as it would hear them of the COMMIT. */
  readonly heard?: true;
  /** What a COPY FROM STDIN brought, whole; absent for every other statement. */
  readonly copied?: Uint8Array;
}

/** The database that a message is for: its entry, and the major version of its server. */
export type PostgresTarget = Pick<PostgresMessage, 'entry' | 'major'>;

/** A message that takes no values. */
export function postgresMessage(
  { entry, major }: PostgresTarget,
  act: PostgresMessage['act'],
  text: string,
  how: PostgresMessage['how'] = 'extended',
): PostgresMessage {
  return { protocol: 'postgres', entry, major, act, how, text, types: [], formats: [], values: [], results: [] };
}

/** A question with its values as text; a number in the text is `$1`, `$2`, … */
export function postgresLookup(
  target: PostgresTarget,
  text: string,
  ...values: readonly (string | null)[]
): PostgresMessage {
  const bytes = values.map((value) => (value === null ? null : Buffer.from(value, 'utf8')));
  return { ...postgresMessage(target, 'lookup', text), values: bytes };
}

/** What a PostgreSQL server answered to one message. */
export interface PostgresAnswer {
  /** The command tag: `DELETE 3`; empty when it failed or was suspended. A COMMIT of a failed transaction says `ROLLBACK`. */
  readonly tag: string;
  /** Rows of a look-up, values as text; of a client's statement none: they were streamed to the client. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** The server's own refusal or failure. */
  readonly error?: { readonly code: string; readonly message: string; readonly detail?: string };
}

/** The content of a PostgreSQL answer, looked at before it is believed. Throws `TypeError` for what is none. */
export function postgresAnswer(answer: { readonly protocol: string; readonly content: unknown }): PostgresAnswer {
  const { protocol, content } = answer;
  if (protocol !== 'postgres' || typeof content !== 'object' || content === null)
    throw new TypeError('no PostgreSQL answer');
  const { tag, rows } = content as { readonly [member: string]: unknown };
  if (typeof tag !== 'string' || !Array.isArray(rows)) throw new TypeError('no PostgreSQL answer');
  return content as PostgresAnswer;
}

/**
 * The message as it is sent, out of its stored form, in which bytes stand as base64url text. Throws `TypeError` for a
 * stored message that is damaged.
 */
export function postgresMessageFrom(stored: Message): PostgresMessage {
  const { entry, major, act, how, text, types, formats, values, results, copied, settings } = stored;
  if (typeof entry !== 'string' || typeof text !== 'string' || !isAct(act) || (how !== 'simple' && how !== 'extended'))
    throw new TypeError('a stored postgres message lacks a part');
  if (typeof major !== 'number') throw new TypeError('a stored postgres message lacks a part');
  const message = {
    protocol: 'postgres',
    entry,
    major,
    act,
    how,
    text,
    ...(settings === undefined ? {} : { settings: settingsFrom(settings) }),
    types: listOf(types, numberFrom),
    formats: listOf(formats, numberFrom),
    values: listOf(values, (value) => (value === null ? null : bytesFrom(value))),
    results: listOf(results, numberFrom),
  } as const;
  return copied === undefined ? message : { ...message, copied: bytesFrom(copied) };
}

function isAct(value: Json | undefined): value is PostgresMessage['act'] {
  return typeof value === 'string' && ['begin', 'statement', 'alone', 'commit', 'lookup'].includes(value);
}

function settingsFrom(value: Json): { readonly [name: string]: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
    throw new TypeError('a stored postgres message has damaged settings');
  const members = Object.entries(value as { readonly [name: string]: Json | undefined });
  if (!members.every((pair): pair is [string, string] => typeof pair[1] === 'string'))
    throw new TypeError('a stored postgres message has damaged settings');
  return Object.fromEntries(members);
}

function listOf<T>(value: Json | undefined, each: (item: Json) => T): readonly T[] {
  if (!Array.isArray(value)) throw new TypeError('a stored postgres message lacks a list');
  return value.map((item: Json) => each(item));
}

function numberFrom(value: Json): number {
  if (typeof value !== 'number') throw new TypeError('a stored postgres message has no number where one belongs');
  return value;
}

function bytesFrom(value: Json): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') throw new TypeError('a value of a stored postgres message is not base64url');
  const bytes = Buffer.from(value, 'base64url');
  if (bytes.toString('base64url') !== value)
    throw new TypeError('a value of a stored postgres message is not base64url');
  return new Uint8Array(bytes);
}
