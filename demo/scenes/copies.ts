import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { connect } from '../pocketos/database.ts';
import type { Commands } from '../human/commands.ts';
import type { Human } from '../human/human.ts';
import { freePort, PostgresServer } from '../railway/postgres.ts';
import { accountForServer } from '../railway/postgres-binaries.ts';
import { own } from '../stage/accounts.ts';
import type { Setting } from './world.ts';
import { openStrictS3, putGetOnly, restoreOnly } from '../../test/backup/strict-s3.ts';

/** What is copied to a bucket of another account, which nobody deletes from before its time: by name of its upstream. */
export interface Copies {
  /** Lines of `upstreams:`, and `stores:` with, once `begin` is done, `backups:`. */
  readonly upstreams: string;
  stores(): string;
  /** Keeps what the daemon puts by, and what it reads a server of another major by. */
  keep(human: Human): Promise<void>;
  /** `holdpoint backup init`: tries to destroy in the bucket, makes the keys. */
  begin(commands: Commands): Promise<void>;
  /** By name: the recovery key, as it stands on paper. */
  readonly paper: ReadonlyMap<string, string>;
  /** The credential of whoever restores: it may list and get. */
  readonly human: { readonly keyId: string; readonly secret: string };
  /** PostgreSQL 15 where Debian's is installed: PocketOS's archive. */
  readonly archive: Archive | undefined;
}

/** A server of another major than production's. */
export interface Archive {
  readonly url: string;
  /** All of its files. */
  readonly folder: string;
  /** Its disk is torn away, and everything on it is gone. */
  destroy(): Promise<void>;
}

/** `begins`: false leaves everything without a copy, on purpose. */
export async function openCopies({ place, cast }: Setting, begins: boolean): Promise<Copies> {
  const [gate, human] = [randomBytes(12).toString('hex'), randomBytes(12).toString('hex')];
  const bucket = await openStrictS3({
    credentials: { GATE: { secret: gate, rights: putGetOnly }, HUMAN: { secret: human, rights: restoreOnly } },
    defaultLock: { mode: 'COMPLIANCE', days: 30 },
  });
  place.atEnd(() => bucket.close());
  const archive = await openArchive(place.folder('archive', 0o711));
  if (archive !== undefined) place.atEnd(() => archive.destroy());
  const paper = new Map<string, string>();
  const plans: string[] = [];
  const names = ['pg-production', ...(archive === undefined ? [] : ['pg-archive'])];
  const runner = place.folder('runner');
  own(runner, cast.daemon);
  return {
    upstreams: archive === undefined ? '' : archive.upstreams,
    stores: () => `stores:
  far: { s3: "${bucket.endpoint}", bucket: ${bucket.bucket}, credential: "vault:far", private: true, account: pocketos-vault }
${plans.length === 0 ? '' : `backups:\n${plans.join('\n')}`}`,
    async keep(person) {
      const more = { ask: false };
      await person.addCredential('far', 'backups', 'password', 'environment', `GATE:${gate}`, {
        ...more,
        provider: 's3',
      });
      if (archive === undefined) return;
      const given = { ...more, provider: 'postgres' };
      await person.addCredential('pg-archive-backup', 'production', 'password', 'environment', archive.secret, given);
    },
    async begin(commands) {
      if (!begins) return;
      for (const name of names) {
        const told = await commands.done('backup', 'init', name, '--stores', 'far', '--keys', runner, '--json');
        const made = JSON.parse(told) as { readonly recovery: string; readonly config: string };
        paper.set(name, made.recovery);
        plans.push(made.config.replace(/^backups:\n/, ''));
      }
    },
    paper,
    human: { keyId: 'HUMAN', secret: human },
    archive,
  };
}

const debian = '/usr/lib/postgresql/15/bin';

async function openArchive(
  folder: string,
): Promise<(Archive & { readonly upstreams: string; readonly secret: string }) | undefined> {
  if (!fs.existsSync(path.join(debian, 'postgres'))) return undefined;
  const server = new PostgresServer({
    binaries: { initdb: path.join(debian, 'initdb'), postgres: path.join(debian, 'postgres') },
    account: accountForServer(),
    dataDir: path.join(folder, 'data'),
    port: await freePort(),
    password: randomBytes(18).toString('base64url'),
    database: 'pocketos_archive',
    parameters: { max_slot_wal_keep_size: '256MB' },
  });
  const account = accountForServer();
  if (account !== null) execFileSync('chown', [`${account.uid}:${account.gid}`, folder]);
  await server.create();
  const password = randomBytes(18).toString('base64url');
  const client = await connect(server.url);
  await client.query(`create role holdpoint_backup login replication password '${password}';
    create table invoices (id int primary key, customer text not null, amount numeric(10,2) not null);
    insert into invoices select i, 'customer ' || i % 900, 19.5 * (1 + i % 30) from generate_series(1, 40000) i`);
  await client.end();
  const address = `postgres://127.0.0.1:${server.place.port}/pocketos_archive?sslmode=disable`;
  const line = (name: string, more: string): string =>
    `  ${name}: { provider: postgres, environment: production, credential: "vault:${name}", address: "${address}", private: true${more} }`;
  return {
    url: server.url,
    folder,
    secret: `holdpoint_backup:${password}`,
    upstreams: `${line('pg-archive', '')}\n${line('pg-archive-backup', ', replication: true')}`,
    async destroy() {
      await server.stop('SIGQUIT');
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
