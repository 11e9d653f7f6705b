import { ask } from './ask.ts';
import { reachOf, type Reach, type Table } from './reach.ts';
import type { Step, View } from './step.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { Resolution, ResolveContext } from '../../contract/provider.ts';
import type { ObjectName, Sql } from '../../languages/sql/index.ts';
import type { Action, Resource } from '../../model/action.ts';
import { boundTo } from '../../model/environment.ts';
import type { Fact } from '../../model/hold.ts';
import type { PostgresMessage, PostgresTarget } from '../../model/postgres-message.ts';
import { refuse } from '../../model/refusal.ts';

/** What the names of the statements stand for, asked of the server on the very session that runs them. */
export function* resolution(
  target: PostgresMessage,
  steps: readonly Step[],
  actions: readonly Action[],
  view: View,
  context: ResolveContext,
  sql: Sql,
): Looking<Resolution> {
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
      )
    : untouched;
  if (view === 'inside' && reach.standing === 'unknown') throw refuseInside(reach);
  const on = steps.flatMap((step) => step.statement.parts.map((part) => part.on));
  const resolved = actions.map((action, at) =>
    withReach(action, resourceOf(target, on[at], reach, environment.name), reach, view),
  );
  const doomed = tablesOf(steps, reach);
  const hanging =
    doomed.length === 0 ? [] : yield* ask(target, 'dependents', JSON.stringify(doomed.map((one) => one.oid)));
  const dependents = hanging.flatMap(([what]) => (what ? [what] : [])).sort();
  return {
    actions: resolved,
    facts: factsOf(steps, reach, dependents),
    dependents: [...dependents, ...[...reach.tables.values()].map((one) => `table ${one.oid}`)],
    varyingFact: varyingFactOf(target, on, reach),
    defaultMode: 'now',
    undo: undoOf(resolved),
  };
}

const untouched: Reach = { standing: 'pure', why: undefined, tables: new Map(), role: '', acts: [] };

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

function resourceOf(target: PostgresTarget, on: ObjectName | undefined, reach: Reach, environment: string): Resource {
  const environments = [environment];
  if (on === undefined) return { kind: 'postgres:database', id: target.entry, name: target.entry, environments };
  const table = reach.tables.get(on.path.slice(-2).join('.'));
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
function tablesOf(steps: readonly Step[], reach: Reach): readonly Table[] {
  const doomed = steps.flatMap(({ statement }) =>
    statement.names.relations.filter((one) => one.role === 'drop' || one.role === 'truncate').map((one) => one.path),
  );
  return doomed.flatMap((path) => reach.tables.get(path.slice(-2).join('.')) ?? []);
}

function factsOf(steps: readonly Step[], reach: Reach, dependents: readonly string[]): readonly Fact[] {
  const facts: Fact[] = steps.slice(0, 20).map(({ statement }, at) => ({
    label: `Statement ${at + 1}`,
    value: statement.sentence,
    tone: 'plain',
    source: 'measured',
  }));
  if (steps.length > 20)
    facts.push({ label: 'More statements', value: String(steps.length - 20), tone: 'plain', source: 'measured' });
  for (const one of tablesOf(steps, reach)) {
    const rows = one.rows < 0 ? 'not known' : `about ${one.rows}`;
    facts.push({ label: `Rows of ${one.schema}.${one.name}`, value: rows, tone: 'danger', source: 'estimated' });
  }
  if (dependents.length > 0)
    facts.push({ label: 'Hangs on it', value: dependents.slice(0, 20).join(', '), tone: 'danger', source: 'measured' });
  return facts;
}

/** What a signer types: the first thing that is named, else the database. */
function varyingFactOf(target: PostgresTarget, on: readonly (ObjectName | undefined)[], reach: Reach): string {
  const first = on.find((one) => one !== undefined);
  if (first === undefined) return target.entry;
  return reach.tables.get(first.path.slice(-2).join('.'))?.name ?? first.path.at(-1) ?? target.entry;
}

function undoOf(actions: readonly Action[]): string {
  if (actions.every((one) => one.reversibility === 'read' || one.reversibility === 'provisional'))
    return 'nothing to undo';
  return actions.some((one) => one.reversibility === 'irreversible' || one.reversibility === 'unknown')
    ? 'none: rows are not captured yet'
    : 'what was added is recorded and can be taken away again';
}
