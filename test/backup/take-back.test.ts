import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgres, type TestServer } from '../postgres/server.ts';
import { diffTable } from '../../src/features/backup/compare.ts';
import { takeBackSql } from '../../src/features/backup/take-back.ts';
import { type Administrator, openAdministrator } from '../../src/upstream/postgres/administrator.ts';

let server: TestServer;
let restored: Administrator;
let live: Administrator;

const at = (database: string): Promise<Administrator> =>
  openAdministrator({
    address: `postgres://127.0.0.1:${server.port}/${database}?sslmode=disable`,
    secret: `postgres:${server.password}`,
  });

/** Types whose values JSON could bend. */
const world = `
  create type mood as enum ('calm', 'wild'); create type pair as (a int, b text);
  create table "odd ""one""" (
    id bigint generated always as identity, part text, n numeric, f float8, r real, b bytea, j json, jb jsonb, d timestamptz, i interval,
    a int[], t text[][], m mood, p pair, ra int4range, u uuid, x text, o bool, c char(5), mo money, made text generated always as (part || '!') stored,
    primary key (id, part)
  );
  insert into "odd ""one""" (part, n, f, r, b, j, jb, d, i, a, t, m, p, ra, u, x, o, c, mo) values
    ('one', 12345678901234567890.000100, 0.1, 1e-30, '\\x00ff27', '{ "a" : 1, "a": 2 }', '{"z": [1, 2.50]}', '2026-11-24 12:00:00.123456+02', '1 mon -2 days 03:04:05.6',
      '{1,NULL,3}', '{{a,"b,"},{"\\"",NULL}}', 'wild', '(7,"it''s, so")', '[1,5)', '00000000-5a5a-4000-8000-000000000000', E'tab\\t''quote'' \\\\ ü', true, 'ab', 12.34),
    ('two', 'NaN', 'Infinity', '-0', '', 'null', 'null', 'infinity', '0', '{}', '{}', null, null, 'empty', null, '', false, '', null),
    ('three', null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
  create table loose (v text, w int);
  insert into loose values ('a', 1), ('a', 1), (null, 2), ('b, "c"', null);
`;

beforeAll(async () => {
  server = await openPostgres();
  for (const database of ['past', 'present']) {
    await server.query(`create database ${database}`);
    await server.query(world, [], database);
  }
  [restored, live] = [await at('past'), await at('present')];
}, 60_000);
afterAll(async () => {
  await Promise.all([restored.close(), live.close()]);
  await server.stop();
});

test('B2: what was deleted or changed since comes back value for value, and what is new stays', async () => {
  const table = { schema: 'public', name: 'odd "one"' };
  const all = `select md5(string_agg(w::text, '|' order by id)) as all from "odd ""one""" w where part <> 'new'`;
  const before = (await server.query(all, [], 'present')).rows;
  await server.query(
    `delete from "odd ""one""" where part in ('one', 'three'); update "odd ""one""" set x = 'moved', f = 2, ra = null where part = 'two';
      insert into "odd ""one""" (part) values ('new')`,
    [],
    'present',
  );
  const diff = await diffTable(live, restored, table);
  expect(diff).toMatchObject({ key: ['id', 'part'], gone: 2, changed: 1, added: 1 });
  await server.query(await takeBackSql(restored, table, diff), [], 'present');
  expect((await server.query(all, [], 'present')).rows).toEqual(before);
  expect(await diffTable(live, restored, table)).toMatchObject({ gone: 0, changed: 0, added: 1 });
});

test('B2: rows of a table without a key come back as often as they were there', async () => {
  const table = { schema: 'public', name: 'loose' };
  await server.query('delete from loose', [], 'present');
  const diff = await diffTable(live, restored, table);
  expect(diff).toMatchObject({ key: [], gone: 4 });
  await server.query(await takeBackSql(restored, table, diff), [], 'present');
  expect(await diffTable(live, restored, table)).toMatchObject({ gone: 0, changed: 0, added: 0 });
  expect((await server.query('select from loose', [], 'present')).rowCount).toBe(4);
});
