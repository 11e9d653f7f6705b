import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bind, execute, flush, parse, query, rawDirect, rawSession, shown, sync, type RawClient } from './raw.ts';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { fields } from '../../src/contract/postgres/frames.ts';

let server: TestServer;
let stage: PostgresStage;
let client: RawClient;

beforeAll(async () => {
  server = await openPostgres();
  await server.query(`create role agent login password 'secret'; create table t (id int primary key);
    create table noted (id int primary key); grant all on noted to agent;
    create function note(id int) returns int language sql as 'insert into noted values (id) returning id';
    insert into t select generate_series(1, 9); grant select, insert, update, delete on t to agent`);
});
afterAll(() => server.stop());
beforeEach(async () => {
  stage = await openPostgresStage(server);
  client = await rawSession({ port: stage.gate.port, password: stage.agent.presented });
});
afterEach(async () => {
  client.end();
  await stage.close();
});

/** A portal that stopped behind its first row: outside a transaction of the client's, or in one. */
async function suspended(inside: boolean): Promise<void> {
  if (inside) {
    client.send(query('begin'));
    await client.until('Z');
  }
  client.send(parse('select id from t order by id'), bind([], '', 'p'), execute(1, 'p'), flush);
  expect((await client.until('s')).filter((one) => one.type === 'D')).toHaveLength(1);
}

/** The rows that the next part brings, and the error's code. */
async function more(): Promise<{ readonly rows: number; readonly error: string | undefined }> {
  client.send(execute(1, 'p'), sync);
  const said = await client.until('Z');
  const error = said.find((one) => one.type === 'E');
  return {
    rows: said.filter((one) => one.type === 'D').length,
    error: error === undefined ? undefined : fields(error).get('C'),
  };
}

test.each([true, false])('C2: a portal goes on for a token that lives (in a transaction: %s)', async (inside) => {
  await suspended(inside);
  expect(await more()).toEqual({ rows: 1, error: undefined });
});

test.each([true, false])('C2: for a revoked token no portal goes on (in a transaction: %s)', async (inside) => {
  await suspended(inside);
  await stage.rig.store.transact((tx) => stage.rig.identity.revoke(tx, stage.agent.token.id));
  await sleep(600);
  expect(await more()).toEqual({ rows: 0, error: '28P01' });
});

test.each([true, false])('C2: for an expired token no portal goes on (in a transaction: %s)', async (inside) => {
  await suspended(inside);
  stage.rig.clock.step(9 * 3_600_000);
  expect(await more()).toEqual({ rows: 0, error: '28P01' });
});

test('H7: frozen, no portal goes on within a transaction; a proved read outside does', async () => {
  await suspended(true);
  await stage.rig.road.freeze.freeze('jane', 'drill');
  expect(await more()).toEqual({ rows: 0, error: 'HP003' });
  client.send(query('rollback'));
  expect((await client.until('Z')).map(shown).at(-1)).toBe('Z(I)');
  await suspended(false);
  expect(await more()).toEqual({ rows: 1, error: undefined });
});

const noted = async (): Promise<unknown> => (await server.query('select count(*)::int as n from noted')).rows[0]?.['n'];
const note = [parse('select note(1)'), bind(), execute()];
const fails = [parse('select 1/(id - id) from t'), bind(), execute()];

describe.each(['the server', 'the gate'])('K5: what a call wrote is over at its Sync alone, at %s', (where) => {
  const far = async (): Promise<RawClient> =>
    where === 'the gate' ? client : rawDirect(server.port, 'agent', 'secret');

  test.each([
    ['behind a Flush', [...note, flush], fails],
    ['in one round', note, fails],
  ])('an error %s takes it back', async (_, first, then) => {
    const one = await far();
    one.send(...first);
    if (first.length > note.length) await one.until('C');
    expect(await noted()).toBe(0);
    one.send(...then, sync);
    await one.until('Z');
    expect(await noted()).toBe(0);
    one.end();
  });

  test('who hangs up behind a Flush has taken it back', async () => {
    const one = await far();
    one.send(...note, flush);
    await one.until('C');
    one.socket.destroy();
    await one.closed;
    await sleep(300);
    expect(await noted()).toBe(0);
  });

  test('its Sync makes it so', async () => {
    const one = await far();
    one.send(...note, flush);
    await one.until('C');
    one.send(sync);
    expect((await one.until('Z')).map(shown)).toEqual(['Z(I)']);
    expect(await noted()).toBe(1);
    await server.query('truncate noted');
    one.end();
  });
});
