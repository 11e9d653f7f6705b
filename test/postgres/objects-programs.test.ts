import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasPostgres15, openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { digests, undoLast, undoOne, undoRole } from './undo-world.ts';
import type { Outcome } from '../../src/contract/road.ts';
import { full } from '../full.ts';

const older = full && hasPostgres15();
const versions = older ? ([18, 15] as const) : ([18] as const);
const programs = full ? 60 : 12;

/** What an agent may say around a table that it empties, to have that run without its image or with a false one. */
const attempts: readonly (readonly [what: string, statements: readonly string[]])[] = [
  ['its counters flushed', ['begin', 'truncate t', 'select pg_stat_force_next_flush()', 'commit']],
  ['row security off', ['set row_security to off', 'truncate t']],
  ['its own names first', ['set search_path to evil, pg_catalog, public', 'truncate public.t', 'reset search_path']],
  [
    'its own lock, and let go',
    ['begin', 'savepoint a', 'lock table t in exclusive mode', 'rollback to a', 'truncate t', 'commit'],
  ],
  ['locked by itself first', ['begin', 'lock table t in access exclusive mode', 'truncate t', 'commit']],
  ['no time to wait', ["set lock_timeout to '1ms'", 'truncate t', 'reset lock_timeout']],
  ['no time at all', ["set statement_timeout to '1ms'", 'truncate t', 'reset statement_timeout']],
  ['given back and emptied again', ['begin', 'savepoint a', 'truncate t', 'rollback to a', 'truncate t', 'commit']],
  [
    'given back, changed and emptied again',
    ['begin', 'savepoint a', 'truncate t', 'rollback to a', 'delete from t where id < 50', 'truncate t', 'commit'],
  ],
  [
    'emptied under another name',
    ['begin', 'alter table t rename to s', 'truncate s', 'alter table s rename to t', 'commit'],
  ],
  ['emptied by a prepared statement', ['prepare p as select 1', 'execute p', 'truncate t']],
  ['DO', ['do $$ begin truncate t; end $$']],
  ['through what it renamed', ['begin', 'truncate t', 'alter table t rename to s', 'commit']],
  [
    'a temporary table of that name',
    ['create temp table t (id int)', 'truncate t', 'truncate public.t', 'drop table pg_temp.t'],
  ],
  [
    'under another isolation',
    ['begin isolation level repeatable read', 'select count(*) from t', 'truncate t', 'commit'],
  ],
  [
    'serializable',
    [
      'begin isolation level serializable',
      'select count(*) from t',
      'truncate t',
      "insert into t values (1, 'x')",
      'commit',
    ],
  ],
  ['read only', ['begin read only', 'truncate t', 'commit']],
  ['chained', ['begin', 'truncate t', 'commit and chain', 'rollback']],
  [
    'values in other clothes',
    ["set datestyle to 'SQL, DMY'", "set bytea_output to 'escape'", 'set extra_float_digits to -5', 'truncate t'],
  ],
  [
    'its copier ended',
    ["select pg_terminate_backend(pid) from pg_stat_activity where usename = 'holdpoint_undo'", 'truncate t'],
  ],
  ['a replica', ["set session_replication_role to 'replica'", 'truncate t']],
];

