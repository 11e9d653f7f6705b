import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { lsnNumber, lsnText, segmentStart } from '../../src/contract/lsn.ts';
import { archiveWal, type ArchivedPiece } from '../../src/features/backup/archive-wal.ts';
import { readCatalogue } from '../../src/features/backup/catalogue.ts';
import { newIdentity } from '../../src/features/backup/format/age.ts';
import { KeptDirectory } from '../../src/features/backup/keeper/directory.ts';
import { serveKeeper } from '../../src/features/backup/keeper/serve.ts';
import { readHistories } from '../../src/features/backup/restore/histories.ts';
import { planRestore } from '../../src/features/backup/restore/plan.ts';
import { restore } from '../../src/features/backup/restore/restore.ts';
import type { OpenSql } from '../../src/features/backup/restore/sql.ts';
import { verifyBackups } from '../../src/features/backup/verify.ts';
import { writeBase } from '../../src/features/backup/write-base.ts';
import { openKeeperStore } from '../../src/upstream/objects/keeper-store.ts';
import { openS3Store } from '../../src/upstream/objects/s3-store.ts';
import { hasPostgres15 } from '../postgres/server.ts';
import { dataFolder, openBackedUp, sourceOf } from './source-server.ts';
import { openStrictS3, putGetOnly, restoreOnly } from './strict-s3.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** Values as the server writes them. */
const asText = { getTypeParser: () => (value: string | Buffer) => value.toString() };

const openSql: OpenSql = async ({ socket, user, database }) => {
  const port = Number(/\.(\d+)$/.exec(socket)?.[1] ?? '5432');
  const client = new Client({ host: path.dirname(socket), port, user, database });
  client.on('error', () => undefined);
  await client.connect();
  return {
    async run(text) {
      const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array', types: asText });
      return rows;
    },
    close: () => client.end(),
  };
};

const digest = `select count(*)::text, md5(string_agg(t::text, '|' order by id)) from bookings t`;

/** A directory that another process keeps, and a bucket, each by the gate's way in and by that of a human who restores. */
async function twoStores(root: string) {
  const directory = await KeptDirectory.open(path.join(root, 'kept'), { reserve: 0 });
  const [socket, restoreSocket] = [path.join(root, 'socket'), path.join(root, 'kept', 'restore')];
  const keeper = await serveKeeper({ directory, socket, restoreSocket });
  const rights = { GATE: { secret: 'g', rights: putGetOnly }, HUMAN: { secret: 'h', rights: restoreOnly } };
  const server = await openStrictS3({ credentials: rights, defaultLock: { mode: 'COMPLIANCE', days: 1 } });
  const bucket = (keyId: 'GATE' | 'HUMAN') =>
    openS3Store({
      name: 'bucket',
      endpoint: server.endpoint,
      bucket: server.bucket,
      region: 'us-east-1',
      allowPrivate: true,
      credential: () => ({ keyId, secret: rights[keyId].secret }),
    });
  const stores = [openKeeperStore({ name: 'disk', socket }), bucket('GATE')];
  const [disk, far] = [openKeeperStore({ name: 'disk', socket: restoreSocket }), bucket('HUMAN')];
  endings.push(
    () => keeper.close(),
    () => server.close(),
    () => Promise.all([...stores, disk, far].map((store) => store.close())),
  );
  return { stores, disk, far };
}

describe.each(([18, 15] as const).filter((major) => major === 18 || hasPostgres15()))(
  'PostgreSQL %i, lost',
  (major) => {
    it(
      'B3: its volume gone, then the nearer store too, it comes back from what is left, up to the last second',
      { timeout: 180_000 },
      async () => {
        const root = await mkdtemp(path.join(tmpdir(), 'holdpoint-whole-'));
        // As root the restored server is another user's, who has to get in.
        await chmod(root, 0o755);
        endings.push(() => rm(root, { recursive: true, force: true }));
        const { stores, disk, far } = await twoStores(root);
        const server = await openBackedUp({ major });
        endings.push(() => server.stop());
        await server.query(
          `create table bookings as select g as id, md5(g::text) as who from generate_series(1, 30000) g`,
        );
        const volume = await dataFolder(server);
        const source = sourceOf(server);
        endings.push(() => source.close());
        const { publicKey, privateKey } = generateKeyPairSync('ed25519');
        const { identity, recipient } = newIdentity();
        const keys = { naming: randomBytes(32), signing: privateKey, recipients: [recipient] };
        const clock = { now: () => Date.now() };

        const { system, timeline, segmentSize } = await source.identify();
        const slot = await source.slot('holdpoint_whole');
        const position = lsnText(segmentStart(lsnNumber(slot.position), segmentSize));
        const pieces: ArchivedPiece[] = [];
        const stop = new AbortController();
        const archiving = archiveWal({
          source,
          stores,
          keys,
          clock,
          system,
          slot: 'holdpoint_whole',
          from: { timeline, position },
          keepFor: 3_600_000,
          signal: stop.signal,
          archived: (piece) => void pieces.push(piece),
        });
        archiving.catch(() => undefined);
        const kept = {
          source,
          stores,
          keys,
          clock,
          keptUntil: new Date(Date.now() + 3_600_000),
          checkpoint: 'fast',
        } as const;
        const written = await writeBase(kept);
        expect(written.manifest.objects.length).toBeGreaterThan(0);

        await server.query(`insert into bookings select g, 'after the copy' from generate_series(30001, 31000) g`);
        await server.query(`delete from bookings where id % 7 = 0`);
        const [before] = (await server.query(digest)).rows.map((row) => Object.values(row));
        const [{ at } = { at: '' }] = (await server.query('select pg_current_wal_flush_lsn()::text as at')).rows;
        while (lsnNumber(pieces.at(-1)?.end ?? '0/0') < lsnNumber(String(at))) await sleep(50);
        // What a crash could have lost: from the server's sending to its being durable in both stores.
        const late = Math.max(...pieces.map(({ sentAt, durableAt }) => Date.parse(durableAt) - Date.parse(sentAt)));
        stop.abort();
        await archiving;
        await server.kill();
        rmSync(volume, { recursive: true });

        for (const store of [disk, far]) {
          const began = performance.now();
          const catalogue = await readCatalogue(store, publicKey, system);
          expect(catalogue.refused).toEqual([]);
          expect(catalogue.backups.map(({ complete }) => complete)).toEqual([true]);
          expect((await verifyBackups({ store, catalogue, now: Date.now() })).findings).toEqual([]);
          const [wal] = catalogue.wal;
          if (wal === undefined) throw new Error('there is no log');
          const histories = await readHistories(store, wal, identity);
          const plan = planRestore(catalogue, { target: { kind: 'newest' }, histories });
          const back = await restore({
            plan,
            store,
            identity,
            folder: path.join(root, `back-${store.name}`),
            throwAway: true,
            openSql,
          });
          try {
            const sql = await back.server.sql('postgres');
            const [after] = await sql.run(digest);
            await sql.close();
            expect(after).toEqual(before);
          } finally {
            await back.remove();
          }
          const seconds = ((performance.now() - began) / 1000).toFixed(1);
          console.log(`PostgreSQL ${major} from ${store.name}: verified and back in ${seconds} s, ${late} ms at risk`);
          // The nearer store goes the way of the volume.
          if (store === disk) rmSync(path.join(root, 'kept'), { recursive: true });
        }
      },
    );
  },
);
