import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';

let server: TestServer;
let stage: PostgresStage;

beforeAll(async () => {
  server = await openPostgres({ settings: ['allow_in_place_tablespaces=on'] });
  await server.query("create role agent login password 'secret'; create table t (id int primary key)");
  await server.query('grant select, insert on t to agent');
  stage = await openPostgresStage(server);
});
afterAll(async () => {
  await stage.close();
  await server.stop();
});

test.each(['begin', 'insert into t values (1)', 'select 1; insert into t values (1)'])(
  'E3: a BEGIN under settings that the server no longer takes fails, and says so: %s',
  async (text) => {
    await server.query("create tablespace brief location ''");
    const client = await stage.connect();
    await client.query('set default_tablespace = brief');
    await server.query('drop tablespace brief');
    const failed = await client.query(text).catch((thrown: Error & { readonly code: string }) => thrown);
    expect(failed).toBeInstanceOf(Error);
    expect(`${(failed as { readonly code?: string }).code} ${(failed as Error).message}`).toContain('22023');
    expect((await server.query('select from t')).rowCount).toBe(0);
    // Nothing is left open: the session goes on.
    await client.query('reset default_tablespace');
    await client.query('begin');
    await client.query('select count(*) from t');
    await expect(client.query('commit')).resolves.toMatchObject({ command: 'COMMIT' });
  },
);
