import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Collection, collections, type Found, type Query, type StoredRecord } from '../../contract/store.ts';
import { canonicalJson } from '../../model/json.ts';
import { StoreFault } from './fault.ts';
import { memberExpression } from './schema.ts';

/** The reads and writes of one connection, as prepared statements. Synchronous, as node:sqlite is. */
export class Rows {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get(collection: Collection, key: string): StoredRecord | undefined {
    const row = this.#prepare(`SELECT record FROM ${table(collection)} WHERE key = ?`).get(exactText(key));
    return row === undefined ? undefined : recordFrom(row['record']);
  }

  find(collection: Collection, query: Query = {}): readonly Found[] {
    const { sql, values } = selection(collection, query);
    return this.#prepare(sql)
      .all(...values)
      .map((row) => ({ key: String(row['key']), record: recordFrom(row['record']) }));
  }

  /** Whether it was inserted; false when the key was taken. */
  insert(collection: Collection, key: string, record: StoredRecord): boolean {
    return this.insertText(collection, key, recordText(record));
  }

  /** The same with the record's canonical JSON. */
  insertText(collection: Collection, key: string, text: string): boolean {
    const sql = `INSERT INTO ${table(collection)} (key, record) VALUES (?, ?) ON CONFLICT DO NOTHING`;
    return Number(this.#prepare(sql).run(exactText(key), text).changes) === 1;
  }

  put(collection: Collection, key: string, record: StoredRecord): void {
    const sql = `INSERT INTO ${table(collection)} (key, record) VALUES (?, ?) ON CONFLICT DO UPDATE SET record = excluded.record`;
    this.#prepare(sql).run(exactText(key), recordText(record));
  }

  remove(collection: Collection, key: string): void {
    this.#prepare(`DELETE FROM ${table(collection)} WHERE key = ?`).run(exactText(key));
  }

  /** Statements that steer transactions; prepared once, since they run around every one. */
  steer(sql: 'BEGIN IMMEDIATE' | 'COMMIT' | 'ROLLBACK' | 'SAVEPOINT work' | 'RELEASE work' | 'ROLLBACK TO work'): void {
    this.#prepare(sql).run();
  }

  #prepare(sql: string): StatementSync {
    const found = this.#prepared.get(sql);
    if (found !== undefined) return found;
    const made = this.#database.prepare(sql);
    this.#prepared.set(sql, made);
    return made;
  }
}

function selection(
  collection: Collection,
  query: Query,
): { readonly sql: string; readonly values: (string | number)[] } {
  const name = table(collection);
  const descending = query.order === 'descending';
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const declared: readonly string[] = collections[collection];
  for (const [member, value] of Object.entries(query.where ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!declared.includes(member)) throw new StoreFault('malformed', `\`${member}\` is not an index of ${collection}`);
    conditions.push(`${memberExpression(member)} = ?`);
    values.push(typeof value === 'number' ? finite(value) : exactText(value));
  }
  if (query.after !== undefined) {
    conditions.push(descending ? 'key < ?' : 'key > ?');
    values.push(exactText(query.after));
  }
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const limit = query.limit === undefined ? '' : ' LIMIT ?';
  if (query.limit !== undefined) values.push(count(query.limit));
  return { sql: `SELECT key, record FROM ${name}${where} ORDER BY key ${descending ? 'DESC' : 'ASC'}${limit}`, values };
}

function table(collection: Collection): string {
  if (!Object.hasOwn(collections, collection))
    throw new StoreFault('malformed', `there is no collection \`${collection}\``);
  return collection;
}

/**
 * Text that SQLite gives back and compares as it is. A lone surrogate would be bound as U+FFFD, so that two different
 * keys became one; NUL ends a text for half of SQLite's functions.
 */
function exactText(value: string): string {
  if (typeof value !== 'string' || !value.isWellFormed() || value.includes('\0')) {
    throw new StoreFault('malformed', 'a key or value holds NUL or half a character');
  }
  return value;
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new StoreFault('malformed', 'a value to look for is not a finite number');
  return value;
}

function count(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new StoreFault('malformed', 'a limit is not a whole number');
  return value;
}

function recordText(record: StoredRecord): string {
  try {
    return canonicalJson(record);
  } catch (cause) {
    throw new StoreFault('malformed', 'a record has no exact JSON form', { cause });
  }
}

function recordFrom(text: unknown): StoredRecord {
  const value: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new StoreFault('damaged', 'a record in the store is not an object; restore it from a copy');
  }
  return value as StoredRecord;
}
