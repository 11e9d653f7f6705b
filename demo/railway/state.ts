import { createHash } from 'node:crypto';
import { canonical, type Json, type JsonObject, plain, type Row } from './json.ts';
import { type TableName, tableNames, tables } from './tables.ts';

/** One change to one row; `before` is null for an insert, `after` for a removal. */
export interface Change {
  readonly op: 'insert' | 'update' | 'remove';
  readonly table: TableName;
  readonly id: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

export interface Kept {
  readonly rows: ReadonlyMap<TableName, ReadonlyMap<string, Row>>;
  readonly counts: ReadonlyMap<string, number>;
  readonly minted: number;
}

export type Match = JsonObject | ((row: Row) => boolean);

/**
 * Everything the double knows. Rows are frozen; a write that alters nothing is no change, so a mutation that only
 * answers `true` cannot pass for one that acted.
 */
export class State {
  readonly #tables = new Map<TableName, Map<string, Row>>();
  readonly #seed: string;
  readonly #onChange: (change: Change) => void;
  readonly #now: () => number;
  readonly #counts = new Map<string, number>();
  #minted = 0;
  #version = 0;

  constructor(seed: string, onChange: (change: Change) => void, now: () => number) {
    this.#seed = seed;
    this.#onChange = onChange;
    this.#now = now;
    for (const name of tableNames) this.#tables.set(name, new Map());
  }

  /** Forgets everything and starts minting the same ids again. Not a change: nobody asked for it over the wire. */
  clear(): void {
    for (const table of this.#tables.values()) table.clear();
    this.#counts.clear();
    this.#minted = 0;
  }

  /** Everything as it is now, to come back to; rows are frozen, so this keeps no copies. */
  keep(): Kept {
    const rows = tableNames.map((name) => [name, new Map(this.#table(name))] as const);
    return { rows: new Map(rows), counts: new Map(this.#counts), minted: this.#minted };
  }

  /** Back to what `keep` kept. Not a change, as with `clear`. */
  putBack(kept: Kept): void {
    for (const name of tableNames) this.#tables.set(name, new Map(kept.rows.get(name)));
    this.#counts.clear();
    for (const [name, count] of kept.counts) this.#counts.set(name, count);
    this.#minted = kept.minted;
  }

  /** Counts real changes since the start. */
  get version(): number {
    return this.#version;
  }

  now(): string {
    return new Date(this.#now()).toISOString();
  }

  /** The next UUID (version 4 shaped), the same in every run with the same seed and the same order of calls. */
  mint(): string {
    this.#minted += 1;
    return uuidOf(`${this.#seed}:${this.#minted}`);
  }

  get(table: TableName, id: string): Row | undefined {
    return this.#table(table).get(id);
  }

  /** The next number under a name, above all it has answered before and above `above`. */
  count(name: string, above: number): number {
    const next = Math.max(above, this.#counts.get(name) ?? above) + 1;
    this.#counts.set(name, next);
    return next;
  }

  /** The row, or Railway's own sort of answer: `Volume not found`. */
  need(table: TableName, id: string): Row {
    const row = this.get(table, id);
    if (row === undefined) throw new Error(`${tables[table] ?? table} not found`);
    return row;
  }

  list(table: TableName, match: Match = {}): readonly Row[] {
    const test = typeof match === 'function' ? match : matcher(match);
    return [...this.#table(table).values()].filter(test);
  }

  find(table: TableName, match: Match): Row | undefined {
    return this.list(table, match)[0];
  }

  insert(table: TableName, fields: JsonObject): Row {
    const id = typeof fields['id'] === 'string' ? fields['id'] : this.mint();
    if (this.#table(table).has(id)) throw new Error(`${tables[table] ?? table} already exists`);
    const at = this.now();
    const row = freeze({ createdAt: at, updatedAt: at, ...(plain(fields) as JsonObject), id });
    this.#table(table).set(id, row);
    this.#changed({ op: 'insert', table, id, before: null, after: row });
    return row;
  }

  update(table: TableName, id: string, patch: JsonObject): Row {
    const before = this.need(table, id);
    const next = { ...before, ...(plain(patch) as JsonObject), id };
    if (canonical(next) === canonical(before)) return before;
    const after = freeze(patch['updatedAt'] === undefined ? { ...next, updatedAt: this.now() } : next);
    this.#table(table).set(id, after);
    this.#changed({ op: 'update', table, id, before, after });
    return after;
  }

  remove(table: TableName, id: string): Row {
    const before = this.need(table, id);
    this.#table(table).delete(id);
    this.#changed({ op: 'remove', table, id, before, after: null });
    return before;
  }

  removeAll(table: TableName, match: Match): readonly Row[] {
    return this.list(table, match).map((row) => this.remove(table, row.id));
  }

  /** All rows as plain data: tables by name, rows by id. Two snapshots can be compared or kept. */
  snapshot(): Readonly<Record<TableName, Readonly<Record<string, Row>>>> {
    const all = tableNames.map((name) => [name, Object.fromEntries(this.#table(name))] as const);
    return Object.fromEntries(all) as Record<TableName, Record<string, Row>>;
  }

  #table(name: TableName): Map<string, Row> {
    const table = this.#tables.get(name);
    if (table === undefined) throw new Error(`no table \`${name}\``);
    return table;
  }

  #changed(change: Change): void {
    this.#version += 1;
    this.#onChange(change);
  }
}

export function uuidOf(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function matcher(match: JsonObject): (row: Row) => boolean {
  const wanted = Object.entries(match);
  return (row) => wanted.every(([key, value]) => same(row[key] ?? null, value));
}

function same(left: Json, right: Json): boolean {
  return left === right || canonical(left) === canonical(right);
}

function freeze<T extends Row>(row: T): T {
  for (const value of Object.values(row)) deepFreeze(value);
  return Object.freeze(row);
}

function deepFreeze(value: Json): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value) as Json[]) deepFreeze(member);
}
