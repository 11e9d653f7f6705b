import type { Operation } from './operations.ts';
import type { Trait } from '../../model/action.ts';

/**
 * What a statement is by its form alone, mildest first; the worst of its parts wins.
 * - `read-candidate`: changes nothing *if* everything in `names` is proved to change nothing
 * - `provisional`: an open transaction can take it back, again only as far as `names` can
 * - `setting`: changes what the session means; understood by the gate, never forwarded blind
 * - `frame`: the transaction's frame, which the gate owns
 * - `unrollable`: can't run in a transaction, or has effects that a rollback doesn't take back
 * - `unknown`: not understood, or decided by something that only exists at run time
 */
export const statementClasses = ['read-candidate', 'provisional', 'setting', 'frame', 'unrollable', 'unknown'] as const;

export type StatementClass = (typeof statementClasses)[number];

/** The more restrictive of the two. */
export function worseClass(a: StatementClass, b: StatementClass): StatementClass {
  return statementClasses.indexOf(a) >= statementClasses.indexOf(b) ? a : b;
}

/**
 * What would put it back after the COMMIT, if it is recorded first.
 * - `nothing`: there is nothing to put back
 * - `remove`: take away what it added (rows by their keys, an object by its id)
 * - `set-back`: set the earlier value again (a name, an owner, a default, a definition)
 * - `image`: only captured data brings it back
 * - `lost`: nothing does
 */
export type Inverse = 'nothing' | 'remove' | 'set-back' | 'image' | 'lost';

/** A thing in the database as the statement names it: nothing here is resolved. */
export interface ObjectName {
  /** `table`, `function`, `schema`, `role`, …: the words of PostgreSQL's own grammar. */
  readonly kind: string;
  /** As written and folded by the parser: `[name]`, `[schema, name]`, `[database, schema, name]`. */
  readonly path: readonly string[];
  /** Argument types where the statement gives them. */
  readonly signature?: readonly string[];
}

/** One act within a statement: a writing CTE, one subcommand of ALTER TABLE, the INSERT and the UPDATE of an upsert. */
export interface Part {
  readonly operation: Operation;
  readonly class: StatementClass;
  /** What stands there now may be lost or overwritten by it. */
  readonly destroys: boolean;
  readonly inverse: Inverse;
  readonly traits: readonly Trait[];
  readonly on?: ObjectName;
  /** Short human words; names in it are the statement's, made visible and cut. */
  readonly sentence: string;
}

/** What a relation is named for. `define` does not exist yet; `refer` is named without being read or changed. */
export type RelationRole =
  | 'read'
  | 'insert'
  | 'update'
  | 'delete'
  | 'truncate'
  | 'lock'
  | 'define'
  | 'alter'
  | 'drop'
  | 'maintain'
  | 'refer';

export interface RelationName {
  readonly role: RelationRole;
  /** `[name]`, `[schema, name]`, `[database, schema, name]`. */
  readonly path: readonly string[];
  /** `ONLY`: inheriting tables and partitions are left out. */
  readonly only: boolean;
}

/** An argument of a call, as far as its form says. */
export interface Argument {
  readonly name?: string;
  /** The type it is cast to, or of the constant it is: `pg_catalog.int4`, `unknown` for a quoted literal. */
  readonly type?: string;
  /** Value of a constant, at most 1,000 characters. */
  readonly constant?: string;
  /** Number of the parameter it is. */
  readonly parameter?: number;
}

/** Where a function is named. `support` runs by itself later: of an aggregate, operator, type, cast, index, trigger. */
export type FunctionUse = 'call' | 'aggregate' | 'window' | 'procedure' | 'trigger' | 'sample' | 'support';

export interface FunctionName {
  readonly path: readonly string[];
  readonly use: FunctionUse;
  readonly arguments: readonly Argument[];
  readonly variadic: boolean;
}

export interface OperatorName {
  /** `[name]` or `[schema, name]`. */
  readonly path: readonly string[];
  readonly operands: 1 | 2;
  /** Not written, but used by the server: the `=` of IN, CASE, USING, NATURAL, BETWEEN's pair. */
  readonly implied: boolean;
}

export interface TypeName {
  readonly path: readonly string[];
  /** `t.c%TYPE`: the path names a column. */
  readonly ofColumn: boolean;
}

/** Everything the provider has to resolve by oid, under the session's own search_path and role. */
export interface Names {
  readonly relations: readonly RelationName[];
  readonly functions: readonly FunctionName[];
  readonly operators: readonly OperatorName[];
  readonly types: readonly TypeName[];
  readonly collations: readonly (readonly string[])[];
  /** Operator classes of indexes and partitions. */
  readonly operatorClasses: readonly (readonly string[])[];
  /** Access methods, tablespaces, schemas, roles, triggers, publications, … */
  readonly objects: readonly ObjectName[];
  /** `x` of `t.x` and `(r).x`: where there is no such column, PostgreSQL calls the function `x` with the row. */
  readonly attributes: readonly string[];
  readonly cursors: readonly string[];
  /** SQL-level prepared statements that are run. */
  readonly prepared: readonly string[];
}

