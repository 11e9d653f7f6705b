import {
  BrokenFrame,
  cstring,
  frame,
  type Frame,
  FrameReader,
  int16,
  int32,
  uint32,
} from '../../contract/postgres/frames.ts';
import type { Statement } from '../../languages/sql/statement.ts';
import { refuse } from '../../model/refusal.ts';

/** A statement that the client prepared, under the name it gave it. */
export interface ClientStatement {
  readonly name: string;
  readonly text: string;
  readonly types: readonly number[];
  /** Undefined for an empty text. */
  readonly read: Statement | undefined;
}

/** A statement with its values. */
export interface ClientPortal {
  readonly name: string;
  readonly statement: ClientStatement;
  readonly formats: readonly number[];
  readonly values: readonly (Uint8Array | null)[];
  readonly results: readonly number[];
}

/** The text of a simple Query. Throws `BrokenFrame`. */
export function queryText(message: Frame): string {
  const reader = new FrameReader(message);
  const text = reader.text();
  reader.end();
  return text;
}

export function parseParts(message: Frame): Omit<ClientStatement, 'read'> {
  const reader = new FrameReader(message);
  const name = notReserved(reader.text());
  const text = reader.text();
  const types = Array.from({ length: reader.count() }, () => reader.uint32());
  reader.end();
  return { name, text, types };
}

export function bindParts(message: Frame): Omit<ClientPortal, 'statement'> & { readonly statement: string } {
  const reader = new FrameReader(message);
  const name = notReserved(reader.text());
  const statement = reader.text();
  const formats = Array.from({ length: reader.count() }, () => reader.int16());
  const values = Array.from({ length: reader.count() }, () => reader.value());
  const results = Array.from({ length: reader.count() }, () => reader.int16());
  reader.end();
  return { name, statement, formats, values, results };
}

/** What a Describe or Close is about. */
export function namedPart(message: Frame): { readonly kind: 'statement' | 'portal'; readonly name: string } {
  const reader = new FrameReader(message);
  const kind = String.fromCharCode(reader.byte());
  const name = reader.text();
  reader.end();
  if (kind === 'S') return { kind: 'statement', name };
  if (kind === 'P') return { kind: 'portal', name };
  throw new BrokenFrame('neither a statement nor a portal is named');
}

export function executePart(message: Frame): string {
  const reader = new FrameReader(message);
  const name = reader.text();
  reader.int32();
  reader.end();
  return name;
}

/** Rows to stop at; zero for all. */
export function executeLimit(message: Frame): number {
  const reader = new FrameReader(message);
  reader.text();
  return reader.int32();
}

/** Our own statements on the same line live under these names. */
function notReserved(name: string): string {
  if (!name.startsWith('_holdpoint_')) return name;
  throw refuse('BAD_REQUEST', 'names that begin with `_holdpoint_` are not for clients', 'choose another name');
}

// What the client said in SQL, in the protocol's own messages.

export function parseFrame({ name, text, types }: Omit<ClientStatement, 'read'>): Frame {
  return frame('P', cstring(name), cstring(text), int16(types.length), ...types.map(uint32));
}

/** On the unnamed portal, values and results as text. */
export function bindFrame(bound: {
  readonly statement: string;
  readonly values: readonly (Uint8Array | null)[];
}): Frame {
  const values = bound.values.flatMap((one) => (one === null ? [int32(-1)] : [int32(one.length), one]));
  const head = [cstring(''), cstring(bound.statement), int16(0), int16(bound.values.length)];
  return frame('B', ...head, ...values, int16(0));
}

export function describePortalFrame(portal: string): Frame {
  return frame('D', Buffer.from('P'), cstring(portal));
}

export function describeStatementFrame(statement: string): Frame {
  return frame('D', Buffer.from('S'), cstring(statement));
}

export function executeFrame(portal: string): Frame {
  return frame('E', cstring(portal), int32(0));
}

export function closeStatementFrame(name: string): Frame {
  return frame('C', Buffer.from('S'), cstring(name));
}

/** A RowDescription of a statement as it is for a portal, which was bound for these formats: none, one for all, or one each. */
export function inFormats(description: Frame, formats: readonly number[]): Frame {
  const bytes = Buffer.from(description.bytes);
  const columns = bytes.readUInt16BE(5);
  let at = 7;
  for (let column = 0; column < columns; column++) {
    at = bytes.indexOf(0, at) + 1 + 16;
    bytes.writeInt16BE(formats.length === 1 ? (formats[0] ?? 0) : (formats[column] ?? 0), at);
    at += 2;
  }
  return { type: description.type, bytes };
}
