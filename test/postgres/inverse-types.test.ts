import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { planLast, undoLast } from './undo-world.ts';

let server: TestServer;
let stage: PostgresStage;
let client: Client;

beforeAll(async () => {
  server = await openPostgres();
  await server.query(
    "create role agent login password 'secret'; grant create, usage on schema public to agent; grant create on database postgres to agent",
  );
});
afterAll(() => server.stop());
beforeEach(async () => {
  stage = await openPostgresStage(server);
  client = await stage.connect();
});
afterEach(() => stage.close());

const types = async (): Promise<unknown[]> =>
  (
    await server.query(
      "select typname from pg_type where typnamespace = 'public'::regnamespace and typelem = 0 order by 1",
    )
  ).rows.map((row) => row['typname']);

/** Undoes the newest as a human would, who signs what asks for it and undoes it again. */
async function takeBack(): Promise<readonly string[]> {
  await undoLast(stage);
  for (const hold of await stage.waiting()) await stage.rig.road.holds.approve(hold.code, stage.jane.approve(hold));
  return (await undoLast(stage)).map((one) => (one.kind === 'done' ? 'done' : one.refusal.code));
}

test.each([
  ['an enum', "create type made as enum ('a', 'b')"],
  ['a composite', 'create type made as (a int, b text)'],
  ['a range with its functions', 'create type made as range (subtype = int4, multirange_type_name = manymade)'],
  ['a domain', 'create domain made as int check (value > 0)'],
])('U1: %s passes unsigned, and its undo takes it away', async (_, text) => {
  const before = await types();
  await client.query(text);
  expect(await types()).toContain('made');
  expect(await planLast(stage)).toMatchObject({ conflicts: [], notUndone: [] });
  expect(await takeBack()).toEqual(['done']);
  expect(await types()).toEqual(before);
});

test('U1: a type that a table uses by now is not taken away with it', async () => {
  await client.query('create domain used as int');
  await server.query('create table uses (v used); insert into uses values (1)');
  expect(await takeBack()).not.toContain('done');
  expect(await types()).toContain('used');
  expect((await server.query('select v from uses')).rows).toEqual([{ v: 1 }]);
});

test.each([
  [
    'type',
    "create type again as enum ('a')",
    "drop type again; create type again as enum ('somebody''s')",
    '`public.again`',
  ],
  ['domain', 'create domain again as int', 'drop domain again; create domain again as text', '`public.again`'],
  ['schema', 'create schema again', 'drop schema again; create schema again authorization agent', 'schema `again`'],
  ['table', 'create table again (a int)', 'drop table again; create table again (b int)', '`public.again`'],
  [
    'column',
    'alter table kept add column again int',
    'alter table kept drop column again; alter table kept add column again text',
    'column `again` of `public.kept`',
  ],
  [
    'constraint',
    'alter table kept add constraint again check (a > 0)',
    'alter table kept drop constraint again; alter table kept add constraint again check (a > 5)',
    'constraint `again` of `public.kept`',
  ],
])(
  'U1: a %s that somebody dropped and made again is a conflict, and is never dropped',
  async (_, text, since, named) => {
    const standing = async (): Promise<unknown> =>
      (
        await server.query(`select (select max(oid::int8) from pg_type where typname = 'again') as type,
        (select oid from pg_namespace where nspname = 'again') as schema, (select oid from pg_class where relname = 'again') as relation,
        (select max(attnum) from pg_attribute where attname = 'again') as column, (select oid from pg_constraint where conname = 'again') as constraint`)
      ).rows;
    await server.query('create table kept (a int); alter table kept owner to agent');
    try {
      await client.query(text);
      await server.query(since);
      const before = await standing();
      const plan = await planLast(stage);
      expect(plan.conflicts).toEqual([expect.stringContaining(`${named} is another one by now`)]);
      expect(plan.steps).toEqual([]);
      await expect(undoLast(stage)).rejects.toMatchObject({ refusal: { code: 'DENIED' } });
      await expect(undoLast(stage, true)).rejects.toMatchObject({ refusal: { code: 'DENIED' } });
      expect(await standing()).toEqual(before);
    } finally {
      await server.query('drop table kept; drop table if exists again; drop schema if exists again');
      await server.query('drop type if exists again cascade');
    }
  },
);

test('U1: a column and a constraint that stand as they were made go again', async () => {
  await server.query('create table kept (a int); alter table kept owner to agent');
  await client.query('alter table kept add column w int');
  expect(await takeBack()).toEqual(['done']);
  await client.query('alter table kept add constraint positive check (a > 0)');
  expect(await takeBack()).toEqual(['done']);
  expect(
    (
      await server.query(
        "select attname from pg_attribute where attrelid = 'kept'::regclass and attnum > 0 and not attisdropped",
      )
    ).rows,
  ).toEqual([{ attname: 'a' }]);
  expect((await server.query("select 1 from pg_constraint where conname = 'positive'")).rows).toEqual([]);
  await server.query('drop table kept');
});
