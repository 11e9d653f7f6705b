import type { Content, Left, TableImage } from './image.ts';
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

/**
 * When something is done to a table: what goes before anything comes, rows that come (parents first), rows that change, and
 * what goes (children first), and last what triggers may have written over meanwhile.
 */
export interface Phase {
  readonly table: TableImage;
  readonly at: 'before' | 'insert' | 'update' | 'after' | 'last';
  readonly statements: readonly Said[];
}

/** Settings under which the text of values is what it was when it was captured. */
const settings = {
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  lc_monetary: 'C',
  xmloption: 'content',
};

/** One transaction; undefined where nothing is left to do. */
export function planOf(target: PostgresTarget, phases: readonly Phase[], order: readonly string[]): Plan | undefined {
  const place = (one: Phase): number => order.indexOf(one.table.oid);
  const at = (when: Phase['at']): readonly Phase[] =>
    phases.filter((one) => one.at === when).toSorted((left, right) => place(left) - place(right));
  const all = [
    ...at('before').toReversed(),
    ...at('insert'),
    ...at('update'),
    ...at('after').toReversed(),
    ...at('last'),
  ];
  const said = all.flatMap((one) => one.statements);
  if (said.length === 0) return undefined;
  const steps: PostgresMessage[] = [
    { ...postgresMessage(target, 'begin', 'BEGIN READ WRITE'), settings },
    ...said.map(({ text, values }) => ({
      ...postgresMessage(target, 'statement', text),
      values: values.map((value) => (value === null ? null : new Uint8Array(Buffer.from(value)))),
    })),
    postgresMessage(target, 'commit', 'COMMIT'),
  ];
  return { steps, effect: steps.length - 1 };
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
    text: `UPDATE ONLY ${nameOf(table)} AS t SET ${sets.join(', ')} FROM (VALUES ${tuplesOf(part.length, [...keyTypes, ...types])}) AS v(${names}) WHERE ${keyed.join(' AND ')} AND t.xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid`,
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

export function deleting(table: TableImage, rows: readonly Left[]): readonly Said[] {
  return inParts(rows, 2).map((part) => ({
    text: `DELETE FROM ONLY ${nameOf(table)} AS t USING (VALUES ${tuplesOf(part.length, version)}) AS v(tid, born) WHERE t.ctid = v.tid AND t.xmin = v.born`,
    values: part.flatMap((one) => one.version),
  }));
}

const version = ['pg_catalog.tid', 'pg_catalog.xid'];

function nameOf({ schema, name }: TableImage): string {
  return quotedName(schema, name);
}

function inParts<T>(rows: readonly T[], values: number): readonly (readonly T[])[] {
  const size = Math.max(1, Math.floor(mostValues / Math.max(1, values)));
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, at) => rows.slice(at * size, (at + 1) * size));
}

/** `($1::int4, $2), ($3, $4)`: the first row says the types. */
function tuplesOf(count: number, types: readonly string[]): string {
  const tuple = (row: number): string => {
    const values = types.map((type, at) => {
      const parameter = `$${row * types.length + at + 1}`;
      return row === 0 && type !== '' ? `${parameter}::${type}` : parameter;
    });
    return `(${values.join(', ')})`;
  };
  return Array.from({ length: count }, (_, row) => tuple(row)).join(', ');
}
