import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Kept, keep } from './kept.ts';
import { dataFolder, openBackedUp } from './source-server.ts';
import { hasPostgres15, type TestServer } from '../postgres/server.ts';
import { lsnNumber, lsnText } from '../../src/contract/lsn.ts';
import { newIdentity } from '../../src/features/backup/format/age.ts';
import type { Restored } from '../../src/features/backup/restore/restore.ts';

const digest = `select count(*)::text as n, coalesce(sum(hashtextextended(t::text, 0)), 0)::text as d from t`;
const full = process.env['HOLDPOINT_FULL'] === '1';

describe.each([18, ...(full && hasPostgres15() ? [15 as const] : [])] as const)(
  'a restore of PostgreSQL %i',
  (major) => {
    let server: TestServer;
    let kept: Kept;
    beforeAll(async () => {
      server = await openBackedUp({ major, settings: ['wal_keep_size=16MB'] });
      await server.query(`create table t as select g as id, md5(g::text) as v from generate_series(1, 20000) g;
      alter table t add primary key (id)`);
      kept = await keep(server);
      await kept.base();
    });
    afterAll(async () => {
      await kept.close();
      await server.stop();
    });
    const truth = async (): Promise<readonly (string | null)[]> => {
      const [row] = (await server.query(digest)).rows;
      return [String(row?.['n']), String(row?.['d'])];
    };
    const seen = async (restored: Restored, text = digest): Promise<readonly (string | null)[] | undefined> => {
      const sql = await restored.server.sql('postgres');
      try {
        await sql.run('set search_path = public, pg_catalog');
        return (await sql.run(text))[0];
      } finally {
        await sql.close();
      }
    };

    test('B1 B2: the newest there is comes back, equal to the server, and leaves nothing behind', async () => {
      await server.query(
        `insert into t select g, 'later' from generate_series(20001, 30000) g; update t set v = 'x' where id % 7 = 0`,
      );
      await kept.caughtUp();
      const plan = await kept.plan({ kind: 'newest' });
      const stages = new Set<string>();
      const restored = await kept.restore(plan, { progress: ({ stage }) => void stages.add(stage) });
      expect(await seen(restored)).toEqual(await truth());
      expect(restored.lastCommit).toMatch(/^2\d{3}-/);
      expect([...stages]).toEqual(['files', 'log', 'replay']);
      expect(lsnNumber(plan.reach) - lsnNumber(restored.replayed)).toBeLessThan(8192n);
      const folder = path.dirname(restored.data);
      await restored.remove();
      expect(() => readdirSync(folder)).toThrow('ENOENT');
    });

    test('B1: a moment between two changes; what came after is not there', async () => {
      const before = await truth();
      await sleep(30);
      const [now] = (await server.query('select extract(epoch from clock_timestamp()) * 1000 as ms')).rows;
      await sleep(30);
      await server.query('delete from t');
      await server.query('create table after_it (i int)');
      await kept.caughtUp();
      const restored = await kept.restore(await kept.plan({ kind: 'time', at: Math.round(Number(now?.['ms'])) }));
      expect(await seen(restored)).toEqual(before);
      expect(await seen(restored, `select count(*) from pg_class where relname = 'after_it'`)).toEqual(['0']);
      await restored.remove();
    });

    test('B1: a place of the log, as an entry of the journal names it', async () => {
      await server.query(`insert into t select g, 'again' from generate_series(1, 500) g`);
      const before = await truth();
      const [row] = (await server.query('select pg_current_wal_insert_lsn()::text as at')).rows;
      await server.query('truncate t');
      await kept.caughtUp();
      const restored = await kept.restore(await kept.plan({ kind: 'position', position: String(row?.['at']) }));
      expect(await seen(restored)).toEqual(before);
      await restored.remove();
    });

    test('B1: before the first copy, and behind the end of the log, nothing is restored', async () => {
      await expect(kept.plan({ kind: 'time', at: Date.now() - 3_600_000 })).rejects.toMatchObject({
        code: 'no-backup',
      });
      await expect(kept.plan({ kind: 'position', position: '7F/0' })).rejects.toMatchObject({ code: 'gap' });
      await kept.caughtUp();
      const future = await kept.plan({ kind: 'time', at: Date.now() + 3_600_000 });
      await expect(kept.restore(future)).rejects.toMatchObject({ code: 'not-reached' });
    });

    test('B1: another’s key opens nothing, and nothing is left of the attempt', async () => {
      const plan = await kept.plan({ kind: 'newest' });
      const folder = path.join('/tmp', `hp-wrong-${process.pid}`);
      await expect(kept.restore(plan, { identity: newIdentity().identity, folder })).rejects.toMatchObject({
        code: 'damaged',
      });
      expect(() => readdirSync(folder)).toThrow('ENOENT');
    });

    test('B1: a piece of the log that is missing: not one byte beyond it is restored', async () => {
      await kept.caughtUp();
      await server.query('insert into t values (-1, $1)', ['before the gap']);
      await kept.caughtUp();
      const before = await truth();
      const [row] = (await server.query('select pg_current_wal_flush_lsn()::text as at')).rows;
      const edge = lsnNumber(String(row?.['at']));
      await server.query('insert into t values (-2, $1)', ['in the gap']);
      await kept.caughtUp();
      await server.query('insert into t values (-3, $1)', ['behind the gap']);
      await kept.caughtUp();
      const catalogue = await kept.catalogue();
      const piece = catalogue.wal[0]?.pieces.find((one) => one.start >= edge);
      const hidden = kept.store.held.filter((one) => one.key === piece?.key);
      for (const one of hidden) kept.store.held.splice(kept.store.held.indexOf(one), 1);
      await expect(kept.plan({ kind: 'newest' })).rejects.toMatchObject({
        code: 'gap',
        hint: expect.stringContaining('--to') as string,
      });
      const reach = lsnText(piece?.start ?? 0n);
      await expect(kept.plan({ kind: 'position', position: lsnText((piece?.end ?? 0n) + 1n) })).rejects.toMatchObject({
        code: 'gap',
      });
      const restored = await kept.restore(await kept.plan({ kind: 'position', position: reach }));
      expect(await seen(restored)).toEqual(before);
      await restored.remove();
      kept.store.held.push(...hidden);
      expect((await kept.plan({ kind: 'newest' })).legs).toHaveLength(1);
    });

    test('B1: one spoilt object, of the files or of the log, and nothing comes up', async () => {
      const plan = await kept.plan({ kind: 'newest' });
      const largest = plan.backup.manifest.objects[0];
      const used = kept.store.held.find((one) => one.key === largest?.key);
      const piece = kept.store.held.find((one) => one.key === plan.wal.pieces.at(-1)?.key);
      for (const one of [used, piece]) {
        if (one === undefined) throw new Error('not held');
        const at = Math.floor(one.bytes.length / 2);
        const byte = one.bytes[at] ?? 0;
        one.bytes[at] = byte ^ 1;
        await expect(kept.restore(plan)).rejects.toMatchObject({ code: 'damaged' });
        one.bytes[at] = byte;
      }
    });

    test('B1: the server crashes, and the log goes on where it was; the daemon stops, and does too', async () => {
      await server.crash();
      await expect.poll(() => kept.failure()).toMatchObject({ code: 'unreachable' });
      await server.start();
      await kept.start();
      await server.query('insert into t values (-4, $1)', ['after the crash']);
      await kept.caughtUp();
      await kept.pause();
      await server.query('insert into t values (-5, $1)', ['while nobody listened']);
      await kept.start();
      await kept.caughtUp();
      const restored = await kept.restore(await kept.plan({ kind: 'newest' }));
      expect(await seen(restored)).toEqual(await truth());
      await restored.remove();
    });

    test('B1: a promotion is followed over to the new timeline, and restored along it', async () => {
      const data = await dataFolder(server);
      await server.query(`copy (select '') to '${data}/standby.signal'`);
      await server.crash();
      await expect.poll(() => kept.failure()).toBeDefined();
      await server.start();
      await kept.start();
      await server.query('select pg_promote()');
      await server.query('insert into t values (-6, $1)', ['on the second timeline']);
      await kept.caughtUp();
      const plan = await kept.plan({ kind: 'newest' });
      expect(plan.legs.map((one) => one.timeline)).toEqual([1, 2]);
      const restored = await kept.restore(plan);
      expect(await seen(restored)).toEqual(await truth());
      await restored.remove();
    });
  },
);
