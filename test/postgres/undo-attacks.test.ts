import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { digests, undoLast, undoRole } from './undo-world.ts';

let server: TestServer;
let stage: PostgresStage;
beforeAll(async () => {
  server = await openPostgres({ major: 18 });
  await server.query(`create role agent login password 'secret'; ${undoRole}`);
  stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret' });
});
afterAll(async () => {
  await stage.close();
  await server.stop();
});

async function world(made: string, rights = 'grant all on all tables in schema public to agent'): Promise<void> {
  await server.query(
    `drop schema public cascade; create schema public; grant usage, create on schema public to agent; ${made}; ${rights}`,
  );
  stage.rig.clock.step(1);
}

describe('H2: what would not come back is not secured, and held', () => {
  test.each([
    ['no right to INSERT', 'create table t (id int primary key); insert into t values (1)', 'delete from t'],
    ['xml', "create table t (id int primary key, x xml[]); insert into t values (1, '{<a/>}')", 'delete from t'],
    ['regproc', "create table t (id int primary key, x regproc); insert into t values (1, 'now')", 'delete from t'],
    [
      'a constraint that is not valid',
      'create table t (id int primary key, n int); insert into t values (1, -5); alter table t add check (n > 0) not valid',
      'delete from t',
    ],
    [
      'rows out of sight and a savepoint taken back',
      `create table t (id int primary key, o text); insert into t values (1, 'a'), (2, 'a'); alter table t enable row level security;
        create policy s on t for select using (o = 'a'); create policy i on t for insert with check (true); create policy u on t for update using (true)`,
      "begin; savepoint a; update t set o = 'a' where id = 2; rollback to a; update t set o = 'a' where id = 1; insert into t values (9, 'b'); commit",
    ],
  ])('%s', async (what, made, act) => {
    await world(made, what.startsWith('no right') ? 'grant select, delete on t to agent' : undefined);
    const before = await digests(server);
    const client = await stage.connect();
    await expect(client.query(act)).rejects.toMatchObject({ code: 'HP001' });
    await client.query('rollback');
    await client.end();
    expect(await digests(server)).toEqual(before);
  });
});

test('U1: what came back in part stays to be undone', async () => {
  await world(
    'create table a (id int primary key); create table b (id int primary key); insert into a values (1); insert into b values (1)',
  );
  const before = await digests(server);
  const client = await stage.connect();
  await client.query('begin; delete from a; delete from b; commit');
  await client.end();
  const image = (await stage.rig.road.images.list())[0]?.id ?? '';
  await server.query('alter table b add column extra int');
  await expect(undoLast(stage)).rejects.toThrow(/is not made as it was/);
  await expect(undoLast(stage, true)).rejects.toThrow(/in part, and its image stays/);
  expect((await stage.rig.road.images.find(image))?.state).toBe('settled');
  expect(await digests(server)).not.toEqual(before);
});

test('U1: the same image is not undone twice at once', async () => {
  await world("create table k (a int, v text); insert into k values (1, 'x'), (2, 'y')");
  const before = await digests(server);
  const client = await stage.connect();
  await client.query('delete from k where a = 1');
  await client.end();
  const both = await Promise.allSettled([undoLast(stage), undoLast(stage)]);
  expect(both.map((one) => one.status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(await digests(server)).toEqual(before);
});
