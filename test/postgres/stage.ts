import { Client } from 'pg';
import type { TestServer } from './server.ts';
import type { Bearer, Outcome, Road } from '../../src/contract/road.ts';
import { openPostgresGate, type PostgresGate } from '../../src/gates/postgres/postgres-gate.ts';
import type { PostgresLimits } from '../../src/gates/postgres/parts.ts';
import { openSql } from '../../src/languages/sql/index.ts';
import type { Hold } from '../../src/model/hold.ts';
import { postgresProvider } from '../../src/providers/postgres/index.ts';
import { goOn, passAgain } from '../../src/road/light.ts';
import { mediate } from '../../src/road/mediate.ts';
import { runHold } from '../../src/road/run.ts';
import type { Keeping } from '../../src/road/undo/keeping.ts';
import { postgresUpstream } from '../../src/upstream/postgres/postgres-upstream.ts';
import type { OpenLeases } from '../../src/upstream/run/leases.ts';
import { openRig, type Person, type Rig } from '../contract/rig.ts';

/** The real road between real clients and a real server: an agent `cursor`, a human `jane`, one database `pg-staging`. */
export interface PostgresStage {
  readonly rig: Rig;
  readonly gate: PostgresGate;
  readonly agent: Bearer & { readonly presented: string };
  readonly jane: Person;
  /** A connected node-postgres client; ended with the stage. */
  connect(options?: { readonly user?: string; readonly password?: string }): Promise<Client>;
  /** `postgres://` address for programs. */
  readonly url: string;
  /** The holds that wait. */
  waiting(): Promise<readonly Hold[]>;
  /** Signs a hold as it stands and runs it. */
  signAndRun(hold: Hold): Promise<Outcome>;
  close(): Promise<void>;
}

export interface StageOptions {
  /** Role and password of the agent at the server. */
  readonly secret?: string;
  /** Role and password by which what is about to be lost is looked at; without one row changes are held. */
  readonly undo?: string;
  readonly production?: boolean;
  readonly database?: string;
  /** Instead of the server's own address: a pooler's, or one with TLS. */
  readonly address?: string;
  /** PEM of the authority that the server's certificate is under. */
  readonly ca?: string;
  /** The gate's own key and certificate. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly limits?: Partial<PostgresLimits>;
  /** How long and how much is kept to undo by. */
  readonly keeping?: () => Keeping;
}

export async function openPostgresStage(server: TestServer, options: StageOptions = {}): Promise<PostgresStage> {
  const sql = await openSql();
  const provider = postgresProvider(sql);
  const upstream = postgresUpstream();
  const environment = options.production === true ? 'production' : 'staging';
  const address =
    options.address ?? `postgres://127.0.0.1:${server.port}/${options.database ?? 'postgres'}?sslmode=disable`;
  const entry = { provider: 'postgres', environment, reach: 'environment', address } as const;
  const rig = await openRig({
    providers: [provider],
    upstreams: [upstream],
    ...(options.keeping === undefined ? {} : { keeping: options.keeping }),
    environments: [
      {
        name: environment,
        production: options.production === true,
        disposable: false,
        bindings: { postgres: ['pg-staging'] },
      },
    ],
    entries: {
      'pg-staging': {
        ...entry,
        secret: options.secret ?? 'agent:secret',
        ...(options.ca === undefined ? {} : { ca: options.ca }),
        ...(options.undo === undefined ? {} : { undo: 'pg-staging-undo' }),
      },
      ...(options.undo === undefined ? {} : { 'pg-staging-undo': { ...entry, secret: options.undo } }),
    },
  });
  const agent = await rig.bearer('cursor', { gates: ['postgres'] });
  const jane = await rig.person('jane');
  const road: Road = {
    identify: (token, peer) => rig.identity.identify(token, peer),
    mediate: (asked) => mediate(rig.road, asked),
    again: (asked) => passAgain(rig.road, asked),
    goOn: (asked) => goOn(rig.road, asked),
    note: async () => undefined,
    askAbout: async (refusal) => refusal,
  };
  const { sessions } = rig.road.leases as OpenLeases;
  const gate = await openPostgresGate({
    road,
    provider,
    sessions,
    sql,
    clock: rig.clock,
    host: '127.0.0.1',
    port: 0,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const clients: Client[] = [];
  return {
    rig,
    gate,
    agent,
    jane,
    url: `postgres://cursor:${agent.presented}@127.0.0.1:${gate.port}/pg-staging?sslmode=disable`,
    async connect({ user = 'cursor', password = agent.presented } = {}) {
      const client = new Client({ host: '127.0.0.1', port: gate.port, user, password, database: 'pg-staging' });
      client.on('error', () => undefined);
      clients.push(client);
      await client.connect();
      return client;
    },
    waiting: async () => (await rig.road.holds.list()).filter((one) => one.state === 'waiting'),
    async signAndRun(hold) {
      await rig.road.holds.approve(hold.code, jane.approve(hold));
      return runHold(rig.road, hold.code, agent.principal);
    },
    async close() {
      await Promise.all(clients.map((one) => one.end().catch(() => undefined)));
      await gate.close();
      await upstream.close();
      await rig.close();
    },
  };
}
