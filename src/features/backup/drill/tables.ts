import { type Findings, said } from './findings.ts';
import { quotedName, type Sql } from '../restore/sql.ts';

export interface Table {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
}

export interface TableRead extends Table {
  readonly rows: string;
  readonly digest: string;
}

/** `"schema"."name"` */
export function named({ schema, name }: Pick<Table, 'schema' | 'name'>): string {
  return `${quotedName(schema)}.${quotedName(name)}`;
}

/** Values are written in one way, whatever role or database say: the same rows have the same digest on every server. */
export async function pinOutput(sql: Sql): Promise<void> {
  await sql.run(
    `SET search_path = pg_catalog; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = postgres; SET TimeZone = 'UTC';
      SET extra_float_digits = 1; SET bytea_output = hex; SET lc_monetary = 'C'; SET xmlbinary = base64;
      SET quote_all_identifiers = off`,
  );
}

/** What has rows of its own and came with the copy. Foreign tables are another server's, and would reach it. */
export async function tablesOf(sql: Sql): Promise<readonly Table[]> {
  const rows = await sql.run(
    `SELECT c.oid::text, n.nspname, c.relname
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'p' AND (c.relkind = 'r' OR c.relispopulated)
        AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_(toast_)?temp_'
      ORDER BY n.nspname, c.relname`,
  );
  return rows.map(([oid, schema, name]) => ({ oid: oid ?? '', schema: schema ?? '', name: name ?? '' }));
}

/** Rows and a digest of them all, whatever their order. Reads every value, those kept apart included. */
export async function readTable(sql: Sql, table: Table): Promise<TableRead> {
  const [row] = await sql.run(
    `SELECT pg_catalog.count(*)::text,
        COALESCE(pg_catalog.sum(pg_catalog.hashtextextended((holdpoint_row.*)::text, 0)), 0)::text
      FROM ONLY ${named(table)} holdpoint_row`,
  );
  return { ...table, rows: row?.[0] ?? '', digest: row?.[1] ?? '' };
}

/** Every table, and that columns which may not be null hold no null. What cannot be read is a problem. */
export async function readTables(
  sql: Sql,
  database: string,
  findings: Findings,
  tell: (done: number, of: number) => void,
): Promise<readonly TableRead[]> {
  const tables = await tablesOf(sql);
  const read: TableRead[] = [];
  for (const [index, table] of tables.entries()) {
    try {
      read.push(await readTable(sql, table));
      await noNulls(sql, table, database, findings);
    } catch (thrown) {
      findings.problem(`table ${named(table)} of \`${database}\` cannot be read: ${said(thrown)}`);
    }
    tell(index + 1, tables.length);
  }
  return read;
}

/** A function takes a hundred arguments at most. */
const atOnce = 90;

async function noNulls(sql: Sql, table: Table, database: string, findings: Findings): Promise<void> {
  const columns = (
    await sql.run(
      `SELECT attname FROM pg_catalog.pg_attribute
        WHERE attrelid = ${table.oid} AND attnotnull AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    )
  ).map(([name]) => quotedName(name ?? ''));
  if (columns.length === 0) return;
  const counts: string[] = [];
  for (let at = 0; at < columns.length; at += atOnce)
    counts.push(`pg_catalog.num_nulls(${columns.slice(at, at + atOnce).join(', ')})`);
  const [row] = await sql.run(
    `SELECT pg_catalog.count(*)::text FROM ONLY ${named(table)} WHERE ${counts.join(' + ')} > 0`,
  );
  findings.checked.constraints += columns.length;
  if (row?.[0] !== '0')
    findings.problem(`${row?.[0]} rows of ${named(table)} in \`${database}\` hold a null where none may be`);
}
