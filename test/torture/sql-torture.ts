import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { differential, type DifferentialOptions, type DifferentialTally } from './sql-differential.ts';
import { fetchSuite, readable, statementsOf, type Suite } from './sql-suite.ts';
import { openSql } from '../../src/languages/sql/index.ts';
import { postgresProvider } from '../../src/providers/postgres/index.ts';
import { openPostgres, type TestServer } from '../postgres/server.ts';

/** Nothing that happens by itself may be taken for what a read did; and durability is not what is tried. */
export const quietServer: readonly string[] = [
  'fsync=off',
  'full_page_writes=off',
  'autovacuum=off',
  'jit=off',
  'log_statement=none',
  'log_min_messages=panic',
  'log_min_error_statement=panic',
  'lock_timeout=1s',
  'checkpoint_timeout=1d',
  'max_wal_size=10GB',
  'shared_buffers=128MB',
];

/** A server with a database `regression` in which the suite's own set-up has run. */
export async function openSuiteServer(suite: Suite, settings: readonly string[] = quietServer): Promise<TestServer> {
  const server = await openPostgres({ settings });
  await server.query(`create database regression template template0`);
  await server.query(`alter database regression set datestyle = 'Postgres, MDY'; alter database regression set timezone = 'America/Los_Angeles';
    alter database regression set intervalstyle = 'postgres_verbose'`);
  const url = `postgres://postgres:${server.password}@127.0.0.1:${server.port}/regression?sslmode=disable`;
  const env = {
    ...process.env,
    PSQLRC: '/dev/null',
    PG_ABS_SRCDIR: suite.folder,
    PG_LIBDIR: '/nowhere',
    PG_DLSUFFIX: '.so',
  };
  await promisify(execFile)('psql', [url, '-X', '-q', '-f', `${suite.folder}/sql/test_setup.sql`], { env });
  return server;
}

/** The differential run over PostgreSQL's own regression suite. */
export async function tortureSql(
  asked: Pick<DifferentialOptions, 'seed' | 'count' | 'from' | 'progress'>,
): Promise<DifferentialTally> {
  const ground = await mkdtemp(join(tmpdir(), 'holdpoint-ground-'));
  const suite = await readable(fetchSuite(18), ground);
  const server = await openSuiteServer(suite);
  try {
    const sql = await openSql();
    const statements = [...statementsOf(suite)].filter(({ where }) => where !== 'test_setup');
    const provider = postgresProvider(sql);
    return await differential({ ...asked, server, database: 'regression', sql, provider, statements });
  } finally {
    await server.stop();
    await rm(ground, { recursive: true, force: true });
  }
}
