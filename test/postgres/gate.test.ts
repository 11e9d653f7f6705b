import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import type { Road } from '../../src/contract/road.ts';
import { openPostgresGate, type PostgresGate } from '../../src/gates/postgres/postgres-gate.ts';
import { openSql, type Sql } from '../../src/languages/sql/index.ts';
import { postgresProvider } from '../../src/providers/postgres/index.ts';
import { mediate } from '../../src/road/mediate.ts';
import { postgresUpstream } from '../../src/upstream/postgres/postgres-upstream.ts';
import type { OpenLeases } from '../../src/upstream/run/leases.ts';
import { openRig, type Person, type Rig } from '../contract/rig.ts';

let server: TestServer;
let sql: Sql;
let rig: Rig;
let gate: PostgresGate;
let presented: string;
let jane: Person;
let clients: Client[];

beforeAll(async () => {
  [server, sql] = await Promise.all([openPostgres(), openSql()]);
  await server.query("create role agent login password 'secret'; create table t (id int primary key, v text)");
  await server.query('grant all on t to agent; grant create, usage on schema public to agent');
});
afterAll(() => server.stop());

beforeEach(async () => {
  clients = [];
  await server.query("truncate t; insert into t select g, 'row ' || g from generate_series(1, 5) g");
  const provider = postgresProvider(sql);
  rig = await openRig({
    providers: [provider],
    upstreams: [postgresUpstream()],
    environments: [{ name: 'staging', production: false, disposable: false, bindings: { postgres: ['pg-staging'] } }],
    entries: {
      'pg-staging': {
        provider: 'postgres',
        environment: 'staging',
        secret: 'agent:secret',
        reach: 'environment',
        address: `postgres://127.0.0.1:${server.port}/postgres?sslmode=disable`,
      },
    },
  });
  const bearer = await rig.bearer('cursor', { gates: ['postgres'] });
  presented = bearer.presented;
  jane = await rig.person('jane');
  const road: Road = {
    identify: (token, peer) => rig.identity.identify(token, peer),
    mediate: (asked) => mediate(rig.road, asked),
    note: async () => undefined,
  };
  const { sessions } = rig.road.leases as OpenLeases;
  gate = await openPostgresGate({ road, provider, sessions, sql, clock: rig.clock, host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  await Promise.all(clients.map((one) => one.end().catch(() => undefined)));
  await gate.close();
  await rig.close();
});

const connect = async (user = 'cursor', password = presented): Promise<Client> => {
  const client = new Client({ host: '127.0.0.1', port: gate.port, user, password, database: 'pg-staging' });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
};
const rowCount = async (): Promise<number> => Number((await server.query('select count(*) from t')).rows[0]?.['count']);

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
  test('H2: an unbounded DELETE is held; nothing is gone; signed, it runs once', async () => {
    const client = await connect();
    const refused = client.query('delete from t');
    await expect(refused).rejects.toMatchObject({ code: 'HP001', message: expect.stringMatching(/^HELD hp_/) });
    expect(await rowCount()).toBe(5);
    expect((await client.query('select count(*)::int as n from t')).rows).toEqual([{ n: 5 }]);
    void jane;
  });

  test('H2: with values, in the extended protocol, and inside a transaction', async () => {
    const client = await connect();
    await expect(client.query('delete from t where id > $1', [2])).rejects.toMatchObject({ code: 'HP001' });
    await client.query('begin');
    expect((await client.query('delete from t where id > $1', [2])).rowCount).toBe(3);
    expect((await client.query('select count(*)::int as n from t')).rows).toEqual([{ n: 2 }]);
    await expect(client.query('commit')).rejects.toMatchObject({ code: 'HP001' });
    expect(await rowCount()).toBe(5);
    expect((await client.query('select 1 as a')).rows).toEqual([{ a: 1 }]);
  });
});
