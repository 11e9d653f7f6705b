import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';

let server: TestServer;
let stage: PostgresStage;

beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'; grant create, usage on schema public to agent");
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.query(`drop table if exists orders, cars, autos cascade;
    create table cars (id int primary key, plate text); create table orders (id int primary key, car int references cars on delete cascade);
    create view busy as select o.id from orders o;
    insert into cars select g, 'p' from generate_series(1, 40) g; insert into orders select g, g from generate_series(1, 30) g; analyze;
    alter table cars owner to agent; alter table orders owner to agent; alter view busy owner to agent`);
  stage = await openPostgresStage(server);
});
afterEach(() => stage.close());

const count = async (table: string): Promise<unknown> =>
  (await server.query(`select count(*)::int as n from ${table}`)).rows[0]?.['n'];

describe('what is made anew within one transaction', () => {
  const resets: readonly (readonly [name: string, statements: readonly string[]])[] = [
    [
      'drop and make again',
      [
        'drop table if exists orders cascade',
        'drop table cars',
        'create table cars (id int primary key, plate text)',
        'create table orders (id int primary key, car int not null references cars)',
        "insert into cars values (1, 'new')",
      ],
    ],
    [
      'a copy that takes the place (as SQLite-minded tools do it)',
      [
        'create table cars_new (id int primary key, plate text, colour text)',
        'insert into cars_new select id, plate from cars',
        'drop table cars cascade',
        'alter table cars_new rename to cars',
        'create index on cars (plate)',
      ],
    ],
    [
      'schema-qualified and bare names of the same',
      ['drop table public.orders cascade', 'create table orders (id int)'],
    ],
    [
      'several at once',
      ['drop table cars, orders cascade', 'create table cars (id int)', 'create table orders (id int)'],
    ],
    ['a column more, then rows', ['alter table cars add column colour text', "update cars set colour = 'red'"]],
  ];

  test.each(resets)('H2 H3: %s: one hold, which runs once as it was signed', async (_, statements) => {
    const client = await stage.connect();
    await client.query('begin');
    for (const one of statements) await client.query(one);
    await expect(client.query('commit')).rejects.toMatchObject({ code: 'HP001' });
    expect(await count('cars')).toBe(40);
    const holds = await stage.waiting();
    expect(holds).toHaveLength(1);
    const [hold] = holds;
    if (hold === undefined) throw new Error('nothing waits');
    expect(await stage.signAndRun(hold)).toMatchObject({ kind: 'done' });
    expect(await stage.signAndRun(hold).catch(() => ({ kind: 'refused' }))).toMatchObject({ kind: 'refused' });
  });

  test('H4: the hold shows what stood there: rows of what is dropped, and what hangs on it', async () => {
    const client = await stage.connect();
    await client.query('begin; drop table orders cascade; create table orders (id int)');
    await expect(client.query('commit')).rejects.toMatchObject({ code: 'HP001' });
    const [hold] = await stage.waiting();
    expect(hold?.facts).toContainEqual(expect.objectContaining({ label: 'Rows of public.orders', value: 'about 30' }));
    expect(hold?.facts).toContainEqual(
      expect.objectContaining({ label: 'Hangs on it', value: expect.stringContaining('busy') }),
    );
    expect(hold?.varyingFact).toBe('orders');
  });

  test('H2: what stands there is another table by then: held again', async () => {
    const client = await stage.connect();
    await client.query('begin; drop table orders cascade; create table orders (id int)');
    await expect(client.query('commit')).rejects.toMatchObject({ code: 'HP001' });
    const [hold] = await stage.waiting();
    await server.query('drop table orders cascade; create table orders (id int); alter table orders owner to agent');
    if (hold === undefined) throw new Error('nothing waits');
    expect(await stage.signAndRun(hold)).toMatchObject({ kind: 'refused' });
  });
});
