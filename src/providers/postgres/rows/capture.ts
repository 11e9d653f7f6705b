import { type Column, contentFrom, digestOfRow, digestText, type Left, type RowsImage } from './image.ts';
import type { Content, TableImage, Version } from './image.ts';
import { ask, askAside, askText, askTextAside, type Row } from '../ask.ts';
import { ours } from '../inverse.ts';
import { quotedName } from '../quoted.ts';
import type { Step } from '../step.ts';
import type { TableCount } from '../table-count.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Capture } from '../../../contract/provider.ts';
import { digestOf } from '../../../model/digest.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { PostgresTarget } from '../../../model/postgres-message.ts';

/** Each table is asked about several times, and what is asked about one request is bounded. */
const mostTables = 12;
const mostRows = 100_000;
/** Of all captured rows as text: what puts them back has to fit into an entry of the journal. */
const mostText = 6 * 1024 * 1024;
/** A scan reads the whole table. */
const mostBytes = 512 * 1024 * 1024;

/** The open transaction that is captured. */
export interface Writing {
  /** Whole id. */
  readonly transaction: string;
  readonly system: string;
  readonly database: string;
  /** The first multixact that can be its own. */
  readonly multixact: string;
}

/** A table as the second line describes it. */
interface Known extends Omit<TableImage, 'rows' | 'left'> {
  readonly count: TableCount;
  readonly rowSecurity: boolean;
}

/**
 * The rows that the open transaction changed or deleted, as they were: read past it by a second line that sees everything.
 * Undefined where anything of it is not exactly known; then nothing was secured.
 */
export function* rowsBefore(
  target: PostgresTarget,
  steps: readonly Step[],
  counts: readonly TableCount[],
  writing: Writing,
): Looking<Capture | undefined> {
  if (counts.length === 0 || counts.length > mostTables) return undefined;
  const known = yield* knownTables(target, counts, writing);
  if (known === undefined) return undefined;
  const may = yield* ask(target, 'mayLook', JSON.stringify(counts.map((one) => one.oid)));
  // The counters go on counting rows that a savepoint took back.
  const takenBack = steps.some(({ statement }) => statement.facts.frame?.act === 'rollback-to');
  const tables: TableImage[] = [];
  for (const one of known) {
    if (!may.some(([oid]) => oid === one.oid)) return undefined;
    // What was left out of sight and what was taken back would make up for each other in the counters.
    if (takenBack && one.rowSecurity) return undefined;
    const table = yield* captured(target, one, writing, takenBack);
    if (table === undefined) return undefined;
    tables.push(table);
  }
  const text = tables.flatMap((one) => one.rows).reduce((sum, row) => sum + lengthOf(row), 0);
  if (text > mostText) return undefined;
  return captureOf(target, tables, writing);
}

function lengthOf(row: Content): number {
  return row.reduce((sum, value) => sum + (value?.length ?? 0), 0);
}

function captureOf(target: PostgresTarget, tables: readonly TableImage[], writing: Writing): Capture {
  const { system, database } = writing;
  const image: RowsImage = { kind: 'rows', entry: target.entry, major: target.major, system, database, tables };
  const hashes = tables.flatMap((one) => {
    const table = `${one.schema}.${one.name}`;
    return one.rows.map((row) => digestOf('holdpoint/postgres-row/v1', { table, row: digestOfRow(row) }));
  });
  const left = tables.some((one) => one.left.length > 0);
  return {
    image: image as unknown as JsonObject,
    hashes,
    ...(left ? { afterwards: () => afterwards(target, tables) } : {}),
  };
}

/** Undefined unless the second line leads to the same database, and all of these are tables that can be put back there. */
function* knownTables(
  target: PostgresTarget,
  counts: readonly TableCount[],
  { system, database }: Writing,
): Looking<readonly Known[] | undefined> {
  yield* askAside(target, 'undoSession');
  const [server] = yield* askAside(target, 'server');
  if (server?.[0] !== system || server[2] !== database) return undefined;
  const rows = yield* askAside(target, 'undoTables', JSON.stringify(counts.map((one) => one.oid)));
  const known: Known[] = [];
  for (const count of counts) {
    const row = rows.find(([oid]) => oid === count.oid);
    if (row?.[3] !== 'true' || !(Number(row[4]) <= mostBytes)) return undefined;
    const table = tableOf(row);
    // An UPDATE may not set what is GENERATED ALWAYS.
    const comesByUpdate = count.updated > 0 || (count.deleted > 0 && count.inserted > 0);
    if (comesByUpdate && table.columns.some(({ always }, at) => always && !table.key.includes(at))) return undefined;
    known.push({ ...table, count, rowSecurity: row[10] !== 'false' });
  }
  return known;
}

/** A row of `undoTables`. */
export function tableOf(row: Row): Omit<TableImage, 'rows' | 'left'> {
  const [oid, schema, name, , , columnsText, keyText, uniques, references] = row;
  const found = JSON.parse(columnsText ?? '[]') as readonly (readonly [string, string, boolean])[];
  const columns = found.map(([column, type, always]): Column => ({ name: column, type, always }));
  const key = (JSON.parse(keyText ?? '[]') as readonly string[]).map((one) =>
    columns.findIndex((column) => column.name === one),
  );
  return {
    oid: oid ?? '',
    schema: schema ?? '',
    name: name ?? '',
    columns,
    key: key.includes(-1) ? [] : key,
    otherwiseUnique: Number(uniques) > (key.length > 0 ? 1 : 0),
    referencedBy: JSON.parse(references ?? '[]') as readonly string[],
  };
}

