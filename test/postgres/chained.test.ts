import type { Client, DatabaseError } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';

let server: TestServer;
let stage: PostgresStage;
beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'; create table t (id int primary key)");
  await server.query('grant all on t to agent; grant usage on schema public to agent');
  stage = await openPostgresStage(server);
});
afterAll(async () => {
  await stage.close();
  await server.stop();
});
beforeEach(() => server.query('truncate t'));

const rows = async (): Promise<readonly unknown[]> =>
  (await server.query('select id from t order by id')).rows.map(({ id }) => id);

async function isolation(client: Client): Promise<unknown> {
  return (await client.query<{ transaction_isolation: string }>('show transaction_isolation')).rows[0]
    ?.transaction_isolation;
}

describe('AND CHAIN', () => {
  test('C3: a COMMIT is judged, made, and followed by a transaction of the same kind', async () => {
    const client = await stage.connect();
    await client.query('begin isolation level serializable');
    await client.query('insert into t values (1)');
    await client.query('commit and chain');
    expect(await rows()).toEqual([1]);
    expect(await isolation(client)).toBe('serializable');
    await client.query('insert into t values (2)');
    expect(await rows()).toEqual([1]);
    await client.query('rollback and chain');
    expect(await isolation(client)).toBe('serializable');
    await client.query('insert into t values (3)');
    await client.query('commit');
    expect(await rows()).toEqual([1, 3]);
    expect(await isolation(client)).toBe('read committed');
  });

  test('K1: a COMMIT that is held is followed by none', async () => {
    const client = await stage.connect();
    await client.query('insert into t values (1)');
    await client.query('begin');
    await client.query('delete from t');
    await expect(client.query('commit and chain')).rejects.toMatchObject({ code: 'HP001' });
    await expect(client.query('savepoint a')).rejects.toMatchObject({ code: '25P01' });
    expect(await rows()).toEqual([1]);
  });

  test.each(['commit', 'rollback'])('C3: %s and chain outside a transaction is an error', async (word) => {
    const client = await stage.connect();
    await expect(client.query(`${word} and chain`)).rejects.toMatchObject({ code: '25P01' });
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('K1: in one string with what it ends', async () => {
    const client = await stage.connect();
    await client.query('begin; insert into t values (1); commit and chain; insert into t values (2); rollback');
    expect(await rows()).toEqual([1]);
  });
});

test.each([
  ['prepare p1 as select $1a', '22'],
  ['select 1; prepare p2 as select no_such_column', '32'],
  ['prepare p3 (int) as\n  select no_such_column', '30'],
])('C3: an error in %s tells its place in the whole text', async (text, place) => {
  const client = await stage.connect();
  const thrown = await client.query(text).then(
    () => undefined,
    (error: DatabaseError) => error,
  );
  const direct = await server.query(text).then(
    () => undefined,
    (error: DatabaseError) => error,
  );
  expect(thrown?.position).toBe(direct?.position);
  expect(thrown?.position).toBe(place);
});
