import { ask, type Row } from './ask.ts';
import { type Definition, definitionOf, standingOf, type Standing, worse } from './standing.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { Names, RelationRole, Sql, Statement } from '../../languages/sql/index.ts';
import type { PostgresTarget } from '../../model/postgres-message.ts';
import { Refused, refuse } from '../../model/refusal.ts';

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

/** What the statements reach, through views, triggers, defaults, functions and whatever those call. */
export interface Reach {
  readonly standing: Standing;
  /** Why it is `unknown`; holds no agent text but names of objects. */
  readonly why: string | undefined;
  /** By the path that the statement has: `schema.name` or `name`. */
  readonly tables: ReadonlyMap<string, Table>;
  readonly role: string;
  /** What code that is reached does besides changing rows, which nobody counts: sentences such as `empties `t``. */
  readonly acts: readonly string[];
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

/** So many rounds of "and what does that call": deeper is not followed, and counts as unknown. */
const mostRounds = 10;

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

/**
 * Resolves everything that these statements name, by the server's catalogue, under the session's own search_path and role.
 * `types`: oids that parameters were declared with, whose code runs when their values are bound.
 */
export function* reachOf(
  target: PostgresTarget,
  statements: readonly Statement[],
  sql: Sql,
  types: readonly number[] = [],
): Looking<Reach> {
  const [row] = yield* ask(target, 'session');
  const path = pathFrom(row?.[0]);
  const work = new Work(target, sql, path, row?.[1] ?? '');
  for (const statement of statements) work.statement(statement, path);
  for (const type of types) if (type !== 0) work.typeOid(String(type));
  for (const [oid] of yield* ask(target, 'planted')) work.functionOid(oid);
  for (let round = 0; work.open; round++) {
    if (round === mostRounds) work.fail('what it calls goes deeper than is followed');
    if (work.standing === 'unknown') break;
    yield* work.round();
  }
  return { standing: work.standing, why: work.why, tables: work.tables, role: work.role, acts: [...work.acts] };
}

/** PostgreSQL's own operators and types have to be found first: our own questions rely on it, and so does what we know. */
function pathFrom(text: string | null | undefined): readonly string[] {
  const path = JSON.parse(text ?? '[]') as readonly string[];
  const first = path.find((schema) => !schema.startsWith('pg_temp_'));
  if (first === 'pg_catalog') return path;
  throw refuse(
    'DENIED',
    'search_path has something before pg_catalog, so no name can be trusted',
    'leave pg_catalog out of search_path, or put it first',
  );
}

interface Named {
  readonly schema: string | null;
  readonly name: string;
  readonly path: readonly string[];
}

type Writing = 'none' | 'write' | 'truncate';

const roles: { readonly [role in RelationRole]: Writing } = {
  read: 'none',
  insert: 'write',
  update: 'write',
  delete: 'write',
  truncate: 'truncate',
  lock: 'none',
  define: 'none',
  alter: 'write',
  drop: 'none',
  maintain: 'write',
  refer: 'none',
};

/** What waits to be asked about, and what has been found. */
class Work {
  readonly tables = new Map<string, Table>();
  readonly role: string;
  readonly acts = new Set<string>();
  standing: Standing = 'pure';
  why: string | undefined;
  readonly #target: PostgresTarget;
  readonly #sql: Sql;
  readonly #path: readonly string[];
  #relations: (Named & { readonly writing: Writing })[] = [];
  #functions: Named[] = [];
  #operators: Named[] = [];
  #types: Named[] = [];
  #typeOids = new Set<string>();
  #functionOids = new Set<string>();
  #attributes: Named[] = [];
  /** Whether a statement was met that event triggers hear of: they are asked for once. */
  #heard: 'no' | 'yes' | 'asked' = 'no';
  readonly #seenFunctions = new Set<string>();
  readonly #seenTypes = new Set<string>();
  readonly #seenNames = new Set<string>();

  constructor(target: PostgresTarget, sql: Sql, path: readonly string[], role: string) {
    this.#target = target;
    this.#sql = sql;
    this.#path = path;
    this.role = role;
  }

  get open(): boolean {
    return (
      this.#relations.length + this.#functions.length + this.#operators.length + this.#types.length > 0 ||
      this.#typeOids.size + this.#functionOids.size + this.#attributes.length > 0 ||
      this.#heard === 'yes'
    );
  }

  fail(why: string): void {
    this.why ??= why;
    this.standing = 'unknown';
  }

