import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasPostgres15, openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { digests, planLast, undoLast, undoOne, undoRole } from './undo-world.ts';
import { full } from '../full.ts';

const run = promisify(execFile);

/** The older server in full runs alone: it takes as long again. */
const older = full && hasPostgres15();
const versions = older ? ([18, 15] as const) : ([18] as const);

/** `[what, what is there before, what the agent says]` */
const cases: readonly (readonly [what: string, world: string, act: string])[] = [
  ['TRUNCATE', '', 'truncate t'],
  [
    'TRUNCATE of several',
    'create table a (id int primary key); insert into a values (1), (2); create table b (x text); insert into b values (null)',
    'truncate table a, t, only b',
  ],
  [
    'TRUNCATE CASCADE',
    `create table child (id int primary key, t int references t); insert into child select g, g from generate_series(1, 9) g;
      create table grandchild (id int, child int references child); insert into grandchild select g, g from generate_series(1, 9) g`,
    'truncate t cascade',
  ],
  [
    'tables that refer to each other',
    `create table x (id int primary key, y int); create table y (id int primary key, x int references x deferrable); alter table x add foreign key (y) references y deferrable;
      insert into x values (1, null), (2, null); insert into y values (1, 2), (2, 1); update x set y = 3 - id`,
    'truncate x, y',
  ],
  [
    'in a transaction with other changes before and after it',
    'create table other (id int primary key, v text); insert into other select g, g from generate_series(1, 9) g',
    `begin; delete from t where id < 10; update other set v = 'x' where id = 1; insert into t values (900); truncate t; insert into t values (1, 'new'), (1000, 'y');
      delete from other where id = 2; commit`,
  ],
  ['twice', '', `begin; truncate t; insert into t values (5); truncate t; insert into t values (1, 'again'); commit`],
  ['behind a savepoint', '', 'begin; insert into t values (800); savepoint a; truncate t; release a; commit'],
  [
    'partitions',
    `create table p (id int, k text, v text, primary key (id, k)) partition by list (k);
      create table p_a partition of p for values in ('a'); create table p_b partition of p for values in ('b');
      insert into p select g, case when g % 2 = 0 then 'a' else 'b' end, 'row' from generate_series(1, 20) g`,
    'truncate p',
  ],
  [
    'one partition',
    `create table p (id int, k text, primary key (id, k)) partition by list (k);
      create table p_a partition of p for values in ('a'); create table p_b partition of p for values in ('b');
      insert into p select g, case when g % 2 = 0 then 'a' else 'b' end from generate_series(1, 20) g`,
    'truncate p_a',
  ],
  [
    'inheritance',
    'create table kid (extra int) inherits (t); insert into kid select g, null, 0, g from generate_series(801, 805) g',
    'truncate t',
  ],
  [
    'rows that are equal, and no key',
    "create table bare (a int, b text); insert into bare select g / 3, 'x' from generate_series(1, 12) g",
    "begin; truncate bare; insert into bare values (1, 'x'); commit",
  ],
  [
    'identity, stored generated columns, and values that are kept out of line',
    `create table i (id int generated always as identity primary key, v text, n int generated always as (length(v)) stored);
      alter table i alter v set storage external; insert into i (v) select repeat(md5(g::text), 500) from generate_series(1, 9) g;
      create index on i (lower(v) text_pattern_ops) where n > 3; create statistics s on v, n from i`,
    'truncate i',
  ],
  [
    'row security',
    `alter table t enable row level security; create policy mine on t to agent using (id < 500)`,
    'truncate t',
  ],
  [
    'triggers of its own, which fire on rows',
    `create table audit (id int primary key, n int); insert into audit values (1, 0);
      create function note() returns trigger language plpgsql as $$ begin return new; end $$;
      create trigger note before insert on t for each row execute function note()`,
    'truncate t',
  ],
  ['an unlogged table', 'create unlogged table un (id int primary key); insert into un values (1), (2)', 'truncate un'],
  [
    'names that need quoting',
    `create table "Odd ""na'me" (id int primary key); insert into "Odd ""na'me" values (1)`,
    `truncate "Odd ""na'me"`,
  ],
];

