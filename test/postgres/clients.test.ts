import { execFile } from 'node:child_process';
import { readFile, rm, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasPostgres15, openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';

const run = promisify(execFile);
const here = import.meta.dirname;
let server: TestServer;
let stage: PostgresStage;
let direct: string;
let database = 0;

beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'");
});
afterAll(() => server.stop());
/** A database of the agent's own for each test: its migrations own what they make. */
beforeEach(async () => {
  const name = `app${database++}`;
  await server.query(`create database ${name} owner agent`);
  direct = `postgres://agent:secret@127.0.0.1:${server.port}/${name}?sslmode=disable`;
  stage = await openPostgresStage(server, { database: name });
});
afterEach(() => stage.close());

/** Everything that psql prints, and whether it went well. */
async function psql(url: string, ...more: readonly string[]): Promise<{ readonly out: string; readonly code: number }> {
  const options = { env: { ...process.env, PSQLRC: '/dev/null', TZ: 'UTC' }, maxBuffer: 64 * 1024 * 1024 };
  try {
    const { stdout, stderr } = await run('psql', [url, '-X', ...more], options);
    return { out: stdout + stderr, code: 0 };
  } catch (thrown) {
    const { stdout, stderr, code } = thrown as { stdout: string; stderr: string; code: number };
    return { out: stdout + stderr, code };
  }
}

async function directly<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: direct });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const furnish = `
create table accounts (id serial primary key, name text not null, balance int default 0);
create table orders (id bigint generated always as identity primary key, account_id int references accounts on delete cascade, note text);
create index orders_account on orders (account_id);
insert into accounts (name, balance) values ('a', 1), ('b', 2), ('c', 3);
insert into orders (account_id, note) select 1 + g % 3, 'note ' || g from generate_series(1, 20) g;
create view rich as select * from accounts where balance > 1;
`;
const counts = (): Promise<unknown> =>
  directly(
    async (client) =>
      (
        await client.query<Record<string, unknown>>(
          'select (select count(*) from accounts)::int as a, (select count(*) from orders)::int as o',
        )
      ).rows[0],
  );

