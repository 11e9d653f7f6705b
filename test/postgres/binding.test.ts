import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bind, execute, parse, query, rawSession, shown, sync } from './raw.ts';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { type Frame, fields, frame, cstring, int16, int32 } from '../../src/contract/postgres/frames.ts';
import type { Hold } from '../../src/model/hold.ts';
import { full } from '../full.ts';

const batches = full ? 10 : 2;
const perBatch = 100;

/** Numbers that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One act, as its frames say it. */
interface Act {
  /** Said before it, each alone. */
  readonly before: readonly string[];
  readonly text: string;
  readonly types: readonly number[];
  readonly format: 0 | 1;
  readonly value: Uint8Array;
  readonly results: readonly number[];
}

/** What was signed: the row with this id. */
const signedId = 3;
const signed: Act = {
  before: [],
  text: 'delete from t where id = $1',
  types: [],
  format: 0,
  value: Buffer.from(String(signedId)),
  results: [],
};

function framesOf({ text, types, format, value, results }: Act): readonly Frame[] {
  const bound = frame(
    'B',
    cstring(''),
    cstring(''),
    int16(1),
    int16(format),
    int16(1),
    int32(value.length),
    value,
    int16(results.length),
    ...results.map(int16),
  );
  return [parse(text, '', ...types), bound, execute(), sync];
}

const texts = [
  'delete from t where id = $1::int',
  'delete  from t where id = $1',
  'DELETE from t where id = $1',
  'delete from t where id = $1 -- signed',
  'delete from t where id >= $1',
  'delete from t where id = $1 or true',
  'delete from only t where id = $1',
  'delete from public.t where id = $1',
  'delete from t as t where id = $1',
  'delete from elsewhere.t where id = $1',
  'delete from t using elsewhere.t e where t.id = $1',
  'delete from t where id = $1 returning *',
  'delete from t where id = $1;',
  "update t set v = 'x' where id = $1",
  'with d as (delete from t where id = $1 returning *) select count(*) from d',
  'delete from child where t_id = $1',
];

const settings = [
  'set search_path = elsewhere, public',
  'set search_path = public, elsewhere',
  "set search_path = 'public'",
  "set datestyle = 'German'",
  "set timezone = 'Asia/Tokyo'",
  'set enable_seqscan = off',
  'set bytea_output = escape',
  "set intervalstyle = 'iso_8601'",
];

/** The signed act with one thing changed. */
function mutated(next: () => number): Act {
  const below = (bound: number): number => Math.floor(next() * bound);
  const otherId = (): number => {
    const id = 1 + below(500);
    return id === signedId ? 4 : id;
  };
  switch (below(7)) {
    case 0:
      return { ...signed, value: Buffer.from(String(otherId())) };
    case 1:
      return {
        ...signed,
        value: Buffer.from([` ${signedId}`, `+${signedId}`, `0${signedId}`, `${signedId} `][below(4)] ?? ''),
      };
    case 2:
      return {
        ...signed,
        format: 1,
        value: int32(below(2) === 0 ? signedId : otherId()),
        types: [[], [23]][below(2)] ?? [],
      };
    case 3:
      return { ...signed, types: [[20, 21, 23, 1700][below(4)] ?? 20] };
    case 4:
      return { ...signed, text: texts[below(texts.length)] ?? '' };
    case 5:
      return { ...signed, before: [settings[below(settings.length)] ?? ''] };
    default:
      return { ...signed, results: [[1], [0], [1, 1]][below(3)] ?? [1] };
  }
}

let server: TestServer;
let stage: PostgresStage;

async function layOut(): Promise<void> {
  await server.query(`do $$ begin if (select relkind from pg_class where oid = to_regclass('public.t')) = 'v' then drop view t; end if; end $$;
    drop table if exists late, was, child, t, elsewhere.t cascade;
    create table t (id int primary key, v text); create table elsewhere.t (id int primary key, v text);
    create table child (id int primary key, t_id int references t on delete cascade);
    insert into t select g, 'row ' || g from generate_series(1, 500) g; insert into elsewhere.t select * from t;
    insert into child select g, g from generate_series(1, 500) g;
    grant all on t, child, elsewhere.t to agent`);
}

const contents = async (): Promise<unknown> =>
  (
    await server.query(`select (select md5(string_agg(t::text, ',' order by id)) from t) a,
      (select md5(string_agg(t::text, ',' order by id)) from elsewhere.t) b,
      (select md5(string_agg(c::text, ',' order by id)) from child c) c`)
  ).rows;

