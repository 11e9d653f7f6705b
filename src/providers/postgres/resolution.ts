import { ask } from './ask.ts';
import { bareOf, type Before, type BeforeTransactions, everTouched, isRemembered, keyOf, standing } from './before.ts';
import type { Empties } from './objects/copy-first.ts';
import { reachOf, type Reach, type Table } from './reach.ts';
import type { Remembering } from './remembering.ts';
import type { Step, View } from './step.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { Resolution, ResolveContext } from '../../contract/provider.ts';
import type { ObjectName, Sql } from '../../languages/sql/index.ts';
import type { Action, Resource } from '../../model/action.ts';
import { boundTo } from '../../model/environment.ts';
import type { Fact } from '../../model/hold.ts';
import type { PostgresMessage, PostgresTarget } from '../../model/postgres-message.ts';
import { refuse } from '../../model/refusal.ts';

/** What was resolved, and whether code that is reached does more than change rows, or may move a sequence on. */
export type Found = Resolution & {
  readonly beyondRows: boolean;
  readonly moves: boolean;
  /** By the place of each step: the tables that it empties by name. */
  readonly empties: readonly Empties[];
  /** By the place of each step: the relations that it drops by name, as they stood before. */
  readonly drops: readonly (readonly Table[])[];
};

/** What the names of the statements stand for, asked of the server on the very session that runs them. */
export function* resolution(
  target: PostgresMessage,
  steps: readonly Step[],
  actions: readonly Action[],
  view: View,
  context: Partial<Remembering> & ResolveContext,
  sql: Sql,
): Looking<Found> {
  const { transactions } = context;
  const environment = boundTo(context.environments, 'postgres', target.entry);
  if (environment === undefined) {
    const hint = 'a human binds it in holdpoint.yaml and applies that';
    throw refuse('DENIED', `no environment is bound to database \`${target.entry}\``, hint);
  }
  const reach = steps.some(asksNames)
    ? yield* reachOf(
        target,
        steps.map((one) => one.statement),
        sql,
        steps.flatMap((one) => one.message.types),
      )
    : untouched;
  if (view === 'inside' && reach.standing === 'unknown') throw refuseInside(reach);
  // That the session is read-only is no reason to call it a read: sequences, notifications and temporary tables pass it.
  if (view === 'alone' && reach.writes && reach.standing !== 'unknown' && steps.every(looksLikeRead))
    throw refuse(
      'DENIED',
      'it looks like a read and reaches code that may write',
      'send it in a transaction, BEGIN and COMMIT around it: there it is judged by what it does',
    );
  // A transaction that is open can neither take it back nor hold it; there is no Plan of it that a signature could run.
  if (view === 'inside' && actions.some((action) => action.reversibility === 'irreversible'))
    throw refuseInside({ ...reach, why: 'no transaction can take it back' });
  const earlier = view === 'plan' ? yield* beforeOf(target, steps, transactions) : undefined;
  const tables = tablesBefore(steps, reach, earlier);
  const on = steps.flatMap(({ statement }, at) =>
    statement.parts.map((part) => (part.on === undefined ? undefined : { on: part.on, table: tables.at(part.on, at) })),
  );
  const resolved = actions.map((action, at) =>
    withReach(action, resourceOf(target, on[at], environment.name), reach, view),
  );
  const doomed = doomedIn(steps, tables);
  const asked = doomed.filter((one) => !isKnown(earlier, one));
  const hanging =
    asked.length === 0 ? [] : yield* ask(target, 'dependents', JSON.stringify(asked.map((one) => one.oid)));
  const found = hanging.flatMap(([what]) => (what ? [what] : []));
  const dependents = [...new Set([...found, ...(earlier?.hanging ?? [])])].sort();
  if (view === 'inside' && transactions !== undefined) yield* remember(target, steps, reach, dependents, transactions);
  return {
    actions: resolved,
    facts: factsOf(steps, doomed, dependents),
    dependents: [...dependents, ...tables.all.map((one) => `table ${one.oid}`)],
    varyingFact: varyingFactOf(target, on),
    defaultMode: 'now',
    undo: undoOf(resolved),
    beyondRows: reach.acts.length > 0 || reach.standing === 'unknown',
    moves: reach.moves,
    empties: steps.map(({ statement }, step) => ({
      oids: namedAs(steps, tables, 'truncate', step).map((one) => one.oid),
      cascade: statement.facts.cascade,
    })),
    drops: steps.map((_, step) => namedAs(steps, tables, 'drop', step)),
  };
}

/** What an action is on, with the table that stood there before its transaction. */
interface On {
  readonly on: ObjectName;
  readonly table: Table | undefined;
}

interface TablesBefore {
  /** Undefined where it did not exist, or is no longer what it was when the step comes. */
  at(on: ObjectName, step: number): Table | undefined;
  named(path: readonly string[], step: number): Table | undefined;
  readonly all: readonly Table[];
}

/** The server's word for the open transaction: its process, and when it began. */
export function* transactionOf(target: PostgresTarget): Looking<string> {
  const [row] = yield* ask(target, 'opened');
  return `${target.entry} ${row?.[0] ?? ''} ${row?.[1] ?? ''}`;
}

function* beforeOf(
  target: PostgresTarget,
  steps: readonly Step[],
  transactions: BeforeTransactions | undefined,
): Looking<Before | undefined> {
  if (transactions === undefined || !steps.some(({ statement }) => isRemembered(statement))) return undefined;
  return transactions.of(yield* transactionOf(target));
}

