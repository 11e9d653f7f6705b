import { type Frame, FrameReader } from '../../contract/postgres/frames.ts';
import type { PostgresMessage } from '../../model/postgres-message.ts';
import { reserved } from './wire.ts';

/** A statement that the client prepared: what its name stands for on this line. */
export interface Prepared {
  readonly text: string;
  readonly types: readonly number[];
}

/** The client's frames say something else than the message that was cleared. Nothing was sent. */
export class SaysSomethingElse extends Error {
  override readonly name = 'SaysSomethingElse';
}

/** What a Parse says. Throws for names of ours. */
export function parseOf(frame: Frame): Prepared & { readonly name: string } {
  const reader = new FrameReader(frame);
  const name = notOurs(reader.text());
  const text = reader.text();
  const types = Array.from({ length: reader.count() }, () => reader.uint32());
  reader.end();
  return { name, text, types };
}

/** What a Bind says, but for what its statement is. */
export function bindOf(frame: Frame): {
  readonly portal: string;
  readonly statement: string;
  readonly formats: readonly number[];
  readonly values: readonly (Uint8Array | null)[];
  readonly results: readonly number[];
} {
  const reader = new FrameReader(frame);
  const portal = notOurs(reader.text());
  const statement = notOurs(reader.text());
  const formats = Array.from({ length: reader.count() }, () => reader.int16());
  const values = Array.from({ length: reader.count() }, () => reader.value());
  const results = Array.from({ length: reader.count() }, () => reader.int16());
  reader.end();
  return { portal, statement, formats, values, results };
}

/** The kind and name in a Describe or Close. */
export function namedIn(frame: Frame): { readonly kind: 'S' | 'P'; readonly name: string } {
  const reader = new FrameReader(frame);
  const kind = String.fromCharCode(reader.byte());
  const name = notOurs(reader.text());
  reader.end();
  if (kind !== 'S' && kind !== 'P') throw new SaysSomethingElse('it names neither statement nor portal');
  return { kind, name };
}

/** The portal that an Execute runs. */
export function executeOf(frame: Frame): { readonly portal: string; readonly limit: number } {
  const reader = new FrameReader(frame);
  const portal = notOurs(reader.text());
  const limit = reader.int32();
  reader.end();
  return { portal, limit };
}

export function queryOf(frame: Frame): string {
  const reader = new FrameReader(frame);
  const text = reader.text();
  reader.end();
  return text;
}

/**
 * Proves that these frames, on a line where the names stand for `prepared`, say exactly this message and run it once.
 * Returns the portal it is bound to. Throws `SaysSomethingElse` otherwise.
 */
export function proveSame(
  frames: readonly Frame[],
  message: PostgresMessage,
  prepared: ReadonlyMap<string, Prepared>,
): string | undefined {
  const [first] = frames;
  if (message.how === 'simple') {
    if (frames.length !== 1 || first?.type !== 'Q' || queryOf(first) !== message.text)
      throw new SaysSomethingElse('the query is another');
    return undefined;
  }
  const known = new Map(prepared);
  let portal: string | undefined;
  let runs = 0;
  for (const frame of frames) {
    if (frame.type === 'P') {
      const parsed = parseOf(frame);
      known.set(parsed.name, parsed);
    } else if (frame.type === 'B') {
      if (portal !== undefined) throw new SaysSomethingElse('it binds twice');
      portal = provedBind(frame, message, known);
    } else if (frame.type === 'E') {
      runs++;
      if (portal === undefined || executeOf(frame).portal !== portal)
        throw new SaysSomethingElse('it runs another portal');
    } else if (frame.type === 'D') namedIn(frame);
    else throw new SaysSomethingElse(`it holds a message of type ${frame.type}`);
  }
  if (portal === undefined || runs !== 1) throw new SaysSomethingElse('it does not run the statement once');
  return portal;
}

/**
 * Proves that these frames are one whole round, up to its Sync or one Query, that says exactly this message, runs it once
 * and leaves nothing behind but the unnamed statement. Throws `SaysSomethingElse` otherwise.
 */
export function proveRound(
  frames: readonly Frame[],
  message: PostgresMessage,
  prepared: ReadonlyMap<string, Prepared>,
): Prepared | undefined {
  if (message.how === 'simple') {
    proveSame(frames, message, prepared);
    return undefined;
  }
  const last = frames.at(-1);
  if (last?.type !== 'S' || last.bytes.length !== 5) throw new SaysSomethingElse('it does not end with a Sync');
  const [first] = frames;
  const parsed = first?.type === 'P' ? parseOf(first) : undefined;
  if (parsed !== undefined && parsed.name !== '') throw new SaysSomethingElse('it prepares a statement with a name');
  const said = frames.slice(0, -1);
  if (said.some((one, at) => one.type === 'P' && at > 0)) throw new SaysSomethingElse('it prepares twice');
  if (proveSame(said, message, prepared) !== '') throw new SaysSomethingElse('its portal has a name');
  return parsed;
}

function provedBind(frame: Frame, message: PostgresMessage, known: ReadonlyMap<string, Prepared>): string {
  const bound = bindOf(frame);
  const statement = known.get(bound.statement);
  const same =
    statement !== undefined &&
    statement.text === message.text &&
    sameNumbers(statement.types, message.types) &&
    sameNumbers(bound.formats, message.formats) &&
    sameNumbers(bound.results, message.results) &&
    bound.values.length === message.values.length &&
    bound.values.every((value, at) => sameBytes(value, message.values[at]));
  if (!same) throw new SaysSomethingElse('the statement or its values are others');
  return bound.portal;
}

function sameNumbers(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((one, at) => one === right[at]);
}

function sameBytes(left: Uint8Array | null, right: Uint8Array | null | undefined): boolean {
  if (left === null || right === null || right === undefined) return left === right;
  return Buffer.compare(left, right) === 0;
}

function notOurs(name: string): string {
  if (name.startsWith(reserved)) throw new SaysSomethingElse('the name is one of ours');
  return name;
}
