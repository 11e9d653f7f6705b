import type { ChangedRow, TableDiff } from './compare.ts';
import { named, type Table } from './drill/tables.ts';
import { RestoreRefused } from './restore/restore-refused.ts';
import { quotedName, quotedText, type Sql } from './restore/sql.ts';

type TableName = Pick<Table, 'schema' | 'name'>;

interface Column {
  readonly name: string;
  /** `pg_catalog.int4` */
  readonly type: string;
}

/**
 * SQL that puts back what a diff shows as gone or changed, one transaction, for a person to read and to send through the
 * gate. Rows that live alone has stay. Values are text as their types write it. Throws the server's own no.
 */
export async function takeBackSql(restored: Sql, table: TableName, diff: TableDiff): Promise<string> {
  const columns = await writableColumns(restored, table);
  const lines: string[] = [];
  for (const row of diff.rows)
    if (row.what !== 'new') lines.push(await putBack(restored, table, columns, diff.key, row));
  return ['BEGIN;', ...lines, 'COMMIT;', ''].join('\n');
}

async function putBack(
  restored: Sql,
  table: TableName,
  columns: readonly Column[],
  key: readonly string[],
  row: ChangedRow,
): Promise<string> {
  const names = columns.map(({ name }) => quotedName(name));
  const into = `INSERT INTO ${named(table)} (${names.join(', ')}) OVERRIDING SYSTEM VALUE`;
  if (key.length === 0) {
    // Known by all of itself, as the table's own row type writes it.
    const whole = `(SELECT ${quotedText(row.restored ?? '')}::${named(table)} AS r) holdpoint_row`;
    return `${into} SELECT ${names.map((one) => `(r).${one}`).join(', ')} FROM ${whole};`;
  }
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const where = key.map((name, at) => `${quotedName(name)} = ${cast(row.key[at] ?? null, types.get(name) ?? 'text')}`);
  const [values] = await restored.run(
    `SELECT ${columns.map(asText).join(', ')} FROM ONLY ${named(table)} WHERE ${where.join(' AND ')}`,
  );
  if (values === undefined) throw new RestoreRefused('place', `a row of ${named(table)} is not there any more`);
  const given = columns.map(({ type }, at) => cast(values[at] ?? null, type));
  return `${into} VALUES (${given.join(', ')})${onConflict(key, names)};`;
}

/** Money is written as its server's locale has it, and read as another's: as a number it means one thing. */
function asText({ name, type }: Column): string {
  return type === 'money' ? `${quotedName(name)}::pg_catalog.numeric::text` : `${quotedName(name)}::text`;
}

function cast(value: string | null, type: string): string {
  if (value === null) return 'NULL';
  return type === 'money' ? `${quotedText(value)}::pg_catalog.numeric::money` : `${quotedText(value)}::${type}`;
}

function onConflict(key: readonly string[], columns: readonly string[]): string {
  const keys = key.map(quotedName);
  const rest = columns.filter((one) => !keys.includes(one));
  const target = ` ON CONFLICT (${keys.join(', ')}) DO`;
  if (rest.length === 0) return `${target} NOTHING`;
  return `${target} UPDATE SET ${rest.map((one) => `${one} = EXCLUDED.${one}`).join(', ')}`;
}

/** All but those that the server computes. */
async function writableColumns(sql: Sql, table: TableName): Promise<readonly Column[]> {
  const rows = await sql.run(
    `SELECT attname, pg_catalog.format_type(atttypid, -1) FROM pg_catalog.pg_attribute
      WHERE attrelid = ${quotedText(named(table))}::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped
        AND attgenerated = '' ORDER BY attnum`,
  );
  return rows.map(([name, type]) => ({ name: name ?? '', type: type ?? '' }));
}
