import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';

let server: TestServer;
let stage: PostgresStage;

beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'; create table t (id int primary key, v text)");
  await server.query('grant all on t to agent; grant create, usage on schema public to agent');
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.query("truncate t; insert into t select g, 'row ' || g from generate_series(1, 5) g");
  stage = await openPostgresStage(server);
});
afterEach(() => stage.close());

const connect = (user?: string, password?: string): Promise<Client> =>
  stage.connect({ ...(user === undefined ? {} : { user }), ...(password === undefined ? {} : { password }) });
const rowCount = async (): Promise<number> => Number((await server.query('select count(*) from t')).rows[0]?.['count']);
const deletesLogged = async (): Promise<number> => ((await server.log()).match(/: delete from t/g) ?? []).length;

describe('signing in', () => {
  test('C2: the agent token is the password; anything else is refused', async () => {
    expect((await (await connect()).query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await expect(connect('cursor', 'hpa_wrong')).rejects.toMatchObject({ code: '28P01' });
    await expect(connect('other')).rejects.toMatchObject({ code: '28P01' });
    await expect(connect('cursor', 'secret')).rejects.toMatchObject({ code: '28P01' });
  });
});

describe('ordinary work', () => {
  test('reads by both protocols, several in a string, errors, settings', async () => {
    const client = await connect();
    expect((await client.query('select id from t order by id limit $1', [2])).rows).toEqual([{ id: 1 }, { id: 2 }]);
    const several = (await client.query('select 1 as a; select 2 as b')) as unknown as { rows: unknown[] }[];
    expect(several.map((one) => one.rows)).toEqual([[{ a: 1 }], [{ b: 2 }]]);
    await expect(client.query('select 1/0')).rejects.toMatchObject({ code: '22012' });
    await expect(client.query('select * from nowhere')).rejects.toMatchObject({ code: '42P01' });
    await client.query("set datestyle to 'German'");
    expect((await client.query("select date '2026-11-23' ::text as d")).rows).toEqual([{ d: '23.11.2026' }]);
    expect((await client.query('show transaction_read_only')).rows).toEqual([{ transaction_read_only: 'on' }]);
    await expect(client.query('')).resolves.toBeDefined();
  });

  test('a transaction of reads ends as it would', async () => {
    const client = await connect();
    await client.query('begin');
    await client.query('select 1');
    expect((await client.query('commit')).command).toBe('COMMIT');
    await client.query('begin');
    await expect(client.query('select 1/0')).rejects.toMatchObject({ code: '22012' });
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
    expect((await client.query('commit')).command).toBe('ROLLBACK');
    expect((await client.query('select 1 as a')).rows).toEqual([{ a: 1 }]);
  });
});

describe('what cannot be undone', () => {
  test('H2 H3: an unbounded DELETE is held with its measured rows; signed, it runs exactly once', async () => {
    const client = await connect();
    await expect(client.query('delete from t')).rejects.toMatchObject({
      code: 'HP001',
      message: expect.stringMatching(/^HELD hp_/),
      hint: expect.stringContaining('tell the person'),
    });
    expect(await rowCount()).toBe(5);
    expect((await client.query('select count(*)::int as n from t')).rows).toEqual([{ n: 5 }]);
    const [hold] = await stage.waiting();
    if (hold === undefined) throw new Error('nothing waits');
    expect(hold.facts).toContainEqual(expect.objectContaining({ label: 'public.t', value: '5 rows deleted' }));
    expect((await stage.signAndRun(hold)).kind).toBe('done');
    expect(await rowCount()).toBe(0);
    expect(await stage.signAndRun(hold).catch(() => ({ kind: 'refused' }))).toMatchObject({ kind: 'refused' });
  });

  test('H2: after the signature the same act passes once when it is asked for again; another does not', async () => {
    const client = await connect();
    await expect(client.query('delete from t where id = $1', [3])).rejects.toMatchObject({ code: 'HP001' });
    const [hold] = await stage.waiting();
    if (hold === undefined) throw new Error('nothing waits');
    await stage.rig.road.holds.approve(hold.code, stage.jane.approve(hold));
    await expect(client.query('delete from t where id = $1', [4])).rejects.toMatchObject({ code: 'HP001' });
    expect(await rowCount()).toBe(5);
    expect((await client.query('delete from t where id = $1', [3])).rowCount).toBe(1);
    await expect(client.query('delete from t where id = $1', [3])).resolves.toMatchObject({ rowCount: 0 });
    expect(await rowCount()).toBe(4);
  });

  test('H2: inside a transaction it runs, is seen, and the COMMIT is held: one hold over the whole list', async () => {
    const client = await connect();
    await client.query('begin');
    expect((await client.query('delete from t where id > $1', [2])).rowCount).toBe(3);
    await client.query("update t set v = 'x' where id = 1");
    expect((await client.query('select count(*)::int as n from t')).rows).toEqual([{ n: 2 }]);
    await expect(client.query('commit')).rejects.toMatchObject({ code: 'HP001' });
    expect(await rowCount()).toBe(5);
    expect((await client.query('select 1 as a')).rows).toEqual([{ a: 1 }]);
    const holds = await stage.waiting();
    expect(holds).toHaveLength(1);
    const before = await deletesLogged();
    expect(holds[0] && (await stage.signAndRun(holds[0])).kind).toBe('done');
    expect(await deletesLogged()).toBe(before + 1);
    expect((await server.query('select id, v from t order by id')).rows).toEqual([
      { id: 1, v: 'x' },
      { id: 2, v: 'row 2' },
    ]);
  });

  test('H2: what would be hit is not what was shown: held again', async () => {
    const client = await connect();
    await expect(client.query('delete from t where id > 2')).rejects.toMatchObject({ code: 'HP001' });
    const [hold] = await stage.waiting();
    await server.query("insert into t values (9, 'new')");
    if (hold === undefined) throw new Error('nothing waits');
    expect(await stage.signAndRun(hold)).toMatchObject({ kind: 'refused' });
    expect(await rowCount()).toBe(6);
  });

  test('the client rolls back, hangs up, or fails: nothing is held, nothing is gone', async () => {
    const client = await connect();
    await client.query('begin; delete from t');
    await client.query('rollback');
    await client.query('begin; delete from t');
    await expect(client.query('select 1/0')).rejects.toMatchObject({ code: '22012' });
    expect((await client.query('commit')).command).toBe('ROLLBACK');
    await client.query('begin; delete from t');
    await client.end();
    await expect.poll(rowCount).toBe(5);
    expect(await stage.waiting()).toEqual([]);
  });
});
