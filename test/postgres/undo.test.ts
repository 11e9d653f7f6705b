import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasPostgres15, openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { digests, undoLast, undoRole } from './undo-world.ts';

const versions = hasPostgres15() ? ([18, 15] as const) : ([18] as const);

describe.each(versions)('PostgreSQL %i', (major) => {
  let server: TestServer;
  let stage: PostgresStage;
  let client: Client;

  beforeAll(async () => {
    server = await openPostgres({ major });
    await server.query(`create role agent login password 'secret'; ${undoRole}`);
    await server.query('grant usage on schema public to agent');
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await server.query(`create table t (id int primary key, v text, n numeric(10, 2) default 0);
      insert into t select g, 'row ' || g, g from generate_series(1, 100) g; grant all on t to agent; analyze t`);
    stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret' });
    client = await stage.connect();
  });
  afterEach(async () => {
    await stage.close();
    await server.query('drop schema public cascade; create schema public; grant usage on schema public to agent');
  });

  describe('U1: rows that are deleted or changed run at once and come back', () => {
    test.each([
      ['DELETE', 'delete from t where id < 4', 97],
      ['UPDATE', "update t set v = 'gone' where id in (1, 2)", 100],
      ['a changed key', 'update t set id = 1000 where id = 5', 100],
      ['an upsert', "insert into t values (1, 'x'), (200, 'y') on conflict (id) do update set v = excluded.v", 101],
    ])('%s', async (_, text, rows) => {
      const before = await digests(server);
      await client.query(text);
      expect((await server.query('select count(*)::int as n from t')).rows[0]).toEqual({ n: rows });
      expect(await digests(server)).not.toEqual(before);
      expect(await stage.waiting()).toEqual([]);
      expect(await undoLast(stage)).toMatchObject([{ kind: 'done' }]);
      expect(await digests(server)).toEqual(before);
    });
  });
});
