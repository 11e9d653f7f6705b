import { named, pinOutput, readTable, type Table, tablesOf } from './drill/tables.ts';
import { RestoreRefused } from './restore/restore-refused.ts';
import { quotedName, quotedText, type Sql } from './restore/sql.ts';

/** One table of two servers. */
export interface ComparedTable {
  readonly schema: string;
  readonly name: string;
  /** Rows; absent where the table is not there. */
  readonly live?: number;
  readonly restored?: number;
  /** All rows are the same, whatever their order. */
  readonly same: boolean;
}

/** Rows of every table of one database, live and restored. Reads all of both: on a large live server that is felt. */
export async function* compareTables(live: Sql, restored: Sql): AsyncGenerator<ComparedTable> {
  await Promise.all([pinOutput(live), pinOutput(restored)]);
  const sides = [await known(live), await known(restored)] as const;
  for (const key of [...new Set(sides.flatMap((side) => [...side.keys()]))].sort()) {
    const [ours, theirs] = [sides[0].get(key), sides[1].get(key)];
    const [left, right] = [ours && (await readTable(live, ours)), theirs && (await readTable(restored, theirs))];
    const { schema = '', name = '' } = ours ?? theirs ?? {};
    yield {
      schema,
      name,
      ...(left === undefined ? {} : { live: Number(left.rows) }),
      ...(right === undefined ? {} : { restored: Number(right.rows) }),
      same: left !== undefined && right !== undefined && left.rows === right.rows && left.digest === right.digest,
    };
  }
}

/** A row that is not on both sides, or not the same. Values as JSON text, column by column. */
export interface ChangedRow {
  /** `gone`: restored has it and live has not. `new`: live alone has it. */
  readonly what: 'gone' | 'new' | 'changed';
  readonly key: readonly (string | null)[];
  readonly live?: string;
  readonly restored?: string;
}

export interface TableDiff {
  /** Columns by which rows are known; empty where the table has no key, and a row is known by all of itself. */
  readonly key: readonly string[];
  readonly gone: number;
  readonly added: number;
  readonly changed: number;
  /** The first of them, at most as many as was asked for. */
  readonly rows: readonly ChangedRow[];
}

/** Row by row, with bounded memory: both sides are read in the order of their keys. Throws `RestoreRefused` (`place`). */
export async function diffTable(
  live: Sql,
  restored: Sql,
  table: Pick<Table, 'schema' | 'name'>,
  most = 100,
): Promise<TableDiff> {
  await Promise.all([pinOutput(live), pinOutput(restored)]);
  const key = await keyOf(restored, table);
  const there = await keyOf(live, table);
  if (key === undefined || there === undefined)
    throw new RestoreRefused('place', `table ${named(table)} is not on both servers`);
  if (JSON.stringify(key) !== JSON.stringify(there))
    throw new RestoreRefused('place', `the key of ${named(table)} is another one now`);
  const counts = { gone: 0, new: 0, changed: 0 };
  const rows: ChangedRow[] = [];
  const [ours, theirs] = [new Walk(live, table, key), new Walk(restored, table, key)];
  try {
    let [left, right] = [await ours.next(), await theirs.next()];
    while (left !== undefined || right !== undefined) {
      const order = orderOf(left, right);
      const what = order < 0 ? 'new' : order > 0 ? 'gone' : 'changed';
      if (order !== 0 || left?.hash !== right?.hash) {
        counts[what]++;
        const one = order <= 0 ? left : right;
        if (rows.length < most && one !== undefined)
          rows.push(
            await shownRow({ what, key: one.key }, order <= 0 ? ours : undefined, order >= 0 ? theirs : undefined),
          );
      }
      if (order <= 0) left = await ours.next();
      if (order >= 0) right = await theirs.next();
    }
  } finally {
    await ours.end();
    await theirs.end();
  }
  return { key: key.map(({ name }) => name), gone: counts.gone, added: counts.new, changed: counts.changed, rows };
}

interface KeyColumn {
  readonly name: string;
  /** `pg_catalog.int4` */
  readonly type: string;
}

interface WalkedRow {
  readonly key: readonly (string | null)[];
  readonly hash: string;
}

