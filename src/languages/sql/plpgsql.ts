import type { Context } from './reading.ts';
import type { Statement } from './statement.ts';
import { isTree, listIn, numberIn, tagged, textIn, type Tree, treeIn, Unread } from './tree.ts';

/** PL/pgSQL's own node types; what is not here makes a body opaque. */
const known: ReadonlySet<string> = new Set(
  `PLpgSQL_function PLpgSQL_var PLpgSQL_rec PLpgSQL_row PLpgSQL_recfield PLpgSQL_type PLpgSQL_expr PLpgSQL_stmt_block
PLpgSQL_exception_block PLpgSQL_exception PLpgSQL_condition PLpgSQL_stmt_assign PLpgSQL_stmt_if PLpgSQL_if_elsif PLpgSQL_stmt_case
PLpgSQL_case_when PLpgSQL_stmt_loop PLpgSQL_stmt_while PLpgSQL_stmt_fori PLpgSQL_stmt_fors PLpgSQL_stmt_forc PLpgSQL_stmt_foreach_a
PLpgSQL_stmt_exit PLpgSQL_stmt_return PLpgSQL_stmt_return_next PLpgSQL_stmt_return_query PLpgSQL_stmt_raise PLpgSQL_raise_option
PLpgSQL_stmt_assert PLpgSQL_stmt_execsql PLpgSQL_stmt_dynexecute PLpgSQL_stmt_dynfors PLpgSQL_stmt_getdiag PLpgSQL_diag_item
PLpgSQL_stmt_open PLpgSQL_stmt_fetch PLpgSQL_stmt_close PLpgSQL_stmt_perform PLpgSQL_stmt_call PLpgSQL_stmt_commit
PLpgSQL_stmt_rollback`.split(/\s+/),
);

/** What runs a text that is put together at run time. */
const dynamic: ReadonlySet<string> = new Set(['PLpgSQL_stmt_dynexecute', 'PLpgSQL_stmt_dynfors']);

/** A body, as far as its text says. */
export interface Body {
  readonly statements: readonly Statement[];
  /** Each declared type, as a statement that casts to it: only its names count. */
  readonly types: readonly Statement[];
  readonly dynamic: boolean;
  readonly transactionControl: boolean;
}

/** Reads the PL/pgSQL body of a DO or CREATE FUNCTION statement. Throws for whatever it can't read to the end. */
export function readPlpgsql(statement: string, context: Context): Body {
  const functions = listIn(context.parser.parseBody(statement), 'plpgsql_funcs');
  const [only, ...others] = functions;
  const node = tagged(only);
  if (node?.kind !== 'PLpgSQL_function' || others.length > 0) throw new Unread('there is not exactly one body');
  if (treeIn(node.tree, 'action') === undefined) throw new Unread('the body is empty');
  const gathered = new BodyReader(context);
  gathered.visit(node.tree);
  return gathered;
}

class BodyReader implements Body {
  readonly statements: Statement[] = [];
  readonly types: Statement[] = [];
  dynamic = false;
  transactionControl = false;
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = { ...context, bodies: context.bodies + 1 };
  }

  /** Every field of every node: an expression hides anywhere. */
  visit(tree: Tree): void {
    const waiting: unknown[] = [tree];
    while (waiting.length > 0) {
      const one = waiting.pop();
      if (Array.isArray(one)) for (const element of one) waiting.push(element);
      else if (isTree(one)) waiting.push(...this.#fields(one));
    }
    // The order of the text: the stack turned it round.
    this.statements.reverse();
  }

  #fields(tree: Tree): readonly unknown[] {
    const below: unknown[] = [];
    for (const [field, value] of Object.entries(tree)) {
      if (field.startsWith('PLpgSQL_')) this.#enter(field, value);
      else if (field === 'dynquery') this.dynamic = true;
      if (field !== 'PLpgSQL_expr' && field !== 'PLpgSQL_type') below.push(value);
    }
    return below;
  }

  #enter(kind: string, value: unknown): void {
    if (!known.has(kind) || !isTree(value)) throw new Unread('the body holds something that is not known here');
    if (dynamic.has(kind)) this.dynamic = true;
    if (kind === 'PLpgSQL_stmt_commit' || kind === 'PLpgSQL_stmt_rollback') this.transactionControl = true;
    if (kind === 'PLpgSQL_expr') this.#expression(textIn(value, 'query') ?? '', numberIn(value, 'parseMode'));
    if (kind === 'PLpgSQL_type') this.#type(textIn(value, 'typname') ?? '');
  }

  /** Parse modes are raw_parser's: 0 a statement, 2 an expression, 3 to 5 an assignment. */
  #expression(query: string, mode: number): void {
    if (mode === 0) this.#read(query);
    else if (mode === 2) this.#read(`SELECT ${query}`);
    else if (mode >= 3 && mode <= 5) this.#assignment(query);
    else throw new Unread('the body holds a text of a kind that is not known here');
  }

  #assignment(query: string): void {
    const bytes = Buffer.from(query);
    let depth = 0;
    for (const token of this.#context.parser.scan(query)) {
      if (token.text === '(' || token.text === '[') depth += 1;
      if (token.text === ')' || token.text === ']') depth -= 1;
      if (depth === 0 && (token.text === ':=' || token.text === '=')) {
        this.#read(`SELECT ${bytes.subarray(token.end).toString()}`);
        this.#read(`SELECT ${bytes.subarray(0, token.start).toString()}`);
        return;
      }
    }
    throw new Unread('the body assigns in a way that is not known here');
  }

  /** A declared type can be a domain, whose checks run. */
  #type(name: string): void {
    if (name === '' || name === 'UNKNOWN') return;
    const taken = /%(row)?type\b[^"]*$/i.exec(name);
    if (taken === null) this.#read(`SELECT NULL::${name}`, this.types);
    else if (taken[1] !== undefined) this.#read(`SELECT 1 FROM ${name.slice(0, taken.index)} WHERE false`, this.types);
  }

  #read(text: string, into = this.statements): void {
    const read = this.#context.text(text, this.#context);
    const [only] = read;
    if (only === undefined || read.length !== 1) throw new Unread('the body holds a text that is not one statement');
    if (into === this.types && only.class !== 'read-candidate') throw new Unread('the body declares an odd type');
    into.push(only);
  }
}