function* remember(
  target: PostgresTarget,
  steps: readonly Step[],
  reach: Reach,
  hanging: readonly string[],
  transactions: BeforeTransactions,
): Looking<void> {
  const remembered = steps.filter(({ statement }) => isRemembered(statement));
  if (remembered.length === 0) return;
  const paths = remembered.flatMap(({ statement }) => statement.names.relations.map(({ path }) => path));
  const names = new Map(paths.map((path) => [keyOf(path), reach.tables.get(keyOf(path))]));
  transactions.add(yield* transactionOf(target), { names, hanging });
}

function tablesBefore(steps: readonly Step[], reach: Reach, earlier: Before | undefined): TablesBefore {
  const stands = standing(steps);
  const named = (path: readonly string[], step: number): Table | undefined => {
    if (stands[step]?.(path) !== true) return undefined;
    const key = keyOf(path);
    return earlier?.names.has(key) === true ? earlier.names.get(key) : reach.tables.get(key);
  };
  const touched = everTouched(steps);
  const first = steps.flatMap(({ statement }, step) =>
    statement.names.relations.flatMap(({ path }) => (touched.has(bareOf(path)) ? (named(path, step) ?? []) : [])),
  );
  const rest = [...reach.tables].flatMap(([key, one]) => (touched.has(bareOf(key.split('.'))) ? [] : [one]));
  return { at: ({ path }, step) => named(path, step), named, all: [...first, ...rest] };
}

function isKnown(earlier: Before | undefined, one: Table): boolean {
  return earlier !== undefined && [...earlier.names.values()].some((known) => known?.oid === one.oid);
}

const untouched: Reach = {
  standing: 'pure',
  why: undefined,
  tables: new Map(),
  role: '',
  acts: [],
  writes: false,
  moves: false,
};

function looksLikeRead({ statement }: Step): boolean {
  return statement.class === 'read-candidate';
}

/** A savepoint names nothing, and could not be asked about in a failed transaction. */
function asksNames({ statement }: Step): boolean {
  return statement.class !== 'frame';
}

/** Inside a transaction that the client holds open there is no hold over a single statement. */
function refuseInside(reach: Reach): Error {
  return refuse(
    'DENIED',
    `${reach.why ?? 'what it does is not known'}, so it is not run inside a transaction`,
    'send it by itself, outside a transaction: then a human can be asked',
  );
}

function withReach(action: Action, resource: Resource, reach: Reach, view: View): Action {
  const resources = [resource];
  if (reach.standing === 'unknown')
    return {
      ...action,
      resources,
      reversibility: 'unknown',
      why: `${action.why}; ${reach.why ?? 'what it does is not known'}`,
    };
  if (view === 'inside')
    return action.reversibility === 'read' && reach.standing === 'rolls-back'
      ? { ...action, resources, reversibility: 'provisional' }
      : { ...action, resources };
  const [act] = reach.acts;
  // Rows are counted inside the transaction; what else its code does is not.
  if (act !== undefined && action.reversibility !== 'irreversible')
    return { ...action, resources, reversibility: 'irreversible', why: `${action.why}; it reaches code that ${act}` };
  return { ...action, resources };
}

function resourceOf(target: PostgresTarget, found: On | undefined, environment: string): Resource {
  const environments = [environment];
  if (found === undefined) return { kind: 'postgres:database', id: target.entry, name: target.entry, environments };
  const { on, table } = found;
  const within = [target.entry];
  if (table !== undefined)
    return {
      kind: 'postgres:table',
      id: `${target.entry}/${table.oid}`,
      name: `${table.schema}.${table.name}`,
      environments,
      within,
    };
  const name = on.path.join('.');
  return { kind: `postgres:${on.kind}`, id: `${target.entry}/${on.kind}/${name}`, name, environments, within };
}

/** What the statements take away or empty, so that it matters what hangs on it. */
function doomedIn(steps: readonly Step[], tables: TablesBefore): readonly Table[] {
  return steps.flatMap((_, step) => [
    ...namedAs(steps, tables, 'drop', step),
    ...namedAs(steps, tables, 'truncate', step),
  ]);
}

function namedAs(
  steps: readonly Step[],
  tables: TablesBefore,
  role: 'drop' | 'truncate',
  step: number,
): readonly Table[] {
  const relations = steps[step]?.statement.names.relations ?? [];
  return relations.filter((one) => one.role === role).flatMap((one) => tables.named(one.path, step) ?? []);
}

function factsOf(steps: readonly Step[], doomed: readonly Table[], dependents: readonly string[]): readonly Fact[] {
  const facts: Fact[] = steps.slice(0, 20).map(({ statement }, at) => ({
    label: `Statement ${at + 1}`,
    value: statement.sentence,
    tone: 'plain',
    source: 'measured',
  }));
  if (steps.length > 20)
    facts.push({ label: 'More statements', value: String(steps.length - 20), tone: 'plain', source: 'measured' });
  for (const one of doomed) {
    const rows = one.rows < 0 ? 'not known' : `about ${one.rows}`;
    facts.push({ label: `Rows of ${one.schema}.${one.name}`, value: rows, tone: 'danger', source: 'estimated' });
  }
  if (dependents.length > 0)
    facts.push({ label: 'Hangs on it', value: dependents.slice(0, 20).join(', '), tone: 'danger', source: 'measured' });
  return facts;
}

/** What a signer types: the first thing that is named, else the database. */
function varyingFactOf(target: PostgresTarget, on: readonly (On | undefined)[]): string {
  const first = on.find((one) => one !== undefined);
  return first === undefined ? target.entry : (first.table?.name ?? first.on.path.at(-1) ?? target.entry);
}

function undoOf(actions: readonly Action[]): string {
  if (actions.every((one) => one.reversibility === 'read' || one.reversibility === 'provisional'))
    return 'nothing to undo';
  return actions.some((one) => one.reversibility === 'irreversible' || one.reversibility === 'unknown')
    ? 'none, unless what it changes is secured'
    : 'what was added is recorded and can be taken away again';
}