async function known(sql: Sql): Promise<ReadonlyMap<string, Table>> {
  return new Map((await tablesOf(sql)).map((table) => [named(table), table]));
}

/** The primary key's columns; none of a table without one; undefined where there is no such table. */
async function keyOf(sql: Sql, table: Pick<Table, 'schema' | 'name'>): Promise<readonly KeyColumn[] | undefined> {
  const found = (await tablesOf(sql)).find((one) => one.schema === table.schema && one.name === table.name);
  if (found === undefined) return undefined;
  const rows = await sql.run(
    `SELECT a.attname, pg_catalog.format_type(a.atttypid, -1)
       FROM pg_catalog.pg_index i, pg_catalog.unnest(i.indkey) WITH ORDINALITY k(attnum, at), pg_catalog.pg_attribute a
      WHERE i.indrelid = ${found.oid} AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = k.attnum
      ORDER BY k.at`,
  );
  return rows.map(([name, type]) => ({ name: name ?? '', type: type ?? '' }));
}

const atOnce = 2000;

/** One side, in the order of its keys as bytes, which is the same on every server. */
class Walk {
  readonly #sql: Sql;
  readonly #table: Pick<Table, 'schema' | 'name'>;
  readonly #key: readonly KeyColumn[];
  #rows: readonly WalkedRow[] = [];
  #at = 0;
  #begun = false;

  constructor(sql: Sql, table: Pick<Table, 'schema' | 'name'>, key: readonly KeyColumn[]) {
    this.#sql = sql;
    this.#table = table;
    this.#key = key;
  }

  async next(): Promise<WalkedRow | undefined> {
    if (!this.#begun) await this.#begin();
    if (this.#at === this.#rows.length) {
      const rows = await this.#sql.run(`FETCH ${atOnce} FROM holdpoint_walk`);
      this.#rows = rows.map((row) => ({ key: row.slice(0, -1), hash: row.at(-1) ?? '' }));
      this.#at = 0;
    }
    return this.#rows[this.#at++];
  }

  /** The whole row by its key, or by itself where it has none. */
  async row(key: readonly (string | null)[]): Promise<string | undefined> {
    if (this.#key.length === 0) return key[0] ?? undefined;
    const where = this.#key.map(({ name, type }, at) => `${quotedName(name)} = ${quotedText(key[at] ?? '')}::${type}`);
    const [row] = await this.#sql.run(
      `SELECT pg_catalog.row_to_json(holdpoint_row)::text FROM ONLY ${named(this.#table)} holdpoint_row
        WHERE ${where.join(' AND ')}`,
    );
    return row?.[0] ?? undefined;
  }

  async end(): Promise<void> {
    if (this.#begun) await this.#sql.run('ROLLBACK');
  }

  async #begin(): Promise<void> {
    const whole = '(holdpoint_row.*)::text';
    const texts = this.#key.length === 0 ? [whole] : this.#key.map(({ name }) => `${quotedName(name)}::text`);
    const order = texts.map((text) => `${text} COLLATE "C"`).join(', ');
    this.#begun = true;
    await this.#sql.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await this.#sql.run(
      `DECLARE holdpoint_walk NO SCROLL CURSOR FOR
        SELECT ${texts.join(', ')}, pg_catalog.hashtextextended(${whole}, 0)::text
          FROM ONLY ${named(this.#table)} holdpoint_row ORDER BY ${order}`,
    );
  }
}

/** Negative: the left one comes first, and alone. */
function orderOf(left: WalkedRow | undefined, right: WalkedRow | undefined): number {
  if (left === undefined) return 1;
  if (right === undefined) return -1;
  for (const [at, text] of left.key.entries()) {
    const order = Buffer.compare(Buffer.from(text ?? ''), Buffer.from(right.key[at] ?? ''));
    if (order !== 0) return order;
  }
  return 0;
}

async function shownRow(
  found: Pick<ChangedRow, 'what' | 'key'>,
  ours: Walk | undefined,
  theirs: Walk | undefined,
): Promise<ChangedRow> {
  const [live, restored] = [await ours?.row(found.key), await theirs?.row(found.key)];
  return {
    ...found,
    ...(live === undefined ? {} : { live }),
    ...(restored === undefined ? {} : { restored }),
  };
}