describe.each(versions)('PostgreSQL %i', (major) => {
  let server: TestServer;
  let stage: PostgresStage;
  let client: Client;

  beforeAll(async () => {
    server = await openPostgres({ major });
    await server.query(`create role agent login password 'secret'; ${undoRole}`);
    stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret' });
  });
  afterAll(async () => {
    await stage.close();
    await server.stop();
  });
  const world = async (more: string): Promise<void> => {
    await server.query(`drop schema public cascade; create schema public;
      create table t (id int primary key, v text, n numeric(10, 2) default 0); insert into t select g, 'row ' || g, g from generate_series(1, 100) g;
      ${more}; grant usage, create on schema public to agent; grant all on all tables in schema public to agent;
      grant all on all sequences in schema public to agent`);
  };
  beforeEach(async () => {
    stage.rig.clock.step(1);
    client = await stage.connect();
  });
  afterEach(() => client.end());

  describe('U1, U2: tables that are emptied come back whole; the undo is undone as well', () => {
    test.each(cases)('%s', async (_, more, act) => {
      await world(more);
      const before = await digests(server);
      await client.query(act);
      const after = await digests(server);
      expect(after).not.toEqual(before);
      expect(await undoLast(stage)).toMatchObject([{ kind: 'done' }]);
      expect(await digests(server)).toEqual(before);
      expect((await undoLast(stage)).filter((one) => one.kind !== 'done')).toEqual([]);
      expect(await digests(server)).toEqual(after);
    });
  });

  test('U1: RESTART IDENTITY: sequences are moved on to where they were, and never back', async () => {
    await world(`create table i (id int generated by default as identity primary key, v text); insert into i (v) select g from generate_series(1, 30) g;
      create table s (id serial primary key); insert into s default values; alter sequence s_id_seq increment 5; insert into s default values;
      create table w (id bigserial, v text);
      alter table i owner to agent; alter table s owner to agent; alter table w owner to agent`);
    const before = await digests(server);
    const lasts = async (): Promise<unknown> =>
      (await server.query('select sequencename, last_value from pg_sequences order by 1')).rows;
    const were = await lasts();
    await client.query('truncate i, s, w restart identity');
    stage.rig.clock.step(1);
    await client.query("insert into i (v) values ('new')");
    expect(await lasts()).not.toEqual(were);
    await server.query('delete from i');
    const [, truncated] = await stage.rig.road.images.list();
    expect(await undoOne(stage, truncated?.id ?? '')).toMatchObject([{ kind: 'done' }]);
    expect(await digests(server)).toEqual(before);
    expect(await lasts()).toEqual(were);
  });

  test('U1: psql sees what it would see of the server itself', async () => {
    await world('create index one on t (v); alter table t owner to agent');
    const before = [await catalogue(server), await digests(server)];
    const script = 'truncate table t; drop index one; select count(*) from t';
    const { stdout, stderr } = await run('psql', [
      stage.url,
      '-X',
      '-At',
      ...script.split('; ').flatMap((one) => ['-c', one]),
    ]);
    expect([stdout, stderr]).toEqual(['TRUNCATE TABLE\nDROP INDEX\n0\n', '']);
    // Each has an undo of its own, and neither stands in the other's way.
    const images = (await stage.rig.road.images.list()).slice(0, 2);
    for (const { id } of images) expect(await undoOne(stage, id)).toMatchObject([{ kind: 'done' }]);
    expect([await catalogue(server), await digests(server)]).toEqual(before);
  });

  test('U1: as many rows as are secured at most', async () => {
    await world('create table many (id int primary key); insert into many select g from generate_series(1, 100000) g');
    const before = await digests(server);
    await client.query('truncate many');
    expect(await undoLast(stage)).toMatchObject([{ kind: 'done' }]);
    expect(await digests(server)).toEqual(before);
  });

  test('H2: what was written since is never overwritten silently', async () => {
    await world('');
    await client.query('truncate t');
    await server.query("insert into t values (7, 'mine'), (5000, 'also mine')");
    expect((await planLast(stage)).conflicts).toEqual([expect.stringContaining('with id 7 was added again since')]);
    await expect(undoLast(stage)).rejects.toThrow(/would overwrite/);
    expect((await server.query('select count(*)::int as n from t')).rows).toEqual([{ n: 2 }]);
    expect(await undoLast(stage, true)).toMatchObject([{ kind: 'done' }]);
    expect((await server.query('select count(*)::int as n from t')).rows).toEqual([{ n: 101 }]);
  });

  describe('H2: what cannot be copied first is held, and nothing is emptied', () => {
    test.each([
      [
        'rows that row security keeps the agent from putting back',
        'alter table t enable row level security; create policy mine on t to agent using (id < 50)',
        'truncate t',
      ],
      ['something else beside it', '', 'begin; truncate t; create table more (id int primary key); commit'],
      [
        'a table that is made otherwise',
        'alter table t owner to agent',
        'begin; truncate t; alter table t drop column n; commit',
      ],
      [
        'code that empties another table as well',
        `create table other (id int primary key); insert into other values (1);
          create function also() returns trigger language plpgsql security definer as $$ begin truncate other; return null; end $$;
          create trigger also before truncate on t for each statement execute function also()`,
        'truncate t',
      ],
      [
        'a sequence that goes round',
        'create table c (id int generated by default as identity (cycle)); insert into c default values; alter table c owner to agent',
        'truncate c restart identity',
      ],
      ['more rows than are put back', 'insert into t select g from generate_series(101, 100002) g', 'truncate t'],
      [
        'more text than is kept',
        `insert into t select g, repeat('x', 1000000) from generate_series(101, 130) g`,
        'truncate t',
      ],
      ['a table whose rows may not be looked at', 'revoke select on t from agent', 'truncate t'],
    ])('%s', async (_, more, act) => {
      await world('');
      await server.query(more === '' ? 'select 1' : more);
      const before = await digests(server);
      await expect(client.query(act)).rejects.toMatchObject({ code: 'HP001' });
      expect(await digests(server)).toEqual(before);
      await client.query('rollback');
    });
  });

  test('U1: in production it is held for its name, and signed it runs with its undo', async () => {
    await world('');
    const before = await digests(server);
    const production = await openPostgresStage(server, { undo: 'holdpoint_undo:secret', production: true });
    try {
      const other = await production.connect();
      await expect(other.query('truncate t')).rejects.toMatchObject({ code: 'HP001' });
      const [hold] = await production.waiting();
      if (hold === undefined) throw new Error('nothing was held');
      await server.query('create index one on t (v); alter table t owner to agent; analyze t');
      await expect(other.query('drop index one')).rejects.toMatchObject({ code: 'HP001' });
      await server.query('drop index one');
      // Whoever empties a table asks for what is in it by then.
      await server.query("insert into t values (101, 'later')");
      expect(await production.signAndRun(hold)).toMatchObject({ kind: 'done' });
      expect((await server.query('select count(*)::int as n from t')).rows).toEqual([{ n: 0 }]);
      expect(await undoLast(production)).toMatchObject([{ kind: 'done' }]);
      expect((await server.query('delete from t where id = 101')).rows).toEqual([]);
      expect(await digests(server)).toEqual(before);
    } finally {
      await production.close();
    }
  });

  test('U1: whoever writes to the table as it is emptied is copied, or comes after it', async () => {
    await world('');
    await server.query('create function slow() returns int language sql as $$ select 1 $$');
    const writers = Array.from({ length: 8 }, (_, at) =>
      server.query(
        `do $$ begin for i in 1..40 loop insert into t values (${at} * 1000 + 2000 + i, 'w'); if i % 3 = 0 then delete from t where id = ${at} * 1000 + 2000 + i - 1; end if; perform pg_sleep(0.002); commit; end loop; end $$`,
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 40));
    await client.query('truncate t');
    await Promise.all(writers);
    expect(await undoLast(stage)).toMatchObject([{ kind: 'done' }]);
    // Each writer had 40 rows in all, and took 13 of them away again; what it took away that was emptied by then came back.
    const { rows } = await server.query('select count(*)::int as n from t where id <= 100');
    expect(rows).toEqual([{ n: 100 }]);
    const kept = await server.query('select count(*)::int as n from t where id > 100 and (id % 1000) % 3 <> 2');
    expect(kept.rows).toEqual([{ n: 8 * 27 }]);
  });

  describe('U1, U2: indexes that are dropped come back as they were; the undo is undone as well', () => {
    test.each([
      ['a plain one', 'create index one on t (v)', 'drop index one'],
      [
        'several, of every make',
        `create unique index one on t (v desc nulls last, n) include (id) with (fillfactor = 70); create index two on t using hash (v);
          create index three on t (lower(v) text_pattern_ops) where n > 3; create index four on t using brin (id) with (pages_per_range = 8);
          create index "Odd ""na'me" on t (v collate "C")`,
        `begin; drop index one, two; savepoint a; drop index public.three; release a; drop index if exists four, nowhere; select count(*) from t; drop index "Odd ""na'me"; commit`,
      ],
    ])('%s', async (_, more, act) => {
      await world(`${more}; alter table t owner to agent`);
      const before = await catalogue(server);
      await client.query(act);
      const after = await catalogue(server);
      expect(after).not.toEqual(before);
      expect(await undoLast(stage)).toMatchObject([{ kind: 'done' }]);
      expect(await catalogue(server)).toEqual(before);
      expect((await undoLast(stage)).filter((one) => one.kind !== 'done')).toEqual([]);
      expect(await catalogue(server)).toEqual(after);
    });
  });

  describe('U1, H2: no index goes without what brings it back, whatever is said around it', () => {
    test.each([
      [
        'given back and dropped again',
        ['begin', 'savepoint a', 'drop index one', 'rollback to a', 'drop index one', 'commit'],
        true,
      ],
      ['made anew by that name', ['begin', 'drop index one', 'create index one on t (n)', 'commit'], false],
      ['under another name', ['begin', 'alter index one rename to two', 'drop index two', 'commit'], false],
      [
        'under another path',
        ['set search_path to evil, pg_catalog, public', 'drop index public.one', 'reset search_path'],
        true,
      ],
      [
        'another of that name first',
        [
          'create index one on evil.e (x)',
          'set search_path to evil, public',
          'drop index one',
          'drop index one',
          'reset search_path',
        ],
        true,
      ],
      ['its table renamed beside it', ['begin', 'drop index one', 'alter table t rename to s', 'commit'], false],
      ['by a prepared statement', ['prepare p as select 1', 'drop index one'], true],
      ['in code', ['do $$ begin drop index one; end $$'], false],
      [
        'with a table that is read meanwhile',
        ['begin isolation level serializable', 'select * from t', 'drop index one', 'commit'],
        true,
      ],
      ['made otherwise first', ['begin', 'alter index one set (fillfactor = 50)', 'drop index one', 'commit'], false],
    ] as const)('%s', async (_, statements, runs) => {
      await world(`create schema if not exists evil authorization agent; create table if not exists evil.e (x int); alter table evil.e owner to agent;
        create index one on t (lower(v)) where n > 3; alter table t owner to agent`);
      const before = await catalogue(server);
      for (const one of statements) {
        // Images of the same millisecond have no order.
        stage.rig.clock.step(1);
        await client.query(one).catch(() => undefined);
      }
      await client.query('rollback');
      expect(JSON.stringify(await catalogue(server)) !== JSON.stringify(before)).toBe(runs);
      if (!runs) return;
      expect(await undoLast(stage)).toMatchObject([{ kind: 'done' }]);
      expect(await catalogue(server)).toEqual(before);
    });
  });

  test('U1: an index that somebody changes as it is about to be dropped is not taken for what it was', async () => {
    await world('create index one on t (v); alter table t owner to agent');
    const before = await catalogue(server);
    // The definition is asked for, then the statement waits for this one.
    const busy = server.query('begin; alter index one set (fillfactor = 60); select pg_sleep(0.6); commit');
    await new Promise((resolve) => setTimeout(resolve, 150));
    const dropped = await client.query('drop index one').then(
      () => true,
      () => false,
    );
    await busy;
    const now = await catalogue(server);
    if (dropped) {
      expect(await undoLast(stage)).toMatchObject([{ kind: 'done' }]);
      expect(JSON.stringify(await catalogue(server))).toContain('fillfactor=60');
    } else expect(now).not.toEqual(before);
  });

  describe('H2: an index that its definition alone does not bring back is held', () => {
    test.each([
      ['with a comment', "comment on index one is 'mine'", 'drop index one'],
      [
        'with a statistics target',
        'drop index one; create index one on t (lower(v)); alter index one alter column 1 set statistics 500',
        'drop index one',
      ],
      ['by which the table was clustered', 'alter table t cluster on one', 'drop index one'],
      [
        'that is the replica’s identity',
        'alter table t alter v set not null; create unique index two on t (v); alter table t replica identity using index two',
        'drop index two',
      ],
      ['beside rows', '', 'begin; delete from t where id = 1; drop index one; commit'],
      ['beside another change of its table', '', 'begin; drop index one; alter table t alter n set default 3; commit'],
      [
        'beside a table that goes',
        'create table gone (); alter table gone owner to agent',
        'begin; drop index one; drop table gone; commit',
      ],
      ['of a table that is emptied as well', '', 'begin; drop index one; truncate t; commit'],
      [
        'with all that hangs on it',
        'create unique index two on t (v, id); create table r (v text, id int, foreign key (v, id) references t (v, id))',
        'drop index two cascade',
      ],
    ])('%s', async (_, more, act) => {
      await world('create index one on t (v); alter table t owner to agent');
      if (more !== '') await server.query(more);
      const before = [await catalogue(server), await digests(server)];
      await expect(client.query(act)).rejects.toMatchObject({ code: 'HP001' });
      await client.query('rollback');
      expect([await catalogue(server), await digests(server)]).toEqual(before);
    });
  });

  // A server before 16 has no grant that inherits without letting become: there the case does not exist.
  if (major >= 16)
    test('U1: by a role with an owner’s rights that cannot become one, as `connect` makes it', async () => {
      await world(`create index one on t (v); create table i (id int generated always as identity primary key, v text); insert into i (v) values ('a'), ('b');
      do $$ begin create role owner; exception when duplicate_object then null; end $$; grant create, usage on schema public to owner;
      alter table t owner to owner; alter table i owner to owner; grant owner to agent with inherit true, set false`);
      const before = [await catalogue(server), await digests(server)];
      await client.query('drop index one');
      stage.rig.clock.step(1);
      await client.query('truncate t, i restart identity');
      expect(await undoLast(stage)).toMatchObject([{ kind: 'done' }]);
      const [, , dropped] = await stage.rig.road.images.list();
      expect(await undoOne(stage, dropped?.id ?? '')).toMatchObject([{ kind: 'done' }]);
      expect([await catalogue(server), await digests(server)]).toEqual(before);
      await server.query('revoke owner from agent');
    });

  test('U1: what stands by the name of a dropped index by now stays', async () => {
    await world('create index one on t (v); alter table t owner to agent');
    await client.query('drop index one');
    await server.query('create index one on t (n)');
    const now = await catalogue(server);
    expect((await planLast(stage)).notUndone).toEqual(['`public.one` is another one by now']);
    await expect(undoLast(stage)).rejects.toThrow(/nothing of it can be put back/);
    expect(await catalogue(server)).toEqual(now);
  });

  test('U1: a savepoint that gives the table back leaves it as it was', async () => {
    await world('');
    const before = await digests(server);
    await client.query('begin');
    await client.query('savepoint a');
    await client.query('truncate t');
    await client.query('rollback to a');
    await client.query('delete from t where id = 1');
    await expect(client.query('commit')).rejects.toMatchObject({ code: 'HP001' });
    expect(await digests(server)).toEqual(before);
  });
});

/** Everything that is said of relations, but for oids and files. */
async function catalogue(server: TestServer): Promise<unknown> {
  const { rows } =
    await server.query(`select n.nspname, c.relname, c.relkind, c.relowner, c.relam, c.reltablespace, c.relacl::text, c.reloptions::text, c.relpersistence, c.relreplident,
      obj_description(c.oid, 'pg_class') as said, case when c.relkind = 'i' then pg_get_indexdef(c.oid) end as def, to_jsonb(i) - 'indexrelid' - 'indrelid' - 'indexprs' - 'indpred' as indexed,
      (select jsonb_agg(to_jsonb(a) - 'attrelid' order by a.attnum) from pg_attribute a where a.attrelid = c.oid) as columns,
      (select jsonb_agg(pg_get_constraintdef(k.oid) order by k.conname) from pg_constraint k where k.conrelid = c.oid) as constraints
    from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_index i on i.indexrelid = c.oid
    where n.nspname = 'public' order by 1, 2`);
  return rows;
}
