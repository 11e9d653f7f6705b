import type { DatabaseSync } from 'node:sqlite';
import { type Collection, collections } from '../../contract/store.ts';
import { StoreFault } from './fault.ts';

/** Written into `PRAGMA user_version`. A store of a later version is refused: what it holds could be misread. */
export const schemaVersion = 1;

/** `HPNT`, in `PRAGMA application_id`. */
const applicationId = 0x48504e54;

/** The collections, in a fixed order. Only these names ever stand in SQL text. */
export const collectionNames: readonly Collection[] = Object.keys(collections) as Collection[];

/** The SQL expression of an indexed member: the same text in the index and in every query, or SQLite would not use it. */
export function memberExpression(member: string): string {
  return `json_extract(record, '$.${member}')`;
}

/** Makes a new database ours, adds collections and indexes that came later, refuses what is not ours or too new. */
export function prepareSchema(database: DatabaseSync): void {
  const version = pragma(database, 'user_version');
  const application = pragma(database, 'application_id');
  if (version === 0 && application === 0) {
    if (tableCount(database) !== 0) {
      throw new StoreFault('foreign', 'the file holds another program’s database; give the store a path of its own');
    }
  } else if (application !== applicationId) {
    throw new StoreFault('foreign', 'the file holds another program’s database; give the store a path of its own');
  } else if (version > schemaVersion) {
    throw new StoreFault(
      'newer',
      `the store was written by a later holdpoint (version ${version}, this one knows ${schemaVersion}); update holdpoint`,
    );
  }
  database.exec('BEGIN IMMEDIATE');
  for (const statement of declarations()) database.exec(statement);
  if (version !== schemaVersion || application !== applicationId) {
    database.exec(`PRAGMA application_id = ${applicationId}`);
    database.exec(`PRAGMA user_version = ${schemaVersion}`);
  }
  database.exec('COMMIT');
}

/** A record without the member is in no index of it: nothing looks for what is not there, and each index is a page to sync. */
function declarations(): readonly string[] {
  return collectionNames.flatMap((name) => [
    `CREATE TABLE IF NOT EXISTS ${name} (key TEXT PRIMARY KEY NOT NULL, record TEXT NOT NULL) STRICT`,
    ...collections[name].map(
      (member) =>
        `CREATE INDEX IF NOT EXISTS ${name}_${member.replaceAll('.', '_')} ON ${name} (${memberExpression(member)}, key) WHERE ${memberExpression(member)} IS NOT NULL`,
    ),
  ]);
}

function pragma(database: DatabaseSync, name: string): number {
  const value = database.prepare(`PRAGMA ${name}`).get()?.[name];
  if (typeof value !== 'number') throw new StoreFault('damaged', `the store does not say its ${name}`);
  return value;
}

function tableCount(database: DatabaseSync): number {
  return Number(database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables']);
}
