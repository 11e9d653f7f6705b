import { BrokenFrame, type Frame, FrameReader } from '../../contract/postgres/frames.ts';
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

/** Our own statements on the same line live under these names. */
function notReserved(name: string): string {
  if (!name.startsWith('_holdpoint_')) return name;
  throw refuse('BAD_REQUEST', 'names that begin with `_holdpoint_` are not for clients', 'choose another name');
}