describe.each(versions)('PostgreSQL %i', (major) => {
  let server: TestServer;
  let stage: PostgresStage;
  let client: Client;
  let ran = 0;

  beforeAll(async () => {
    server = await openPostgres({ major });
    await server.query(`create role agent login password 'secret'; ${undoRole}`);
    stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret' });
  });
  afterAll(async () => {
    await stage.close();
    await server.stop();
  });
  beforeEach(async () => {
    await server.query(`drop schema if exists evil cascade; drop schema public cascade; create schema public; create schema evil authorization agent;
      create table t (id int primary key, v text, d timestamptz default '2026-01-02 03:04:05+06', f float8 default 0.1, b bytea default '\\xdeadbeef');
      insert into t select g, 'row ' || g from generate_series(1, 100) g;
      create table u (id int primary key, t int references t on delete cascade); insert into u select g, g from generate_series(1, 50) g; delete from u where id > 20;
      create table k (a int, b text); insert into k select g / 3, 'x' from generate_series(1, 20) g;
      create table w (id int primary key); insert into w values (1), (2);
      alter table u drop constraint u_t_fkey;
      grant usage, create on schema public to agent; grant all on all tables in schema public to agent`);
    stage.rig.clock.step(1);
    client = await stage.connect();
  });
  afterEach(() => client.end());

  /** Runs all of it, whatever is refused. */
  const run = async (statements: readonly string[]): Promise<void> => {
    for (const one of statements) {
      await client.query(one).catch(() => undefined);
      // Ids of the same millisecond have no order, and the rig's clock stands still.
      stage.rig.clock.step(1);
    }
    await client.query('rollback').catch(() => undefined);
    await client.end();
    await gone();
  };

  /** Its session at the server has ended, and with it what was temporary. */
  const gone = async (): Promise<void> => {
    const left = async (): Promise<unknown> =>
      (await server.query(`select count(*)::int as left from pg_stat_activity where usename = 'agent'`)).rows[0]?.[
        'left'
      ];
    await expect.poll(left, { timeout: 10_000 }).toBe(0);
  };

  const images = async (): Promise<readonly string[]> => (await stage.rig.road.images.list()).map(({ id }) => id);

  describe('U1, H2: nothing is emptied without an image, whatever is said around it', () => {
    test.each(attempts)('%s', async (_, statements) => {
      const before = await digests(server);
      const secured = await images();
      await run(statements);
      const after = await digests(server);
      if (JSON.stringify(after) === JSON.stringify(before)) return;
      // Each act by itself has an image of its own: all of them, the newest first.
      const newer = (await images()).filter((id) => !secured.includes(id));
      expect(newer).not.toEqual([]);
      const undone: Outcome[] = [];
      for (const id of newer) undone.push(...(await undoOne(stage, id)));
      expect(undone).toContainEqual(expect.objectContaining({ kind: 'done' }));
      expect(undone.filter(({ kind }) => kind !== 'done')).toEqual([]);
      expect(await digests(server)).toEqual(before);
    });
  });

  test.each(Array.from({ length: programs }, (_, at) => 7000 + at))('U1: program %i comes back whole', async (seed) => {
    const before = await digests(server);
    const random = randomOf(seed);
    const statements = ['begin', ...programOf(random), 'commit'];
    await run(statements);
    if (JSON.stringify(await digests(server)) === JSON.stringify(before)) return;
    ran++;
    expect(await undoLast(stage), statements.join('; ')).toMatchObject([{ kind: 'done' }]);
    expect(await digests(server), statements.join('; ')).toEqual(before);
  });

  test('U1: most of them ran', () => expect(ran).toBeGreaterThan(programs / 3));
});

/** Savepoints are given back and rolled back only where there is one. */
function programOf(random: (below: number) => number): readonly string[] {
  let open = 0;
  return Array.from({ length: 2 + random(7) }, () => {
    const one = statementOf(random);
    if (one === 'savepoint a') open++;
    if (one !== 'release a' && one !== 'rollback to a') return one;
    if (open === 0) return 'select 1';
    if (one === 'release a') open--;
    return one;
  });
}

function statementOf(random: (below: number) => number): string {
  const table = ['t', 'u', 'k', 'w'][random(4)] ?? 't';
  const id = random(120);
  const key = table === 'k' ? 'a' : 'id';
  switch (random(9)) {
    case 0:
    case 1:
    case 2:
      return `truncate ${table}${random(3) === 0 ? ' cascade' : ''}`;
    case 3:
      return `truncate ${table}, ${table === 't' ? 'k' : 't'}`;
    case 4:
      return `insert into ${table} (${key}) values (${id})${table === 'k' ? '' : ' on conflict do nothing'}`;
    case 5:
      return `delete from ${table} where ${key} % 7 = ${random(7)}`;
    case 6:
      return table === 't' || table === 'k'
        ? `update ${table} set ${table === 't' ? 'v' : 'b'} = 'seed ${id}' where ${key} < ${id}`
        : 'savepoint a';
    case 7:
      return 'savepoint a';
    default:
      return random(3) > 0 ? 'release a' : 'rollback to a';
  }
}

function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37_79b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}
