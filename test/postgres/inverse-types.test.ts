import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { planLast, undoLast } from './undo-world.ts';

let server: TestServer;
let stage: PostgresStage;
let client: Client;

beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'; grant create, usage on schema public to agent");
});
afterAll(() => server.stop());
beforeEach(async () => {
  stage = await openPostgresStage(server);
  client = await stage.connect();
});
afterEach(() => stage.close());

const types = async (): Promise<unknown[]> =>
  (
    await server.query(
      "select typname from pg_type where typnamespace = 'public'::regnamespace and typelem = 0 order by 1",
    )
  ).rows.map((row) => row['typname']);

/** Undoes the newest as a human would, who signs what asks for it and undoes it again. */
async function takeBack(): Promise<readonly string[]> {
  await undoLast(stage);
  for (const hold of await stage.waiting()) await stage.rig.road.holds.approve(hold.code, stage.jane.approve(hold));
  return (await undoLast(stage)).map((one) => (one.kind === 'done' ? 'done' : one.refusal.code));
}

test.each([
  ['an enum', "create type made as enum ('a', 'b')"],
  ['a composite', 'create type made as (a int, b text)'],
  ['a range with its functions', 'create type made as range (subtype = int4, multirange_type_name = manymade)'],
  ['a domain', 'create domain made as int check (value > 0)'],
])('U1: %s passes unsigned, and its undo takes it away', async (_, text) => {
  const before = await types();
  await client.query(text);
  expect(await types()).toContain('made');
  expect(await planLast(stage)).toMatchObject({ conflicts: [], notUndone: [] });
  expect(await takeBack()).toEqual(['done']);
  expect(await types()).toEqual(before);
});

test('U1: a type that a table uses by now is not taken away with it', async () => {
  await client.query('create domain used as int');
  await server.query('create table uses (v used); insert into uses values (1)');
  expect(await takeBack()).not.toContain('done');
  expect(await types()).toContain('used');
  expect((await server.query('select v from uses')).rows).toEqual([{ v: 1 }]);
});
