import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';

let server: TestServer;
let stage: PostgresStage;
beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'");
  await server.query(`create table log (what text); grant all on log to agent; grant usage, create on schema public to agent;
    create table numbered (id serial primary key, note text); grant all on numbered to agent; grant all on sequence numbered_id_seq to agent;
    create table watched (id int primary key); insert into watched values (1); grant all on watched to agent;
    create function tells() returns trigger language plpgsql as $$ begin delete from log; return null; end $$;
    create trigger tells after update or delete on watched for each row execute function tells();
    create function wipes() returns void language plpgsql as $$ begin delete from log; end $$;
    create function lies(n int) returns int language plpgsql immutable as $$ begin perform wipes(); return n; end $$;
    insert into log values ('kept')`);
  stage = await openPostgresStage(server);
});
afterAll(async () => {
  await stage.close();
  await server.stop();
});

const log = async (): Promise<unknown> => (await server.query('select what from log')).rows;

test.each([
  "explain insert into numbered (note) values ('x')",
  'explain (costs off) update watched set id = 2',
  'explain delete from watched',
])('C3: %s is not held, and runs nothing', async (text) => {
  const client = await stage.connect();
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(text);
  expect(rows.length).toBeGreaterThan(0);
  expect(await log()).toEqual([{ what: 'kept' }]);
  expect((await server.query('select last_value, is_called from numbered_id_seq')).rows).toEqual([
    { last_value: '1', is_called: false },
  ]);
  expect(await stage.waiting()).toEqual([]);
});

test('K1: a function that calls itself immutable is run by the planner, and what it did is seen', async () => {
  const client = await stage.connect();
  await expect(client.query('explain update watched set id = 2 where id = lies(1)')).rejects.toMatchObject({
    code: 'HP001',
  });
  await expect(client.query('explain analyze delete from watched')).rejects.toMatchObject({ code: 'HP001' });
  expect(await log()).toEqual([{ what: 'kept' }]);
  expect((await server.query('select id from watched')).rows).toEqual([{ id: 1 }]);
});