function* captured(
  target: PostgresTarget,
  { count, rowSecurity: _, ...table }: Known,
  { transaction, multixact }: Writing,
  takenBack: boolean,
): Looking<TableImage | undefined> {
  const low = (BigInt(transaction) % 4_294_967_296n).toString();
  const left = yield* askText(target, leftText(table), 'rows that were left', low);
  if (left.length > mostRows) return undefined;
  const found = yield* askTextAside(target, scanText(table), 'rows before they were changed', low, multixact);
  if (found.length > mostRows) return undefined;
  const tids = JSON.stringify(found.map(([tid]) => tid));
  const live = found.length > 0 ? yield* askText(target, liveText(table), 'rows that are still there', tids) : [];
  const untouched = new Set(live.map(versionText));
  const rows = found.filter((row) => !untouched.has(versionText(row))).map((row) => row.slice(2));
  const { inserted, updated, deleted } = count;
  // By construction no changed row is missing; that none is too many either is what the counters have to say.
  const exact = rows.length === deleted + left.length - inserted || takenBack;
  if (!exact || rows.length > updated + deleted) return undefined;
  const twins = table.key.length === 0 ? { twins: yield* twinsOf(target, table, rows.map(digestOfRow)) } : {};
  return { ...table, ...twins, rows, left: left.map(([tid, born]): Version => [tid ?? '', born ?? '']) };
}

/** How many rows have each of these contents, as everybody else sees the table. */
export function* twinsOf(
  target: PostgresTarget,
  table: Pick<TableImage, 'schema' | 'name' | 'columns'>,
  digests: readonly string[],
): Looking<{ readonly [digest: string]: number }> {
  const wanted = JSON.stringify([...new Set(digests)]);
  const text = `SELECT d.digest, pg_catalog.count(*)::pg_catalog.text FROM (SELECT ${digestText('q', table.columns)} AS digest
    FROM ${contentFrom(table, 'true')}) d WHERE d.digest IN (SELECT e FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) e) GROUP BY d.digest`;
  const rows = yield* askTextAside(target, text, 'equal rows', wanted);
  return Object.fromEntries(rows.map(([digest, count]) => [digest ?? '', Number(count)]));
}

function versionText([tid, born]: Row): string {
  return `${tid} ${born}`;
}

/** Every row version whose raw xmax can be the transaction's: its own id, one within it, or a multixact since it began. */
function scanText(table: Pick<TableImage, 'schema' | 'name' | 'columns'>): string {
  const where = `t.xmax <> '0'::pg_catalog.xid AND (pg_catalog.age(t.xmax) <= pg_catalog.age($1::pg_catalog.text::pg_catalog.xid)
    OR (pg_catalog.mxid_age(t.xmax) > 0 AND pg_catalog.mxid_age(t.xmax) <= pg_catalog.mxid_age($2::pg_catalog.text::pg_catalog.xid)))`;
  const columns = table.columns.map((_, at) => `, q.c${at}`).join('');
  return `SELECT q.tid::pg_catalog.text, q.born::pg_catalog.text${columns} FROM ${contentFrom(table, where)} LIMIT ${mostRows + 1}`;
}

/** Of these versions the ones that the transaction itself still sees: it did no more than lock them. */
function liveText({ schema, name }: Pick<TableImage, 'schema' | 'name'>): string {
  return `SELECT t.ctid::pg_catalog.text, t.xmin::pg_catalog.text
    FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) e(value), ONLY ${quotedName(schema, name)} t WHERE t.ctid = e.value::pg_catalog.tid`;
}

/** What the transaction wrote and left. */
function leftText({ schema, name }: Pick<TableImage, 'schema' | 'name'>): string {
  return `SELECT t.ctid::pg_catalog.text, t.xmin::pg_catalog.text FROM ONLY ${quotedName(schema, name)} t WHERE ${ours('t')} LIMIT ${mostRows + 1}`;
}

/** Right after the COMMIT: what the rows became, so that what is written later by others is told apart. */
function* afterwards(target: PostgresTarget, tables: readonly TableImage[]): Looking<JsonObject> {
  yield* askAside(target, 'undoSession');
  const after: { [oid: string]: readonly Left[] } = {};
  for (const table of tables) if (table.left.length > 0) after[table.oid] = yield* leftRows(target, table);
  return { after: after as unknown as JsonObject };
}

/** Those of the versions that were left which are still there. The second line has to be set up. */
export function* leftRows(target: PostgresTarget, table: TableImage): Looking<readonly Left[]> {
  const versions = new Set(table.left.map(versionText));
  const tids = JSON.stringify(table.left.map(([tid]) => tid));
  const elements = 'pg_catalog.json_array_elements_text($1::pg_catalog.json) e(value), ';
  const from = contentFrom(table, 't.ctid = e.value::pg_catalog.tid', elements);
  const rows = yield* askTextAside(target, `SELECT ${leftColumns(table)} FROM ${from}`, 'rows that were left', tids);
  return rows.filter((row) => versions.has(versionText(row))).map(leftOf);
}

/** Version, digest, key. */
export function leftColumns({ columns, key }: Pick<TableImage, 'columns' | 'key'>): string {
  const keys = key.map((at) => `, q.c${at}`).join('');
  return `q.tid::pg_catalog.text, q.born::pg_catalog.text, ${digestText('q', columns)}${keys}`;
}

export function leftOf([tid, born, digest, ...key]: Row): Left {
  return { version: [tid ?? '', born ?? ''], digest: digest ?? '', key: key.map((one) => one ?? '') };
}
