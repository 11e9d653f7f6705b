import { Client } from 'pg';
import type { DaemonClient } from './daemon-client.ts';
import { saidBy, type Said } from './postgres-acts.ts';
import type { TestServer } from '../postgres/server.ts';

/** How an agent destroys rows unsigned, its undo secured first. */
export const kinds = ['delete', 'update', 'extended', 'transaction'] as const;
export type Kind = (typeof kinds)[number];

/** One act; its key stands in its text, and in the rows that it hits. */
export interface SecuredAct {
  readonly kind: Kind;
  readonly key: string;
  readonly said: Said[];
}

export const entry = 'pg-staging';
export const tables = ['kept', 'parts'] as const;
/** Rows of `kept` to each act, and as many of `parts` behind each. */
export const rowsOfAct = 5;

/** Both lines lead through the wire that is watched. */
export const configFor = (port: number): string => {
  const where = `provider: postgres, environment: staging, address: "postgres://127.0.0.1:${port}/postgres?sslmode=disable", private: true`;
  return `version: 1
environments:
  staging: { production: false, postgres: [${entry}] }
upstreams:
  ${entry}: { credential: "vault:${entry}", undo: ${entry}-undo, ${where} }
  ${entry}-undo: { credential: "vault:${entry}-undo", lookups: true, ${where} }
velocity: { destructive: off, held: off, denied: off, rows: 100000/1h }
`;
};

const kept = { provider: 'postgres', environment: 'staging', kind: 'password', reach: 'environment' } as const;
export const credentials = [
  { ...kept, name: entry, secret: 'agent:secret' },
  { ...kept, name: `${entry}-undo`, secret: 'holdpoint_undo:secret', ask: false },
] as const;

export const keyOf = (number: number): string => `act-${number}-end`;

/** Rows for so many acts, numbered from 1. */
export async function furnish(server: TestServer, acts: number): Promise<void> {
  await server.query(`create role agent login password 'secret'; grant usage on schema public to agent;
    create role holdpoint_undo login bypassrls password 'secret'; grant pg_read_all_data to holdpoint_undo;
    create table kept (id int primary key, key text not null, v text);
    create table parts (id int primary key, kept int not null references kept on delete cascade, v text);
    insert into kept select a * 100 + r, 'act-' || a || '-end', 'row ' || r from generate_series(1, ${acts}) a, generate_series(1, ${rowsOfAct}) r;
    insert into parts select id * 10 + p, id, 'part ' || p from kept, generate_series(1, ${rowsOfAct}) p;
    create index on kept (key); create index on parts (kept);
    grant select, insert, update, delete on kept, parts to agent`);
}

/** Asks for one, and writes down what was said of it. Never rejects. */
export async function carryOut(daemon: DaemonClient, act: SecuredAct): Promise<void> {
  const port = Number(new URL(daemon.daemon.postgres).port);
  const client = new Client({ host: '127.0.0.1', port, user: 'cursor', password: daemon.agent, database: entry });
  client.on('error', () => undefined);
  try {
    await client.connect();
    for (const [text, values] of statementsOf(act)) await client.query(text, values);
    act.said.push('done');
  } catch (thrown) {
    act.said.push(saidBy(thrown));
  } finally {
    void client.end().catch(() => undefined);
  }
}

function statementsOf({ kind, key }: SecuredAct): readonly (readonly [text: string, values?: string[]])[] {
  const remove = `delete from kept where key = '${key}'`;
  switch (kind) {
    case 'delete':
      return [[remove]];
    case 'update':
      return [[`update kept set v = v || ' changed' where key = '${key}'`]];
    case 'extended':
      return [[`delete from kept where key = $1 -- ${key}`, [key]]];
    case 'transaction':
      return [['begin'], ['savepoint a'], [`update kept set v = '' where key = '${key}'`], [remove], ['commit']];
  }
}

/** By key: how many of its rows of `kept` are not as they were. */
export async function effects(server: TestServer): Promise<ReadonlyMap<string, number>> {
  const { rows } = await server.query(
    `select key, count(*) filter (where v like 'row _')::int as whole from kept group by key`,
  );
  return new Map(rows.map((row) => [String(row['key']), rowsOfAct - Number(row['whole'])]));
}
