import { contentFrom, digestText, type Left, type TableImage, type Version } from './image.ts';
import type { Row, Sight } from '../ask.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { PostgresTarget } from '../../../model/postgres-message.ts';

export function versionText([tid, born]: Row | Version): string {
  return `${tid} ${born}`;
}

/** Those of the versions that were left which are still there. The line has to be set up. */
export function* leftRows(target: PostgresTarget, sight: Sight, table: TableImage): Looking<readonly Left[]> {
  const versions = new Set(table.left.map(versionText));
  const tids = JSON.stringify(table.left.map(([tid]) => tid));
  const elements = 'pg_catalog.json_array_elements_text($1::pg_catalog.json) e(value), ';
  const from = contentFrom(table, 't.ctid = e.value::pg_catalog.tid', elements);
  const text = `SELECT ${leftColumns(table)} FROM ${from}`;
  const rows = yield* sight.askText(target, text, 'rows that were left', tids);
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
