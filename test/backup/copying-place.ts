import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { copyingConfig, copyingSecrets } from './copying-config.ts';
import { openBackedUp } from './source-server.ts';
import { openStrictS3, putGetOnly, restoreOnly } from './strict-s3.ts';
import type { Alarm } from '../../src/contract/channel.ts';
import { openBackups } from '../../src/daemon/backup/backups.ts';
import type { CopiersParts } from '../../src/daemon/backup/copiers.ts';
import { backupKeys } from '../../src/daemon/backup/keys.ts';
import { emptyConfig, readConfig } from '../../src/daemon/config.ts';
import { newIdentity } from '../../src/features/backup/format/age.ts';
import { openJournal } from '../../src/road/journal/journal.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { openS3Store } from '../../src/upstream/objects/s3-store.ts';

/** What a test has to end, last first. */
export class Endings {
  readonly #all: (() => unknown)[] = [];
  push(one: () => unknown): void {
    this.#all.push(one);
  }
  async end(): Promise<void> {
    for (const one of this.#all.splice(0).reverse()) await one();
  }
}

const kinds = ['backed-up', 'backup-failed', 'drilled'];
const clock = { now: () => Date.now() };
export const digest = `select count(*)::text || md5(string_agg(t::text, '|' order by id)) as all from public.bookings t`;

/** A server, a bucket of another account, and as much of a daemon as copies the one into the other. */
export async function place(
  endings: Endings,
  options: {
    readonly rights?: typeof putGetOnly;
    readonly major?: 15 | 18;
    /** Further members of the plan. */
    readonly plan?: { readonly [member: string]: string | boolean };
  } = {},
) {
  const root = await mkdtemp(path.join(tmpdir(), 'holdpoint-copying-'));
  await chmod(root, 0o755);
  endings.push(() => rm(root, { recursive: true, force: true }));
  const weather: { fails: boolean } = { fails: false };
  const bucket = await openStrictS3({
    credentials: {
      GATE: { secret: 'g', rights: options.rights ?? putGetOnly },
      HUMAN: { secret: 'h', rights: restoreOnly },
    },
    defaultLock: { mode: 'COMPLIANCE', days: 1 },
    weather: () => (weather.fails ? 'cut' : undefined),
  });
  endings.push(() => bucket.close());
  const server = await openBackedUp(options.major === undefined ? {} : { major: options.major });
  endings.push(() => server.stop());
  await server.query(`create table bookings (id int primary key, guest text);
    insert into bookings select g, 'guest ' || g from generate_series(1, 2000) g`);
  const store = await openSqliteStore({ path: path.join(root, 'store') });
  endings.push(() => store.close());
  const { privateKey: key } = generateKeyPairSync('ed25519');
  const journal = await openJournal({ store, clock, key, origin: 'holdpoint/test' });
  endings.push(() => journal.close());
  const [recovery, drill] = [newIdentity(), newIdentity()];
  const runner = generateKeyPairSync('ed25519');
  const config = readConfig(
    copyingConfig({
      endpoint: bucket.endpoint,
      bucket: bucket.bucket,
      recovery: recovery.recipient,
      drill: drill.recipient,
      runner: runner.publicKey,
      plan: options.plan ?? {},
    }),
  );
  const alarms: Omit<Alarm, 'id' | 'at'>[] = [];
  const sealed = new Map<string, Uint8Array>();
  const keys = await backupKeys(store, {
    seal(plain: Uint8Array, about: string) {
      sealed.set(about, plain);
      return about;
    },
    unseal: (_: string, about: string) => sealed.get(about) ?? randomBytes(1),
  });
  let present = config;
  const parts: CopiersParts = {
    store,
    config: () => present,
    replication: (name) => ({
      name,
      address: `postgres://127.0.0.1:${server.port}/postgres?sslmode=disable`,
      allowPrivate: true,
      credential: name,
    }),
    vault: { open: async (name) => ({ kind: 'password', secret: copyingSecrets[name] ?? '' }) },
    keys,
    journal,
    clock,
    raise: (alarm) => void alarms.push(alarm),
    diagnose: () => undefined,
    patience: 300,
    shortestPause: 50,
  };
  const human = openS3Store({
    name: 'far',
    endpoint: bucket.endpoint,
    bucket: bucket.bucket,
    region: 'us-east-1',
    allowPrivate: true,
    credential: () => ({ keyId: 'HUMAN', secret: 'h' }),
  });
  endings.push(() => human.close());
  const open = () => {
    const backups = openBackups(parts);
    endings.push(() => backups.close());
    return backups;
  };
  return {
    root,
    bucket,
    server,
    store,
    keys,
    recovery,
    runner,
    weather,
    alarms,
    human,
    open,
    forget: () => void (present = emptyConfig),
    journalled: async () => (await store.find('entries')).map(({ record }) => kindIn(JSON.stringify(record))),
  };
}

/** Waits until it is so. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, within = 30_000): Promise<T> {
  const end = Date.now() + within;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`it never came that ${what}`);
    await sleep(50);
  }
}

/** Of an entry as it is stored. */
function kindIn(text: string): string {
  return kinds.find((one) => text.includes(one)) ?? 'another';
}

export function lsn(text: string): string {
  const [high = '', low = ''] = text.split('/');
  return `0x${high}${low.padStart(8, '0')}`;
}
