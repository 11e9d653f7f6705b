import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { digests, undoOne, undoRole } from './undo-world.ts';

/**
 * What an agent could say to have rows changed without their image, or with a false one. Statements one by one; what is
 * refused is passed over. `%` stands for a change that it would like to get through.
 */
const attempts: readonly (readonly [what: string, statements: readonly string[]])[] = [
  ['row security off', ['set row_security to off', '%']],
  ['triggers off', ["set session_replication_role to 'replica'", '%']],
  ['counters off', ['set track_counts to off', '%']],
  ['counters off for the transaction', ['begin', "select set_config('track_counts', 'off', true)", '%', 'commit']],
  ['counters begun anew', ['begin', '%', 'select pg_stat_reset()', 'commit']],
  [
    'counters of a table begun anew',
    ['begin', '%', "select pg_stat_reset_single_table_counters('t'::regclass)", 'commit'],
  ],
  ['counters flushed inside', ['begin', '%', 'select pg_stat_force_next_flush()', 'commit']],
  ['another role', ['set role holdpoint_undo', '%']],
  ['the role’s rights taken', ['revoke pg_read_all_data from holdpoint_undo', '%']],
  ['its password changed', ["alter role holdpoint_undo password 'mine'", '%']],
  ['its settings changed', ['alter role holdpoint_undo set search_path to evil, pg_catalog', '%']],
  ['its rights on one table taken', ['revoke all on t from holdpoint_undo', '%']],
  [
    'every backend of its ended',
    ["select pg_terminate_backend(pid) from pg_stat_activity where usename = 'holdpoint_undo'", '%'],
  ],
  ['the table locked for itself', ['begin', 'lock table t in access exclusive mode', '%', 'commit']],
  [
    'the table locked, and let go to a savepoint',
    ['begin', 'savepoint a', 'lock table t in access exclusive mode', 'rollback to a', '%', 'commit'],
  ],
  ['emptied beside it', ['begin', '%', 'truncate t', 'commit']],
  ['rewritten beside it', ['begin', '%', 'alter table t alter n type bigint', 'commit']],
  ['a column dropped beside it', ['begin', '%', 'alter table t drop column v', 'commit']],
  ['a cursor WITH HOLD', ['begin', 'declare c cursor with hold for select * from t', '%', 'commit']],
  ['two phases', ['begin', '%', "prepare transaction 'x'", "commit prepared 'x'"]],
  [
    'a temporary table of that name',
    ['create temp table t (id int primary key, v text, n int)', 'delete from t', '%', 'drop table pg_temp.t'],
  ],
  ['its own pg_catalog names', ['set search_path to public, pg_catalog', '%', 'reset search_path']],
  ['its own names in a temporary schema', ['create temp table pg_locks (pid int)', '%', 'drop table pg_temp.pg_locks']],
  ['DO', ['do $$ begin delete from t where id < 4; exception when others then null; end $$']],
  [
    'DO that catches',
    [
      "do $$ begin begin delete from t where id < 4; raise exception 'x'; exception when others then null; end; end $$",
      '%',
    ],
  ],
  [
    'more savepoints than a backend keeps',
    [
      'begin',
      ...Array.from({ length: 80 }, (_, at) => `savepoint s${at}; update t set n = ${at} where id = ${at % 5}`),
      'commit',
    ],
  ],
  [
    'locked first, changed within a savepoint',
    ['begin', 'select * from t for update', 'savepoint a', '%', 'release a', 'commit'],
  ],
  [
    'locked by another first',
    [
      'begin',
      'select * from t where id < 9 for key share',
      'savepoint a',
      '%',
      'savepoint b',
      'update t set n = 1 where id < 3',
      'rollback to b',
      'commit',
    ],
  ],
  [
    'changed and changed back',
    ['begin', '%', "insert into t values (1, 'false image', 9) on conflict do nothing", 'commit'],
  ],
  [
    'added, deleted and added again',
    [
      'begin',
      'delete from t where id = 1',
      "insert into t values (1, 'a')",
      'delete from t where id = 1',
      "insert into t values (1, 'b')",
      'commit',
    ],
  ],
  [
    'where a cursor stands',
    [
      'begin',
      'declare c cursor for select * from t for update',
      'fetch 3 from c',
      'delete from t where current of c',
      'commit',
    ],
  ],
  [
    'deferred constraints put off',
    [
      'begin',
      'set constraints all deferred',
      'delete from child where id = 1',
      '%',
      'set constraints all deferred',
      'commit',
    ],
  ],
  ['a statement that prepares it', ['prepare p as delete from t where id < 4', 'execute p', 'deallocate p']],
  ['EXPLAIN ANALYZE', ['explain (analyze) delete from t where id < 4']],
  ['COPY of a change', ['copy (delete from t where id < 4 returning *) to stdout']],
  ['another isolation', ['begin isolation level serializable', '%', 'commit']],
  ['a view', ['delete from seen where id < 4']],
  ['a function that deletes', ['select wipe(3)']],
  ['a function that deletes and catches', ['select wipe_caught(3)']],
  ['no time for locks', ["set lock_timeout to '1ms'", '%', 'reset lock_timeout']],
  [
    'its settings for values',
    ["set datestyle to 'German'", 'set extra_float_digits to -15', "set bytea_output to 'escape'", '%'],
  ],
];

