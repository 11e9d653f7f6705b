import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { digests, planLast, planWhat, undoLast, undoOne, undoRole } from './undo-world.ts';
import type { BeforeImage } from '../../src/contract/api.ts';
import { openTimers } from '../../src/road/timers.ts';
import type { Keeping } from '../../src/road/undo/keeping.ts';
import { select } from '../../src/road/undo/select.ts';

/** What becomes of images while they are kept: their time, their room, and what damages them. */
const day = 86_400_000;
let server: TestServer;
let stage: PostgresStage;
let client: Client;
let keeping: Keeping;

beforeAll(async () => {
  server = await openPostgres();
  await server.query(`${undoRole}; create role agent login password 'secret'`);
});
afterAll(() => server.stop());
beforeEach(async () => {
  keeping = {};
  await server.query(`drop table if exists t, u; create table t (id int primary key, v text); create table u (id int primary key, v text);
    insert into t select g, repeat('x', 100) from generate_series(1, 900) g; insert into u select * from t;
    grant select, insert, update, delete on t, u to agent`);
  stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret', keeping: () => keeping });
  client = await stage.connect();
});
afterEach(() => stage.close());

async function images(): Promise<readonly BeforeImage[]> {
  return stage.rig.road.images.list();
}
async function states(): Promise<readonly string[]> {
  return (await images()).map((one) => `${one.state}${one.endedBy === undefined ? '' : ` by ${one.endedBy}`}`);
}
async function pass(ms: number, suspicious = false): Promise<void> {
  const timers = openTimers(stage.rig.road, { suspicious });
  stage.rig.clock.step(ms);
  await timers.tick();
}

describe('U1: the time of an undo', () => {
  test('nobody named one: none ends, however old', async () => {
    await client.query('delete from t where id = 1');
    await pass(2_000 * day);
    expect(await states()).toEqual(['settled']);
  });

  test('it ends what has outlived it and nothing younger; that is journaled and said', async () => {
    keeping = { keepMs: 30 * day };
    await client.query('delete from t where id = 1');
    await pass(20 * day);
    await client.query('delete from t where id = 2');
    expect(await states()).toEqual(['settled', 'settled']);
    await pass(11 * day);
    expect(await states()).toEqual(['settled', 'purged by time']);
    const [, old] = await images();
    const entries = await stage.rig.store.find('entries', { where: { 'entry.kind': 'undo-ended' } });
    expect(entries.map(({ record }) => record['entry'])).toMatchObject([{ body: { images: [old?.id] } }]);
    expect(await stage.rig.store.get('images', old?.id ?? '')).not.toHaveProperty('content');
    await expect(undoOne(stage, old?.id ?? '')).rejects.toThrow('the time of before-image');
    expect(await undoLast(stage)).toMatchObject([{ kind: 'done' }]);
  });

  test('a shorter one signed later ends nothing that was secured for longer, and a longer one lengthens', async () => {
    keeping = { keepMs: 30 * day };
    await client.query('delete from t where id = 1');
    keeping = { keepMs: day };
    await pass(29 * day);
    expect(await states()).toEqual(['settled']);
    keeping = { keepMs: 60 * day };
    await pass(20 * day);
    expect(await states()).toEqual(['settled']);
    keeping = {};
    await pass(100 * day);
    expect(await states()).toEqual(['settled']);
    keeping = { keepMs: 60 * day };
    await pass(day);
    expect(await states()).toEqual(['purged by time']);
  });

  test('what was secured before one was signed has none', async () => {
    await client.query('delete from t where id = 1');
    keeping = { keepMs: day };
    await pass(100 * day);
    expect(await states()).toEqual(['settled']);
  });

  test('no time passes by a clock that jumped, nor in a freeze, nor for an act that has not settled', async () => {
    keeping = { keepMs: day };
    await client.query('delete from t where id = 1');
    await pass(2 * day, true);
    expect(await states()).toEqual(['settled']);
    const [image] = await images();
    const record = await stage.rig.store.get('images', image?.id ?? '');
    const put = (state: string): Promise<void> =>
      stage.rig.store.transact((tx) => tx.put('images', image?.id ?? '', { ...record, state }));
    await put('secured');
    await pass(2 * day);
    expect(await states()).toEqual(['secured']);
    await put('settled');
    await pass(2 * day);
    expect(await states()).toEqual(['purged by time']);
  });
});