describe('psql', () => {
  test('every describe command shows what it shows directly', { timeout: 60_000 }, async () => {
    await directly((client) =>
      client.query(`${furnish} create function add(a int, b int) returns int language sql as 'select a + b';
      create type mood as enum ('a', 'b'); create domain pos as int check (value > 0); create materialized view mv as select 1 as a;
      create table part (a int) partition by range (a); create table part1 partition of part for values from (1) to (10)`),
    );
    const script = path.join(here, 'clients', 'describe.sql');
    const [near, far] = [await psql(stage.url, '-f', script), await psql(direct, '-f', script)];
    expect(near).toEqual(far);
    expect(near.out.length).toBeGreaterThan(10_000);
  });

  test('scripts, -1, ON_ERROR_STOP, variables, \\copy, \\gset, \\gexec', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'holdpoint-psql-'));
    const script = path.join(folder, 'script.sql');
    await writeFile(script, furnish);
    expect(await psql(stage.url, '-q', '-v', 'ON_ERROR_STOP=1', '-1', '-f', script)).toEqual({ out: '', code: 0 });
    expect(await counts()).toEqual({ a: 3, o: 20 });
    await writeFile(
      script,
      String.raw`\set who b
select id from accounts where name = :'who' \gset
\echo :id
select 'select ' || id from accounts order by id \gexec
select * from accounts \gdesc
select 1 \; select 2;
\copy accounts to '${folder}/accounts'
\copy accounts (name) from program 'echo zed'
prepare p (int) as select name from accounts where id = $1; execute p(2); deallocate p;
begin; savepoint s; select 1/0; rollback to s; select name from accounts where id = 1; commit;
\timing off
`,
    );
    const near = await psql(stage.url, '-At', '-f', script);
    await directly((client) => client.query("delete from accounts where name = 'zed'"));
    expect(near).toEqual(await psql(direct, '-At', '-f', script));
    await writeFile(
      script,
      "insert into accounts (name) values ('x'); select 1/0; insert into accounts (name) values ('y');",
    );
    expect((await psql(stage.url, '-v', 'ON_ERROR_STOP=1', '-1', '-f', script)).code).toBe(3);
    expect(await counts()).toEqual({ a: 4, o: 20 });
    await rm(folder, { recursive: true });
  });

  test(
    'H2 H3: DROP, TRUNCATE and an unbounded DELETE are held; signed, each runs exactly once',
    { timeout: 60_000 },
    async () => {
      await directly((client) => client.query(furnish));
      for (const [statement, after] of [
        ['delete from orders', { a: 3, o: 0 }],
        ['truncate accounts cascade', { a: 0, o: 0 }],
      ] as const) {
        const before = await counts();
        const { out, code } = await psql(stage.url, '-c', statement);
        expect([code, out]).toEqual([1, expect.stringMatching(/ERROR: {2}HELD hp_/)]);
        expect(await counts()).toEqual(before);
        const [hold] = await stage.waiting();
        if (hold === undefined) throw new Error('nothing waits');
        expect(await stage.signAndRun(hold)).toMatchObject({ kind: 'done' });
        expect(await counts()).toEqual(after);
        expect(await stage.signAndRun(hold).catch(() => ({ kind: 'refused' }))).toMatchObject({ kind: 'refused' });
      }
      expect((await psql(stage.url, '-c', 'drop table accounts cascade')).out).toMatch(/HELD hp_/);
      const [hold] = await stage.waiting();
      if (hold === undefined) throw new Error('nothing waits');
      expect(await stage.signAndRun(hold)).toMatchObject({ kind: 'done' });
      const left = await directly(
        async (client) => (await client.query<Record<string, unknown>>("select to_regclass('accounts') as a")).rows,
      );
      expect(left).toEqual([{ a: null }]);
      const log = await server.log();
      expect(log.match(/: truncate accounts cascade/g)).toHaveLength(2);
      expect(log.match(/: drop table accounts cascade/g)?.length).toBeLessThanOrEqual(2);
    },
  );
});

test.skipIf(!hasPostgres15())('pg_dump writes what it writes directly', { timeout: 90_000 }, async () => {
  const older = await openPostgres({ major: 15 });
  await older.query("create role agent login password 'secret'");
  await older.query('create database app owner agent');
  const past = `postgres://agent:secret@127.0.0.1:${older.port}/app?sslmode=disable`;
  const own = await openPostgresStage(older, { database: 'app' });
  try {
    expect((await psql(past, '-q', '-c', furnish)).code).toBe(0);
    const dumped = async (url: string): Promise<string> =>
      (await run('pg_dump', [url])).stdout.replaceAll(/^\\(un)?restrict .*$/gm, '');
    expect(await dumped(own.url)).toBe(await dumped(past));
  } finally {
    await own.close();
    await older.stop();
  }
});

const psycopg = await run('/usr/bin/python3', ['-c', 'import psycopg, psycopg2']).then(
  () => true,
  () => false,
);
test.skipIf(!psycopg)('psycopg 2 and 3 work as they do; what they destroy is held', { timeout: 60_000 }, async () => {
  await directly((client) => client.query(furnish));
  const { stdout } = await run('/usr/bin/python3', [path.join(here, 'clients', 'psycopg_work.py')], {
    env: { ...process.env, DATABASE_URL: stage.url },
  });
  expect(stdout).toMatchInlineSnapshot(`
    "[(2, 'x')]
    (4,)
    20
    6
    DivisionByZero 22012
    OperationalError HP001
    OperationalError HP001
    [('on',)]
    -- psycopg3
    ('a',)
    22012
    (1,)
    4
    5
    23
    (1,) (2,)
    DivisionByZero 22012
    (0,)
    OperationalError HP001
    57014
    done
    "
  `);
  expect(await counts()).toMatchObject({ o: 23 });
});

test.each(['simple', 'extended', 'prepared'])('pgbench -S by %s', { timeout: 60_000 }, async (mode) => {
  const init = ['-i', '-q', '-s', '1', direct];
  await run('pgbench', init);
  const { stdout } = await run('pgbench', ['-n', '-S', '-M', mode, '-c', '2', '-t', '20', stage.url]);
  expect(stdout).toContain('processed: 40/40');
});

