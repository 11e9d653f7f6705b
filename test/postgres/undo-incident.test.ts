import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { digests, planWhat, undoRole, undoWhat } from './undo-world.ts';

/** S2 (Replit and SaaStr, July 2025): a schema push and a cleaning-up on the one shared database, during a freeze and without one. */
let server: TestServer;
let stage: PostgresStage;

/** What removes data and leaves the tables: 1,206 executives and 1,196 companies were gone in the end. */
const emptying = [
  'DELETE FROM "companies"',
  'UPDATE "executives" SET "email" = NULL',
  'BEGIN; DELETE FROM "executives"; DELETE FROM "settings"; COMMIT',
  `INSERT INTO "executives" ("id", "name") SELECT 900000 + g, 'made up ' || g FROM generate_series(1, 40) g`,
];
/** What `drizzle-kit push` says when it is told to go on over data loss. */
const push = [
  'ALTER TABLE "executives" DROP COLUMN "email"',
  'DROP TABLE "companies" CASCADE',
  'DROP TABLE "settings"',
];

beforeAll(async () => {
  server = await openPostgres();
  await server.query(`${undoRole}; create role agent login password 'secret'; create role app`);
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.query(`create table executives (id int primary key, name text not null, email text, seen timestamptz default now());
    create table companies (id int primary key, name text not null, boss int references executives on delete set null);
    create table deals (id bigint generated always as identity primary key, company int references companies on delete cascade, worth numeric(12, 2));
    create table settings (name text primary key, value jsonb);
    insert into executives select g, 'executive ' || g, g || '@example.com' from generate_series(1, 1206) g;
    insert into companies select g, 'company ' || g, g from generate_series(1, 1196) g;
    insert into deals (company, worth) select 1 + g % 1196, g * 1.25 from generate_series(1, 3000) g;
    insert into settings values ('freeze', '{"code": true}'), ('mode', '"live"');
    grant select, insert, update, delete on all tables in schema public to agent; grant app to agent;
    alter table executives owner to app; alter table companies owner to app; alter table deals owner to app; alter table settings owner to app`);
});
afterEach(async () => {
  await stage.close();
  await server.query('drop table deals, companies, executives, settings');
});

async function say(...statements: readonly string[]): Promise<readonly string[]> {
  const client = await stage.connect();
  const codes: string[] = [];
  for (const text of statements) {
    stage.rig.clock.step(1);
    codes.push(
      await client.query(text).then(
        () => 'ran',
        (thrown: { code: string }) => thrown.code,
      ),
    );
  }
  await client.end();
  return codes;
}

describe('S2: a schema push on a shared database', () => {
  test('H7: during a freeze nothing of it happens', async () => {
    stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret', production: true });
    const before = await digests(server);
    await stage.rig.road.freeze.freeze('jane', 'code freeze');
    for (const code of await say(...emptying, ...push)) expect(code).toMatch(/^HP/);
    expect(await digests(server)).toEqual(before);
    expect(await stage.rig.road.images.list()).toEqual([]);
  });

  test('U1, U2: without one, what removes rows runs at once and is undone whole; what drops is not lost either', async () => {
    stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret' });
    const before = await digests(server);
    expect(await say(...emptying)).toEqual(emptying.map(() => 'ran'));
    const emptied = await digests(server);
    for (const table of ['companies', 'deals', 'settings']) expect(emptied[`public.${table}`]).toBe('0 ');
    expect(emptied['public.executives']).toMatch(/^40 /);
    for (const code of await say(...push)) expect(code).toMatch(/^(?:HP|ran)/);
    const { images } = await planWhat(stage, { kind: 'span', agent: 'cursor' });
    expect(images.flatMap((one) => [...one.conflicts, ...(one.refused === undefined ? [] : [one.refused])])).toEqual(
      [],
    );
    expect(await undoWhat(stage, { kind: 'span', agent: 'cursor' })).toEqual({
      undone: images.map((one) => one.image),
    });
    expect(await digests(server)).toEqual(before);
  });

  test('H3: in production what goes beyond bounds is held, and the little within them comes back', async () => {
    stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret', production: true });
    const before = await digests(server);
    const [companies, emails, both] = await say(...emptying);
    expect([companies, emails, both]).toEqual(['HP001', 'HP001', 'HP001']);
    expect(await say('DELETE FROM "settings"', 'DELETE FROM "companies" WHERE "id" <= 5')).toEqual(['ran', 'ran']);
    expect((await digests(server))['public.settings']).toBe('0 ');
    expect((await undoWhat(stage, { kind: 'span', agent: 'cursor' })).stopped).toBeUndefined();
    expect(await digests(server)).toEqual(before);
  });
});
