import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';

let server: TestServer;
let stage: PostgresStage;

beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'; create table t (id serial primary key)");
  await server.query('grant all on t to agent; insert into t select from generate_series(1, 9)');
  stage = await openPostgresStage(server);
});
afterAll(async () => {
  await stage.close();
  await server.stop();
});

const rows = async (): Promise<number> => Number((await server.query('select count(*) from t')).rows[0]?.['count']);

test('K5: a server that stops counting in the middle of a session is not believed to have changed nothing', async () => {
  const client = await stage.connect();
  await client.query('select 1');
  await server.query('alter system set track_counts = off');
  await server.query('select pg_reload_conf()');
  await expect
    .poll(async () => (await client.query<{ track_counts: string }>('show track_counts')).rows)
    .toEqual([{ track_counts: 'off' }]);
  await expect(client.query('delete from t')).rejects.toMatchObject({
    message: expect.stringContaining('the server counts no rows'),
  });
  await server.query('alter system reset track_counts');
  await server.query('select pg_reload_conf()');
  expect(await rows()).toBe(9);
  await client.end();
});

test('K5: a role for which nothing is counted gets no session', async () => {
  await server.query('alter role agent set track_counts = off');
  await expect(stage.connect()).rejects.toMatchObject({ message: expect.stringContaining('track_counts = on') });
  await server.query('alter role agent reset track_counts');
  expect(await rows()).toBe(9);
});
