import { digestOfRow, type Left, type RowsImage, rowsImageIn, type TableImage } from './image.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { Added } from '../added-image.ts';

/** A key as JSON text. */
export function keyOf(values: readonly string[]): string {
  return JSON.stringify(values);
}

/** A version that no row has: what is only supposed to be there is never hit. */
const nowhere = ['', ''] as const;

/**
 * Makes of the rows that are there now (`now`, by key) those that would be there once newer acts were put back, newest
 * first. So the plan of an older act shows what others wrote, and not what the newer ones did.
 */
export function asIfUndone(
  image: RowsImage,
  table: TableImage,
  now: Map<string, Left>,
  newer: readonly JsonObject[],
): void {
  for (const content of newer) {
    const rows = rowsImageIn(content);
    const { system, database } = rows ?? (content as unknown as Added);
    if (system !== image.system || database !== image.database) continue;
    if (rows === undefined) withoutAdded(content as unknown as Added, table, now);
    else withoutChanged(rows, table, now);
  }
}

function withoutChanged({ tables, after }: RowsImage, table: TableImage, now: Map<string, Left>): void {
  for (const other of tables.filter((one) => one.oid === table.oid && isAlike(one, table))) {
    for (const left of after?.[other.oid] ?? []) now.delete(keyOf(left.key));
    for (const row of other.rows) {
      const key = other.key.map((at) => row[at] ?? '');
      now.set(keyOf(key), { version: nowhere, key, digest: digestOfRow(row) });
    }
  }
}

function withoutAdded({ rows }: Added, table: TableImage, now: Map<string, Left>): void {
  const key = table.key.map((at) => table.columns[at]?.name);
  for (const other of rows.filter((one) => one.oid === table.oid)) {
    if (other.columns.join('\0') !== key.join('\0')) continue;
    for (const row of other.rows) now.delete(keyOf(row.slice(0, key.length)));
  }
}

function isAlike(one: TableImage, other: TableImage): boolean {
  const of = ({ columns, key }: TableImage): string =>
    JSON.stringify([columns.map(({ name, type }) => [name, type]), key]);
  return of(one) === of(other);
}
