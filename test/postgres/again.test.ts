import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';

let server: TestServer;
let stage: PostgresStage;
let client: Client;

beforeAll(async () => {
  server = await openPostgres();
  await server.query(`create role agent login password 'secret';
    create table t (id int primary key, v text); insert into t select g, 'row ' || g from generate_series(1, 5) g;
    grant select, insert, delete on t to agent; grant usage, create on schema public to agent;
    create schema other; grant usage on schema other to agent;
    create function other.bad() returns int language plpgsql volatile as 'begin perform pg_logical_emit_message(false, ''x'', ''y''); return 1; end';
    create view other.t as select id, v, other.bad() from public.t; grant select on other.t to agent`);
});
afterAll(() => server.stop());
beforeEach(async () => {
  stage = await openPostgresStage(server);
  client = await stage.connect();
});
afterEach(() => stage.close());

/** How many look-ups the server has heard since the last time. */
let heard = 0;
async function asked(): Promise<number> {
  const all = ((await server.log()).match(/pg_catalog\.current_schemas\(true\)/g) ?? []).length;
  const since = all - heard;
  heard = all;
  return since;
}

const named = (values: readonly unknown[]) => ({
  name: 'one',
  text: 'select v from t where id = $1',
  values: [...values],
});

test('C1: a read that was proved goes out again without a look-up, whatever its values', async () => {
  await client.query(named([1]));
  await client.query('select count(*) from t');
  await client.query('select id from t where id > $1', [3]);
  await asked();
  for (const id of [2, 3, 4]) expect((await client.query(named([id]))).rows).toEqual([{ v: `row ${id}` }]);
  for (let time = 0; time < 3; time++) {
    expect((await client.query('select count(*) from t')).rows).toEqual([{ count: '5' }]);
    expect((await client.query('select id from t where id > $1', [4 - time])).rows).toHaveLength(1 + time);
  }
  expect(await asked()).toBe(0);
  // Only constants that nothing is given differ.
  expect((await client.query('select v from t where id = 2')).rows).toEqual([{ v: 'row 2' }]);
  await asked();
  expect((await client.query('select v from t where id = 3')).rows).toEqual([{ v: 'row 3' }]);
  expect(await asked()).toBe(0);
  expect((await client.query('select v from t where id < 3')).rows).toHaveLength(2);
  expect(await asked()).toBe(1);
});

test('K5: what a name means is asked anew when the search_path is another', async () => {
  for (let time = 0; time < 2; time++) await client.query('select * from t order by id');
  await client.query('set search_path to other');
  await expect(client.query('select * from t order by id')).rejects.toMatchObject({
    code: expect.stringMatching(/^HP/),
  });
  await client.query('reset search_path');
  expect((await client.query('select * from t order by id')).rows).toHaveLength(5);
});

test('K5: no search_path is set under which nothing could be judged', async () => {
  for (const path of ['public, pg_catalog', '"$user", public, pg_catalog'])
    await expect(client.query(`set search_path to ${path}`)).rejects.toMatchObject({
      code: '0A000',
      hint: expect.stringContaining('pg_catalog'),
    });
  await client.query('set search_path to pg_catalog, public');
  expect((await client.query('select * from t order by id')).rows).toHaveLength(5);
  await client.query('reset search_path');
});

test('K5: a name of the session’s own, made by a statement, is seen at once', async () => {
  for (let time = 0; time < 2; time++)
    expect((await client.query('select id from t where id = 1')).rows).toHaveLength(1);
  await client.query('create temp table t (id int)');
  expect((await client.query('select id from t where id = 1')).rows).toHaveLength(0);
});

test('K5: the catalogue as others changed it is believed no longer than five seconds', async () => {
  await server.query('create view public.seen as select id from t; grant select on seen to agent');
  for (let time = 0; time < 2; time++) expect((await client.query('select * from seen')).rows).toHaveLength(5);
  await server.query('create or replace view public.seen as select id from other.t');
  await sleep(5_100);
  await expect(client.query('select * from seen')).rejects.toMatchObject({ code: expect.stringMatching(/^HP/) });
});

test('C2: a revoked token reads nothing more after a second', async () => {
  for (let time = 0; time < 3; time++) await client.query(named([1]));
  await stage.rig.store.transact((tx) => stage.rig.identity.revoke(tx, stage.agent.token.id));
  await sleep(600);
  await expect(client.query(named([1]))).rejects.toMatchObject({ code: '28P01' });
});

