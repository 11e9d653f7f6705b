import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { asHuman, digests, undoLast, undoOne, undoRole } from './undo-world.ts';
import type { Outcome } from '../../src/contract/road.ts';
import { putBeside } from '../../src/road/undo/put-back.ts';

/** `--to-schema`: rows as they were, beside those that are there. */
let server: TestServer;
let stage: PostgresStage;

beforeAll(async () => {
  server = await openPostgres();
  await server.query(`${undoRole}; create role agent login password 'secret'; grant create on database postgres to agent;
    create type mood as enum ('low', 'high'); create schema shop authorization agent; grant usage on schema public to agent`);
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.query(`create table t (id int generated always as identity primary key, v text, m mood, twice text generated always as (v || v) stored, at timestamptz);
    insert into t (v, m, at) select 'row ' || g, 'low', '2026-01-01 12:00:00.123456+02' from generate_series(1, 2500) g;
    create table shop.t (id int primary key, b bytea); insert into shop.t values (1, '\\x00ff'), (2, null);
    grant select, insert, update, delete on t, shop.t to agent`);
  stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret' });
});
afterEach(async () => {
  await stage.close();
  await server.query('drop schema if exists before cascade; drop table if exists t, shop.t cascade');
});

async function act(...statements: readonly string[]): Promise<string> {
  const client = await stage.connect();
  for (const one of statements) {
    await client.query(one);
    // Images of one millisecond have no order.
    stage.rig.clock.step(1);
  }
  await client.end();
  return newest();
}

async function newest(): Promise<string> {
  const [image] = await stage.rig.road.images.list();
  return image?.id ?? '';
}

async function beside(image: string, schema = 'before'): Promise<readonly Outcome[]> {
  stage.rig.clock.step(1);
  const outcomes = await putBeside(stage.rig.road, stage.rig.road.images, image, asHuman(stage), schema);
  stage.rig.clock.step(1);
  return outcomes;
}

const rows = async (text: string): Promise<unknown> => (await server.query(text)).rows;

test('U2: what was deleted and changed stands beside, byte for byte; nothing else is touched and the undo stays', async () => {
  const whole = await digests(server);
  const before = await rows('select id, v, m, at from t where id <= 2400 order by id');
  const image = await act("update t set v = 'x' where id < 1000", 'begin', 'delete from t where id <= 2400', 'commit');
  const left = await digests(server);
  expect(await beside(image)).toMatchObject([{ kind: 'done' }]);
  // Of the second act: the first thousand as the first one left them.
  expect(await rows("select id, v, m, at from before.t where v <> 'x' order by id")).toEqual(
    (before as { id: number }[]).filter(({ id }) => id >= 1000),
  );
  expect(await rows("select count(*)::int as n from before.t where v = 'x'")).toEqual([{ n: 999 }]);
  const { 'before.t': made, ...others } = await digests(server);
  expect(made).toMatch(/^2400 /);
  expect(others).toEqual(left);
  // It has an undo of its own, which says that rows would go; and what was put beside is no part of anything else.
  await expect(undoLast(stage)).rejects.toThrow('holds rows by now');
  await server.query('drop schema before cascade');
  expect(await digests(server)).toEqual(left);
  await undoOne(stage, image);
  const [first] = (await stage.rig.road.images.list()).toReversed();
  await undoOne(stage, first?.id ?? '');
  expect(await digests(server)).toEqual(whole);
});

test('U2: a table that is gone by now, or made otherwise, is no hindrance', async () => {
  const image = await act('begin', 'delete from t where id < 4', 'delete from shop.t', 'commit');
  await server.query('drop table t; alter table shop.t add more int');
  expect(await beside(image)).toMatchObject([{ kind: 'done' }]);
  const tables = (await rows(
    "select table_name as name from information_schema.tables where table_schema = 'before' order by 1",
  )) as { name: string }[];
  expect(tables.map(({ name }) => name.replace(/\d+/, 'N'))).toEqual(['t_N', 't_N']);
  const counted = await Promise.all(tables.map(({ name }) => rows(`select count(*)::int as n from before.${name}`)));
  expect(counted.flat()).toEqual(expect.arrayContaining([{ n: 3 }, { n: 2 }]));
});

test('U2: what stands there already is not overwritten', async () => {
  const image = await act('delete from t where id < 4');
  await beside(image);
  const there = await digests(server);
  await expect(beside(image)).rejects.toThrow('`before.t` is there already');
  for (const name of ['pg_temp', 'information_schema', 'Shop', 'a b', 'a"; drop table t; --', ''])
    await expect(beside(image, name), name).rejects.toThrow('is no name for a schema');
  expect(await digests(server)).toEqual(there);
});

test('U1: an act that only added rows has none to put beside, and the schema that may not be made is said', async () => {
  const added = await act("insert into t (v) values ('new')");
  await expect(beside(added)).rejects.toThrow(/no rows were secured|nothing of it can be put beside/);
  const image = await act('delete from t where id < 4');
  await server.query('revoke create on database postgres from agent');
  const refused = { kind: 'refused', refusal: { detail: expect.stringContaining('postgres refused this') } };
  expect(await beside(image)).toMatchObject([refused]);
  await server.query('grant create on database postgres to agent');
  expect(await rows("select 1 from pg_namespace where nspname = 'before'")).toEqual([]);
});
