import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasPostgres15, openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { digests, planLast, undoLast, undoRole } from './undo-world.ts';

/** A trigger function `f` that does this. */
const code = (body: string): string =>
  `create function f() returns trigger language plpgsql as $$ begin ${body} end $$`;
const all = 'grant all on all tables in schema public to agent; grant all on all sequences in schema public to agent';
const users = `create table u (id int primary key, mail text unique); insert into u values (1, 'a'), (2, 'b')`;

/** What becomes of it, what there is, what the agent does, and its rights where they are not all. */
type Case = readonly [name: string, becomes: 'undone' | RegExp, made: string, act: string, rights?: string];

const cases: readonly Case[] = [
  [
    'parent and child added in one transaction',
    'undone',
    'create table authors (id int primary key); create table books (id int primary key, a int references authors)',
    'begin; insert into authors values (1); insert into books values (1, 1); commit',
  ],
  [
    'rows added that refer to each other',
    'undone',
    'create table a (id int primary key, up int references a); ',
    'begin; insert into a values (1, 1), (2, 3), (3, 2); commit',
  ],
  [
    'rows added by a role that may not delete',
    /SQLSTATE 42501/,
    'create table t (id int primary key)',
    'insert into t values (1)',
    'grant select, insert on t to agent',
  ],
  [
    'added rows that a trigger keeps',
    /do not become|besides/,
    `create table t (id int primary key); ${code('return null;')}; create trigger s before delete on t for each row execute function f()`,
    'insert into t values (1)',
  ],
  [
    '70,000 rows added',
    'undone',
    'create table t (id int primary key, v text)',
    `insert into t select g, 'x' from generate_series(1, 70000) g`,
  ],
  [
    'a row added to a published table without an identity',
    /SQLSTATE 55000/,
    'create table t (id int, v text); create publication pub for table t',
    `insert into t values (1, 'x')`,
  ],
  [
    'rows added beside a time, under other settings',
    'undone',
    'create table t (at timestamptz primary key, d float8)',
    `begin; set local timezone to 'Asia/Tokyo'; set local extra_float_digits to -15; insert into t values ('2026-01-01 00:00Z', 1.2345678); commit`,
  ],
  [
    'a time of change that a trigger sets',
    'undone',
    `create table t (id int primary key, v text, at timestamptz default now()); insert into t select g, 'x' from generate_series(1, 5) g;
      ${code('new.at := clock_timestamp(); return new;')}; create trigger s before update on t for each row execute function f()`,
    `update t set v = 'y' where id < 4`,
  ],
  [
    'the same where children follow by cascade',
    /besides|do not become/,
    `create table t (id int primary key, v text, at timestamptz default now()); create table c (id int primary key, t int references t on delete cascade);
      insert into t values (1, 'x'); insert into c values (1, 1);
      ${code('new.at := clock_timestamp(); return new;')}; create trigger s before update on t for each row execute function f()`,
    `update t set v = 'y'`,
  ],
  [
    'a trigger that refuses the way back',
    /SQLSTATE P0001/,
    `create table t (id int primary key, st text); insert into t values (1, 'open');
      ${code(`if old.st = 'closed' then raise exception 'closed'; end if; if tg_op = 'DELETE' then return old; end if; return new;`)}; create trigger s before update or delete on t for each row execute function f()`,
    `update t set st = 'closed'`,
  ],
  [
    'an audit table that a trigger fills',
    'undone',
    `create table t (id int primary key, v text); create table audit (id serial primary key, what text); insert into t values (1, 'x'); insert into audit (what) values ('before');
      ${code('insert into audit (what) values (tg_op); return new;')}; create trigger s after insert or update or delete on t for each row execute function f()`,
    `begin; update t set v = 'y'; delete from t; insert into t values (2, 'z'); commit`,
  ],
  [
    'an audit table that an insert fills',
    'undone',
    `create table t (id int primary key, v text); create table audit (id serial primary key, what text);
      ${code('insert into audit (what) values (tg_op); return new;')}; create trigger s after insert or update or delete on t for each row execute function f()`,
    `insert into t values (2, 'z')`,
  ],
  [
    'unique values handed on',
    'undone',
    users,
    `begin; update u set mail = 'c' where id = 2; update u set mail = 'b' where id = 1; commit`,
  ],
  [
    'unique values exchanged',
    'undone',
    users,
    `begin; update u set mail = 'c' where id = 2; update u set mail = 'b' where id = 1; update u set mail = 'a' where id = 2; commit`,
  ],
  [
    'a unique value that moves between referenced rows',
    'undone',
    `${users}; create table o (id int primary key, u int references u)`,
    `begin; delete from u where id = 1; insert into u values (9, 'a'); commit`,
  ],
  [
    'a changed key with a unique value beside it, which others follow',
    'undone',
    `${users}; create table o (id int primary key, u int references u on update cascade); insert into o values (1, 1)`,
    'update u set id = 1000 where id = 1',
  ],
  [
    'a key that is equal and another text',
    'undone',
    `create table t (id numeric primary key, v text); insert into t values (1.0, 'a')`,
    'update t set id = 1.00',
  ],
  [
    'the same of a float that is minus nought',
    'undone',
    `create table t (id float8 primary key, v text); insert into t values ('-0', 'a')`,
    'update t set id = 0',
  ],
  [
    'two tables that refer to each other',
    'undone',
    `create table a (id int primary key, b int); create table b (id int primary key, a int references a on delete cascade);
      alter table a add foreign key (b) references b on delete set null; insert into a values (1, null), (2, null); insert into b values (1, 1); update a set b = 1`,
    'delete from a where id = 1',
  ],
  [
    'the same with keys that can wait',
    'undone',
    `create table a (id int primary key, b int); create table b (id int primary key, a int references a deferrable);
      alter table a add foreign key (b) references b deferrable; insert into a values (1, null); insert into b values (1, 1); update a set b = 1`,
    'begin; set constraints all deferred; delete from a; delete from b; commit',
  ],
  [
    'an identity column that is no key',
    'undone',
    'create table t (k int primary key, seq int generated always as identity); insert into t values (1)',
    'update t set seq = default',
  ],
  [
    'a constraint that is not valid, and holds of the row',
    'undone',
    'create table t (id int primary key, n int); insert into t values (1, 5), (2, -5); alter table t add check (n > 0) not valid',
    'delete from t where id = 1',
  ],
  [
    'a generated value whose function is another by now',
    /do not become/,
    `create function g(int) returns int immutable language sql as 'select $1 * 2'; create table t (id int primary key, a int, b int generated always as (g(a)) stored);
      insert into t values (1, 1); create or replace function g(int) returns int immutable language sql as 'select $1 * 3'`,
    'delete from t',
  ],
  [
    'a trigger that needs the search_path of the session',
    'undone',
    `create table t (id int primary key, v text); insert into t values (1, 'x'); create schema side; grant usage on schema side to agent; create table side.there (a int); grant all on side.there to agent;
      ${code('perform 1 from there; return coalesce(new, old);')}; create trigger s before insert or update or delete on t for each row execute function f()`,
    `begin; set search_path to side, public; delete from t; commit`,
  ],
];

