import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../model/json.ts';
import { quotedName } from '../quoted.ts';

/** A column as it was when its rows were captured. */
export interface Column {
  readonly name: string;
  /** As a cast names it, under a search_path of pg_catalog alone. */
  readonly type: string;
  /** GENERATED ALWAYS AS IDENTITY: an INSERT may give it, an UPDATE may not. */
  readonly always: boolean;
}

/** A row's own columns as text under the settings of `undoSession`, generated ones left out. */
export type Content = readonly (string | null)[];

/** Which version of a row it is: ctid and xmin. */
export type Version = readonly [tid: string, xmin: string];

/** What a transaction changed in one table that holds rows itself. */
export interface TableImage {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  /** Places in `columns` of a key that no two rows share and that is never null; empty where there is none. */
  readonly key: readonly number[];
  /** Other unique indexes than the key, so that what goes has to go before what comes. */
  readonly otherwiseUnique: boolean;
  /** Oids of the tables whose foreign keys lead here. */
  readonly referencedBy: readonly string[];
  /** The rows that it changed or deleted, as they were. */
  readonly rows: readonly Content[];
  /** The rows that it left changed or added: which versions they are. */
  readonly left: readonly Version[];
  /** Where there is no key: how many rows had this content before the act, by digest. */
  readonly twins?: { readonly [digest: string]: number };
}

/** A row as an act left it. */
export interface Left {
  readonly version: Version;
  readonly key: readonly string[];
  readonly digest: string;
}

/** Everything that a transaction changed and deleted, secured before its COMMIT. */
export interface RowsImage {
  readonly kind: 'rows';
  readonly entry: string;
  readonly major: number;
  readonly system: string;
  readonly database: string;
  readonly tables: readonly TableImage[];
  /** By the oid of the table: what `left` holds, looked at before the COMMIT. */
  readonly after?: { readonly [oid: string]: readonly Left[] };
  /** The way that was rehearsed; where it is not said, `in-place`. */
  readonly way?: Way;
  /** Settings of the session that acted, under which the way back was rehearsed. */
  readonly settings?: { readonly [name: string]: string };
  /** Nothing but added rows: where there is no second line they can be looked at without one. */
  readonly own?: boolean;
}

/**
 * How changed rows become what they were: set where they are, or deleted and inserted anew in one statement, which no trigger
 * of an UPDATE hears of and in which no two rows are in each other's way.
 */
export type Way = 'in-place' | 'anew';

/** The image as it was stored; undefined for one of another kind. */
export function rowsImageIn(image: JsonObject): RowsImage | undefined {
  return image['kind'] === 'rows' ? (image as unknown as RowsImage) : undefined;
}

/** The same that `digestText` makes of a row in SQL: each column's length in bytes and its text, `-` for null. */
export function digestOfRow(row: Content): string {
  const said = row.map((value) => (value === null ? '-' : `${Buffer.byteLength(value)}:${value}`));
  return createHash('sha256').update(said.join('')).digest('hex');
}

/** Null only where the value itself is: a composite of nulls is a value. By the type's own output function, never by a cast. */
export function contentText(alias: string, { name }: Column): string {
  const column = `${alias}.${quotedName(name)}`;
  return `CASE WHEN pg_catalog.num_nulls(${column}) = 0 THEN pg_catalog.format('%s', ${column}) END`;
}

/** Of columns `c0`, `c1`, … of `alias`. */
export function digestText(alias: string, columns: readonly Column[]): string {
  const parts = columns.map((_, at) => {
    const value = `${alias}.c${at}`;
    const bytes = `pg_catalog.octet_length(pg_catalog.convert_to(${value}, 'UTF8'))`;
    return `COALESCE(${bytes}::pg_catalog.text || ':' || ${value}, '-')`;
  });
  const text = parts.length === 0 ? `''` : parts.join(' || ');
  return `pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(${text}, 'UTF8')), 'hex')`;
}

/** `FROM ONLY table` with its rows' versions and columns as text: `tid`, `born`, `c0`, `c1`, … */
export function contentFrom(table: Pick<TableImage, 'schema' | 'name' | 'columns'>, where: string, join = ''): string {
  const columns = table.columns.map((column, at) => `${contentText('t', column)} AS c${at}`);
  const all = ['t.ctid AS tid', 't.xmin AS born', ...columns].join(', ');
  return `(SELECT ${all} FROM ${join}ONLY ${quotedName(table.schema, table.name)} t WHERE ${where} OFFSET 0) q`;
}
