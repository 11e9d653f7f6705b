import { namedBy, type Writing, writingOf } from './reach-named.ts';
import { Waiting } from './reach-waiting.ts';
import { type Definition, standingOf, type Standing, worse } from './standing.ts';
import type { Names, Sql, Statement } from '../../languages/sql/index.ts';
import type { PostgresTarget } from '../../model/postgres-message.ts';
import { Refused } from '../../model/refusal.ts';

/** A table that the statements name, as the server knows it. */
export interface Table {
  readonly oid: string;
  /** r, p, v, m, S, f, … */
  readonly kind: string;
  readonly schema: string;
  readonly name: string;
  readonly system: boolean;
  /** The planner's estimate; -1 where it has none. */
  readonly rows: number;
  readonly temporary: boolean;
}

/** What the open transaction counts by itself, or what leaves nothing behind. */
const counted: ReadonlySet<string> = new Set([
  'postgres:select',
  'postgres:insert',
  'postgres:update',
  'postgres:delete',
  'postgres:merge',
  'postgres:lock-rows',
]);

/** Statements that no event trigger of the database hears of. */
const quietKinds: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'CopyStmt',
  'TruncateStmt',
  'LockStmt',
  'ExplainStmt',
  'VariableShowStmt',
  'VariableSetStmt',
  'TransactionStmt',
  'ConstraintsSetStmt',
  'FetchStmt',
  'DeclareCursorStmt',
  'ClosePortalStmt',
  'NotifyStmt',
  'ListenStmt',
  'UnlistenStmt',
]);

/** What statements and definitions name goes in here; what it amounts to, and what has still to be asked about, comes out. */
export class Gathering {
  readonly tables = new Map<string, Table>();
  readonly waiting = new Waiting();
  readonly acts = new Set<string>();
  /** Code that is reached may change rows or sequences, or notify. */
  writes = false;
  /** It may move a sequence on, or count a table anew, which takes no transaction id and which no rollback takes back. */
  moves = false;
  standing: Standing = 'pure';
  why: string | undefined;
  readonly target: PostgresTarget;
  readonly role: string;
  readonly path: readonly string[];
  readonly #sql: Sql;

  constructor(target: PostgresTarget, sql: Sql, path: readonly string[], role: string) {
    this.target = target;
    this.#sql = sql;
    this.path = path;
    this.role = role;
  }

  fail(why: string): void {
    this.why ??= why;
    this.standing = 'unknown';
  }

  /** A statement of the agent's, or one that something reached would run. */
  statement(statement: Statement, path: readonly string[]): void {
    if (statement.class === 'unknown') return this.fail(statement.why ?? 'it is not understood');
    this.#names(statement.names, path);
    if (!quietKinds.has(statement.kind)) this.waiting.eventTriggers();
    if (statement.parts.some((part) => part.operation === 'postgres:analyze')) this.moves = true;
    if (statement.class !== 'read-candidate') this.standing = worse(this.standing, 'rolls-back');
    return undefined;
  }

  /** The body of a function: what it runs counts, and what cannot be taken back is not known to be harmless. */
  #body(statement: Statement, path: readonly string[]): void {
    if (statement.class === 'unrollable' || statement.class === 'setting' || statement.class === 'frame')
      return this.fail(`it reaches code that ${statement.sentence}`);
    const { facts } = statement;
    if (facts.dynamic || facts.opaque || facts.transactionControl)
      return this.fail('it reaches code that puts its statements together when it runs');
    if (statement.class !== 'read-candidate') this.writes = true;
    if (facts.withHold) return this.fail('it reaches a cursor that runs its query within the COMMIT');
    for (const part of statement.parts)
      if (!counted.has(part.operation) && (part.destroys || part.inverse !== 'nothing')) this.acts.add(part.sentence);
    return this.statement(statement, path);
  }

  #names(names: Names, path: readonly string[]): void {
    for (const one of names.relations) this.waiting.relation(namedBy(one.path, path), writingOf[one.role]);
    for (const one of names.functions) this.waiting.callable(namedBy(one.path, path));
    for (const one of names.operators) this.waiting.operator(namedBy(one.path, path));
    for (const one of names.types) if (!one.ofColumn) this.waiting.type(namedBy(one.path, path));
    for (const one of names.attributes) this.waiting.attribute(namedBy([one], path));
    if (names.prepared.length > 0) this.fail('it runs a prepared statement by name');
  }

  /** What a view shows is read; what is written to it is written to what it shows. */
  view(text: string, writing: Writing): void {
    const statement = this.#text(text);
    if (statement === undefined) return;
    this.#body(statement, this.path);
    if (writing === 'none') return;
    for (const one of statement.names.relations) this.waiting.relation(namedBy(one.path, this.path), writing);
  }

  /** WHEN of a trigger. */
  trigger(text: string | null | undefined): void {
    const statement = this.#text(text);
    if (statement !== undefined) this.#names(statement.names, this.path);
  }

  expression(text: string | null | undefined): void {
    if (!text) return;
    const statement = this.#text(`SELECT ${text}`);
    if (statement !== undefined) this.#body(statement, this.path);
  }

  defined(one: Definition): void {
    const found = standingOf(one, this.role);
    if (found.kind === 'known') {
      this.standing = worse(this.standing, found.standing);
      if (found.standing !== 'pure') this.writes = true;
      if (one.system && one.bare === 'nextval') this.moves = true;
      for (const part of one.parts) this.waiting.functionOid(part);
      return;
    }
    if (found.kind === 'unknown') return this.fail(found.why);
    const statement = this.#text(one.text);
    // A body of parsed statements is written out under the session's path, whatever path it runs under.
    const path = one.parsed ? this.path : pathOf(one.path, this.path);
    if (path === undefined) return this.fail(`\`${one.name}\` sets a search_path that is not followed`);
    if (statement?.class === 'unknown') this.fail(`\`${one.name}\` cannot be read to its end`);
    // What stands outside the body: the defaults of its arguments, which are written out under the session's path.
    if (statement !== undefined) this.#names({ ...statement.names, relations: [] }, this.path);
    for (const { statement: inner } of statement?.inner ?? []) this.#body(inner, path);
    if (statement?.facts.opaque === true || statement?.facts.dynamic === true)
      this.fail(`\`${one.name}\` runs statements that are put together when it runs`);
    if (one.volatile) this.standing = worse(this.standing, 'rolls-back');
    return undefined;
  }

  #text(text: string | null | undefined): Statement | undefined {
    try {
      const settings = { standardConformingStrings: true, clientEncoding: 'UTF8', serverMajor: this.target.major };
      const statements = this.#sql.read(text ?? '', settings);
      if (statements.length === 1) return statements[0];
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
    }
    this.fail('it reaches a definition that cannot be read');
    return undefined;
  }
}

/** A function's own `SET search_path`, where it is plain names. */
function pathOf(setting: string | undefined, session: readonly string[]): readonly string[] | undefined {
  if (setting === undefined) return session;
  const value = setting.slice('search_path='.length).trim();
  const names = value === '' || value === '""' ? [] : value.split(',').map((one) => one.trim());
  const plain = names.map((one) => /^"([^"]*)"$/.exec(one)?.[1] ?? one);
  if (!plain.every((one) => /^[a-z_][a-z0-9_$]*$/.test(one) || one === '$user') || plain.includes('$user'))
    return undefined;
  const rest = plain.filter((one) => one !== 'pg_catalog');
  if (plain.includes('pg_catalog') && plain[0] !== 'pg_catalog') return undefined;
  return ['pg_catalog', ...rest];
}