test('U1: what there is no room for is held, and nothing goes to make room', async () => {
  keeping = { room: 40_000 };
  await client.query('delete from t where id <= 50');
  expect(await states()).toEqual(['settled']);
  const before = await digests(server);
  for (const text of ['delete from t where id <= 400', "update u set v = 'x' where id <= 400"])
    await expect(client.query(text)).rejects.toMatchObject({ code: 'HP001' });
  expect(await digests(server)).toEqual(before);
  const [hold] = await stage.waiting();
  expect(JSON.stringify(hold?.facts)).toContain('no room is left for undos');
  expect(await states()).toEqual(['settled']);
  // It is signed like anything that cannot be taken back; and with room again, the next one just runs.
  if (hold !== undefined) expect(await stage.signAndRun(hold)).toMatchObject({ kind: 'done' });
  keeping = { room: 400_000 };
  await client.query("update u set v = 'y' where id <= 400");
  expect(await states()).toEqual(['settled', 'settled']);
});

describe('F1, U2: an image that is not as it was sealed', () => {
  const damages: readonly (readonly [string, (content: string) => unknown])[] = [
    ['cut short', (content) => content.slice(0, -40)],
    [
      'a letter of it changed',
      (content) => `${content.slice(0, 80)}${content[80] === 'A' ? 'B' : 'A'}${content.slice(81)}`,
    ],
    ['empty', () => ''],
    ['something else', () => 7],
    ['gone', () => undefined],
  ];
  test.each(damages)('%s: is said, nothing is written, and the others go back', async (_, damage) => {
    await client.query("update t set v = 'first' where id < 9");
    const before = await digests(server);
    stage.rig.clock.step(1);
    await client.query('delete from u where id < 9');
    stage.rig.clock.step(1);
    await client.query("update t set v = 'third' where id < 5");
    const [, image] = await images();
    const id = image?.id ?? '';
    const { content, ...record } = (await stage.rig.store.get('images', id)) ?? {};
    const damaged = damage(content as string);
    await stage.rig.store.transact((tx) =>
      tx.put('images', id, { ...record, ...(damaged === undefined ? {} : { content: damaged as string }) }),
    );
    const now = await digests(server);
    await expect(undoOne(stage, id)).rejects.toThrow('does not open');
    expect(await digests(server)).toEqual(now);
    expect((await images())[1]?.state).toBe('settled');
    // In a whole run it is named, and whatever does not hang on it is planned.
    const { images: steps } = await planWhat(stage, { kind: 'span', agent: 'cursor' });
    expect(steps.map(({ refused = '' }) => /does not open/.test(refused))).toEqual([false, true, false]);
    expect(await undoLast(stage)).toMatchObject([{ kind: 'done' }]);
    expect(await digests(server)).toEqual({ ...before, 'public.u': now['public.u'] });
  });

  test('its record gone from the store: the entry says so', async () => {
    await client.query('delete from t where id < 9');
    const [image] = await images();
    await stage.rig.store.transact((tx) => tx.remove('images', image?.id ?? ''));
    const [intent] = await stage.rig.store.find('entries', { where: { 'entry.kind': 'intent' } });
    const entry = Number(intent?.key);
    await expect(select(stage.rig.road, { kind: 'entry', entry })).rejects.toThrow(
      `what entry ${entry} secured is not in the store any more`,
    );
  });
});

test('U2: where one of several tables is gone or made otherwise, none is put back by half unless that is said', async () => {
  await client.query("begin; delete from t where id < 9; update u set v = 'x' where id < 9; commit");
  await server.query('alter table u rename v to w');
  const now = await digests(server);
  expect((await planLast(stage)).conflicts).toEqual(['table `public.u` is not made as it was']);
  await expect(undoLast(stage)).rejects.toThrow('is not made as it was');
  expect(await digests(server)).toEqual(now);
  await server.query('drop table u');
  await expect(undoLast(stage)).rejects.toThrow('`public.u` is not there any more');
  await expect(undoLast(stage, true)).rejects.toThrow(/put back in part, and its image stays/);
  expect((await digests(server))['public.t']).toMatch(/^900 /);
  expect(await states()).toContain('settled');
});

test('U1: where the store cannot take the image, nothing is committed', async () => {
  const before = await digests(server);
  const { images: kept } = stage.rig.road;
  const secure = kept.secure.bind(kept);
  const full = new Error('database or disk is full');
  Object.assign(kept, { secure: () => Promise.reject(full) });
  await expect(client.query('delete from t where id < 9')).rejects.toMatchObject({
    code: expect.stringMatching(/^HP/),
  });
  expect(await digests(server)).toEqual(before);
  Object.assign(kept, { secure });
  const again = await stage.connect();
  await again.query('delete from t where id < 9');
  expect(await states()).toEqual(['settled']);
});
