import type { Column, TableImage } from './image.ts';
import type { Row } from '../ask.ts';

/** A table as the question `undoTables` describes it. */
export interface Described {
  readonly table: Omit<TableImage, 'rows' | 'left'>;
  /** Whether rows of such a table can be secured at all. */
  readonly fit: boolean;
  /** Bytes. */
  readonly size: number;
  readonly triggers: boolean;
  readonly rowSecurity: boolean;
  readonly deferrable: boolean;
  /** Whether something could keep the role that asked from deleting what it added. */
  readonly guarded: boolean;
  /** Columns that the server makes by itself, and keeps. */
  readonly generated: readonly Column[];
}

export function describedIn(row: Row): Described {
  const [oid, schema, name, fit, size, columnsText, keyText, uniques, references] = row;
  const [triggers, rowSecurity, deferrable, guarded, generatedText] = row.slice(9);
  const columns = columnsIn(columnsText);
  const key = (JSON.parse(keyText ?? '[]') as readonly string[]).map((one) =>
    columns.findIndex((column) => column.name === one),
  );
  return {
    table: {
      oid: oid ?? '',
      schema: schema ?? '',
      name: name ?? '',
      columns,
      key: key.includes(-1) ? [] : key,
      otherwiseUnique: Number(uniques) > (key.length > 0 ? 1 : 0),
      referencedBy: JSON.parse(references ?? '[]') as readonly string[],
    },
    fit: fit === 'true',
    size: size === null || size === undefined ? Number.POSITIVE_INFINITY : Number(size),
    triggers: triggers === 'true',
    rowSecurity: rowSecurity !== 'false',
    deferrable: deferrable !== 'false',
    guarded: guarded !== 'false',
    generated: columnsIn(generatedText),
  };
}

function columnsIn(text: string | null | undefined): readonly Column[] {
  const found = JSON.parse(text ?? '[]') as readonly (readonly [string, string, boolean])[];
  return found.map(([name, type, always]): Column => ({ name, type, always }));
}