describe.each(hasPostgres15() ? ([18, 15] as const) : ([18] as const))('PostgreSQL %i', (major) => {
  let server: TestServer;
  let stage: PostgresStage;
  beforeAll(async () => {
    server = await openPostgres({ major });
    await server.query(`create role agent login password 'secret'; ${undoRole}`);
    stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret' });
  });
  afterAll(async () => {
    await stage.close();
    await server.stop();
  });

  test.each(cases.map(([name, becomes, made, act, rights]) => [name, becomes, made, act, rights ?? all] as const))(
    'U1, H2: %s',
    async (_name, becomes, made, act, rights) => {
      await server.query(
        'drop publication if exists pub; drop schema if exists side cascade; drop schema public cascade; create schema public; grant usage on schema public to agent',
      );
      await server.query(`${made}; ${rights}`);
      stage.rig.clock.step(1);
      const before = await digests(server);
      const client = await stage.connect();
      const done = client.query(act);
      if (becomes === 'undone') {
        await done;
        await client.end();
        expect(await digests(server)).not.toEqual(before);
        const outcomes = await undoLast(stage);
        expect(outcomes.flatMap((one) => (one.kind === 'refused' ? [one.refusal.detail] : []))).toEqual([]);
      } else {
        await expect(done).rejects.toMatchObject({ code: 'HP001' });
        await client.query('rollback');
        await client.end();
        const [hold] = (await stage.waiting()).toSorted((one, other) => (one.id < other.id ? 1 : -1));
        expect(hold?.facts.find((one) => one.label === 'Not secured')?.value).toMatch(becomes);
      }
      expect(await digests(server)).toEqual(before);
    },
    120_000,
  );

  const ofUsers = 'create table u (id int primary key, mail text unique, at timestamptz); ';
  const stamping = `${code('new.at := clock_timestamp(); return new;')}; create trigger s before update on u for each row execute function f()`;
  test.each([
    ['rows that were added', 'on delete cascade', '', "insert into u values (2, 'b')", 'insert into o values (7, 2)'],
    ['rows that were added', 'on delete set null', '', "insert into u values (2, 'b')", 'insert into o values (7, 2)'],
    ['rows that go and come', 'on delete cascade', stamping, "update u set mail = 'c'", 'insert into o values (7, 1)'],
  ])('U1: others who refer to %s by now (%s) are named', async (_what, action, more, act, since) => {
    await server.query('drop schema public cascade; create schema public; grant usage on schema public to agent');
    await server.query(
      `${ofUsers}insert into u values (1, 'a'); create table o (id int, u int references u ${action}); ${more}; ${all}`,
    );
    stage.rig.clock.step(1);
    const client = await stage.connect();
    await client.query(act);
    await client.end();
    await server.query(since);
    const then = await digests(server);
    expect((await planLast(stage)).conflicts).toEqual([expect.stringContaining('1 rows of `public.o` refer')]);
    await expect(undoLast(stage)).rejects.toThrow(/would overwrite/);
    expect(await digests(server)).toEqual(then);
  });
});
