import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasPostgres15, openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { digests, planWhat, undoOne, undoRole, undoWhat } from './undo-world.ts';

const versions = hasPostgres15() ? ([18, 15] as const) : ([18] as const);

const world = `create table accounts (id int primary key, owner text not null, balance numeric(12, 2) not null);
  create table orders (id int primary key, account int not null references accounts on delete cascade, state text);
  create table lines (id int primary key, "order" int not null references orders on delete cascade on update cascade, what text);
  create table notes (id int generated always as identity primary key, text text);
  insert into accounts select g, 'owner ' || g, g * 10 from generate_series(1, 200) g;
  insert into orders select g, g % 200 + 1, 'open' from generate_series(1, 400) g;
  insert into lines select g, g % 400 + 1, 'line ' || g from generate_series(1, 800) g;
  insert into notes (text) select 'note ' || g from generate_series(1, 50) g;
  grant select, insert, update, delete on all tables in schema public to agent`;

/** Acts that touch each other's rows in every order. */
const run = [
  'update accounts set balance = balance - 5 where id <= 10',
  "insert into orders values (1001, 3, 'new'), (1002, 4, 'new')",
  'delete from accounts where id in (3, 7)',
  "insert into accounts values (3, 'somebody else', 0)",
  "begin; update orders set state = 'shipped' where id between 20 and 30; savepoint a; delete from lines where id = 5; release a; insert into notes (text) values ('shipped'); commit",
  "update accounts set owner = 'twice', balance = 1 where id in (3, 4, 5)",
  'delete from orders where id between 25 and 27',
  "update orders set id = id + 5000, state = 'moved' where id = 28",
] as const;

