import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type BreakingLine, openBreakingLine } from './breaking-line.ts';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';

let server: TestServer;
let line: BreakingLine;
let stage: PostgresStage;

beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'; create table t (id int primary key, v text)");
  await server.query('grant all on t to agent; grant usage on schema public to agent');
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.query('truncate t');
  line = await openBreakingLine(server.port);
  stage = await openPostgresStage({ ...server, port: line.port });
});
afterEach(async () => {
  await stage.close();
  line.close();
});

const there = async (): Promise<boolean> => (await server.query('select 1 from t where id = 1')).rowCount === 1;
const settled = async (): Promise<readonly string[]> => (await stage.rig.road.images.list()).map((one) => one.state);

describe('F2: the line breaks at the COMMIT, and the server is asked', () => {
  test('it never arrived: nothing took effect, and that is said', async () => {
    const client = await stage.connect();
    line.breaking = 'before';
    await expect(client.query("insert into t values (1, 'x')")).rejects.toMatchObject({
      code: 'HP004',
      message: expect.stringContaining('proved that nothing took effect'),
    });
    expect(await there()).toBe(false);
    await expect.poll(settled).toEqual(['void']);
  });

  test('it arrived and its answer did not: what happened is found out', async () => {
    const client = await stage.connect();
    line.breaking = 'after';
    await expect(client.query("insert into t values (1, 'x')")).rejects.toMatchObject({
      code: '08007',
      message: expect.stringContaining('proved that the act took effect'),
    });
    expect(await there()).toBe(true);
    await expect.poll(settled).toEqual(['settled']);
  });

  test('it arrived, and a pooler says that it lost its server: that is no word on the COMMIT', async () => {
    const client = await stage.connect();
    line.breaking = 'swept';
    await expect(client.query("insert into t values (1, 'x')")).rejects.toMatchObject({
      code: '08007',
      message: expect.stringContaining('proved that the act took effect'),
    });
    expect(await there()).toBe(true);
    await expect.poll(settled).toEqual(['settled']);
  });

  test('a transaction of the client’s: the same, and never sent again', async () => {
    const sent = async (): Promise<number> =>
      ((await server.log()).match(/insert into t values \(1, 'x'\)/g) ?? []).length;
    const client = await stage.connect();
    const before = await sent();
    await client.query("begin; insert into t values (1, 'x')");
    line.breaking = 'after';
    await expect(client.query('commit')).rejects.toThrow();
    expect(await there()).toBe(true);
    await expect.poll(settled).toEqual(['settled']);
    expect((await sent()) - before).toBe(1);
  });

  test('the server crashed meanwhile: never called done without a proof', async () => {
    const client = await stage.connect();
    line.breaking = 'before';
    line.seen = () => server.crash();
    await expect(client.query("insert into t values (1, 'x')")).rejects.toThrow();
    await server.start();
    expect(await there()).toBe(false);
    expect(await settled()).toEqual(['secured']);
  });
});