  /** A statement of the agent's, or one that something reached would run. */
  statement(statement: Statement, path: readonly string[]): void {
    if (statement.class === 'unknown') return this.fail(statement.why ?? 'it is not understood');
    this.#names(statement.names, path);
    if (this.#heard === 'no' && !quietKinds.has(statement.kind)) this.#heard = 'yes';
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
    if (facts.withHold) return this.fail('it reaches a cursor that runs its query within the COMMIT');
    for (const part of statement.parts)
      if (!counted.has(part.operation) && (part.destroys || part.inverse !== 'nothing')) this.acts.add(part.sentence);
    return this.statement(statement, path);
  }

  typeOid(oid: string): void {
    if (!this.#seenTypes.has(oid)) this.#typeOids.add(oid);
  }

  functionOid(oid: string | null | undefined): void {
    if (oid && oid !== '0' && !this.#seenFunctions.has(oid)) this.#functionOids.add(oid);
  }

  *round(): Looking<void> {
    if (this.#heard === 'yes') {
      this.#heard = 'asked';
      for (const [oid] of yield* ask(this.#target, 'eventTriggers')) this.functionOid(oid);
    }
    yield* this.#askRelations();
    yield* this.#askFunctions();
    yield* this.#askOperators();
    yield* this.#askTypes();
    yield* this.#askAttributes();
    yield* this.#askDefinitions();
  }

  #names(names: Names, path: readonly string[]): void {
    for (const one of names.relations) {
      const named = namedBy(one.path, path);
      const writing = roles[one.role];
      if (this.#fresh(`r${writing}`, named)) this.#relations.push({ ...named, writing });
    }
    for (const one of names.functions) this.#callable(one.path, path);
    for (const one of names.operators) {
      const named = namedBy(one.path, path);
      if (this.#fresh('o', named)) this.#operators.push(named);
    }
    for (const one of names.types) {
      if (one.ofColumn) continue;
      const named = namedBy(one.path, path);
      if (this.#fresh('t', named)) this.#types.push(named);
    }
    for (const one of names.attributes) {
      const named = namedBy([one], path);
      if (this.#fresh('a', named)) this.#attributes.push(named);
    }
    if (names.prepared.length > 0) this.fail('it runs a prepared statement by name');
  }

  /** A call may also be a cast to a type of that name. */
  #callable(called: readonly string[], path: readonly string[]): void {
    const named = namedBy(called, path);
    if (this.#fresh('f', named)) this.#functions.push(named);
    if (this.#fresh('t', named)) this.#types.push(named);
  }

  #fresh(kind: string, named: Named): boolean {
    const key = JSON.stringify([kind, named.schema, named.name, named.schema === null ? named.path : []]);
    if (this.#seenNames.has(key)) return false;
    this.#seenNames.add(key);
    return true;
  }

  *#askRelations(): Looking<void> {
    const asked = this.#relations;
    this.#relations = [];
    for (const group of byPath(asked)) {
      const [first] = group;
      if (first === undefined) continue;
      const rows = yield* ask(this.#target, 'relations', listed(group), JSON.stringify(first.path));
      const written: { oid: string; writing: Writing }[] = [];
      const read: string[] = [];
      for (const row of rows) {
        const one = group[Number(row[0]) - 1];
        if (one === undefined) continue;
        const table = tableFrom(row);
        this.tables.set(one.schema === null ? one.name : `${one.schema}.${one.name}`, table);
        if (table.kind === 'f') this.fail(`it reaches \`${table.schema}.${table.name}\`, which is on another server`);
        const view = row[6];
        if (view) this.#view(view, one.writing);
        if (one.writing !== 'none' && table.system) this.fail('it changes the catalogue itself');
        if (one.writing !== 'none') written.push({ oid: table.oid, writing: one.writing });
        if (!table.system) read.push(table.oid);
      }
      yield* this.#askAttached(written);
      yield* this.#askRead(read);
    }
  }

  /** What a view shows is read; what is written to it is written to what it shows. */
  #view(text: string, writing: Writing): void {
    const statement = this.#text(text);
    if (statement === undefined) return;
    this.#body(statement, this.#path);
    if (writing === 'none') return;
    for (const one of statement.names.relations) {
      const named = namedBy(one.path, this.#path);
      if (this.#fresh(`r${writing}`, named)) this.#relations.push({ ...named, writing });
    }
  }

  *#askRead(oids: readonly string[]): Looking<void> {
    if (oids.length === 0) return;
    const list = JSON.stringify(oids);
    for (const [text] of yield* ask(this.#target, 'planned', list)) this.#expression(text);
    if ((yield* ask(this.#target, 'children', list)).length > 0) this.fail('a part of it is on another server');
  }

  /** What a write sets off: on the table itself, its partitions, and what its keys cascade to. */
  *#askAttached(written: readonly { readonly oid: string; readonly writing: Writing }[]): Looking<void> {
    for (const kind of ['write', 'truncate'] as const) {
      const oids = written.filter((one) => one.writing === kind).map((one) => one.oid);
      if (oids.length === 0) continue;
      for (const [what, oid, text, more] of yield* ask(this.#target, 'attached', JSON.stringify(oids), kind)) {
        if (what === 'table' && more === 'f') this.fail(`it reaches \`${text ?? ''}\`, which is on another server`);
        else if (what === 'function') this.functionOid(oid);
        else if (what === 'rule') this.fail('a rule rewrites it into something else');
        else if (what === 'type' && oid) this.#typeOids.add(oid);
        else if (what === 'text' && more === 'trigger') this.#trigger(text);
        else if (what === 'text' || what === 'texts') this.#expression(text);
      }
    }
  }

  /** WHEN of a trigger. */
  #trigger(text: string | null | undefined): void {
    const statement = this.#text(text);
    if (statement !== undefined) this.#names(statement.names, this.#path);
  }

  #expression(text: string | null | undefined): void {
    if (!text) return;
    const statement = this.#text(`SELECT ${text}`);
    if (statement !== undefined) this.#body(statement, this.#path);
  }

  #text(text: string | null | undefined): Statement | undefined {
    try {
      const settings = { standardConformingStrings: true, clientEncoding: 'UTF8', serverMajor: this.#target.major };
      const statements = this.#sql.read(text ?? '', settings);
      if (statements.length === 1) return statements[0];
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
    }
    this.fail('it reaches a definition that cannot be read');
    return undefined;
  }

  *#askFunctions(): Looking<void> {
    const asked = this.#functions;
    this.#functions = [];
    for (const group of byPath(asked)) {
      const rows = yield* ask(this.#target, 'functions', listed(group), JSON.stringify(group[0]?.path ?? []));
      // Whichever of the same name the server picks, it has to be harmless.
      for (const [, oid] of rows) this.functionOid(oid);
    }
  }

  *#askOperators(): Looking<void> {
    const asked = this.#operators;
    this.#operators = [];
    for (const group of byPath(asked)) {
      const rows = yield* ask(this.#target, 'operators', listed(group), JSON.stringify(group[0]?.path ?? []));
      for (const [oid] of rows) this.functionOid(oid);
    }
  }

  *#askTypes(): Looking<void> {
    const asked = this.#types;
    this.#types = [];
    const oids = [...this.#typeOids].filter((oid) => !this.#seenTypes.has(oid));
    this.#typeOids.clear();
    const groups = asked.length === 0 && oids.length > 0 ? [[]] : byPath(asked);
    for (const [index, group] of groups.entries()) {
      const path = JSON.stringify(group[0]?.path ?? this.#path);
      const rows = yield* ask(this.#target, 'types', listed(group), path, JSON.stringify(index === 0 ? oids : []));
      for (const [oid, kind, input, checks, made] of rows) {
        if (!oid || this.#seenTypes.has(oid)) continue;
        this.#seenTypes.add(oid);
        if (kind === 'b' || kind === 'r' || kind === 'm') this.functionOid(input);
        for (const text of JSON.parse(checks ?? '[]') as readonly string[]) this.#expression(text);
        for (const part of JSON.parse(made ?? '[]') as readonly string[]) this.typeOid(part);
      }
    }
  }

  *#askAttributes(): Looking<void> {
    const asked = this.#attributes;
    this.#attributes = [];
    for (const group of byPath(asked)) {
      const names = JSON.stringify(group.map((one) => one.name));
      const rows = yield* ask(this.#target, 'attributes', names, JSON.stringify(group[0]?.path ?? []));
      for (const [oid] of rows) this.functionOid(oid);
    }
  }

  *#askDefinitions(): Looking<void> {
    const oids = [...this.#functionOids];
    this.#functionOids.clear();
    if (oids.length === 0) return;
    for (const oid of oids) this.#seenFunctions.add(oid);
    for (const row of yield* ask(this.#target, 'definitions', JSON.stringify(oids))) this.#defined(definitionOf(row));
  }

  #defined(one: Definition): void {
    const found = standingOf(one, this.role);
    if (found.kind === 'known') {
      this.standing = worse(this.standing, found.standing);
      for (const part of one.parts) this.functionOid(part);
      return;
    }
    if (found.kind === 'unknown') return this.fail(found.why);
    const statement = this.#text(one.text);
    // A body of parsed statements is written out under the session's path, whatever path it runs under.
    const path = one.parsed ? this.#path : pathOf(one.path, this.#path);
    if (path === undefined) return this.fail(`\`${one.name}\` sets a search_path that is not followed`);
    if (statement?.class === 'unknown') this.fail(`\`${one.name}\` cannot be read to its end`);
    // What stands outside the body: the defaults of its arguments, which are written out under the session's path.
    if (statement !== undefined) this.#names({ ...statement.names, relations: [] }, this.#path);
    for (const { statement: inner } of statement?.inner ?? []) this.#body(inner, path);
    if (statement?.facts.opaque === true || statement?.facts.dynamic === true)
      this.fail(`\`${one.name}\` runs statements that are put together when it runs`);
    if (one.volatile) this.standing = worse(this.standing, 'rolls-back');
    return undefined;
  }
}

function namedBy(path: readonly string[], searched: readonly string[]): Named {
  const name = path.at(-1) ?? '';
  return { schema: path.length > 1 ? (path.at(-2) ?? null) : null, name, path: searched };
}

function byPath<T extends Named>(named: readonly T[]): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const one of named) {
    const key = JSON.stringify(one.path);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

function listed(named: readonly Named[]): string {
  return JSON.stringify(named.map(({ schema, name }) => [schema, name]));
}

function tableFrom([, oid, kind, schema, name, system, , rows, persistence]: Row): Table {
  return {
    oid: oid ?? '',
    kind: kind ?? '',
    schema: schema ?? '',
    name: name ?? '',
    system: system === 'true',
    rows: Number(rows ?? -1),
    temporary: persistence === 't',
  };
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
