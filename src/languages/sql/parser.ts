import openModule, { type PgQueryModule } from 'libpg-query/wasm/libpg-query.js';
import { isTree, type Tree } from './tree.ts';
import { refuse, Refused } from '../../model/refusal.ts';
import { visible } from '../../model/visible.ts';

/** Bounds of the text that is read. */
export const sqlLimits = {
  /** Bytes of one string, several statements or one. */
  textBytes: 1024 * 1024,
  /** Statements in one string. */
  statements: 10_000,
  /** Queries within queries, and nodes on the way to the deepest one. */
  depth: 1000,
  /** DO or EXECUTE bodies within bodies. */
  bodies: 4,
} as const;

/** PostgreSQL's major version whose grammar this is; another one in the package is refused at start. */
export const grammarMajor = 18;

/** Memory of one parser, after which a fresh one takes over: each overflow of its stack leaks. */
const memoryBytes = 256 * 1024 * 1024;

/** PostgreSQL's own complaint about a text, as the server itself would say it (42601 and its like). A `BAD_REQUEST`. */
export class SyntaxComplaint extends Refused {
  /** Character at which it stands, from 1 on; 0 where PostgreSQL names none. */
  readonly position: number;

  /** `said` quotes the agent's text: it is `message` here, and one of the reasons there, made visible and cut. */
  constructor(said: string, position = 0) {
    super({
      code: 'BAD_REQUEST',
      detail: 'PostgreSQL’s parser refuses this text',
      hint: 'mend the statement',
      reasons: [visible(said).slice(0, 200)],
    });
    this.name = 'SyntaxComplaint';
    this.message = said;
    this.position = position;
  }
}

export interface Token {
  /** Bytes into the text. */
  readonly start: number;
  readonly end: number;
  /** As written, quotes included. */
  readonly text: string;
}

/** One statement of a string, with where it stands: bytes into the text, as PostgreSQL counts. */
export interface RawStatement {
  readonly node: unknown;
  readonly start: number;
  /** Zero: up to the end of the text. */
  readonly length: number;
}

/**
 * PostgreSQL's own parser. One instance works, one waits: an instance that fails in any way but by a syntax complaint is
 * thrown away, and what it was reading is refused.
 */
export class Parser {
  #working: PgQueryModule | undefined;
  #waiting: PgQueryModule | undefined;
  #opening = false;
  readonly #open: () => Promise<PgQueryModule>;

  constructor(working: PgQueryModule, open: () => Promise<PgQueryModule>) {
    this.#working = working;
    this.#open = open;
    this.#refill();
  }

  /** Raw parse tree of each statement. Throws `SyntaxComplaint`, or `UNAVAILABLE` when the parser failed. */
  parse(text: string): readonly RawStatement[] {
    const json = this.#use(text, (module, query) => {
      const result = module._wasm_parse_query_raw(query);
      if (result === 0) throw new Error('out of memory');
      try {
        const error = module.getValue(result + 8, 'i32');
        if (error !== 0) {
          const position = module.getValue(error + 16, 'i32');
          throw new SyntaxComplaint(module.UTF8ToString(module.getValue(error, 'i32')), Math.max(position, 0));
        }
        return module.UTF8ToString(module.getValue(result, 'i32'));
      } finally {
        module._wasm_free_parse_result(result);
      }
    });
    const whole = valueIn(json);
    if (!isTree(whole) || Math.floor(Number(whole['version']) / 10_000) !== grammarMajor) throw notRead();
    const statements = whole['stmts'] ?? [];
    if (!Array.isArray(statements)) throw notRead();
    return statements.map((one: unknown) => {
      if (!isTree(one)) throw notRead();
      return { node: one['stmt'], start: Number(one['stmt_location'] ?? 0), length: Number(one['stmt_len'] ?? 0) };
    });
  }

  /** PL/pgSQL's own tree of the functions that the text creates or does. Throws `SyntaxComplaint`. */
  parseBody(text: string): Tree {
    const json = this.#use(text, (module, query) => takeText(module, module._wasm_parse_plpgsql(query)));
    if (!json.startsWith('{')) throw new SyntaxComplaint(json);
    const tree = valueIn(json);
    if (!isTree(tree)) throw notRead();
    return tree;
  }

  /** Tokens, comments included. Throws `SyntaxComplaint`. */
  scan(text: string): readonly Token[] {
    const json = this.#use(text, (module, query) => takeText(module, module._wasm_scan(query)));
    if (!json.startsWith('{')) throw new SyntaxComplaint(json);
    const tree = valueIn(json) as { tokens?: readonly Token[] };
    return (tree.tokens ?? []).map(({ start, end, text }) => ({ start, end, text }));
  }

  #use(text: string, read: (module: PgQueryModule, query: number) => string): string {
    const module = this.#working;
    if (module === undefined) {
      this.#refill();
      throw refuse('UNAVAILABLE', 'the SQL parser is being opened again', 'send the statement again in a moment');
    }
    try {
      return withText(module, text, read);
    } catch (cause) {
      if (cause instanceof SyntaxComplaint) throw cause;
      this.#replace();
      throw notRead(cause);
    } finally {
      if (this.#working === module && module.HEAPU8.byteLength > memoryBytes) this.#replace();
    }
  }

  #replace(): void {
    this.#working = this.#waiting;
    this.#waiting = undefined;
    this.#refill();
  }

  #refill(): void {
    if (this.#opening || (this.#waiting !== undefined && this.#working !== undefined)) return;
    this.#opening = true;
    void this.#fill();
  }

  /** Never rejects: a parser that can't be opened leaves everything refused, and the next reader tries again. */
  async #fill(): Promise<void> {
    try {
      const module = await this.#open();
      if (this.#working === undefined) this.#working = module;
      else this.#waiting = module;
      this.#opening = false;
      this.#refill();
    } catch {
      this.#opening = false;
    }
  }
}

/** A parser that is ready. Throws when the package holds another grammar than the one these rules were written for. */
export async function openParser(open: () => Promise<PgQueryModule> = openModule): Promise<Parser> {
  const parser = new Parser(await open(), open);
  parser.parse('select 1');
  return parser;
}

function withText(module: PgQueryModule, text: string, read: (module: PgQueryModule, query: number) => string): string {
  const bytes = module.lengthBytesUTF8(text) + 1;
  const query = module._malloc(bytes);
  if (query === 0) throw new Error('out of memory');
  let leaked = false;
  module.stringToUTF8(text, query, bytes);
  try {
    return read(module, query);
  } catch (cause) {
    // After anything worse the instance is thrown away as a whole.
    if (!(cause instanceof SyntaxComplaint)) leaked = true;
    throw cause;
  } finally {
    if (!leaked) module._free(query);
  }
}

/** What the parser wrote; whatever is no JSON was not read. */
function valueIn(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw notRead(cause);
  }
}

function takeText(module: PgQueryModule, pointer: number): string {
  const text = module.UTF8ToString(pointer);
  module._wasm_free_string(pointer);
  return text;
}

function notRead(cause?: unknown): Error {
  return refuse(
    'BAD_REQUEST',
    'PostgreSQL’s parser could not read this text',
    'send it as smaller, simpler statements',
    cause instanceof Error ? { reasons: [cause.message.slice(0, 200)] } : {},
  );
}