/** What drivers said when four ORMs migrated, inserted and read, and what psql asks for its describe commands. */
describe('C3: recorded ordinary work', () => {
  const changes = /^\s*(update|delete)\b/i;
  test.each(['drizzle', 'knex', 'psql', 'sequelize', 'typeorm'])(
    '%s: apart from row changes, less than 1 % is held',
    { timeout: 120_000 },
    async (name) => {
      const text = await readFile(path.join(here, 'recorded', `${name}.jsonl`), 'utf8');
      const said = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { readonly t: string; readonly v?: (string | null)[] });
      if (name === 'psql') await directly((client) => client.query(furnish));
      const client = await stage.connect();
      let ordinary = 0;
      const held: string[] = [];
      for (const { t, v } of said) {
        // They wait for undo: what comes after them relies on them.
        if (changes.test(t)) await directly((own) => own.query(t, v));
        else {
          ordinary++;
          await client.query(t, v).catch((thrown: { code?: string; message: string }) => {
            if (thrown.code?.startsWith('HP') === true || thrown.message.includes('holdpoint'))
              held.push(`${thrown.message}: ${t.slice(0, 200)}`);
          });
        }
      }
      expect(ordinary).toBeGreaterThan(name === 'psql' ? 50 : 600);
      expect(held.length / ordinary, held.join('\n')).toBeLessThan(0.01);
    },
  );
});

/** The statements as the tools send them: recorded (drizzle-kit, Sequelize, TypeORM), or as documented (Prisma, Supabase). */
const incidents: readonly (readonly [string, readonly string[]])[] = [
  [
    'S2 a schema push that drops columns and empties tables',
    ['ALTER TABLE "accounts" DROP COLUMN "name";', 'TRUNCATE TABLE "orders", "accounts" RESTART IDENTITY CASCADE;'],
  ],
  ['S4 S5 prisma db push --force-reset', ['DROP SCHEMA IF EXISTS "public" CASCADE']],
  [
    'S6 drizzle-kit push --force',
    [
      'ALTER TABLE "orders" DISABLE ROW LEVEL SECURITY;',
      'DROP TABLE "orders" CASCADE;',
      'DROP INDEX "orders_account";',
      'ALTER TABLE "accounts" DROP COLUMN "balance";',
      'DROP TABLE "accounts" CASCADE;',
    ],
  ],
  [
    'S7 sequelize sync({ force: true })',
    ['DROP TABLE IF EXISTS "orders" CASCADE;', 'DROP TABLE IF EXISTS "accounts" CASCADE;'],
  ],
  [
    'S7 TypeORM dropSchema, in its transaction',
    [
      'START TRANSACTION',
      'DROP VIEW IF EXISTS public.rich CASCADE',
      'DROP TABLE IF EXISTS public.orders, public.accounts CASCADE',
      'COMMIT',
    ],
  ],
  [
    'S8 supabase db reset',
    ['drop schema if exists public cascade; create schema public;', 'drop database postgres with (force)'],
  ],
];

describe('K5 H2: incidents replayed', () => {
  test.each(incidents)('%s: nothing is gone', async (_, statements) => {
    await directly((client) => client.query(`${furnish} alter table orders enable row level security`));
    const client = await stage.connect();
    const refused: string[] = [];
    for (const statement of statements)
      await client.query(statement).catch((thrown: { code: string }) => void refused.push(thrown.code));
    expect(refused).toContain('HP001');
    expect(await counts()).toEqual({ a: 3, o: 20 });
    const columns = await directly(
      async (own) =>
        (await own.query("select 1 from information_schema.columns where table_name in ('accounts', 'orders', 'rich')"))
          .rowCount,
    );
    expect(columns).toBe(9);
    const indexes = await directly(
      async (own) => (await own.query("select 1 from pg_indexes where schemaname = 'public'")).rowCount,
    );
    expect(indexes).toBe(3);
  });
});
