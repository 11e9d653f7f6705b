import { randomBytes } from 'node:crypto';
import { checkConstraints } from './constraints.ts';
import { type Findings, said } from './findings.ts';
import { checkPages } from './pages.ts';
import { pinOutput, readTables, type TableRead } from './tables.ts';
import type { RestoredServer } from '../restore/server.ts';
import { quotedName, type Sql, within } from '../restore/sql.ts';

/** Something that a human says must be true of the data. */
export interface Assertion {
  readonly database: string;
  /** One statement with one row of one column, which is true. */
  readonly sql: string;
}

export interface CheckOptions {
  readonly server: RestoredServer;
  readonly major: number;
  readonly assertions: readonly Assertion[];
  readonly findings: Findings;
  readonly progress?: (done: number, of: number) => void;
}

export interface CheckedTable extends Omit<TableRead, 'oid'> {
  readonly database: string;
}

/** Looks at every database of a restored server. What is wrong with it is in `findings`. */
export async function checkCluster(options: CheckOptions): Promise<readonly CheckedTable[]> {
  const { server, findings } = options;
  const databases = await within(server.sql('template1'), (sql) => databasesOf(sql, findings));
  const reader = await readerOf(server, databases);
  const tables: CheckedTable[] = [];
  for (const database of databases) {
    try {
      const read = await within(server.sql(database, reader), (sql) => checkAsReader(options, database, sql));
      tables.push(...read.map(({ schema, name, rows, digest }) => ({ database, schema, name, rows, digest })));
      await within(server.sql(database), async (sql) => {
        await checkExtensions(sql, database, findings);
        await checkPages(sql, database, options.major, findings);
      });
    } catch (thrown) {
      findings.problem(`database \`${database}\` cannot be looked at: ${said(thrown)}`);
    }
  }
  for (const assertion of options.assertions) await assertOne(options, databases, reader, assertion);
  return tables;
}

async function databasesOf(sql: Sql, findings: Findings): Promise<readonly string[]> {
  const rows = await sql.run(
    'SELECT datname, datallowconn::text, datconnlimit::text FROM pg_catalog.pg_database ORDER BY oid',
  );
  const open: string[] = [];
  for (const [name, allowed, limit] of rows) {
    if (name === null || name === undefined) continue;
    if (allowed === 'true' && limit !== '-2') open.push(name);
    else if (name !== 'template0') findings.note(`database \`${name}\` takes nobody, and was not looked at`);
  }
  return open;
}

/** A role that may read everything, and nothing else: what was restored runs with no more rights than that. */
async function readerOf(server: RestoredServer, databases: readonly string[]): Promise<string> {
  const name = `holdpoint_drill_${randomBytes(6).toString('hex')}`;
  const grants = databases.map((one) => `GRANT CONNECT ON DATABASE ${quotedName(one)} TO ${name}`);
  await within(server.sql('template1'), (sql) =>
    sql.run([`CREATE ROLE ${name} LOGIN BYPASSRLS IN ROLE pg_read_all_data`, ...grants].join('; ')),
  );
  return name;
}

async function checkAsReader(
  { findings, progress }: CheckOptions,
  database: string,
  sql: Sql,
): Promise<readonly TableRead[]> {
  await pinOutput(sql);
  await sql.run('SET default_transaction_read_only = on');
  const tables = await readTables(sql, database, findings, (done, of) => progress?.(done, of));
  await checkConstraints(sql, database, findings);
  return tables;
}

/** What is installed in the database and cannot be had here: nothing is known of what it would do. */
async function checkExtensions(sql: Sql, database: string, findings: Findings): Promise<void> {
  const rows = await sql.run(
    `SELECT e.extname, e.extversion FROM pg_catalog.pg_extension e
      WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_available_extensions a WHERE a.name = e.extname) ORDER BY 1`,
  );
  for (const [name, version] of rows)
    findings.problem(`\`${database}\` needs the extension \`${name}\` ${version}, which is not installed here`);
  const [strange] = await sql.run(
    `SELECT pg_catalog.count(*)::text FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
      WHERE l.lanname = 'c' AND p.oid >= 16384 AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')`,
  );
  if (strange?.[0] !== '0')
    findings.note(`\`${database}\` has ${strange?.[0]} functions of libraries of its own, which were not looked for`);
}

async function assertOne(
  { server, findings }: CheckOptions,
  databases: readonly string[],
  reader: string,
  { database, sql: statement }: Assertion,
): Promise<void> {
  const where = `the assertion \`${statement}\` on \`${database}\``;
  if (!databases.includes(database)) return findings.problem(`${where}: there is no such database`);
  try {
    const rows = await within(server.sql(database, reader), async (sql) => {
      await sql.run(`SET default_transaction_read_only = on; SET search_path = "$user", public`);
      return sql.run(statement);
    });
    findings.checked.assertions++;
    const [row] = rows;
    if (rows.length !== 1 || row?.length !== 1 || row[0] !== 't') findings.problem(`${where} is not true`);
  } catch (thrown) {
    findings.problem(`${where} failed: ${said(thrown)}`);
  }
}
