/**
 * What PostgreSQL's own regression suite is read as, against what a real server does: each `read-candidate` runs in BEGIN READ
 * ONLY, everything else in BEGIN.
 *
 * ```
 * node test/torture/sql-server.ts <src/test/regress> [seconds]     # docs/sql.md says how to get it
 * ```
 * Exits 1 when the server stops a `read-candidate` that calls no function as writing, or something that is not `unrollable` as
 * impossible in a transaction and it is no REINDEX or CLUSTER (of a partitioned table, which the text can't tell).
 */
import { statementsOfScript } from './sql-script.ts';
import { createPostgres, type Server } from '../../bench/spikes/postgres-commit/server.ts';
import { openSql, type Sql, type Statement } from '../../src/languages/sql/index.ts';
import { Refused } from '../../src/model/refusal.ts';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, DatabaseError } from 'pg';

const settings = { standardConformingStrings: true, clientEncoding: 'UTF8', serverMajor: 18 };
const readOnly = '25006';
const noBlock = '25001';

/** One line to the server; opened again when a statement has ended it. */
class Line {
  readonly #server: Server;
  #client: Client | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  /** SQLSTATE of what went wrong; undefined when it went well, `lost` when the line broke. */
  async run(text: string): Promise<string | undefined> {
    try {
      this.#client ??= await this.#open();
      await this.#client.query(text);
      return undefined;
    } catch (thrown) {
      if (thrown instanceof DatabaseError && thrown.code !== undefined) return thrown.code;
      // A connection that is only given up keeps the server from stopping.
      await this.end();
      return 'lost';
    }
  }

  async #open(): Promise<Client> {
    const { port, database, superuser } = this.#server;
    const client = new Client({ host: '127.0.0.1', port, database, user: superuser });
    // The query that was under way says the same.
    client.on('error', () => undefined);
    await client.connect();
    await client.query("set statement_timeout = '1500ms'");
    return client;
  }

  async end(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }
}

interface Found {
  statements: number;
  ran: number;
  readonly wrote: string[];
  readonly unexplained: string[];
}

async function main(regress: string, seconds: number): Promise<void> {
  const server = await createPostgres();
  const line = new Line(server);
  try {
    const found = await runSuite(await openSql(), line, regress, Date.now() + seconds * 1000);
    console.log(`${found.statements} statements, ${found.ran} ran`);
    console.log(`stopped as writing, because of what they call: ${found.wrote.length}`);
    for (const text of found.wrote) console.log(`  ${text}`);
    console.log(`without an explanation: ${found.unexplained.length}`);
    for (const text of found.unexplained) console.log(`  ${text}`);
    process.exitCode = found.statements > 0 && found.unexplained.length === 0 ? 0 : 1;
  } finally {
    await line.end();
    await server.stop();
  }
}

async function runSuite(sql: Sql, line: Line, regress: string, until: number): Promise<Found> {
  const found: Found = { statements: 0, ran: 0, wrote: [], unexplained: [] };
  const schedule = readFileSync(join(regress, 'parallel_schedule'), 'utf8');
  const names = [...schedule.matchAll(/^test: (.*)$/gm)].flatMap(([, line = '']) => line.trim().split(/\s+/));
  for (const path of names.map((name) => join(regress, 'sql', `${name}.sql`)).filter((path) => existsSync(path))) {
    for (const text of statementsOfScript(readFileSync(path, 'utf8'))) {
      if (Date.now() > until) return found;
      const statement = onlyOne(sql, text);
      if (statement === undefined || /statement_timeout|pg_sleep/i.test(text)) continue;
      found.statements += 1;
      await tryOne(statement, line, found);
    }
  }
  return found;
}

function onlyOne(sql: Sql, text: string): Statement | undefined {
  try {
    const [only, ...others] = sql.read(text, settings);
    return others.length === 0 && only?.class !== 'frame' ? only : undefined;
  } catch (thrown) {
    if (thrown instanceof Refused) return undefined;
    throw thrown;
  }
}

async function tryOne(statement: Statement, line: Line, found: Found): Promise<void> {
  const { text } = statement;
  const shown = `${statement.class}: ${text.replaceAll(/\s+/g, ' ').slice(0, 140)}`;
  if (statement.class === 'setting') {
    await line.run(text);
    return;
  }
  const reads = statement.class === 'read-candidate';
  await line.run(reads ? 'BEGIN READ ONLY' : 'BEGIN');
  const state = await line.run(text);
  await line.run(reads || state !== undefined ? 'ROLLBACK' : 'COMMIT');
  if (state === undefined) found.ran += 1;
  if (reads && state === readOnly) {
    (statement.names.functions.length > 0 ? found.wrote : found.unexplained).push(shown);
  }
  if (state !== noBlock) return;
  const partitioned = statement.kind === 'ReindexStmt' || statement.kind === 'ClusterStmt';
  if (statement.class !== 'unrollable' && !partitioned) found.unexplained.push(shown);
  await line.run(text);
}

const [regress = '', seconds = '300'] = process.argv.slice(2);
await main(regress, Number(seconds));
