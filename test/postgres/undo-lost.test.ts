import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { planUndo } from '../../src/road/undo/put-back.ts';

let server: TestServer;
let stage: PostgresStage;

beforeAll(async () => {
  server = await openPostgres();
  await server.query(`create role agent login password 'secret'; create table t (a int primary key); insert into t values (1);
    create materialized view kept as select * from t; delete from t;
    create table moments (at timestamptz primary key, v text); insert into moments values (now(), 'x');
    grant all on t, kept, moments to agent; alter materialized view kept owner to agent`);
  stage = await openPostgresStage(server);
});
afterAll(async () => {
  await stage.close();
  await server.stop();
});

const kept = async (): Promise<number> => Number((await server.query('select count(*) from kept')).rows[0]?.['count']);

test.each([
  'refresh materialized view kept',
  'begin; refresh materialized view kept; commit',
  'do $$ begin refresh materialized view kept; end $$',
  'begin; insert into t values (7); refresh materialized view kept; commit',
  'begin; create table x (); do $$ begin refresh materialized view kept; end $$; commit',
])('K5, U1: the last copy of rows is not thrown away unsigned by `%s`', async (text) => {
  const client = await stage.connect();
  await expect(client.query(text)).rejects.toMatchObject({ code: expect.stringMatching(/^HP00/) });
  await client.end();
  expect(await kept()).toBe(1);
});

test('U1: a key whose text hangs on settings is read under settings of our own, and its row found again', async () => {
  const client = await stage.connect();
  await client.query("set timezone to 'Asia/Tokyo'");
  await client.query("insert into moments values ('2026-01-01', 'y')");
  await client.end();
  const [image] = await stage.rig.road.images.list();
  const plan = await planUndo(stage.rig.road, stage.rig.road.images, image?.id ?? '');
  expect(plan).toMatchObject({ conflicts: [], steps: expect.arrayContaining(['postgres:delete']) });
});
