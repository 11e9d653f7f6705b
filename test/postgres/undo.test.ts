import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasPostgres15, openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { digests, planLast, undoLast, undoRole } from './undo-world.ts';
import { full } from '../full.ts';

/** The older server in full runs alone: it takes as long again. */
const older = full && hasPostgres15();
const versions = older ? ([18, 15] as const) : ([18] as const);

/** `[what, what is there before, what the agent says]` */
const cases: readonly (readonly [what: string, world: string, act: string])[] = [
  ['DELETE', '', 'delete from t where id < 4'],
  ['UPDATE', '', "update t set v = 'gone', n = null where id in (1, 2)"],
  ['UPDATE of a key', '', 'update t set id = 1000 where id = 5'],
  [
    'UPDATE that shifts every key',
    '',
    'begin; delete from t where id = 1; update t set id = id - 1 where id <= 15; commit',
  ],
  ['an upsert', '', "insert into t values (1, 'x'), (200, 'y') on conflict (id) do update set v = excluded.v"],
  [
    'MERGE',
    '',
    `merge into t using (values (1, 'm'), (2, null), (300, 'new')) s(id, v) on t.id = s.id
      when matched and s.v is null then delete when matched then update set v = s.v when not matched then insert values (s.id, s.v)`,
  ],
  [
    'a writing CTE',
    '',
    'with gone as (delete from t where id < 3 returning id) update t set n = 7 from gone where t.id = gone.id + 10',
  ],
  [
    'a transaction with savepoints',
    '',
    `begin; delete from t where id = 1; savepoint a; update t set v = 'in a' where id = 2; savepoint b;
      delete from t where id in (3, 4); rollback to b; update t set v = 'twice' where id = 2; release a; insert into t values (500, 'x'); commit`,
  ],
  [
    'rows added and deleted again in one transaction',
    '',
    'begin; insert into t values (600); update t set n = 1 where id = 600; delete from t where id in (600, 1); commit',
  ],
  [
    'cascades of every kind',
    `create table child (id int primary key, t int references t on delete cascade on update cascade);
      create table other (id int primary key, t int references t on delete set null);
      insert into child select g, g from generate_series(1, 9) g; insert into other select g, g from generate_series(1, 9) g`,
    'delete from t where id < 4',
  ],
  [
    'a key that foreign keys follow',
    `create table child (id int primary key, t int not null references t on update cascade); insert into child select g, g from generate_series(1, 9) g`,
    'update t set id = 700 where id = 2',
  ],
  [
    'a table that refers to itself',
    `create table tree (id int primary key, up int references tree on delete cascade);
      insert into tree select g, nullif(g / 2, 0) from generate_series(1, 15) g`,
    'delete from tree where id = 2',
  ],
  [
    'partitions, and rows that move between them',
    `create table p (id int, k text, e text, v text, primary key (id, k)) partition by list (k);
      create table p_a partition of p for values in ('a'); create table p_b partition of p for values in ('b');
      insert into p select g, case when g % 2 = 0 then 'a' else 'b' end, 'e', 'row' from generate_series(1, 20) g`,
    "update p set k = 'b', v = 'moved' where id in (2, 4, 6)",
  ],
  [
    'inheritance',
    'create table kid (extra int) inherits (t); alter table kid add primary key (id); insert into kid select g, null, 0, g from generate_series(801, 805) g',
    'delete from t where id in (1, 801, 802)',
  ],
  [
    'an identity column, ALWAYS',
    `create table i (id int generated always as identity primary key, v text); insert into i (v) select 'row ' || g from generate_series(1, 9) g`,
    "begin; delete from i where id < 3; update i set v = 'x' where id = 4; insert into i (v) values ('added'); commit",
  ],
  [
    'stored generated columns',
    `create table g (id int primary key, a int, b int generated always as (a * 2) stored); insert into g select g, g from generate_series(1, 9) g`,
    'begin; delete from g where id < 3; update g set a = 100 where id = 4; commit',
  ],
  [
    'values that are kept out of line',
    `create table big (id int primary key, v text); alter table big alter v set storage external;
      insert into big select g, repeat(md5(g::text), 5000) from generate_series(1, 5) g`,
    "begin; delete from big where id = 1; update big set v = 'short' where id = 2; commit",
  ],
  [
    'triggers that change other tables',
    `create table audit (id int primary key, last text); insert into audit select g, 'none' from generate_series(1, 9) g;
      create function note() returns trigger language plpgsql as $$ begin
        if tg_op = 'DELETE' then update audit set last = 'deleted' where id = old.id and last = 'none'; end if; return null; end $$;
      create trigger note after delete on t for each row execute function note()`,
    'delete from t where id < 4',
  ],
  [
    'row security',
    `alter table t add column owner text default 'agent'; update t set owner = 'else' where id > 50; alter table t enable row level security;
      create policy mine on t to agent using (owner = 'agent')`,
    'delete from t where id between 45 and 60',
  ],
  [
    'a deferred constraint',
    `create table d (id int primary key, up int references d deferrable initially deferred); insert into d select g, g from generate_series(1, 5) g`,
    'begin; update d set up = 9 where id = 1; delete from d where id = 5; insert into d values (9, 9); commit',
  ],
  [
    'a unique column that moves to a row that is added',
    `create table u (id int primary key, mail text unique); insert into u select g, g || '@x' from generate_series(1, 5) g`,
    "begin; delete from u where id = 1; insert into u values (10, '1@x'); commit",
  ],
  [
    'no key: rows that are deleted, equal ones among them',
    "create table keyless (a int, b text); insert into keyless select g / 3, 'x' from generate_series(1, 12) g; insert into keyless values (null, null)",
    'delete from keyless where a in (1, 2) or a is null',
  ],
  [
    'no key: rows that are changed and added',
    "create table bare (a int, b text); insert into bare select g / 3, 'x' from generate_series(1, 12) g",
    "begin; update bare set b = 'y' where a = 1; update bare set a = a where a = 2; insert into bare values (4, 'x'), (1, 'x'); commit",
  ],
  [
    'a unique key that is no primary key',
    'create table k (a int not null, b text not null, c int, unique (b, a)); insert into k select g, g::text, g from generate_series(1, 9) g',
    'begin; delete from k where a = 1; update k set c = 0 where a in (2, 3); commit',
  ],
  [
    'names that need quoting',
    `create table "Odd ""name" ("Key" int primary key, "select" text, "t" text); insert into "Odd ""name" select g, 'a', 'b' from generate_series(1, 5) g`,
    `update "Odd ""name" set "select" = '''', "t" = '\\' where "Key" < 3`,
  ],
  [
    'an unlogged table',
    'create unlogged table un (id int primary key, v text); insert into un select g from generate_series(1, 5) g',
    'delete from un where id < 3',
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

  describe('U1, U2: runs at once, and is put back whole; the undo is undone as well', () => {
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

  test('U1: every built-in type that is not held for its values (xml, regproc and its kind) comes back byte for byte, whatever the session says about dates', async () => {
    const { rows } =
      await server.query(`select t.typname::text as name from pg_type t where t.typtype in ('b', 'r', 'm') and t.oid < 16384
      and t.typcategory not in ('P', 'X', 'Z') and t.typname !~ '^(pg_node_tree|pg_ndistinct|pg_dependencies|pg_mcv_list|pg_brin_.*|any.*|gtsvector|.*_mcv.*|pg_ddl.*)$'
      and t.typname !~ '^_' order by 1`);
    const names = rows.map((row) => String(row['name'])).filter((name) => values[name] !== undefined);
    expect(names.length).toBeGreaterThan(60);
    const columns = names.flatMap((name) => [`"c_${name}" pg_catalog."${name}"`, `"a_${name}" pg_catalog."${name}"[]`]);
    const texts = names.flatMap((name) => [values[name] ?? '', `array[${values[name] ?? ''}, null]::"${name}"[]`]);
    await world(`create type mood as enum ('sad', 'it''s'); create domain small as int check (value < 10);
      create type pair as (a int, b text);
      create table every (id int primary key, m mood, s small, p pair, q pair[], ${columns.join(', ')});
      insert into every values (1, 'it''s', 3, row(null, null), array[row(1, 'a,"b')]::pair[], ${texts.join(', ')}); insert into every (id) values (2), (3)`);
    const before = await digests(server);
    await client.query(
      "set datestyle to 'SQL, DMY'; set timezone to 'Asia/Tokyo'; set intervalstyle to 'sql_standard'",
    );
    await client.query('delete from every where id = 1');
    expect(await undoLast(stage)).toMatchObject([{ kind: 'done' }]);
    expect(await digests(server)).toEqual(before);
    await client.query(
      `update every set m = null, s = 4, p = null, q = null, ${names.map((name) => `"c_${name}" = null, "a_${name}" = null`).join(', ')} where id < 3`,
    );
    expect(await undoLast(stage)).toMatchObject([{ kind: 'done' }]);
    expect(await digests(server)).toEqual(before);
  });

  describe('H2, U1: what was written since is never overwritten silently', () => {
    test.each([
      ['changed', "update t set v = 'mine' where id = 1", 'with id 1 was changed since'],
      ['deleted', 'delete from t where id = 1', 'with id 1 was deleted since'],
      ['added again', "insert into t values (2, 'mine')", 'with id 2 was added again since'],
      [
        'an added one was changed',
        "update t set v = 'mine' where id = 900",
        'with id 900, which it added, was changed since',
      ],
    ])('%s', async (_, meanwhile, conflict) => {
      await world('');
      const before = await digests(server);
      await client.query(
        "begin; update t set v = 'x' where id = 1; delete from t where id = 2; insert into t values (900); commit",
      );
      await server.query(meanwhile);
      const now = await digests(server);
      expect((await planLast(stage)).conflicts).toEqual([expect.stringContaining(conflict)]);
      await expect(undoLast(stage)).rejects.toThrow(/would overwrite/);
      expect(await digests(server)).toEqual(now);
      expect(await undoLast(stage, true)).toMatchObject([{ kind: 'done' }]);
      expect(await digests(server)).toEqual(before);
    });
  });

  test('U1: a table that is made otherwise by now is said, and nothing is written', async () => {
    await world('');
    await client.query('delete from t where id < 3');
    await server.query('alter table t drop column n');
    const now = await digests(server);
    expect((await planLast(stage)).notUndone).toEqual(['table `public.t` is not made as it was']);
    await expect(undoLast(stage)).rejects.toThrow(/nothing of it can be put back/);
    await server.query('drop table t');
    await expect(undoLast(stage)).rejects.toThrow(/nothing of it can be put back/);
    expect(now).not.toEqual({});
  });

  test('U1: a trigger that writes over what comes back is found out', async () => {
    await world('');
    await client.query('delete from t where id < 3');
    // Had it been there before, the act would have been held.
    await server.query(`create function stamp() returns trigger language plpgsql as $$ begin new.n := 77; return new; end $$;
      create trigger stamp before insert on t for each row execute function stamp()`);
    expect((await planLast(stage)).notUndone).toEqual([expect.stringContaining('triggers')]);
    await expect(undoLast(stage)).rejects.toThrow(/not everything is as it was/);
  });

  test('U1: others who lock the same rows, before and after, hide none and add none', async () => {
    await world('create table child (id int primary key, t int references t)');
    const before = await digests(server);
    await client.query("begin; update t set v = 'x' where id < 4");
    // Each refers to a row that the agent changed, and to some that it did not: multixacts.
    await Promise.all([1, 2, 3, 50].map((id) => server.query(`insert into child values (${id}, ${id})`)));
    await server.query('delete from child');
    await client.query('select * from t where id between 40 and 60 for key share');
    await client.query('delete from t where id = 7; commit');
    expect(await undoLast(stage)).toMatchObject([{ kind: 'done' }]);
    expect({ ...(await digests(server)), 'public.child': '' }).toEqual({ ...before, 'public.child': '' });
  });

  test('U1: whoever locks the table keeps it from being secured: it is held, and nobody waits long', async () => {
    await world('');
    await client.query('begin; delete from t where id = 1');
    const waiting = server.query('begin; lock table t in access exclusive mode; rollback');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await expect(client.query('commit')).rejects.toMatchObject({ code: 'HP001' });
    await waiting;
    expect((await server.query('select count(*)::int as n from t')).rows).toEqual([{ n: 100 }]);
  });

  describe('H2: what could not be secured is held', () => {
    test.each([
      [
        'a table that is emptied, locked by hand',
        '',
        'begin; lock table t in access exclusive mode; truncate t; commit',
      ],
      [
        'a table whose rows may not be looked at',
        'create table hidden (id int primary key, n int); insert into hidden values (1, 1)',
        'update hidden set n = 2',
      ],
      [
        'something else beside it',
        '',
        'begin; delete from t where id = 1; create table more (id int primary key); commit',
      ],
    ])('%s', async (_, more, act) => {
      await world(more);
      await server.query(more.includes('hidden') ? 'revoke select on hidden from agent' : 'select 1');
      const before = await digests(server);
      await expect(client.query(act)).rejects.toMatchObject({ code: 'HP001' });
      expect(await digests(server)).toEqual(before);
      await client.query('rollback');
    });
  });

  test('G1: what is hit is signed row by row: another row that matches by then is another act', async () => {
    await world('');
    const held = "update t set v = 'x' from (select 1) one where t.n between 50 and 79";
    const production = await openPostgresStage(server, { undo: 'holdpoint_undo:secret', production: true });
    try {
      const other = await production.connect();
      await expect(other.query(held)).rejects.toMatchObject({ code: 'HP001' });
      const [hold] = await production.waiting();
      if (hold === undefined) throw new Error('nothing was held');
      await server.query('update t set n = 200 where id = 50; update t set n = 60 where id = 1');
      expect(await production.signAndRun(hold)).toMatchObject({ kind: 'refused', refusal: { code: 'HELD' } });
      expect((await server.query("select count(*)::int as n from t where v = 'x'")).rows).toEqual([{ n: 0 }]);
      const [again] = await production.waiting();
      if (again === undefined) throw new Error('nothing was held');
      expect(await production.signAndRun(again)).toMatchObject({ kind: 'done' });
      expect((await server.query("select count(*)::int as n from t where v = 'x'")).rows).toEqual([{ n: 30 }]);
    } finally {
      await production.close();
    }
  });

  test('H6: every second line is closed with what it was opened for', async () => {
    const left = "select count(*)::int as n from pg_stat_activity where usename = 'holdpoint_undo'";
    await expect.poll(async () => (await server.query(left)).rows).toEqual([{ n: 0 }]);
  });

  describe('H2: a second line that is not what it has to be secures nothing', () => {
    test.each([
      [
        'of a role without BYPASSRLS',
        "create role weak login password 'secret'; grant pg_read_all_data to weak",
        'weak:secret',
      ],
      ['with a wrong password', '', 'holdpoint_undo:wrong'],
      ['of a role that may not read', "create role blind login bypassrls password 'secret'", 'blind:secret'],
    ])('%s', async (_, make, secret) => {
      await world('alter table t enable row level security; create policy p on t using (true)');
      if (make !== '') await server.query(make);
      const other = await openPostgresStage(server, { undo: secret });
      try {
        const agent = await other.connect();
        await expect(agent.query('delete from t where id = 1')).rejects.toMatchObject({ code: 'HP001' });
        expect((await server.query('select count(*)::int as n from t')).rows).toEqual([{ n: 100 }]);
      } finally {
        await other.close();
      }
    });
  });
});

/** A value of each type that a row can hold, as SQL. */
const values: { readonly [type: string]: string } = {
  bool: 'true',
  bytea: `'\\xdeadbeef00'::bytea`,
  char: `'\\303'::"char"`,
  name: `'na me'::name`,
  int8: '-9223372036854775808',
  int2: '-32768',
  int4: '2147483647',
  text: `E'a\\n\\\\b\\t''"ü'`,
  oid: '4294967295',
  tid: `'(4294967295,65535)'::tid`,
  xid: `'4294967295'::xid`,
  cid: `'7'::cid`,
  oidvector: `'1 2 3'::oidvector`,
  int2vector: `'1 2'::int2vector`,
  json: `'{"b" : 1,  "a":[1, "\\u0041"], "b":2}'::json`,
  jsonb: `'{"b" : 1.50, "a":null}'::jsonb`,
  point: `'(0.1,-3e300)'::point`,
  lseg: `'[(1,2),(3,4)]'::lseg`,
  path: `'((1,2),(3,4))'::path`,
  box: `'(3,4),(1,2)'::box`,
  polygon: `'((1,2),(3,4),(5,0))'::polygon`,
  line: `'{1,2,3}'::line`,
  circle: `'<(1,2),3>'::circle`,
  float4: `'1.1754944e-38'::float4`,
  float8: `'0.1'::float8 + 0.2`,
  money: `'-12345.67'::money`,
  macaddr: `'08:00:2b:01:02:03'::macaddr`,
  macaddr8: `'08:00:2b:01:02:03:04:05'::macaddr8`,
  inet: `'10.1.2.3/8'::inet`,
  cidr: `'10.0.0.0/8'::cidr`,
  bpchar: `'ab   '::char(8)`,
  varchar: `'v  '::varchar(9)`,
  date: `'0044-03-15 BC'::date`,
  time: `'24:00:00'::time`,
  timestamp: `'infinity'::timestamp`,
  timestamptz: `'2026-03-29 02:30:00.123456+01'::timestamptz`,
  timetz: `'12:34:56.789-11:30'::timetz`,
  interval: `'-1 mon +2 days -03:04:05.6'::interval`,
  bit: `B'101'::bit(3)`,
  varbit: `B'10110'::varbit`,
  numeric: `'-1234567890123456789.000000000100'::numeric`,
  uuid: `'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid`,
  tsvector: `'a:1A fat:2,4B'::tsvector`,
  tsquery: `'fat & (rat | !cat:A)'::tsquery`,
  pg_lsn: `'16/B374D848'::pg_lsn`,
  pg_snapshot: `'10:20:10,14,15'::pg_snapshot`,
  txid_snapshot: `'10:20:10,14,15'::txid_snapshot`,
  xid8: `'18446744073709551615'::xid8`,
  jsonpath: `'$.a[*] ? (@ > 1)'::jsonpath`,
  refcursor: `'c'::refcursor`,
  regclass: `'pg_catalog.pg_class'::regclass`,
  regcollation: `'"C"'::regcollation`,
  regtype: `'interval'::regtype`,
  regrole: `'agent'::regrole`,
  regnamespace: `'public'::regnamespace`,
  regconfig: `'english'::regconfig`,
  regdictionary: `'simple'::regdictionary`,
  aclitem: `'agent=r/postgres'::aclitem`,
  int4range: `'[1,5)'::int4range`,
  int8range: `'empty'::int8range`,
  numrange: `'(1.5,]'::numrange`,
  tsrange: `'[2026-01-01 00:00, infinity]'::tsrange`,
  tstzrange: `'[2026-01-01 00:00+03,)'::tstzrange`,
  daterange: `'[2026-01-01,2026-02-01)'::daterange`,
  int4multirange: `'{[1,2),[5,9)}'::int4multirange`,
  int8multirange: `'{}'::int8multirange`,
  nummultirange: `'{[1.1,2.20]}'::nummultirange`,
  tsmultirange: `'{[2026-01-01,2026-01-02)}'::tsmultirange`,
  tstzmultirange: `'{[2026-01-01 00:00+03,2026-01-02)}'::tstzmultirange`,
  datemultirange: `'{[2026-01-01,2026-01-05)}'::datemultirange`,
};
