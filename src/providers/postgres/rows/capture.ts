import { contentFrom, digestOfRow, digestText, type Left, type RowsImage, type TableImage } from './image.ts';
import type { Content } from './image.ts';
import { versionText } from './left.ts';
import { type Needed, neededAtOnce } from './needed.ts';
import { type Inside, lookInside, rehearsed } from './rehearsal.ts';
import type { NotSecured } from './secured.ts';
import { type Described, describedIn } from './tables.ts';
import { ask, askAside, askText, askTextAside, type Row } from '../ask.ts';
import { countsOf } from '../counts.ts';
import { quotedName } from '../quoted.ts';
import type { Step } from '../step.ts';
import type { TableCount } from '../table-count.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Capture } from '../../../contract/provider.ts';
import { digestOf } from '../../../model/digest.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { PostgresTarget } from '../../../model/postgres-message.ts';

/** Each table is asked about several times, and what is asked about one request is bounded. */
export const mostTables = 12;
export const mostRows = 100_000;
/** Of all captured rows as text: what puts them back has to fit into an entry of the journal. */
export const mostText = 6 * 1024 * 1024;
/** A scan reads the whole table. */
export const mostBytes = 512 * 1024 * 1024;

/** The open transaction that is captured. */
export interface Writing {
  /** Whole id. */
  readonly transaction: string;
  readonly system: string;
  readonly database: string;
  /** The first multixact that can be its own. */
  readonly multixact: string;
}

/** A table that was changed, as the second line describes it. */
export interface Known extends Described {
  readonly count: TableCount;
}

/**
 * The rows that the open transaction changed or deleted, as they were: read past it by a second line that sees everything, and
 * put back for a trial. Not secured where anything of it is not exactly known, or does not come back.
 */
export function* rowsBefore(
  target: PostgresTarget,
  steps: readonly Step[],
  counts: readonly TableCount[],
  writing: Writing,
): Looking<Capture | NotSecured> {
  if (counts.length === 0) return { why: 'no table is known to have changed' };
  if (counts.length > mostTables) return { why: `more than ${mostTables} tables are changed at once` };
  const known = yield* knownTables(target, counts, writing);
  if ('why' in known) return known;
  // The counters go on counting rows that a savepoint took back.
  const takenBack = steps.some(({ statement }) => statement.facts.frame?.act === 'rollback-to');
  // What was left out of sight and what was taken back would make up for each other in the counters.
  const hidden = known.find((one) => takenBack && one.rowSecurity);
  if (hidden !== undefined) return { why: `${named(hidden)} has row security, and a savepoint was rolled back` };
  const low = lowOf(writing.transaction);
  const inside = yield* lookInside(
    target,
    known.map((one) => one.table),
    low,
    mostRows,
  );
  if ('why' in inside) return inside;
  const tables: TableImage[] = [];
  const generated = new Map<string, readonly Content[]>();
  for (const one of known) {
    const found = yield* captured(target, one, inside, low, writing.multixact, takenBack);
    if ('why' in found) return found;
    tables.push(found.table);
    generated.set(found.table.oid, found.generated);
  }
  const text = tables.flatMap((one) => one.rows).reduce((sum, row) => sum + lengthOf(row), 0);
  if (text > mostText) return { why: `the rows are more than ${mostText / 1024 / 1024} MB of text` };
  // A deferred trigger can defer another; and looking can run code of a policy.
  yield* ask(target, 'constraints');
  const now = yield* countsOf(target);
  if (JSON.stringify(now) !== JSON.stringify(counts)) return { why: 'more was changed while it was looked at' };
  const way = yield* rehearsed(target, neededOf(tables, known, inside, generated), low);
  if (typeof way !== 'string') return way;
  const { system, database } = writing;
  const { settings } = inside;
  const after = afterOf(tables, inside);
  const image: RowsImage = {
    kind: 'rows',
    entry: target.entry,
    major: target.major,
    system,
    database,
    tables,
    after,
    way,
    settings,
  };
  return { image: image as unknown as JsonObject, hashes: tables.flatMap(hashesOf) };
}

export function lowOf(transaction: string): string {
  return (BigInt(transaction) % 4_294_967_296n).toString();
}

