import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { digest, Endings, lsn, place, until } from './copying-place.ts';
import { openSql } from './kept.ts';
import { full } from '../full.ts';
import { restoreByKit } from '../../src/daemon/backup/offline.ts';

const endings = new Endings();
afterEach(() => endings.end());

const cycles = Number(process.env['HOLDPOINT_CYCLES'] ?? (full ? 20 : 2));

/** Small, seeded, and the same everywhere. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const statements = [
  (at: number) =>
    `insert into bookings select g, 'more' from generate_series(${at}, ${at + 99}) g on conflict do nothing`,
  (at: number) => `update bookings set guest = guest || '!' where id % 7 = ${at % 7}`,
  (at: number) => `delete from bookings where id % 31 = ${at % 31}`,
  () => `select pg_switch_wal()`,
  () => `checkpoint`,
];

test(
  `B1, B3: ${cycles} cycles of load, fault and restore bring back what was kept`,
  { timeout: 3_600_000 },
  async () => {
    const stage = await place(endings);
    const seed = Number(process.env['HOLDPOINT_SEED'] ?? 1);
    const random = randomOf(seed);
    let backups = stage.open();
    await until('a copy is whole', async () => (await backups.states())[0]?.newest);
    for (let cycle = 0; cycle < cycles; cycle++) {
      const fault = random(5);
      const about = `seed ${seed}, cycle ${cycle}, fault ${fault}`;
      const load = (async () => {
        for (let count = 0; count < 20; count++) {
          const text = statements[random(statements.length)]?.(random(10_000)) ?? '';
          await stage.server.query(text).catch(() => undefined);
          await sleep(random(30));
        }
      })();
      const asked = fault === 1 || fault === 2 ? backups.now('pg', () => undefined).catch(() => undefined) : undefined;
      await sleep(random(300));
      if (fault === 1 || fault === 4) {
        // The daemon ends in the middle of whatever it does, and another goes on.
        await backups.close();
        backups = stage.open();
      } else if (fault === 3) {
        stage.weather.fails = true;
        await sleep(500 + random(1500));
        stage.weather.fails = false;
      } else if (fault === 2) await stage.server.query(`select pg_terminate_backend(pid) from pg_stat_replication`);
      await load;
      await asked;
      const [was] = (await stage.server.query(digest)).rows;
      const end = String((await stage.server.query('select pg_current_wal_flush_lsn()::text as at')).rows[0]?.['at']);
      const kit = await until(`${about}: the log is kept to ${end}`, async () => {
        const found = await backups.kit('pg');
        const through = found?.expected.wal[0]?.through;
        return through !== undefined && BigInt(lsn(through)) >= BigInt(lsn(end)) ? found : undefined;
      });
      const { restored } = await restoreByKit({
        way: { kit, access: { keyId: 'HUMAN', secret: 'h' }, allowPrivate: true },
        target: { kind: 'position', position: end },
        identity: stage.recovery.identity,
        folder: path.join(stage.root, `cycle-${cycle}`),
      });
      try {
        const sql = await openSql({ socket: restored.server.socket, user: restored.server.user, database: 'postgres' });
        expect(await sql.run(digest), about).toEqual([[was?.['all']]]);
        await sql.close();
      } finally {
        await restored.remove();
      }
    }
  },
);
