import type { Content, Left, TableImage } from './image.ts';
import { oursNow } from './ours.ts';
import { quotedName } from '../quoted.ts';
import { type PostgresMessage, postgresMessage, type PostgresTarget } from '../../../model/postgres-message.ts';
import type { Plan } from '../../../model/plan.ts';

/** PostgreSQL takes 65,535; and a text stays well below what is read. */
const mostValues = 8_000;

/** One statement with its values as text. */
export interface Said {
  readonly text: string;
  readonly values: readonly (string | null)[];
}

/** Settings under which the text of values is what it was when it was captured. */
const settings = {
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  lc_monetary: 'C',
  xmloption: 'content',
};

/** One transaction; undefined where nothing is left to do. `session`: settings of the one that acted. */
export function planOf(
  target: PostgresTarget,
  said: readonly Said[],
  session: { readonly [name: string]: string } = {},
): Plan | undefined {
  if (said.length === 0) return undefined;
  const steps: PostgresMessage[] = [
    { ...postgresMessage(target, 'begin', 'BEGIN READ WRITE'), settings: { ...session, ...settings } },
    ...said.map((one) => messageOf(target, one)),
    postgresMessage(target, 'commit', 'COMMIT'),
  ];
  return { steps, effect: steps.length - 1 };
}

export function messageOf(target: PostgresTarget, { text, values }: Said): PostgresMessage {
  return {
    ...postgresMessage(target, 'statement', text),
    values: values.map((value) => (value === null ? null : new Uint8Array(Buffer.from(value)))),
  };
}

/** Oids of the tables, each behind those that its foreign keys lead to; in a circle some order. */
export function inOrder(tables: readonly TableImage[]): readonly string[] {
  const placed: string[] = [];
  const visit = (oid: string, path: readonly string[]): void => {
    if (placed.includes(oid) || path.includes(oid)) return;
    for (const parent of tables) if (parent.referencedBy.includes(oid)) visit(parent.oid, [...path, oid]);
    placed.push(oid);
  };
  for (const { oid } of tables) visit(oid, []);
  return placed;
}

export function inserting(table: TableImage, rows: readonly Content[]): readonly Said[] {
  const names = table.columns.map((column) => quotedName(column.name));
  // A table of no column that could be given has rows all the same.
  if (names.length === 0) return rows.map(() => ({ text: `INSERT INTO ${nameOf(table)} DEFAULT VALUES`, values: [] }));
  return inParts(rows, names.length).map((part) => {
    const tuples = tuplesOf(
      part.length,
      names.map(() => ''),
    );
    const text = `INSERT INTO ${nameOf(table)} (${names.join(', ')}) OVERRIDING SYSTEM VALUE VALUES ${tuples}`;
    return { text, values: part.flat() };
  });
}

/** Only the very version that was compared: what is written meanwhile is not hit. */
export function updating(
  table: TableImage,
  rows: readonly { readonly now: Left; readonly row: Content }[],
): readonly Said[] {
  const { places, types, sets } = settable(table);
  if (places.length === 0) return [];
  const names = ['tid', 'born', ...places.map((_, place) => `c${place}`)].join(', ');
  return inParts(rows, places.length + 2).map((part) => ({
    text: `UPDATE ONLY ${nameOf(table)} AS t SET ${sets.join(', ')} FROM (VALUES ${tuplesOf(part.length, [...version, ...types])}) AS v(${names}) WHERE t.ctid = v.tid AND t.xmin = v.born`,
    values: part.flatMap(({ now, row }) => [...now.version, ...places.map((at) => row[at] ?? null)]),
  }));
}

/**
 * The same rows once more, by their keys, where this very transaction has written them: a trigger that fired as others came
 * back may have been at them. What somebody else wrote is not hit.
 */
export function settling(table: TableImage, rows: readonly Content[]): readonly Said[] {
  const { places, types, sets } = settable(table);
  if (places.length === 0 || table.key.length === 0) return [];
  const keyed = table.key.map((at, place) => `t.${quotedName(table.columns[at]?.name ?? '')} = v.k${place}`);
  const keyTypes = table.key.map((at) => table.columns[at]?.type ?? '');
  const names = [...keyed.map((_, place) => `k${place}`), ...places.map((_, place) => `c${place}`)].join(', ');
  return inParts(rows, places.length + keyed.length).map((part) => ({
    text: `UPDATE ONLY ${nameOf(table)} AS t SET ${sets.join(', ')} FROM (VALUES ${tuplesOf(part.length, [...keyTypes, ...types])}) AS v(${names}) WHERE ${keyed.join(' AND ')} AND ${oursNow('t')}`,
    values: part.flatMap((row) => [...table.key, ...places].map((at) => row[at] ?? null)),
  }));
}