test('C2: an expired token reads nothing more', async () => {
  for (let time = 0; time < 3; time++) await client.query(named([1]));
  stage.rig.clock.step(9 * 3_600_000);
  await expect(client.query(named([1]))).rejects.toMatchObject({ code: '28P01' });
});

test('E3: a right that was taken away meanwhile is answered in our words, once, and the line goes on', async () => {
  for (const [text, ...values] of [['select v from t where id = 1'], ['select v from t where id = $1', 1]] as const) {
    for (let time = 0; time < 2; time++) await client.query(text, values.length === 0 ? undefined : [...values]);
    await server.query('revoke select on t from agent');
    await expect(client.query(text, values.length === 0 ? undefined : [...values])).rejects.toMatchObject({
      code: expect.stringMatching(/^HP/),
      hint: expect.stringContaining('do not try another way'),
    });
    await server.query('grant select on t to agent');
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  }
});

test('errors of a read that goes out again are the server’s, and the next statement is heard', async () => {
  const text = 'select 10 / $1::int as q';
  expect((await client.query(text, [5])).rows).toEqual([{ q: 2 }]);
  for (let time = 0; time < 2; time++) {
    await expect(client.query(text, [0])).rejects.toMatchObject({ code: '22012' });
    expect((await client.query(text, [2])).rows).toEqual([{ q: 5 }]);
  }
  await client.query('begin');
  await expect(client.query(text, [0])).rejects.toMatchObject({ code: '22012' });
  await expect(client.query(text, [1])).rejects.toMatchObject({ code: '25P02' });
  await client.query('rollback');
  expect((await client.query(text, [1])).rows).toEqual([{ q: 10 }]);
});

test('K5: steps of a transaction are believed, and its COMMIT is proved anew', async () => {
  const work = async (id: number): Promise<void> => {
    await client.query('begin');
    await client.query('select count(*) from t');
    await client.query('insert into t values ($1, $2)', [id, 'more']);
    await client.query('commit');
  };
  await work(100);
  await asked();
  await work(101);
  expect(await asked()).toBe(1);
  await server.query(`create function other.planted() returns trigger language plpgsql as 'begin perform other.bad(); return new; end';
    create trigger planted before insert on t for each row execute function other.planted()`);
  await expect(work(102)).rejects.toMatchObject({ code: expect.stringMatching(/^HP/) });
  expect((await server.query('select id from t where id > 99 order by id')).rows).toEqual([{ id: 100 }, { id: 101 }]);
  await server.query('drop trigger planted on t; delete from t where id > 99');
});

test('K5: names that a transaction made go with it', async () => {
  await client.query('begin');
  await client.query('create temp table seen2 (id int)');
  for (let time = 0; time < 2; time++) expect((await client.query('select * from seen2')).rows).toEqual([]);
  await server.query('create view public.seen2 as select id from other.t; grant select on seen2 to agent');
  await client.query('rollback');
  await client.query('begin');
  await expect(client.query('select * from seen2')).rejects.toMatchObject({ code: expect.stringMatching(/^HP/) });
  await client.query('rollback');
});

test('C1: a freeze stops steps that are believed', async () => {
  for (let time = 0; time < 2; time++) {
    await client.query('begin');
    await client.query("insert into t values (200, 'x')");
    await client.query('rollback');
  }
  await client.query('begin');
  await stage.rig.road.freeze.freeze('jane', 'enough');
  await expect(client.query("insert into t values (200, 'x')")).rejects.toMatchObject({ code: 'HP003' });
});

test('C1: every read that went out again is noted in the journal', async () => {
  for (let time = 0; time < 10; time++) await client.query('select count(*) from t');
  await sleep(300);
  const reads = (await stage.rig.journal.find({ kind: 'reads', order: 'descending', limit: 5 })).flatMap((one) => one);
  const counted = JSON.stringify(reads.map((one) => one.body));
  expect(counted).toContain('10');
});

test('a large result reaches the client whole', async () => {
  const text = "select repeat('x', 3000000) || g as big from generate_series(1, 3) g";
  for (let time = 0; time < 2; time++) {
    const { rows } = await client.query(text);
    expect(rows.map((row: { big: string }) => row.big.length)).toEqual([3_000_001, 3_000_001, 3_000_001]);
  }
});
