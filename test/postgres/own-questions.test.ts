import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';

let server: TestServer;
let stage: PostgresStage;
let client: Client;

beforeAll(async () => {
  server = await openPostgres();
  await server.query(`create role agent login password 'secret'; create table t (id int primary key);
    grant select, insert on t to agent`);
  stage = await openPostgresStage(server);
  client = await stage.connect();
});
afterAll(async () => {
  await stage.close();
  await server.stop();
});

const rows = async (): Promise<unknown> => (await server.query('select id from t')).rows;

test('F1: a question of ours that runs out of time is refused with its SQLSTATE, and the line goes on', async () => {
  await client.query("set statement_timeout to '200ms'");
  const blocker = new Client({
    host: '127.0.0.1',
    port: server.port,
    user: 'postgres',
    password: server.password,
    database: 'postgres',
  });
  await blocker.connect();
  try {
    await blocker.query('begin; lock table pg_catalog.pg_policy, pg_catalog.pg_inherits in access exclusive mode');
    for (const text of ['select id from t', 'insert into t values (1)'])
      await expect(client.query(text)).rejects.toMatchObject({
        code: 'HP002',
        message: expect.stringContaining('SQLSTATE 57014'),
      });
  } finally {
    await blocker.end();
  }
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  expect(await rows()).toEqual([]);
});

test('E3: a catalogue that the role may not read is a question to a human; an open transaction is a failed one, not a broken line', async () => {
  await server.query('revoke select on pg_catalog.pg_trigger from public');
  try {
    await client.query('begin');
    await expect(client.query('insert into t values (2)')).rejects.toMatchObject({
      code: 'HP002',
      message: expect.stringContaining('a human is asked'),
    });
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
    await client.query('rollback');
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(await rows()).toEqual([]);
  } finally {
    await server.query('grant select on pg_catalog.pg_trigger to public');
  }
});
