import { WeighedLru } from './lru.ts';
import { openParser, type Parser, type RawStatement, sqlLimits, SyntaxComplaint } from './parser.ts';
import { type Context, type Place, Reading, atTop } from './reading.ts';
import type { Part, Statement } from './statement.ts';
import { statementReaders } from './statements.ts';
import { refuseUnsafeText, type TextSettings } from './text-settings.ts';
import { tagged, type Tagged, Unread } from './tree.ts';
import { refuseNewer } from './walk.ts';
import { refuse } from '../../model/refusal.ts';

/** Where one statement of a string stands. */
export interface Piece {
  readonly text: string;
  /** Bytes into the whole text. */
  readonly start: number;
  readonly end: number;
}

/** PostgreSQL's grammar, ready. Everything it gives is frozen, and a pure function of text and settings. */
export interface Sql {
  /**
   * The statements of a string, with where they stand. Throws `SyntaxComplaint` for what PostgreSQL's parser refuses, `BAD_REQUEST`
   * for NUL, an unsafe setting, and sizes beyond `sqlLimits`; `UNAVAILABLE` while a dead parser is replaced.
   */
  split(text: string, settings: TextSettings): readonly Piece[];
  /** Reads every statement of a string; none for an empty one. Throws as `split` does. */
  read(text: string, settings: TextSettings): readonly Statement[];
}

/** Texts that are kept read: this many, up to this weight together; a statement weighs its text and about 4 kB. */
const kept = { texts: 1000, weight: 16 * 1024 * 1024, statement: 4096 } as const;

/** Longest sentence over all parts. */
const sentenceCharacters = 1000;

/** What PostgreSQL's scanner takes for white space (scan.l), which is less than what JavaScript does. */
const leading = /^[ \t\n\r\f\v]+/;
const blanks = ' \t\n\r\f\v';

/** Opens the grammar, once for the whole process: it compiles a WebAssembly module. */
export async function openSql(parser?: Parser): Promise<Sql> {
  return new Reader(parser ?? (await openParser()));
}

class Reader implements Sql {
  readonly #parser: Parser;
  readonly #kept = new WeighedLru<readonly Statement[]>(kept.texts, kept.weight);

  constructor(parser: Parser) {
    this.#parser = parser;
  }

  split(text: string, settings: TextSettings): readonly Piece[] {
    return this.read(text, settings).map(({ text, start, end }) => ({ text, start, end }));
  }

  read(text: string, settings: TextSettings): readonly Statement[] {
    const key = keyOf(text, settings);
    const before = this.#kept.get(key);
    if (before !== undefined) return before;
    refuseUnsafeText(text, settings, sqlLimits.textBytes);
    const statements = this.#readText(text, {
      settings,
      parser: this.#parser,
      bodies: 0,
      nested: readNested,
      alone: (node, text, context) => readOne(node, { text, start: 0, end: 0 }, context, false),
      text: (text, context) => this.#readText(text, context),
    });
    const weight = 4 * text.length + kept.statement * (statements.length + 1);
    // One long string must not push everything else out.
    if (weight <= kept.weight / 32) this.#kept.set(key, statements, weight);
    return statements;
  }

  #readText(text: string, context: Context): readonly Statement[] {
    if (context.bodies > sqlLimits.bodies) throw new Unread('bodies stand in bodies too deeply');
    if (text.replace(leading, '') === '') return Object.freeze([]);
    const raw = this.#parser.parse(text);
    if (raw.length > sqlLimits.statements) {
      throw refuse('BAD_REQUEST', `more than ${sqlLimits.statements} statements in one string`, 'send fewer at once');
    }
    const slice = slicer(text);
    return Object.freeze(raw.map((one) => readOne(nodeOf(one), slice(one), context, raw.length > 1)));
  }
}

/** The statement's own node; one of a shape that is not known reads as `unknown`, like one of an unknown kind. */
function nodeOf({ node }: RawStatement): Tagged {
  try {
    return tagged(node) ?? nothing;
  } catch {
    return nothing;
  }
}

const nothing: Tagged = { kind: '', tree: {} };

function keyOf(text: string, settings: TextSettings): string {
  const { standardConformingStrings, clientEncoding, serverMajor } = settings;
  return `${standardConformingStrings ? 'on' : 'off'}\0${clientEncoding}\0${serverMajor}\0${text}`;
}

/** Cuts by PostgreSQL's byte offsets, without a copy where every character is one byte. */
function slicer(text: string): (one: RawStatement) => Piece {
  const bytes = /^[\0-\x7f]*$/.test(text) ? undefined : Buffer.from(text);
  const size = bytes?.byteLength ?? text.length;
  return ({ start, length }) => {
    const end = length === 0 ? size : start + length;
    const whole = bytes === undefined ? text.slice(start, end) : bytes.subarray(start, end).toString();
    const lead = whole.length - whole.replace(leading, '').length;
    const trimmed = withoutTrail(whole.replace(leading, ''));
    return { text: trimmed, start: start + lead, end: start + lead + Buffer.byteLength(trimmed) };
  };
}

/** By hand: a pattern that ends in `+$` takes quadratic time over blanks in the middle. */
function withoutTrail(text: string): string {
  let end = text.length;
  while (end > 0 && blanks.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

function readNested(node: Tagged, reading: Reading, place: Place): void {
  const reader = statementReaders.get(node.kind);
  if (reader === undefined) throw new Unread('it holds a statement that is not known here');
  refuseNewer(node.kind, reading);
  reader(node.tree, reading, place);
}

/** One statement. Whatever goes wrong in the reading makes it `unknown`; nothing goes by unread. */
function readOne(node: Tagged, piece: Piece, context: Context, several: boolean): Statement {
  const reading = new Reading(piece.text, context);
  reading.facts.several = several;
  let why: string | undefined;
  try {
    const reader = statementReaders.get(node.kind);
    if (reader === undefined) throw new Unread('this statement is not known here');
    refuseNewer(node.kind, reading);
    reader(node.tree, reading, atTop);
    if (reading.parts.length === 0) throw new Unread('it says nothing that could be named');
  } catch (cause) {
    if (!(cause instanceof Unread || cause instanceof SyntaxComplaint || cause instanceof RangeError)) throw cause;
    why = cause instanceof Unread ? cause.message : 'it is too deep, or holds a text that can’t be read';
    reading.part(unknownPart(why));
  }
  return finished(node.kind, reading, piece, why);
}

function unknownPart(why: string): Parameters<Reading['part']>[0] {
  const sentence = `does something that is not understood: ${why}`;
  return { operation: 'postgres:unknown', class: 'unknown', destroys: true, inverse: 'lost', sentence };
}

function finished(kind: string, reading: Reading, piece: Piece, why: string | undefined): Statement {
  const parts: readonly Part[] = Object.freeze(reading.parts);
  const sentence = [...new Set(parts.map((part) => part.sentence))].join('; ');
  return Object.freeze({
    ...piece,
    kind,
    verb: parts[0]?.operation ?? 'postgres:unknown',
    class: reading.class(),
    ...(why === undefined ? {} : { why }),
    parts,
    names: reading.names.names(),
    facts: Object.freeze({ ...reading.facts }),
    parameters: reading.parameters,
    sentence: sentence.length > sentenceCharacters ? `${sentence.slice(0, sentenceCharacters)}…` : sentence,
    inner: Object.freeze(reading.inner),
  });
}