describe.each(versions)('a whole run of an agent, on PostgreSQL %i', (version) => {
  let server: TestServer;
  let stage: PostgresStage;

  beforeAll(async () => {
    server = await openPostgres({ major: version });
    await server.query(`${undoRole}; create role agent login password 'secret'`);
  }, 60_000);

  afterAll(async () => {
    await server.stop();
  });

  beforeEach(async () => {
    await server.query(
      `drop schema public cascade; create schema public; grant usage on schema public to agent; ${world}`,
    );
    stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret' });
  });

  afterEach(async () => {
    await stage.close();
  });

  /** Each act of the agent's at a moment of its own. */
  async function act(statements: readonly string[]): Promise<void> {
    const agent = await stage.connect();
    for (const text of statements) {
      stage.rig.clock.step(1_000);
      for (const one of text.split('; ')) await agent.query(one);
    }
  }

  test('U1 U2 comes back over several tables, newest first, to equal digests', async () => {
    const before = await digests(server);
    await act(run);
    expect(await digests(server)).not.toEqual(before);
    const plan = await planWhat(stage, { kind: 'span', agent: 'cursor' });
    expect(plan.images).toHaveLength(run.length);
    expect(plan.images.map((one) => one.securedAt)).toEqual(
      plan.images
        .map((one) => one.securedAt)
        .toSorted()
        .toReversed(),
    );
    // What the acts did to each other's rows is no conflict; what cannot be told before is said to be that.
    expect(plan.images.filter((one) => one.conflicts.length > 0 && one.unless.length === 0)).toEqual([]);
    expect(plan.unsecured).toEqual([]);
    expect(await undoWhat(stage, { kind: 'span', agent: 'cursor' })).toEqual({
      undone: plan.images.map((one) => one.image),
    });
    expect(await digests(server)).toEqual(before);
  }, 60_000);

  test('U2 what others wrote since stops it there, and everything newer is back by then', async () => {
    await act(run.slice(0, 1));
    const between = await digests(server);
    await act(run.slice(2, 3));
    await act(["update accounts set owner = 'again' where id = 20"]);
    await server.query("update accounts set owner = 'a person' where id = 2");
    const plan = await planWhat(stage, { kind: 'span', agent: 'cursor' });
    expect(plan.images.map((one) => [one.conflicts.length, one.unless])).toEqual([
      [0, []],
      [0, []],
      [1, []],
    ]);
    expect(plan.images[2]?.conflicts[0]).toContain('the row of `public.accounts` with id 2');
    const { undone, stopped } = await undoWhat(stage, { kind: 'span', agent: 'cursor' });
    expect(undone).toEqual(plan.images.slice(0, 2).map((one) => one.image));
    expect(stopped).toContain('would overwrite what was written since');
    await server.query("update accounts set owner = 'owner 2' where id = 2");
    expect(await digests(server)).toEqual(between);
  }, 60_000);

  test('U2 from a moment on: what came before it stays', async () => {
    await act(run.slice(0, 3));
    const then = await digests(server);
    stage.rig.clock.step(1_000);
    const since = new Date(stage.rig.clock.now()).toISOString();
    await act(run.slice(3));
    const { undone, stopped } = await undoWhat(stage, { kind: 'span', since });
    expect([undone.length, stopped]).toEqual([run.length - 3, undefined]);
    expect(await digests(server)).toEqual(then);
  }, 60_000);

  test('U2 an undo is undone by its own image, and belongs to nobody’s run', async () => {
    await act(run.slice(0, 1));
    const after = await digests(server);
    const [image] = (await planWhat(stage, { kind: 'span', agent: 'cursor' })).images;
    const outcomes = await undoOne(stage, image?.image ?? '');
    const made = outcomes.flatMap((one) => (one.kind === 'done' && one.image !== undefined ? [one.image] : []));
    expect(made).toHaveLength(1);
    const nothing = { refusal: { detail: 'nothing by cursor is there to take back' } };
    await expect(planWhat(stage, { kind: 'span', agent: 'cursor' })).rejects.toMatchObject(nothing);
    await undoOne(stage, made[0] ?? '');
    expect(await digests(server)).toEqual(after);
    // In effect again: the run of the agent is that act, by the undo of its undo.
    const again = await planWhat(stage, { kind: 'span', agent: 'cursor' });
    expect(again.images.map((one) => one.undoes)).toEqual(made);
  }, 60_000);

  test('U2 acts that nothing was secured of are named, and stay', async () => {
    await act(run.slice(0, 1));
    const agent = await stage.connect();
    const block = 'do $$ begin delete from lines; end $$';
    await expect(agent.query(block)).rejects.toMatchObject({ code: 'HP001' });
    const [hold] = await stage.waiting();
    if (hold === undefined) throw new Error('nothing is held');
    expect((await stage.signAndRun(hold)).kind).toBe('done');
    const plan = await planWhat(stage, { kind: 'span', agent: 'cursor' });
    expect(plan.images).toHaveLength(1);
    expect(plan.unsecured).toMatchObject([
      { principal: 'cursor', operations: expect.arrayContaining([expect.stringMatching(/:do/)]) },
    ]);
    await expect(planWhat(stage, { kind: 'hold', hold: hold.code })).rejects.toMatchObject({
      refusal: { detail: `${hold.code} is done: nothing was secured for it, so it cannot be taken back` },
    });
  }, 60_000);

  test('U2 by a hold, once it has run', async () => {
    const guarded = await openPostgresStage(server, { undo: 'holdpoint_undo:secret', production: true });
    try {
      const before = await digests(server);
      const agent = await guarded.connect();
      const act = agent.query('update accounts set balance = 0 where id <= 60');
      await expect(act).rejects.toMatchObject({ code: 'HP001' });
      const [hold] = await guarded.waiting();
      if (hold === undefined) throw new Error('nothing is held');
      const what = { kind: 'hold', hold: hold.code } as const;
      await expect(planWhat(guarded, what)).rejects.toMatchObject({
        refusal: { detail: `${hold.code} is waiting: nothing ran from it` },
      });
      expect((await guarded.signAndRun(hold)).kind).toBe('done');
      expect(await digests(server)).not.toEqual(before);
      expect((await undoWhat(guarded, what)).undone).toHaveLength(1);
      expect(await digests(server)).toEqual(before);
    } finally {
      await guarded.close();
    }
  }, 60_000);

  test('U2 H6 an undo that would destroy is held like any act: the run stops there, and the rest is not touched', async () => {
    await server.query('grant create on schema public to agent');
    const guarded = await openPostgresStage(server, { undo: 'holdpoint_undo:secret', production: true });
    try {
      const agent = await guarded.connect();
      const steps = [
        'update accounts set balance = 0 where id = 1',
        'create table fresh (id int primary key)',
        'update accounts set balance = 0 where id = 2',
      ];
      for (const text of steps) {
        guarded.rig.clock.step(1_000);
        await agent.query(text);
      }
      const what = { kind: 'span', agent: 'cursor' } as const;
      const { images } = await planWhat(guarded, what);
      expect(images).toHaveLength(3);
      const { undone, stopped } = await undoWhat(guarded, what);
      expect(undone).toEqual([images[0]?.image]);
      expect(stopped).toContain('fresh');
      expect(await guarded.waiting()).toHaveLength(1);
      const { rows } = await server.query('select id, balance::text from accounts where id < 3 order by id');
      expect(rows).toEqual([
        { id: 1, balance: '0.00' },
        { id: 2, balance: '20.00' },
      ]);
    } finally {
      await guarded.close();
    }
  }, 60_000);
});
