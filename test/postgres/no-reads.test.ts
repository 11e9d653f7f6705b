import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';

let server: TestServer;
let stage: PostgresStage;

beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'");
  await server.query('create database app owner agent');
  await server.query(
    `set role agent; create sequence ticks; create table log (id int generated always as identity primary key, what text);
     create function logs(t text) returns text language plpgsql as $$ begin insert into log (what) values (t); return t; end $$;
     create function calls(t text) returns text language plpgsql as $$ begin perform pg_notify('news', t); return t; end $$;
     create function says(t text) returns text language plpgsql as $$ begin return upper(t); end $$;
     create view logged as select logs('x'); create view called as select calls('x'); create view said as select says('x')`,
    [],
    'app',
  );
  stage = await openPostgresStage(server, { database: 'app' });
});
afterAll(async () => {
  await stage.close();
  await server.stop();
});

describe('K1: what only looks like a read', () => {
  test('a view over code that writes or notifies is no read by itself; in a transaction it is judged by what it does', async () => {
    const client = await stage.connect();
    for (const view of ['logged', 'called'])
      await expect(client.query(`select * from ${view}`)).rejects.toMatchObject({ code: 'HP002' });
    // Volatile by its label alone.
    expect((await client.query('select * from said')).rows).toEqual([{ says: 'X' }]);
    await client.query('begin; select * from logged; commit');
    expect((await server.query('select what from log', [], 'app')).rows).toEqual([{ what: 'x' }]);
  });

  test('moving a sequence on passes, as an act and not as a read', async () => {
    const client = await stage.connect();
    const acts = async (): Promise<number> => (await stage.rig.journal.find({ kind: 'intent' })).length;
    const before = await acts();
    // The server gives a transaction id to one call in 32.
    for (const n of ['1', '2', '3']) expect((await client.query("select nextval('ticks') as n")).rows).toEqual([{ n }]);
    expect(await acts()).toBe(before + 3);
  });

  test('ANALYZE passes, also where it gets no transaction id, as for a table without columns', async () => {
    await server.query('set role agent; create table bare (); insert into bare default values', [], 'app');
    const counted = async (): Promise<unknown> =>
      (await server.query("select reltuples from pg_class where relname = 'bare'", [], 'app')).rows;
    expect(await counted()).toEqual([{ reltuples: -1 }]);
    const client = await stage.connect();
    const before = (await stage.rig.journal.find({ kind: 'intent' })).length;
    await client.query('analyze bare');
    expect(await counted()).toEqual([{ reltuples: 1 }]);
    expect((await stage.rig.journal.find({ kind: 'intent' })).length).toBe(before + 1);
  });
});
