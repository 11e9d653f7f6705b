import { ask } from './ask.ts';
import { countsOf } from './counts.ts';
import { deferredNow } from './deferred.ts';
import { addedBy } from './inverse.ts';
import { emptyingBy, emptyingFacts, sharesOf } from './objects/at-commit.ts';
import { indexesDropped, sharesOfIndexed } from './objects/dropped-indexes.ts';
import { type Emptied, rowsEmptied } from './objects/emptied-capture.ts';
import type { Remembering } from './remembering.ts';
import { type Found, transactionOf } from './resolution.ts';
import { rowsBefore, type Writing } from './rows/capture.ts';
import { isSecured, type NotSecured, orNot } from './rows/secured.ts';
import type { TableCount } from './table-count.ts';
import type { Step } from './step.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { Capture, Measurement } from '../../contract/provider.ts';
import type { Action } from '../../model/action.ts';
import { digestOf } from '../../model/digest.ts';
import type { Fact } from '../../model/hold.ts';
import type { JsonObject } from '../../model/json.ts';
import type { PostgresTarget } from '../../model/postgres-message.ts';
import { refuse } from '../../model/refusal.ts';

/** What the open transaction really did; a transaction that wrote nothing is a read, whatever its statements looked like. */
export function* measured(
  target: PostgresTarget,
  steps: readonly Step[],
  found: Found,
  remembering: Remembering,
): Looking<Measurement> {
  const { multixact, undoLine } = remembering;
  // Deferred constraints and their triggers run now, before anybody judges.
  yield* deferredNow(target);
  const tables = yield* countsOf(target);
  const locks = yield* ask(target, 'locks');
  const [row] = yield* ask(target, 'transaction');
  const [transaction, system, timeline, database, generation, pid, holdable, exclusive, counting] = row ?? [];
  if (holdable !== '0')
    throw refuse('DENIED', 'a cursor WITH HOLD would run its query within the COMMIT', 'declare it without HOLD');
  if (counting !== 'on')
    throw refuse('DENIED', 'the server counts no rows, so what this did is not known', 'set track_counts = on there');
  if (transaction === null)
    return found.moves ? moved(target, found, system, database) : { ...nothing, actions: found.actions.map(asRead) };
  const intent: JsonObject = {
    transaction: transaction ?? null,
    system: system ?? null,
    timeline: timeline ?? null,
    database: database ?? null,
    generation: generation ?? null,
    pid: pid ?? null,
    entry: target.entry,
    major: target.major,
  };
  const identity = { transaction: transaction ?? '', system: system ?? '', database: database ?? '' };
  const emptying = yield* emptyingBy(target, steps, remembering, exclusive !== '0');
  const { emptied, taken } = emptying;
  const isOfRows = found.actions.every(
    ({ operation }) => ofRows.has(operation) || (emptied && operation === 'postgres:truncate'),
  );
  const plain = found.actions.map((action) => (taken && isOfRows ? asHidden(action) : measuredAction(action, tables)));
  const lost = emptied !== undefined || tables.some((one) => one.updated + one.deleted > 0);
  const dropsAlone = undoLine === true && dropsIndexes(found, tables);
  const reversible = !lost && !dropsAlone && plain.some((action) => action.reversibility === 'reversible');
  const added = reversible ? yield* addedBy(target, steps, tables, identity, undoLine === true) : undefined;
  const changed =
    added === undefined && undoLine === true && !taken && isOfRows && !found.beyondRows
      ? yield* changedBy(target, steps, tables, { ...identity, multixact }, emptied)
      : dropsAlone
        ? yield* orNot(indexesDropped(target, found.drops.flat(), yield* droppingBy(target, remembering), identity))
        : emptying.notSecured;
  const actions = isSecured(changed) ? found.actions.map(asSecured) : plain;
  const tried = added ?? changed;
  const shares = sharesOf(tables, emptied);
  const capture = isSecured(tried) ? tried : undefined;
  return {
    ...(capture === undefined ? {} : { capture }),
    tables: dropsAlone ? [...shares, ...sharesOfIndexed(found.drops.flat())] : shares,
    facts: [
      ...(emptied === undefined ? [] : emptyingFacts(emptied)),
      ...tables.map(factOf),
      ...notSecured(tried),
      ...locks.map(([table, mode]) => lockFact(table, mode)),
    ],
    hashes: [
      // What was signed for one cluster is another thing on any other, however alike their tables are.
      digestOf('holdpoint/postgres-server/v1', { system: system ?? null, database: database ?? null }),
      ...tables.map((one) =>
        digestOf('holdpoint/postgres-count/v1', {
          table: one.table,
          inserted: one.inserted,
          updated: one.updated,
          deleted: one.deleted,
        }),
      ),
    ],
    rows: shares.reduce((sum, one) => sum + one.rows, 0),
    intent,
    actions,
  };
}

/** Rows are all that it can have changed, but for what stood in tables that it emptied. */
function* changedBy(
  target: PostgresTarget,
  steps: readonly Step[],
  counts: readonly TableCount[],
  writing: Omit<Writing, 'multixact'> & { readonly multixact: string | undefined },
  emptied: Emptied | undefined,
): Looking<Capture | NotSecured | undefined> {
  const { multixact } = writing;
  if (emptied !== undefined) return yield* orNot(rowsEmptied(target, steps, counts, writing, emptied));
  return multixact === undefined
    ? undefined
    : yield* orNot(rowsBefore(target, steps, counts, { ...writing, multixact }));
}