/** What the last of it was answered: a SQLSTATE, or the command tag. */
async function send(act: Act): Promise<string> {
  const client = await rawSession({ port: stage.gate.port, password: stage.agent.presented });
  for (const one of act.before) {
    client.send(query(one));
    await client.until('Z');
  }
  client.send(...framesOf(act));
  const replies = await client.until('Z');
  client.end();
  const error = replies.find((one) => one.type === 'E');
  if (error !== undefined) return `${fields(error).get('C')} ${fields(error).get('M')}`;
  return shown(replies.find((one) => one.type === 'C') ?? frame('?'));
}

async function approved(): Promise<Hold> {
  expect(await send(signed)).toMatch(/^HP001 HELD/);
  const [hold] = await stage.waiting();
  if (hold === undefined) throw new Error('nothing waits');
  await stage.rig.road.holds.approve(hold.code, stage.jane.approve(hold));
  return hold;
}

beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'; create schema elsewhere");
  await server.query('grant create, usage on schema public, elsewhere to agent');
}, 60_000);
afterAll(() => server.stop());

describe('H2 Show 4: a signature is for one act', () => {
  test.each(Array.from({ length: batches }, (_, at) => at))(
    'hundred changes after the approval are all held again (seed %i)',
    async (seed) => {
      await layOut();
      stage = await openPostgresStage(server);
      try {
        await approved();
        const before = await contents();
        const next = seeded(seed + 1);
        const passed: unknown[] = [];
        for (let count = 0; count < perBatch; count++) {
          const act = mutated(next);
          const answer = await send(act);
          if (!/^(HP00[12]|22P0[23]|22P03|42\w+|08P01)/.test(answer)) passed.push([act, answer]);
        }
        expect(passed).toEqual([]);
        expect(await contents()).toEqual(before);
        // It was neither spent nor lost on the way.
        expect(await send(signed)).toBe('C(DELETE 1\0)');
        expect(await send(signed)).toBe('C(DELETE 0\0)');
      } finally {
        await stage.close();
      }
    },
    300_000,
  );

  const changes: Readonly<Record<string, () => Promise<unknown>>> = {
    'the table was dropped and made again under its name': layOut,
    'a trigger on it deletes more': () =>
      server.query(`create or replace function more() returns trigger language plpgsql as $$ begin delete from elsewhere.t; return old; end $$;
        create trigger more before delete on t for each row execute function more()`),
    'one more row hangs on it': () => server.query('insert into child values (1000, 3)'),
    'a table that refers to it was made': () =>
      server.query(
        'create table late (id int primary key, t_id int references t on delete cascade); insert into late values (1, 3)',
      ),
    'it became a view of another': () =>
      server.query('alter table t rename to was; create view t as select * from elsewhere.t; grant all on t to agent'),
  };

  test.each(Object.keys(changes))('%s: held again, or refused', async (name) => {
    await layOut();
    stage = await openPostgresStage(server);
    try {
      const hold = await approved();
      await changes[name]?.();
      const before = await contents();
      expect(await send(signed)).toMatch(/^HP00[12]/);
      expect(await stage.signAndRun(hold).catch(() => ({ kind: 'refused' }))).toMatchObject({ kind: 'refused' });
      expect(await contents()).toEqual(before);
    } finally {
      await stage.close();
    }
  });

  test('another agent, another environment: held again', async () => {
    await layOut();
    stage = await openPostgresStage(server);
    try {
      await approved();
      const before = await contents();
      const other = await stage.rig.bearer('other', { gates: ['postgres'] });
      const client = await rawSession({ port: stage.gate.port, user: 'other', password: other.presented });
      client.send(...framesOf(signed));
      expect((await client.until('Z')).map(shown).join()).toMatch(/E\(HP001/);
      client.end();
      const open = await rawSession({ port: stage.gate.port, password: stage.agent.presented });
      open.send(query('begin'), query(`delete from t where id = ${signedId}`), query('commit'));
      expect((await open.until('Z', 3)).map(shown).join()).toMatch(/E\(HP001/);
      open.send(parse(signed.text), bind([String(signedId)]), execute(), parse('select 1'), bind(), execute(), sync);
      expect((await open.until('Z')).map(shown).join()).toMatch(/E\(HP001/);
      open.end();
      expect(await contents()).toEqual(before);
    } finally {
      await stage.close();
    }
  });
});