/** A row lock, mildest first. */
export type RowLock = 'key share' | 'share' | 'no key update' | 'update';

export interface CopyFact {
  readonly direction: 'in' | 'out';
  readonly via: 'stream' | 'file' | 'program';
  /** File name or command line. */
  readonly target?: string;
}

export interface FrameFact {
  readonly act:
    | 'begin'
    | 'commit'
    | 'rollback'
    | 'savepoint'
    | 'release'
    | 'rollback-to'
    | 'prepare'
    | 'commit-prepared'
    | 'rollback-prepared';
  /** Savepoint, or global id of a prepared transaction. */
  readonly name?: string;
  readonly chain: boolean;
  readonly modes: TransactionModes;
}

export interface TransactionModes {
  readonly isolation?: string;
  readonly readOnly?: boolean;
  readonly deferrable?: boolean;
}

/**
 * How far a setting goes.
 * - `plain`: changes how answers look or how they are planned, nothing that is relied on here
 * - `relied`: Holdpoint pins it or mirrors it, so it must never be forwarded blind
 * - `unlisted`: not known here; counts as relied on
 */
export type SettingStanding = 'plain' | 'relied' | 'unlisted';

export interface SettingFact {
  /** Lower case. `all` for RESET ALL and DISCARD ALL. */
  readonly name: string;
  readonly act: 'set' | 'reset' | 'show' | 'discard' | 'listen';
  readonly scope: 'session' | 'local' | 'next' | 'standing';
  /** Values as written; undefined for DEFAULT and where they are no constants. */
  readonly values?: readonly string[];
  readonly modes?: TransactionModes;
  readonly standing: SettingStanding;
}

/** What the form of a statement says besides its class. */
export interface Facts {
  readonly returnsRows: boolean;
  readonly returning: boolean;
  /** An UPDATE or DELETE whose condition looks at no column, or a TRUNCATE. */
  readonly unbounded: boolean;
  readonly writingCte: boolean;
  readonly rowLock?: RowLock;
  /** Mode of LOCK TABLE, `access exclusive`. */
  readonly tableLock?: string;
  readonly explain?: 'plan' | 'analyze';
  readonly copy?: CopyFact;
  readonly onConflict?: 'nothing' | 'update';
  readonly withHold: boolean;
  readonly cascade: boolean;
  readonly concurrently: boolean;
  /** COMMIT or ROLLBACK inside a body. */
  readonly transactionControl: boolean;
  /** SQL that is put together at run time. */
  readonly dynamic: boolean;
  /** Code in another language, or that could not be read. */
  readonly opaque: boolean;
  /** Leaves code behind that runs later by itself: a function, trigger, rule, default, policy, operator. */
  readonly plants: boolean;
  /** SECURITY DEFINER: what it leaves behind runs with its owner's rights. */
  readonly definer: boolean;
  readonly temporary: boolean;
  /** OR REPLACE. */
  readonly replaces: boolean;
  /** IF EXISTS or IF NOT EXISTS. */
  readonly ifExists: boolean;
  readonly setting?: SettingFact;
  readonly frame?: FrameFact;
  /** Stands in a string with other statements. */
  readonly several: boolean;
}

/** How a statement holds another one. `plants`: it runs later, not now, and does not count for the class. */
export type Holding = 'explains' | 'prepares' | 'declares' | 'copies' | 'creates' | 'does' | 'plants';

export interface Inner {
  readonly holding: Holding;
  readonly statement: Statement;
}

/** One statement, read. A pure function of its text and the settings; nothing in it is resolved. */
export interface Statement {
  /** Exactly the bytes of it, without what separates it from its neighbours. */
  readonly text: string;
  /** Bytes into the whole text. */
  readonly start: number;
  readonly end: number;
  /** PostgreSQL's own name of the node: `DeleteStmt`. */
  readonly kind: string;
  /** Operation of the first part. */
  readonly verb: Operation;
  readonly class: StatementClass;
  /** Why it is `unknown`; undefined for the rest. Holds no agent text. */
  readonly why?: string;
  /** Never empty. */
  readonly parts: readonly Part[];
  readonly names: Names;
  readonly facts: Facts;
  /** Highest `$n`. */
  readonly parameters: number;
  /** Short human words for the whole. */
  readonly sentence: string;
  readonly inner: readonly Inner[];
}