export function afterOf(tables: readonly TableImage[], { left }: Inside): { [oid: string]: readonly Left[] } {
  return Object.fromEntries(tables.map(({ oid }) => [oid, left.get(oid) ?? []]));
}

export function neededOf(
  tables: readonly TableImage[],
  described: readonly Described[],
  { left }: Inside,
  generated: ReadonlyMap<string, readonly Content[]>,
): readonly Needed[] {
  return tables.map((table) => {
    const one = described.find((other) => other.table.oid === table.oid);
    return {
      ...neededAtOnce(table, left.get(table.oid) ?? []),
      table,
      triggers: one?.triggers !== false,
      deferrable: one?.deferrable !== false,
      generated: { columns: one?.generated ?? [], rows: generated.get(table.oid) ?? [] },
    };
  });
}

export function hashesOf({ schema, name, rows }: TableImage): readonly string[] {
  const table = `${schema}.${name}`;
  return rows.map((row) => digestOf('holdpoint/postgres-row/v1', { table, row: digestOfRow(row) }));
}

export function lengthOf(row: Content): number {
  return row.reduce((sum, value) => sum + (value?.length ?? 0), 0);
}

export function named({ table }: Described): string {
  return `\`${table.schema}.${table.name}\``;
}

/** Only where the second line leads to the same database, and all of these are tables that can be put back there. */
export function* knownTables(
  target: PostgresTarget,
  counts: readonly TableCount[],
  { system, database }: Writing,
): Looking<readonly Known[] | NotSecured> {
  yield* askAside(target, 'undoSession');
  const [server] = yield* askAside(target, 'server');
  if (server?.[0] !== system || server[2] !== database) return { why: 'the second line leads to another database' };
  const rows = yield* askAside(target, 'undoTables', JSON.stringify(counts.map((one) => one.oid)));
  const known = described(rows, counts);
  if ('why' in known) return known;
  return known.map((one, at) => ({ ...one, count: counts[at] ?? noCount(one) }));
}

function noCount({ table }: Described): TableCount {
  throw new TypeError(`nothing is counted of table ${table.oid}`);
}

/** What the question `undoTables` says of all of these, in their order. */
export function described(rows: readonly Row[], counts: readonly TableCount[]): readonly Described[] | NotSecured {
  const known: Described[] = [];
  for (const count of counts) {
    const row = rows.find(([oid]) => oid === count.oid);
    const one = row === undefined ? undefined : describedIn(row);
    if (one?.fit !== true) return { why: `\`${count.table}\` is no table whose rows can be put back` };
    if (!(one.size <= mostBytes)) return { why: `\`${count.table}\` is larger than ${mostBytes / 1024 / 1024} MB` };
    known.push(one);
  }
  return known;
}

export function* captured(
  target: PostgresTarget,
  one: Known,
  inside: Inside,
  low: string,
  multixact: string,
  takenBack: boolean,
): Looking<{ readonly table: TableImage; readonly generated: readonly Content[] } | NotSecured> {
  const { table, count } = one;
  const whole = { ...table, columns: [...table.columns, ...one.generated] };
  const left = inside.left.get(table.oid) ?? [];
  const found = yield* askTextAside(target, scanText(whole), 'rows before they were changed', low, multixact);
  if (found.length > mostRows || left.length > mostRows)
    return { why: `more than ${mostRows} rows of ${named(one)} are changed` };
  const tids = JSON.stringify(found.map(([tid]) => tid));
  const live = found.length > 0 ? yield* askText(target, liveText(table), 'rows that are still there', tids) : [];
  const untouched = new Set(live.map(versionText));
  const changed = found.filter((row) => !untouched.has(versionText(row))).map((row) => row.slice(2));
  const rows = changed.map((row) => row.slice(0, table.columns.length));
  const { inserted, updated, deleted } = count;
  // By construction no changed row is missing; that none is too many either is what the counters have to say.
  const exact = rows.length === deleted + left.length - inserted || takenBack;
  if (!exact || rows.length > updated + deleted)
    return { why: `the rows of ${named(one)} that were found are not as many as the server counted` };
  const twins = table.key.length === 0 ? { twins: yield* twinsOf(target, table, rows.map(digestOfRow)) } : {};
  const image = { ...table, ...twins, rows, left: left.map(({ version }) => version) };
  return { table: image, generated: changed.map((row) => row.slice(table.columns.length)) };
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
