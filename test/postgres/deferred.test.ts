import type { EventEmitter } from 'node:events';
import { Client, DatabaseError } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { openAllPermitting, type OpenGate } from '../torture/suite-gate.ts';

let server: TestServer;
let stage: PostgresStage;
let permitting: OpenGate;
const clients: Client[] = [];

beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'");
  await server.query('create database app owner agent');
  stage = await openPostgresStage(server, { database: 'app' });
  permitting = await openAllPermitting(server, 'app');
  const direct = await opened(server.port, 'postgres', server.password, 'app');
  await direct.query(`create table seats (id int primary key generated always as identity, n int unique deferrable initially deferred); insert into seats (n) values (1);
    create table spoken (id int primary key generated always as identity, n int);
    create function speaks() returns trigger language plpgsql as $$ begin raise notice 'spoken %', new.n; return null; end $$;
    create constraint trigger speaks after insert on spoken deferrable initially deferred for each row execute function speaks();
    alter table seats owner to agent; alter table spoken owner to agent`);
});
afterAll(async () => {
  await Promise.all(clients.map((one) => one.end().catch(() => undefined)));
  await permitting.close();
  await stage.close();
  await server.stop();
});

async function opened(port: number, user: string, password: string, database: string): Promise<Client> {
  const client = new Client({ host: '127.0.0.1', port, user, password, database });
  client.on('error', () => undefined);
  clients.push(client);
  await client.connect();
  return client;
}

async function errorOf(work: Promise<unknown>): Promise<DatabaseError> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof DatabaseError) return thrown;
  throw new Error('the server said no error', { cause: thrown });
}

describe('what is deferred to the end of a transaction', () => {
  test('C3: a COMMIT that a deferred constraint refuses says so as the server does, and keeps nothing', async () => {
    const client = await stage.connect();
    await client.query('begin');
    await client.query('insert into seats (n) values (1)');
    const { code, message, constraint, detail } = await errorOf(client.query('commit'));
    expect({ code, message, constraint, detail }).toEqual({
      code: '23505',
      message: 'duplicate key value violates unique constraint "seats_n_key"',
      constraint: 'seats_n_key',
      detail: 'Key (n)=(1) already exists.',
    });
    expect((await client.query('select n from seats')).rows).toEqual([{ n: 1 }]);
    await client.query('insert into seats (n) values (2)');
    expect(await stage.waiting()).toEqual([]);
  });

  test.each([
    ['in a Query', (client: Client) => client.query('insert into seats (n) values (1)')],
    ['in the extended protocol', (client: Client) => client.query('insert into seats (n) values ($1)', [1])],
  ])('C3: so does a statement by itself, %s, with one error', async (_, say) => {
    const client = await stage.connect();
    expect((await errorOf(say(client))).code).toBe('23505');
    // Another error behind it would be taken for the answer to this.
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect((await server.query('select n from seats where n <> 2', [], 'app')).rows).toEqual([{ n: 1 }]);
  });

  test('C3: a deferred trigger’s notice is heard, once', async () => {
    const client = await stage.connect();
    const heard: (string | undefined)[] = [];
    client.on('notice', ({ message }) => heard.push(message));
    await client.query('begin');
    await client.query('insert into spoken (n) values (7)');
    expect(heard).toEqual([]);
    await client.query('commit');
    expect(heard).toEqual(['spoken 7']);
    expect((await server.query('select n from spoken', [], 'app')).rows).toEqual([{ n: 7 }]);
  });
});

test('C3: what is let through without having been tried, and fails, is one error', async () => {
  const client = await opened(permitting.port, 'postgres', permitting.password, 'app');
  const { connection } = client as unknown as { readonly connection: EventEmitter };
  const errors: string[] = [];
  connection.on('errorMessage', ({ message }: Error) => errors.push(message));
  await errorOf(client.query("select pg_restore_relation_stats('schemaname', 'public', 'relname')"));
  expect(errors).toEqual(['variadic arguments must be name/value pairs']);
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
});
