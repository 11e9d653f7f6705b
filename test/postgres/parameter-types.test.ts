import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { bind, execute, parse, rawSession, sync } from './raw.ts';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { fields } from '../../src/contract/postgres/frames.ts';

let server: TestServer;
let stage: PostgresStage;

/** A CHECK that runs code of PostgreSQL's own, which nobody planted, wherever a value of its type is read. */
const loosens = `check (set_config('default_transaction_read_only', 'off', false) is not null)`;

beforeAll(async () => {
  server = await openPostgres();
  await server.query(`create role agent login password 'secret'; create domain loose as text ${loosens}`);
  await server.query('create type holds as (a loose); create domain plain as text check (value <> $$x$$)');
});
afterAll(() => server.stop());
beforeEach(async () => {
  stage = await openPostgresStage(server);
});
afterEach(() => stage.close());

const oidOf = async (type: string): Promise<number> =>
  Number((await server.query('select $1::regtype::oid as oid', [type])).rows[0]?.['oid']);

test.each([
  ['loose', 'value'],
  ['loose[]', '{value}'],
  ['holds', '(value)'],
])('K5: a parameter of type %s runs nothing by being bound', async (type, value) => {
  const client = await rawSession({ port: stage.gate.port, password: stage.agent.presented });
  const ask = async (text: string, types: readonly number[], values: readonly string[]) => {
    client.send(parse(text, '', ...types), bind(values), execute(), sync);
    return client.until('Z');
  };
  const answered = await ask('select $1 is null', [await oidOf(type)], [value]);
  expect(answered.map((one) => fields(one).get('C') ?? '')).toContain('HP001');
  const shown = await ask('show default_transaction_read_only', [], []);
  expect(shown.find((one) => one.type === 'D')?.bytes.toString()).toContain('on');
  client.socket.destroy();
});

test('K5: one whose checks are harmless passes', async () => {
  const client = await stage.connect();
  expect((await client.query('select $1::plain as v', ['y'])).rows).toEqual([{ v: 'y' }]);
});