/** Columns that an UPDATE may set, but for the key; as `c0`, `c1`, … of `v`. */
function settable({ columns, key }: TableImage): {
  readonly places: readonly number[];
  readonly types: readonly string[];
  readonly sets: readonly string[];
} {
  const places = columns.flatMap(({ always }, at) => (always || key.includes(at) ? [] : [at]));
  return {
    places,
    types: places.map((at) => columns[at]?.type ?? ''),
    sets: places.map((at, place) => `${quotedName(columns[at]?.name ?? '')} = v.c${place}`),
  };
}

/** In parts, each of which fits into one statement. */
export function deleting(table: TableImage, rows: readonly Left[]): readonly Said[] {
  return inParts(rows, 2).map((part) => ({
    text: `DELETE FROM ONLY ${nameOf(table)} AS t USING (VALUES ${tuplesOf(part.length, version)}) AS v(tid, born) WHERE t.ctid = v.tid AND t.xmin = v.born`,
    values: part.flatMap((one) => one.version),
  }));
}

/** What this transaction added and nobody asked for: a trigger's own record of what is put back. */
export function sweeping(table: TableImage): readonly Said[] {
  const added = `DELETE FROM ONLY ${nameOf(table)} AS t WHERE ${oursNow('t')}`;
  if (table.rows.length === 0) return [{ text: added, values: [] }];
  const { key } = table;
  if (key.length === 0 || table.rows.length * key.length > mostValues) return [];
  const names = key.map((_, place) => `k${place}`).join(', ');
  const same = key.map((at, place) => `t.${quotedName(table.columns[at]?.name ?? '')} = v.k${place}`).join(' AND ');
  const tuples = tuplesOf(
    table.rows.length,
    key.map((at) => table.columns[at]?.type ?? ''),
  );
  const text = `${added} AND NOT EXISTS (SELECT 1 FROM (VALUES ${tuples}) AS v(${names}) WHERE ${same})`;
  return [{ text, values: table.rows.flatMap((row) => key.map((at) => row[at] ?? null)) }];
}

/** What goes from a table and what comes into it. */
export interface Exchange {
  readonly table: TableImage;
  readonly remove: readonly Left[];
  readonly insert: readonly Content[];
}

/** Values that the exchanges hold. */
export function valuesIn(exchanges: readonly Exchange[]): number {
  return exchanges.reduce(
    (sum, { table, remove, insert }) => sum + 2 * remove.length + insert.length * table.columns.length,
    0,
  );
}

/**
 * All of it in one statement: everything goes before anything comes, and keys between tables are checked at its end. Undefined
 * for what does not fit into one.
 */
export function exchanging(exchanges: readonly Exchange[]): Said | undefined {
  if (valuesIn(exchanges) > mostValues || exchanges.some(({ table }) => table.columns.length === 0)) return undefined;
  const values: (string | null)[] = [];
  const gone: string[] = [];
  const parts: string[] = [];
  for (const [at, { table, remove }] of exchanges.entries()) {
    if (remove.length === 0) continue;
    const tuples = tuplesOf(remove.length, version, values.length);
    values.push(...remove.flatMap((one) => one.version));
    gone.push(`(SELECT pg_catalog.count(*) FROM g${at})`);
    parts.push(
      `g${at} AS (DELETE FROM ONLY ${nameOf(table)} AS t USING (VALUES ${tuples}) AS v(tid, born) WHERE t.ctid = v.tid AND t.xmin = v.born RETURNING 1)`,
    );
  }
  const first = gone.length === 0 ? '' : ` WHERE ${gone.join(' + ')} >= 0`;
  for (const [at, { table, insert }] of exchanges.entries()) {
    if (insert.length === 0) continue;
    const types = table.columns.map((column) => column.type);
    const tuples = tuplesOf(insert.length, types, values.length);
    values.push(...insert.flat());
    const names = table.columns.map((column) => quotedName(column.name)).join(', ');
    const columns = types.map((_, place) => `c${place}`).join(', ');
    parts.push(
      `b${at} AS (INSERT INTO ${nameOf(table)} (${names}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM (VALUES ${tuples}) AS v(${columns})${first} RETURNING 1)`,
    );
  }
  return { text: `WITH ${parts.join(', ')} SELECT 1`, values };
}

const version = ['pg_catalog.tid', 'pg_catalog.xid'];

function nameOf({ schema, name }: TableImage): string {
  return quotedName(schema, name);
}

export function inParts<T>(rows: readonly T[], values: number): readonly (readonly T[])[] {
  const size = Math.max(1, Math.floor(mostValues / Math.max(1, values)));
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, at) => rows.slice(at * size, (at + 1) * size));
}

/** `($1::int4, $2), ($3, $4)`: the first row says the types. `from`: values that stand before. */
function tuplesOf(count: number, types: readonly string[], from = 0): string {
  const tuple = (row: number): string => {
    const values = types.map((type, at) => {
      const parameter = `$${from + row * types.length + at + 1}`;
      return row === 0 && type !== '' ? `${parameter}::${type}` : parameter;
    });
    return `(${values.join(', ')})`;
  };
  return Array.from({ length: count }, (_, row) => tuple(row)).join(', ');
}
