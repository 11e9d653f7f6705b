import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openInstallation } from './installation.ts';
import { openSqliteStore } from '../stores/sqlite/store.ts';

const recipient = `age1${'q'.repeat(58)}`;

const text = `version: 1
environments: { live: { postgres: [pg] } }
upstreams:
  pg: { provider: postgres, environment: live, credential: "vault:pg", address: "postgres://db.example.com:5432/app" }
  pg-backup: { provider: postgres, environment: live, credential: "vault:pg-backup", address: "postgres://db.example.com:5432/app", replication: true }
backups:
  pg: { source: pg-backup, stores: [disk], recovery: ${recipient} }
stores:
  disk: { keeper: /run/keeper/socket }
`;

describe('an upstream with `replication: true`', () => {
  test('B1 is no way for a gate, a look-up or an undo: nothing but backups knows of it', async () => {
    await using store = await opened();
    const { installation } = store;
    expect(installation.bindings.upstreams.map((one) => one.name)).toEqual(['pg']);
    expect(installation.route('pg-backup')).toBeUndefined();
    expect(installation.replication('pg-backup')).toMatchObject({ name: 'pg-backup', credential: 'pg-backup' });
    expect(installation.replication('pg')).toBeUndefined();
    expect(installation.route('pg')).toMatchObject({ credential: 'pg' });
  });
});

async function opened(): Promise<{ installation: Awaited<ReturnType<typeof openInstallation>> } & AsyncDisposable> {
  const place = await mkdtemp(join(tmpdir(), 'holdpoint-installation-'));
  const store = await openSqliteStore({ path: join(place, 'holdpoint.db') });
  const none = (): undefined => undefined;
  const installation = await openInstallation(store, () => 'environment', none);
  const inForce = await store.transact((tx) => installation.replace(tx, { text, policies: {} }));
  inForce();
  const dispose = async (): Promise<void> => {
    await store.close();
    await rm(place, { recursive: true });
  };
  return { installation, [Symbol.asyncDispose]: dispose };
}
