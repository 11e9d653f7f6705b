import type { TableDiff } from './compare.ts';
import { named, type Table } from './drill/tables.ts';
import { quotedName, quotedText, type Sql } from './restore/sql.ts';

/**
 * SQL that puts back what a diff shows as gone or changed, one transaction, for a person to read and to send through the
 * gate. Rows that live alone has stay. Throws the server's own no.
 */
export async function takeBackSql(
  restored: Sql,
  table: Pick<Table, 'schema' | 'name'>,
  diff: TableDiff,
): Promise<string> {
  const columns = await writableColumns(restored, table);
  const names = columns.map(quotedName).join(', ');
  const rest = columns.filter((one) => !diff.key.includes(one)).map(quotedName);
  const lines = diff.rows
    .filter(({ what, restored: row }) => what !== 'new' && row !== undefined)
    .map(({ restored: row = '' }) => {
      const from = `pg_catalog.json_populate_record(NULL::${named(table)}, ${quotedText(row)})`;
      return `INSERT INTO ${named(table)} (${names}) OVERRIDING SYSTEM VALUE SELECT ${names} FROM ${from}${onConflict(diff.key, rest)};`;
    });
  return ['BEGIN;', ...lines, 'COMMIT;', ''].join('\n');
}

function onConflict(key: readonly string[], rest: readonly string[]): string {
  if (key.length === 0) return '';
  const target = ` ON CONFLICT (${key.map(quotedName).join(', ')}) DO`;
  if (rest.length === 0) return `${target} NOTHING`;
  return `${target} UPDATE SET ${rest.map((one) => `${one} = EXCLUDED.${one}`).join(', ')}`;
}

/** All but those that the server computes. */
async function writableColumns(sql: Sql, table: Pick<Table, 'schema' | 'name'>): Promise<readonly string[]> {
  const rows = await sql.run(
    `SELECT attname FROM pg_catalog.pg_attribute
      WHERE attrelid = ${quotedText(named(table))}::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped
        AND attgenerated = '' ORDER BY attnum`,
  );
  return rows.map(([name]) => name ?? '');
}
