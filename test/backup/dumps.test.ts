import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { full } from '../full.ts';
import { Endings, place, until } from './copying-place.ts';
import { dumpByKit } from '../../src/daemon/backup/offline.ts';

const endings = new Endings();
afterEach(() => endings.end());
const programs = '/usr/lib/postgresql/15/bin';

if (existsSync(`${programs}/pg_dump`)) {
  test('B1: where a host allows no replication, dumps are kept on a schedule, and pg_restore takes them back', async () => {
    const dumps = { continuous: false, dumps: '{ databases: [postgres], every: 1m }' };
    const { open, server, recovery, root, journalled } = await place(endings, { major: 15, plan: dumps });
    // A role as managed hosts give: it reads, and may not replicate.
    await server.query('alter role holdpoint_backup noreplication; grant pg_read_all_data to holdpoint_backup');
    const backups = open();
    const newest = await until('a dump is kept', async () => (await backups.states())[0]?.newest);
    expect(newest).toMatchObject({ name: 'pg', database: 'postgres', state: 'whole', stores: ['far'] });
    expect(await journalled()).toContain('backed-up');
    expect((await server.query('select from pg_replication_slots')).rowCount).toBe(0);

    const again = await backups.now('pg', () => undefined);
    expect(again.id).not.toBe(newest.id);
    const kit = await backups.kit('pg');
    if (kit === undefined) throw new Error('there is no kit');
    const way = { kit, access: { keyId: 'HUMAN', secret: 'h' }, allowPrivate: true };
    const asked = { way, identity: recovery.identity, database: 'postgres', file: path.join(root, 'it.dump') };
    const manifest = await dumpByKit(asked);
    expect(manifest).toMatchObject({ kind: 'dump', backup: again.id });
    expect(statSync(asked.file).mode & 0o777).toBe(0o600);
    const text = execFileSync(`${programs}/pg_restore`, ['-f', '-', '--data-only', '-t', 'bookings', asked.file]);
    expect(
      text
        .toString()
        .split('\n')
        .filter((line) => /^\d+\tguest/.test(line)),
    ).toHaveLength(2000);

    await expect(dumpByKit(asked)).rejects.toThrow('cannot be made');
    const file = path.join(root, 'another.dump');
    await expect(dumpByKit({ ...asked, file, database: 'other' })).rejects.toThrow('there is no dump of `other`');
    await expect(dumpByKit({ ...asked, file, by: 0 })).rejects.toThrow('from then or before');
    expect(readdirSync(root)).not.toContain('another.dump');
  });

  test.runIf(full)(
    'B1: beside base backups and log, dumps keep nothing from being done when it is asked for',
    async () => {
      const { open, server } = await place(endings, {
        major: 15,
        plan: { dumps: '{ databases: [postgres], every: 1h }' },
      });
      await server.query('grant pg_read_all_data to holdpoint_backup');
      const backups = open();
      const kinds = async (): Promise<readonly string[]> =>
        ((await backups.details('pg'))?.backups ?? []).flatMap(({ state, database }) =>
          state === 'whole' ? [database === undefined ? 'base' : 'dump'] : [],
        );
      await until('both are kept', async () => ((await kinds()).length >= 2 ? true : undefined));
      for (let times = 0; times < 2; times++)
        expect(await backups.now('pg', () => undefined)).toMatchObject({
          state: 'whole',
          startLsn: expect.any(String),
        });
      expect((await kinds()).toSorted()).toEqual(['base', 'base', 'base', 'dump']);
      expect((await backups.states())[0]?.problems).not.toContainEqual(expect.stringMatching(/dump|log/));
    },
    60_000,
  );
}
