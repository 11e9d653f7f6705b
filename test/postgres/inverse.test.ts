import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { undoLast } from './undo-world.ts';
import { planUndo } from '../../src/road/undo/put-back.ts';

let server: TestServer;
let stage: PostgresStage;
let client: Client;

beforeAll(async () => {
  server = await openPostgres();
  await server.query(`create role agent login password 'secret';
    create table t (id int primary key, v text); create table keyless (v text);
    create table log (id serial primary key, what text);
    create function note() returns trigger language plpgsql as $$ begin insert into log(what) values ('t ' || new.id); return new; end $$;
    create trigger note after insert on t for each row execute function note()`);
  await server.query(`grant all on all tables in schema public to agent; grant all on all sequences in schema public to agent;
    grant create, usage on schema public to agent`);
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.query("truncate t, log; insert into t select g, 'row ' || g from generate_series(1, 5) g; truncate log");
  stage = await openPostgresStage(server);
  client = await stage.connect();
});
afterEach(() => stage.close());

const ids = async (table = 't'): Promise<unknown[]> =>
  (await server.query(`select id from ${table} order by id`)).rows.map((row) => row['id']);
const images = async () => (await stage.rig.road.images.list()).filter((one) => one.provider === 'postgres');

describe('U1: what adds passes, with its inverse recorded before the COMMIT', () => {
  test('rows by their keys, those of triggers too', async () => {
    expect((await client.query("insert into t values (8, 'x'), (9, $1)", ['y'])).rowCount).toBe(2);
    expect(await ids()).toEqual([1, 2, 3, 4, 5, 8, 9]);
    const [image] = await images();
    const plan = await planUndo(stage.rig.road, stage.rig.road.images, image?.id ?? '');
    expect(plan).toMatchObject({ conflicts: [] });
    expect(new Set(plan.steps)).toEqual(new Set(['postgres:delete']));
    // Without a second line what it deletes is not secured.
    await undoLast(stage);
    for (const hold of await stage.waiting()) await stage.rig.road.holds.approve(hold.code, stage.jane.approve(hold));
    expect((await undoLast(stage)).map((one) => one.kind)).toEqual(['done']);
    expect(await ids()).toEqual([1, 2, 3, 4, 5]);
    expect(await ids('log')).toEqual([]);
  });

  test('several statements in one transaction, savepoints among them', async () => {
    await client.query("begin; insert into t values (6, 'a'); savepoint s");
    await client.query("insert into t values (7, 'b'); rollback to s");
    await client.query("insert into t values (8, 'c')");
    expect((await client.query('commit')).command).toBe('COMMIT');
    expect(await ids()).toEqual([1, 2, 3, 4, 5, 6, 8]);
    expect(await images()).toHaveLength(1);
  });

  test('what was changed since is a conflict, never overwritten silently', async () => {
    await client.query("insert into t values (8, 'x')");
    await server.query("update t set v = 'changed' where id = 8");
    const [image] = await images();
    const plan = await planUndo(stage.rig.road, stage.rig.road.images, image?.id ?? '');
    expect(plan.conflicts).toEqual(['the row of `public.t` with id 8, which it added, was changed since']);
  });

  test('tables, indexes, views, columns', async () => {
    await client.query('create table made (id serial primary key, v text)');
    await client.query('create index made_v on made (v)');
    await client.query('create view shown as select id from made');
    await client.query('alter table made add column w int');
    expect(await stage.waiting()).toEqual([]);
    expect(await images()).toHaveLength(4);
    await server.query('drop table made cascade');
  });
});

describe('H2: what is not surely an addition is held', () => {
  test.each([
    ['an upsert that changes a row', "insert into t values (1, 'x') on conflict (id) do update set v = excluded.v"],
    ['a function', 'create function f() returns int language sql as $$ select 1 $$'],
  ])('%s', async (_, text) => {
    await expect(client.query(text)).rejects.toMatchObject({ code: 'HP001' });
    expect(await ids()).toEqual([1, 2, 3, 4, 5]);
  });
});

test('an upsert that only adds passes', async () => {
  await client.query("insert into t values (6, 'x') on conflict (id) do update set v = excluded.v");
  expect(await ids()).toEqual([1, 2, 3, 4, 5, 6]);
});
