/**
 * Every statement of PostgreSQL's own regression suite gets a reading.
 *
 * ```
 * node test/torture/sql-regress.ts [folder of .sql files] …      # without one: the suite of 18, fetched from Debian
 * ```
 * Prints how many statements have which class, what PostgreSQL's parser refused, and each body that could not be read. Exits 1
 * when a statement was neither read nor refused, or had no class for want of a line in the tables.
 */
import { statementsOfScript } from './sql-script.ts';
import { fetchSuite, scriptFolders } from './sql-suite.ts';
import { openSql, type Sql, type Statement } from '../../src/languages/sql/index.ts';
import { Refused } from '../../src/model/refusal.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const settings = { standardConformingStrings: true, clientEncoding: 'UTF8', serverMajor: 18 };

interface Tally {
  statements: number;
  readonly classes: Map<string, number>;
  readonly kinds: Set<string>;
  readonly refused: string[];
  readonly unread: string[];
  readonly opaque: string[];
}

function main(folders: readonly string[]): void {
  const sql = openSql();
  void sql.then((opened) => report(tally(opened, folders)));
}

function tally(sql: Sql, folders: readonly string[]): Tally {
  const found: Tally = { statements: 0, classes: new Map(), kinds: new Set(), refused: [], unread: [], opaque: [] };
  for (const folder of folders) {
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.sql'))) {
      for (const text of statementsOfScript(readFileSync(join(folder, file), 'utf8'))) {
        found.statements += 1;
        readInto(found, sql, `${file}: ${text.replaceAll(/\s+/g, ' ').slice(0, 120)}`, text);
      }
    }
  }
  return found;
}

function readInto(found: Tally, sql: Sql, where: string, text: string): void {
  let statements: readonly Statement[];
  try {
    statements = sql.read(text, settings);
  } catch (thrown) {
    const refused = thrown instanceof Refused && thrown.refusal.code === 'BAD_REQUEST';
    (refused ? found.refused : found.unread).push(
      `${where} (${refused ? thrown.refusal.reasons?.join() : String(thrown)})`,
    );
    return;
  }
  for (const one of statements) {
    found.classes.set(one.class, (found.classes.get(one.class) ?? 0) + 1);
    found.kinds.add(one.kind);
    if (one.why !== undefined) found.unread.push(`${where} (${one.why})`);
    if (one.facts.opaque) found.opaque.push(where);
  }
}

function report(found: Tally): void {
  console.log(`${found.statements} statements, ${found.kinds.size} kinds of node`);
  for (const [name, count] of found.classes) console.log(`  ${name}: ${count}`);
  console.log(`refused by PostgreSQL’s own parser: ${found.refused.length}`);
  if (process.env['SHOW_REFUSED'] !== undefined) for (const line of found.refused) console.log(`  ${line}`);
  console.log(`with a body that is not read: ${found.opaque.length}`);
  console.log(`neither read nor refused: ${found.unread.length}`);
  for (const line of found.unread) console.log(`  ${line}`);
  process.exitCode = found.statements > 0 && found.unread.length === 0 ? 0 : 1;
}

const given = process.argv.slice(2);
main(given.length > 0 ? given : scriptFolders(fetchSuite(18)));
