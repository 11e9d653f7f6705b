import { Client } from 'pg';
import type { DaemonClient } from './daemon-client.ts';
import type { TestServer } from '../postgres/server.ts';

/**
 * What was said of one try of an act:
 * - `done`, `effect`: it took effect; the second was found out afterwards
 * - `nothing`: nothing took effect
 * - `unknown`: said to be so
 * - `lost`: nobody was left to say anything
 */
export type Said = 'done' | 'effect' | 'nothing' | 'unknown' | 'lost';

export const kinds = ['insert', 'extended', 'transaction', 'signed'] as const;
export type Kind = (typeof kinds)[number];

/** One act of the agent's; its key stands in its text, and in no other. */
export interface Act {
  readonly kind: Kind | 'unsigned';
  readonly key: string;
  /** Whole id of its hold. */
  readonly hold?: string;
  readonly said: Said[];
}

export const entry = 'pg-staging';

export const configFor = (port: number): string => `version: 1
environments:
  staging: { production: false, postgres: [${entry}] }
upstreams:
  ${entry}: { provider: postgres, environment: staging, credential: "vault:${entry}", address: "postgres://127.0.0.1:${port}/postgres?sslmode=disable", private: true }
velocity: { destructive: off, held: off, denied: off, rows: 100000/1h }
`;

export const credential = {
  name: entry,
  provider: 'postgres',
  environment: 'staging',
  kind: 'password',
  reach: 'environment',
  secret: 'agent:secret',
} as const;

export const scope = { gates: ['postgres'], presets: ['postgres:write'], environments: ['staging'] };

/** Rows that are added show each time that an act ran; so do counters. */
export async function furnish(server: TestServer): Promise<void> {
  await server.query(`create role agent login password 'secret'; grant usage on schema public to agent;
    create table acts (id bigint generated always as identity primary key, key text not null);
    create table counters (key text primary key, n int not null default 0);
    grant select, insert, delete on acts to agent; grant select, update on counters to agent`);
}

async function connected<T>(daemon: DaemonClient, work: (client: Client) => Promise<T>): Promise<T> {
  const port = Number(new URL(daemon.daemon.postgres).port);
  const client = new Client({ host: '127.0.0.1', port, user: 'cursor', password: daemon.agent, database: entry });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    // A line that is broken already has no end to wait for.
    void client.end().catch(() => undefined);
  }
}

const insertText = (key: string): string => `insert into acts (key) values ('${key}')`;

/** Asks for one, and writes down what was said of it. Never rejects. */
export async function carryOut(daemon: DaemonClient, act: Act): Promise<void> {
  const { kind, key, hold } = act;
  if (hold !== undefined) {
    act.said.push(await run(daemon, hold));
    return;
  }
  try {
    await connected(daemon, async (client) => {
      if (kind === 'extended') await client.query(`insert into acts (key) values ($1) -- ${key}`, [key]);
      if (kind === 'insert') await client.query(insertText(key));
      if (kind !== 'transaction') return;
      await client.query('begin');
      await client.query(insertText(key));
      await client.query('select count(*) from acts');
      await client.query('commit');
    });
    act.said.push('done');
  } catch (thrown) {
    act.said.push(saidBy(thrown));
  }
}

/** What its SQLSTATE and its sentence promise. */
export function saidBy(thrown: unknown): Said {
  const { code, message } = thrown as { readonly code?: string; readonly message: string };
  if (code === '08007') return message.includes('proved that the act took effect') ? 'effect' : 'unknown';
  if (code?.startsWith('HP') === true) return 'nothing';
  // The server's own words, on a line that goes on: it took the statement back. Everything else is a line that broke.
  return code !== undefined && /^(?!08|57P)[0-9A-Z]{5}$/.test(code) ? 'nothing' : 'lost';
}

async function run(daemon: DaemonClient, hold: string): Promise<Said> {
  try {
    const { status, body } = await daemon.api('POST', `/v1/holds/${hold}/run`, undefined, 'agent');
    // A COMMIT that the server refused was answered as well.
    if (status === 200) return (body['hold'] as { readonly state: string }).state === 'done' ? 'done' : 'nothing';
    const words = JSON.stringify(body);
    if (!words.includes('OUTCOME_UNKNOWN')) return 'nothing';
    return words.includes('proved that the act took effect') ? 'effect' : 'unknown';
  } catch {
    return 'lost';
  }
}

/** A change that destroys, up to its hold: the key of a counter that goes up by one. */
export async function held(daemon: DaemonClient, server: TestServer, key: string): Promise<string> {
  await server.query('insert into counters (key) values ($1)', [key]);
  const update = `update counters set n = n + 1 where key = '${key}'`;
  const message = await connected(daemon, (client) =>
    client.query(update).then(
      () => 'it ran',
      (thrown: unknown) => (thrown as Error).message,
    ),
  );
  const [code] = /hp_[0-9A-Z]{6}/i.exec(message) ?? [];
  if (code === undefined) throw new Error(`not held: ${message}`);
  return code;
}

/** The same, signed: an act that is ready to be run. */
export async function signed(daemon: DaemonClient, server: TestServer, key: string): Promise<Act & { number: string }> {
  const hold = await daemon.hold(await held(daemon, server, key));
  const approval = daemon.approval(hold);
  const answer = await daemon.api('POST', `/v1/holds/${hold.id}/approve`, approval);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return { kind: 'signed', key, hold: hold.id, said: [], number: approval.statement.number };
}

/** How often each act took effect, by the server's own rows. */
export async function effects(server: TestServer): Promise<ReadonlyMap<string, number>> {
  const { rows } = await server.query(
    'select key, count(*)::int as times from acts group by key union all select key, n from counters',
  );
  return new Map(rows.map((row) => [String(row['key']), Number(row['times'])]));
}
