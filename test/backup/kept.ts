import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MemoryStore } from './pretend.ts';
import { sourceOf } from './source-server.ts';
import type { TestServer } from '../postgres/server.ts';
import type { BackupSource, BackupStore } from '../../src/contract/backup.ts';
import { lsnNumber } from '../../src/contract/lsn.ts';
import { archiveWal } from '../../src/features/backup/archive-wal.ts';
import { type Catalogue, readCatalogue } from '../../src/features/backup/catalogue.ts';
import { newIdentity } from '../../src/features/backup/format/age.ts';
import { readHistories } from '../../src/features/backup/restore/histories.ts';
import { planRestore, type RestorePlan, type RestoreTarget } from '../../src/features/backup/restore/plan.ts';
import { type Restored, restore, type RestoreOptions } from '../../src/features/backup/restore/restore.ts';
import { writeBase, type WrittenBackup } from '../../src/features/backup/write-base.ts';
import { openOwnServer } from '../../src/upstream/postgres/administrator.ts';

export const clock = { now: () => Date.now() };
export const openSql: RestoreOptions['openSql'] = (at) => openOwnServer(at);

/** A real server whose copies and log are kept in a store of the test's own. */
export interface Kept {
  readonly store: MemoryStore;
  readonly source: BackupSource;
  readonly keys: {
    readonly naming: Uint8Array;
    readonly signing: ReturnType<typeof pair>['privateKey'];
    readonly recipients: readonly string[];
  };
  readonly publicKey: ReturnType<typeof pair>['publicKey'];
  readonly recovery: string;
  readonly drill: string;
  base(): Promise<WrittenBackup>;
  /** Until everything that is durable on the server now is durable in the store. */
  caughtUp(): Promise<void>;
  /** Why the log is not kept any more, where it is not. */
  failure(): unknown;
  /** Stops keeping the log; `start` goes on where it was. */
  pause(): Promise<void>;
  start(): Promise<void>;
  catalogue(store?: BackupStore): Promise<Catalogue>;
  plan(target: RestoreTarget, more?: Partial<Parameters<typeof planRestore>[1]>): Promise<RestorePlan>;
  restore(plan: RestorePlan, more?: Partial<RestoreOptions>): Promise<Restored>;
  close(): Promise<void>;
}

function pair() {
  return generateKeyPairSync('ed25519');
}

export async function keep(server: TestServer): Promise<Kept> {
  const store = new MemoryStore('memory');
  const source = sourceOf(server);
  const { publicKey, privateKey } = pair();
  const [recovery, drill] = [newIdentity(), newIdentity()];
  const keys = { naming: randomBytes(32), signing: privateKey, recipients: [recovery.recipient, drill.recipient] };
  const folder = mkdtempSync(path.join(tmpdir(), 'hp-r-'));
  const { system, timeline } = await source.identify();
  const slot = 'holdpoint_kept';
  let from = { timeline, position: (await source.slot(slot)).position };
  let stop = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let failed: unknown;
  let count = 0;
  const kept: Kept = {
    store,
    source,
    keys,
    publicKey,
    recovery: recovery.identity,
    drill: drill.identity,
    base: () =>
      writeBase({
        source,
        stores: [store],
        keys,
        clock,
        keptUntil: new Date(Date.now() + 3_600_000),
        checkpoint: 'fast',
      }),
    async caughtUp() {
      const [row] = (await server.query('select pg_current_wal_flush_lsn()::text as at')).rows;
      const wanted = lsnNumber(String(row?.['at']));
      const until = Date.now() + 20_000;
      while (lsnNumber(from.position) < wanted) {
        if (failed !== undefined) throw failed as Error;
        if (Date.now() > until) throw new Error(`the log was kept up to ${from.position} only`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    failure: () => failed,
    async pause() {
      stop.abort();
      await running;
    },
    async start() {
      stop = new AbortController();
      failed = undefined;
      running = archiveWal({
        source,
        stores: [store],
        keys,
        clock,
        system,
        slot,
        from,
        keepFor: 3_600_000,
        every: 100,
        signal: stop.signal,
        archived: (piece) => void (from = { timeline: piece.timeline, position: piece.end }),
      }).catch((thrown: unknown) => void (failed = thrown));
    },
    catalogue: (other) => readCatalogue(other ?? store, publicKey),
    async plan(target, more = {}) {
      const catalogue = await kept.catalogue();
      const wal = catalogue.wal.find((one) => one.system === system);
      const histories = wal === undefined ? new Map() : await readHistories(store, wal, recovery.identity);
      return planRestore(catalogue, { target, histories, ...more });
    },
    restore: (plan, more = {}) =>
      restore({
        plan,
        store,
        identity: recovery.identity,
        folder: path.join(folder, String(count++)),
        throwAway: true,
        openSql,
        timeout: 60_000,
        ...more,
      }),
    async close() {
      await kept.pause();
      await source.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  // Others look into it as the account that the server runs as.
  const { chmodSync } = await import('node:fs');
  chmodSync(folder, 0o711);
  await kept.start();
  return kept;
}
