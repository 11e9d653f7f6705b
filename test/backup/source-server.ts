import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openBackupSource } from '../../src/upstream/replication/backup-source.ts';
import type { BackupSource } from '../../src/contract/backup.ts';
import { openPostgres, type TestServer, type TestServerOptions } from '../postgres/server.ts';

/** A server that is set up as `holdpoint connect` leaves it for backups: a role of its own, and rules of access as images ship them. */
export async function openBackedUp(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await openPostgres({
    ...options,
    settings: ['max_slot_wal_keep_size=64MB', 'max_wal_size=64MB', 'min_wal_size=32MB', ...(options.settings ?? [])],
  });
  await server.query(`create role holdpoint_backup login replication password 'b%ckup'`);
  await server.query(
    `copy (select 'host all all all scram-sha-256') to '${await dataFolder(server)}/pg_hba.conf'; select pg_reload_conf()`,
  );
  return server;
}

export async function dataFolder(server: TestServer): Promise<string> {
  return String((await server.query('show data_directory')).rows[0]?.['data_directory']);
}

/** Its first process, which starts all others. */
export async function postmasterOf(server: TestServer): Promise<number> {
  return Number(readFileSync(path.join(await dataFolder(server), 'postmaster.pid'), 'utf8').split('\n')[0]);
}

/** `port`: another door to the same server. */
export function sourceOf(
  server: TestServer,
  more: { readonly port?: number; readonly system?: string; readonly secret?: string; readonly timeout?: number } = {},
): BackupSource {
  return openBackupSource({
    route: {
      name: 'pg-backup',
      address: `postgres://127.0.0.1:${more.port ?? server.port}/postgres?sslmode=disable`,
      allowPrivate: true,
    },
    credential: async () => ({ kind: 'password', secret: more.secret ?? 'holdpoint_backup:b%25ckup' }),
    timeout: more.timeout ?? 3_000,
    ...(more.system === undefined ? {} : { system: more.system }),
  });
}