const rolesAsTheyAre =
  'select a.rolname, a.rolpassword, r.rolconfig from pg_authid a join pg_roles r on r.oid = a.oid order by 1';

let server: TestServer;
let stage: PostgresStage;
let client: Client;
/** Changes that took effect, each with its image. */
let through = 0;

beforeAll(async () => {
  server = await openPostgres({ settings: ['max_prepared_transactions=2'] });
  await server.query(`create role agent login password 'secret'; ${undoRole}`);
  await server.query(`create table t (id int primary key, v text, n int); create table child (id int primary key, t int references t on delete cascade deferrable initially deferred);
    create view seen as select * from t where id < 50;
    create function wipe(upto int) returns void language sql as 'delete from t where id <= upto';
    create function wipe_caught(upto int) returns void language plpgsql as $$ begin delete from t where id <= upto;
      begin delete from t where id > 5; raise exception 'x'; exception when others then null; end; end $$;
    grant usage, create on schema public to agent; grant all on all tables in schema public to agent`);
  stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret' });
});
afterAll(async () => {
  await stage.close();
  await server.stop();
});

describe('U1, H6: with every word that it has an agent changes nothing that is not secured', () => {
  test('there are enough of them', () => {
    expect(attempts.length).toBeGreaterThan(30);
  });

  test.each(attempts)('%s', async (_, statements) => {
    await server.query(`truncate t, child; insert into t select g, 'row ' || g, g from generate_series(1, 60) g;
      insert into child select g, g from generate_series(1, 10) g`);
    client = await stage.connect();
    stage.rig.clock.step(1);
    const before = await digests(server);
    const roles = await server.query(rolesAsTheyAre);
    const secured = new Set((await stage.rig.road.images.list()).map((one) => one.id));
    for (const said of statements) {
      const text =
        said === '%' ? "with gone as (delete from t where id < 4) update t set v = 'x' where id in (8, 9)" : said;
      for (const one of text.split('; ')) {
        stage.rig.clock.step(1);
        await client.query(one).catch(() => undefined);
      }
    }
    await client.query('rollback').catch(() => undefined);
    await client.end();
    const images = (await stage.rig.road.images.list()).filter((one) => !secured.has(one.id));
    through += images.length;
    // Each with its own image, undone from the last to the first.
    for (const image of images) {
      const outcomes = await undoOne(stage, image.id);
      expect(outcomes.filter((one) => one.kind !== 'done')).toEqual([]);
    }
    expect(await digests(server)).toEqual(before);
    expect((await server.query(rolesAsTheyAre)).rows).toEqual(roles.rows);
  });

  test('most of them were simply secured, so that the others were not held for everything', () => {
    expect(through).toBeGreaterThan(20);
  });
});
