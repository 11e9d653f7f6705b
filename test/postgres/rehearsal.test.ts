import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import type { Lease } from '../../src/contract/lease.ts';
import { type Looking, rehearsalAnswers } from '../../src/contract/lookup.ts';
import type { Message } from '../../src/model/plan.ts';
import { postgresAnswer, postgresLookup, postgresMessage } from '../../src/model/postgres-message.ts';
import { look } from '../../src/road/look.ts';

const target = { entry: 'pg-staging', major: 18 };
const said = (text: string): Message => postgresMessage(target, 'statement', text);
const begin = postgresMessage(target, 'begin', 'BEGIN READ WRITE');
const commit = postgresMessage(target, 'commit', 'COMMIT');

let server: TestServer;
let stage: PostgresStage;
let lease: Lease;
beforeAll(async () => {
  server = await openPostgres({ major: 18 });
  await server.query(`create role agent login password 'secret'; create table t (id int primary key, v text); create sequence s;
    grant all on t to agent; grant all on s to agent`);
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.query(`truncate t; insert into t values (1, 'a'), (2, 'b')`);
  stage = await openPostgresStage(server);
  lease = await stage.rig.road.leases.open('pg-staging');
});
afterEach(async () => {
  await lease.release();
  await stage.close();
});

async function open(...messages: readonly Message[]): Promise<void> {
  const all = [begin, ...messages];
  const clearance = stage.rig.road.leases.mint(lease, all, 'measure', 'cl_1');
  for (const one of all) await lease.send(one, clearance);
}

function rehearse(...messages: readonly Message[]): Promise<readonly ReturnType<typeof postgresAnswer>[]> {
  const clearance = stage.rig.road.leases.mint(lease, messages, 'rehearsal', 'cl_2');
  return lease.rehearse(messages, clearance).then((answers) => answers.map((one) => postgresAnswer(one)));
}

const rows = async (): Promise<unknown> => (await server.query('select id, v from t order by id')).rows;

test('H2: what is rehearsed is taken back, settings too, and is no part of what is committed', async () => {
  await open(said(`update t set v = 'mine' where id = 1`));
  const answers = await rehearse(
    postgresLookup(target, `SELECT pg_catalog.set_config('timezone', 'Asia/Tokyo', true)`),
    said('delete from t'),
    postgresLookup(target, 'SELECT pg_catalog.count(*)::pg_catalog.text FROM public.t'),
  );
  expect(answers.map((one) => one.tag)).toEqual(['SELECT 1', 'DELETE 2', 'SELECT 1']);
  expect(answers[2]?.rows).toEqual([['0']]);
  expect(lease.ran).toHaveLength(2);
  const [zone] = await rehearse(postgresLookup(target, `SELECT pg_catalog.current_setting('timezone')`));
  expect(zone?.rows).not.toEqual([['Asia/Tokyo']]);
  await lease.send(commit, stage.rig.road.leases.mint(lease, [commit], 'effect', 'cl_3'));
  expect(await rows()).toEqual([
    { id: 1, v: 'mine' },
    { id: 2, v: 'b' },
  ]);
});

test('H2: what fails in it ends the answers, and leaves the transaction as it was', async () => {
  await open(said(`update t set v = 'mine' where id = 1`));
  const answers = await rehearse(said('delete from t'), said('select 1 / 0'), said(`insert into t values (9, 'x')`));
  expect(answers.map((one) => one.error?.code)).toEqual([undefined, '22012']);
  await lease.send(commit, stage.rig.road.leases.mint(lease, [commit], 'effect', 'cl_3'));
  expect(await rows()).toHaveLength(2);
});

test('K5: outside a transaction, and by another clearance, nothing is rehearsed', async () => {
  await expect(rehearse(said('delete from t'))).rejects.toThrow(/nothing was sent/);
  await open();
  const message = said('delete from t');
  const { leases } = stage.rig.road;
  await expect(lease.rehearse([message], leases.mint(lease, [message], 'measure', 'cl_4'))).rejects.toThrow(
    /nothing was sent/,
  );
  await expect(lease.send(message, leases.mint(lease, [message], 'rehearsal', 'cl_5'))).rejects.toThrow(
    /nothing was sent/,
  );
  expect(await rows()).toHaveLength(2);
});

test.each(['commit', 'rollback', 'vacuum t', 'prepare transaction $$x$$', `copy t to program 'true'`])(
  'K5: the road rehearses nothing that a transaction does not take back: %s',
  async (text) => {
    await open();
    const provider = stage.rig.road.providers[0];
    if (provider === undefined) throw new Error('there is no provider');
    function* asks(): Looking<number> {
      return rehearsalAnswers(yield { rehearse: [said('delete from t'), said(text)], purpose: 'test' }).length;
    }
    await expect(look(stage.rig.road, provider, lease, asks())).rejects.toThrow(
      /no transaction takes back|one statement/,
    );
    await lease.rollback();
    expect(await rows()).toHaveLength(2);
  },
);
