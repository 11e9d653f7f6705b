import { rm, mkdtemp } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRig } from '../contract/rig.ts';
import type { TestServer } from '../postgres/server.ts';
import type { Road } from '../../src/contract/road.ts';
import { openPostgresGate } from '../../src/gates/postgres/postgres-gate.ts';
import { openSql } from '../../src/languages/sql/index.ts';
import { postgresProvider } from '../../src/providers/postgres/index.ts';
import { goOn, passAgain } from '../../src/road/light.ts';
import { mediate } from '../../src/road/mediate.ts';
import { loadPolicy } from '../../src/road/policy/policy.ts';
import { postgresUpstream } from '../../src/upstream/postgres/postgres-upstream.ts';
import type { OpenLeases } from '../../src/upstream/run/leases.ts';

/** A gate that lets an operator do whatever it can be asked for. */
export interface OpenGate {
  readonly port: number;
  /** The operator's token. */
  readonly password: string;
  /** What went wrong inside and was told nobody else. */
  readonly diagnoses: readonly unknown[];
  close(): Promise<void>;
}

const everything = `@id("everything")
@reason("a test says so")
permit (principal, action == Action::"perform", resource);
`;

/**
 * The real road and the real gate before one database of a server, as its superuser: a disposable environment, a person's
 * token that names everything, and a policy of one rule that permits everything unsigned. Entry and user are called as at the
 * server, so that a client sees the same names.
 */
export async function openAllPermitting(server: TestServer, database: string): Promise<OpenGate> {
  const shared = '/dev/shm';
  const data = await mkdtemp(join(existsSync(shared) ? shared : tmpdir(), 'holdpoint-suite-'));
  const sql = await openSql();
  const provider = postgresProvider(sql);
  const upstream = postgresUpstream();
  const rig = await openRig({
    data,
    providers: [provider],
    upstreams: [upstream],
    environments: [{ name: 'scratch', production: false, disposable: true, bindings: { postgres: [database] } }],
    entries: {
      [database]: {
        provider: 'postgres',
        environment: 'scratch',
        reach: 'environment',
        address: `postgres://127.0.0.1:${server.port}/${database}?sslmode=disable`,
        secret: `postgres:${server.password}`,
      },
    },
  });
  const policy = loadPolicy({ files: [{ name: 'everything.cedar', text: everything }] });
  const parts = { ...rig.road, policy: () => policy };
  const { presented } = await rig.store.transact((tx) =>
    rig.identity.createToken(tx, {
      kind: 'human',
      name: 'postgres',
      scope: { gates: ['postgres'], operations: 'all', environments: ['scratch'], resources: 'all' },
      purpose: 'the suite',
    }),
  );
  const road: Road = {
    identify: (token, peer) => rig.identity.identify(token, peer),
    mediate: (asked) => mediate(parts, asked),
    again: (asked) => passAgain(parts, asked),
    goOn: (asked) => goOn(parts, asked),
    note: async () => undefined,
    askAbout: async (refusal) => refusal,
  };
  const { sessions } = rig.road.leases as OpenLeases;
  const gate = await openPostgresGate({ road, provider, sessions, sql, clock: rig.clock, host: '127.0.0.1', port: 0 });
  return {
    port: gate.port,
    password: presented,
    diagnoses: rig.diagnoses,
    async close() {
      await gate.close();
      await upstream.close();
      await rig.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}
