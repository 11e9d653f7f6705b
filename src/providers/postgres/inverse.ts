import { ask, askText } from './ask.ts';
import type { TableCount } from './table-count.ts';
import type { Added, AddedRows, Made } from './added-image.ts';
import { quotedName } from './quoted.ts';
import { rowsAddedBy } from './rows/added.ts';
import { ours } from './rows/ours.ts';
import type { NotSecured } from './rows/secured.ts';
import type { Step } from './step.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { Capture } from '../../contract/provider.ts';
import { digestOf } from '../../model/digest.ts';
import type { JsonObject } from '../../model/json.ts';
import type { PostgresTarget } from '../../model/postgres-message.ts';

const mostRows = 100_000;
/** Finding the rows of this transaction reads the whole table. */
const mostBytes = 512 * 1024 * 1024;

/**
 * The inverse of a transaction that only added: found inside it, so that it is what was really added, triggers included.
 * Undefined where it is not known exactly; the act then counts as one that cannot be undone.
 */
export function* addedBy(
  target: PostgresTarget,
  steps: readonly Step[],
  tables: readonly TableCount[],
  identity: { readonly transaction: string; readonly system: string; readonly database: string },
  undoLine: boolean,
): Looking<Capture | NotSecured | undefined> {
  if (tables.some((one) => one.updated + one.deleted > 0)) return undefined;
  const low = (BigInt(identity.transaction) % 4_294_967_296n).toString();
  const made = yield* madeBy(target, steps, low);
  if (made === undefined) return undefined;
  if (made.length === 0) return yield* rowsAddedBy(target, steps, tables, identity, undoLine);
  // Rows of a table that is taken away whole go with it.
  const gone = new Set(made.filter((one) => one.what === 'relation').map((one) => one.oid));
  // The counters go on counting rows that a savepoint took back.
  const takenBack = steps.some(({ statement }) => statement.facts.frame?.act === 'rollback-to');
  const rows = yield* rowsAdded(
    target,
    tables.filter((one) => one.inserted > 0 && !gone.has(one.oid)),
    low,
    takenBack,
  );
  if (rows === undefined) return undefined;
  const { system, database } = identity;
  const added: Added = { entry: target.entry, major: target.major, system, database, rows, made };
  return {
    image: added as unknown as JsonObject,
    hashes: rows.map((one) =>
      digestOf('holdpoint/postgres-added/v1', { table: `${one.schema}.${one.name}`, rows: one.rows.length }),
    ),
  };
}

function* rowsAdded(
  target: PostgresTarget,
  tables: readonly TableCount[],
  low: string,
  takenBack: boolean,
): Looking<readonly AddedRows[] | undefined> {
  if (tables.length === 0) return [];
  const keys = yield* ask(target, 'keys', JSON.stringify(tables.map((one) => one.oid)));
  const found: AddedRows[] = [];
  for (const { oid, inserted } of tables) {
    const mine = keys.filter((row) => row[0] === oid);
    const [, schema, name, , size, known] = mine[0] ?? [];
    const columns = mine.flatMap((row) => (row[3] ? [row[3]] : []));
    // A key whose text hangs on the session's settings (DateStyle, TimeZone) would name another row, or none, later.
    if (!mine.every((row) => row[6] === 'true')) return undefined;
    if (!schema || !name || known !== 'true' || !(Number(size) <= mostBytes) || inserted > mostRows) return undefined;
    const rows = yield* askText(target, addedText(schema, name, columns), 'rows that were added', low);
    // A row that the agent may not see cannot be named.
    if (rows.length > inserted || (rows.length < inserted && !takenBack)) return undefined;
    found.push({ oid, schema, name, columns, rows: rows.map((row) => row.map((value) => value ?? '')) });
  }
  return found;
}

/** Rows whose version was made by the open transaction or one within it: newer ones of others are not in progress. */
function addedText(schema: string, name: string, columns: readonly string[]): string {
  const keys = columns.map((column) => `t.${quotedName(column)}::pg_catalog.text`).join(', ');
  return `SELECT ${keys}, pg_catalog.md5(t::pg_catalog.text) FROM ONLY ${quotedName(schema, name)} t WHERE ${ours('t')} LIMIT ${mostRows + 1}`;
}

const relations: ReadonlySet<string> = new Set([
  'postgres:create-table',
  'postgres:create-index',
  'postgres:create-view',
  'postgres:create-materialized-view',
  'postgres:create-sequence',
]);

/** Everything that these statements made, as the catalogue of the open transaction has it. Undefined where something made is not found. */
function* madeBy(target: PostgresTarget, steps: readonly Step[], low: string): Looking<readonly Made[] | undefined> {
  const parts = steps
    .flatMap(({ statement }) => statement.parts)
    .filter((part) => part.inverse === 'remove' && part.operation !== 'postgres:insert');
  if (parts.length === 0) return [];
  const asked: [string, string | null, string][] = [];
  for (const { operation, on } of parts) {
    const name = on?.path.at(-1);
    if (on === undefined || name === undefined) return undefined;
    const schema = on.path.length > 1 ? (on.path.at(-2) ?? null) : null;
    if (relations.has(operation) && (operation !== 'postgres:create-index' || on.kind === 'index'))
      asked.push(['relation', schema, name]);
    else if (operation === 'postgres:add-column' || operation === 'postgres:add-constraint')
      asked.push([operation === 'postgres:add-column' ? 'column' : 'constraint', schema, name]);
    else if (operation === 'postgres:create-schema') asked.push(['schema', null, name]);
    else if (operation === 'postgres:create-type') asked.push(['type', schema, name]);
    else return undefined;
  }
  const [session] = yield* ask(target, 'session');
  const rows = yield* ask(target, 'made', low, JSON.stringify(asked), session?.[0] ?? '[]');
  const made = rows.map(([, what, oid, kind, schema, name, member, id]): Made => ({
    what: what as Made['what'],
    oid: oid ?? '',
    kind: kind ?? '',
    schema: schema ?? '',
    name: name ?? '',
    member: member ?? '',
    id: id ?? '',
  }));
  // IF NOT EXISTS may have made nothing; anything else that is not found is not understood.
  const lenient = steps.every(
    ({ statement }) =>
      statement.facts.ifExists ||
      statement.parts.every((part) => part.inverse !== 'remove' || part.operation === 'postgres:insert'),
  );
  const missing = asked.some((_, at) => !rows.some((row) => row[0] === String(at + 1)));
  return missing && !lenient ? undefined : made;
}