function asSecured(action: Action): Action {
  if (!ofChanges.has(action.operation) && !ofTables.has(action.operation)) return action;
  return { ...action, reversibility: 'reversible', why: `${action.why}; the rows as they were are secured` };
}

const nothing: Measurement = Object.freeze({ facts: [], hashes: [], rows: 0 });

/** It may have moved a sequence on or counted a table anew, and did no more: no read, and there is nothing to put back. */
function moved(
  { entry, major }: PostgresTarget,
  { actions, beyondRows }: Found,
  system: string | null = null,
  database: string | null = null,
): Measurement {
  const image: JsonObject = { entry, major, system: system ?? '', database: database ?? '', rows: [], made: [] };
  const untouched = beyondRows ? actions : actions.map(asUntouched);
  return { ...nothing, capture: { image, hashes: [] }, actions: untouched };
}

/** A change of rows that hit none. */
function asUntouched(action: Action): Action {
  if (action.reversibility !== 'irreversible' || !ofChanges.has(action.operation)) return action;
  return { ...action, reversibility: 'reversible', why: `${action.why}; no row was changed` };
}

/** What has no business with locking a table, or anything else, for itself alone. */
const ofRows: ReadonlySet<string> = new Set([
  'postgres:select',
  'postgres:insert',
  'postgres:update',
  'postgres:delete',
  'postgres:merge',
  'postgres:lock-rows',
  'postgres:set',
  'postgres:reset',
  'postgres:commit',
  'postgres:savepoint',
  'postgres:set-constraints',
  'postgres:declare-cursor',
  'postgres:fetch',
  'postgres:close-cursor',
]);

/** What may have changed rows, by itself or by code that it calls. */
const ofChanges: ReadonlySet<string> = new Set([
  'postgres:select',
  'postgres:insert',
  'postgres:update',
  'postgres:delete',
  'postgres:merge',
  'postgres:lock-rows',
  'postgres:commit',
  'postgres:fetch',
]);

function* droppingBy(
  target: PostgresTarget,
  { transactions }: Remembering,
): Looking<Parameters<typeof indexesDropped>[2]> {
  return transactions.dropping.take(yield* transactionOf(target));
}

/** Drops indexes, and may look at something besides. */
function dropsIndexes({ actions, beyondRows }: Found, counts: readonly TableCount[]): boolean {
  const drops = actions.filter(({ operation }) => operation === 'postgres:drop-index');
  const rest = actions.filter(({ operation }) => operation !== 'postgres:drop-index');
  return drops.length > 0 && counts.length === 0 && !beyondRows && rest.every(({ operation }) => beside.has(operation));
}

const beside: ReadonlySet<string> = new Set([
  'postgres:select',
  'postgres:set',
  'postgres:reset',
  'postgres:commit',
  'postgres:savepoint',
]);

/** What takes a table for itself alone, and all of whose rows were copied before. */
const ofTables: ReadonlySet<string> = new Set(['postgres:truncate', 'postgres:drop-index']);

/** Something emptied, changed or dropped an object that no statement names: code that came between the look and the act. */
function asHidden(action: Action): Action {
  const why = `${action.why}; it changed an object that nothing in it names`;
  return { ...action, reversibility: 'irreversible', why };
}

function asRead(action: Action): Action {
  return { ...action, reversibility: 'read', why: `${action.why}; nothing was written` };
}

/**
 * A DELETE or UPDATE that hit nothing, anywhere, destroys nothing. One that adds rows by its form but changed or deleted
 * some (a trigger, an upsert) does.
 */
function measuredAction(action: Action, tables: readonly TableCount[]): Action {
  const lost = tables.reduce((sum, one) => sum + one.updated + one.deleted, 0);
  const rows =
    action.operation === 'postgres:delete' ||
    action.operation === 'postgres:update' ||
    action.operation === 'postgres:merge';
  if (rows && lost === 0 && action.reversibility === 'irreversible')
    return { ...action, reversibility: 'reversible', why: `${action.why}; no row was changed or deleted` };
  if (lost > 0 && (action.reversibility === 'reversible' || action.reversibility === 'read'))
    return { ...action, reversibility: 'irreversible', why: `${action.why}; rows were changed or deleted` };
  return action;
}

function factOf(one: TableCount): Fact {
  const parts = [
    [one.deleted, 'deleted'],
    [one.updated, 'changed'],
    [one.inserted, 'added'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} rows ${what}`);
  const destroys = one.deleted + one.updated > 0;
  return { label: one.table, value: said.join(', '), tone: destroys ? 'danger' : 'plain', source: 'measured' };
}

/** What a person who is asked should know of it. */
function notSecured(tried: Capture | NotSecured | undefined): readonly Fact[] {
  if (tried === undefined || isSecured(tried)) return [];
  return [{ label: 'Not secured', value: tried.why, tone: 'warning', source: 'measured' }];
}

function lockFact(table: string | null | undefined, mode: string | null | undefined): Fact {
  return {
    label: 'Locked until it ends',
    value: `${table ?? ''} (${mode ?? ''})`,
    tone: 'warning',
    source: 'measured',
  };
}
