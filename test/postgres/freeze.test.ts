import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { runHold } from '../../src/road/run.ts';

let server: TestServer;
let stage: PostgresStage;

beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'; create table t (id serial primary key, v text)");
  await server.query('grant all on t, t_id_seq to agent');
  stage = await openPostgresStage(server);
});
afterAll(async () => {
  await stage.close();
  await server.stop();
});

const rows = async (): Promise<number> => Number((await server.query('select count(*) from t')).rows[0]?.['count']);

test(
  'H7: a freeze acts within a second at the door to a database: statements, an open COMMIT, what was signed',
  { timeout: 60_000 },
  async () => {
    const insert = (text: string): string => `insert into t (v) values ('${text}')`;
    const hold = await signed();
    const open = await stage.connect();
    await open.query('begin');
    await open.query(insert('open'));
    const stop = new AbortController();
    const codes: { readonly at: number; readonly code: string }[] = [];
    const writers = [1, 2, 3].map(async (writer) => {
      const client = await stage.connect();
      for (let turn = 0; !stop.signal.aborted; turn++) {
        const code = await client.query(insert(`${writer}-${turn}`)).then(() => 'done', codeOf);
        codes.push({ at: performance.now(), code });
        await wait(5);
      }
    });
    while (codes.filter(({ code }) => code === 'done').length < 3) await wait(10);
    const began = performance.now();
    await stage.rig.road.freeze.freeze('jane', 'drill');
    await wait(1_000);
    const after = await rows();
    const commit = await open.query('commit').then(({ command }) => command, codeOf);
    const run = await runHold(stage.rig.road, hold, stage.agent.principal);
    await wait(1_000);
    stop.abort();
    await Promise.all(writers);
    expect(commit).not.toBe('COMMIT');
    expect(run).toMatchObject({ kind: 'refused', refusal: { code: 'FROZEN' } });
    expect(await rows()).toBe(after);
    const late = codes.filter(({ at }) => at - began > 1_000);
    expect(late.length).toBeGreaterThan(0);
    expect([...new Set(late.map(({ code }) => code))]).toEqual(['HP003']);
    // Reads go on.
    expect((await (await stage.connect()).query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  },
);

async function signed(): Promise<string> {
  const client = await stage.connect();
  await client.query('truncate t').catch(() => undefined);
  const [hold] = await stage.waiting();
  if (hold === undefined) throw new Error('nothing was held');
  await stage.rig.road.holds.approve(hold.id, stage.jane.approve(hold, { mode: 'now' }));
  return hold.id;
}

function codeOf(thrown: unknown): string {
  return String((thrown as { readonly code?: unknown }).code);
}
