import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';

let server: TestServer;
let stage: PostgresStage;
beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'");
  stage = await openPostgresStage(server);
});
afterAll(async () => {
  await stage.close();
  await server.stop();
});
afterEach(() => server.query('drop table if exists later; drop table if exists one'));

async function through(): Promise<Client> {
  return stage.connect();
}

async function directly(): Promise<Client> {
  const { port, password } = server;
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', password });
  await client.connect();
  return client;
}

for (const [way, opened] of [
  ['through the gate', through],
  ['directly', directly],
] as const) {
  test(`C3: ${way} a name whose Parse the server refused is free`, async () => {
    const client = await opened();
    const asked = { name: 'named', text: 'select n from later where n > $1', values: [0] };
    await expect(client.query(asked)).rejects.toMatchObject({ code: '42P01' });
    await server.query('create table later (n int); insert into later values (7); grant select on later to agent');
    expect((await client.query(asked)).rows).toEqual([{ n: 7 }]);
    await expect(client.query('prepare p as select m from later')).rejects.toMatchObject({ code: '42703' });
    await client.query('prepare p as select n + 1 as m from later');
    expect((await client.query('execute p')).rows).toEqual([{ m: 8 }]);
    await client.end();
  });

  test(`C3: ${way} a statement that was prepared and whose run failed stays prepared`, async () => {
    await server.query('create table one (n int); grant select on one to agent');
    const client = await opened();
    const asked = { name: 'division', text: 'select 1 / $1::int as n', values: [0] };
    await expect(client.query(asked)).rejects.toMatchObject({ code: '22012' });
    expect((await client.query({ ...asked, values: [1] })).rows).toEqual([{ n: 1 }]);
    await expect(client.query('prepare division as select 2')).rejects.toMatchObject({ code: '42P05' });
    await client.end();
  });

  test(`C3: ${way} BEGIN in a failed transaction is an error`, async () => {
    const client = await opened();
    await client.query('begin');
    await expect(client.query('select no_such_column')).rejects.toMatchObject({ code: '42703' });
    await expect(client.query('begin')).rejects.toMatchObject({ code: '25P02' });
    await client.query('rollback');
    expect((await client.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
    await client.end();
  });
}
