import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, describe, expect, test } from 'vitest';
import { digest, Endings, lsn, place, until } from './copying-place.ts';
import { dataFolder } from './source-server.ts';
import { everything } from './strict-s3.ts';
import { openSql } from './kept.ts';
import { type Ran, Rig } from '../cli/rig.ts';
import type { BackupKit } from '../../src/contract/backup-kit.ts';
import type { BackupRecord } from '../../src/contract/backup-state.ts';
import { readCatalogue } from '../../src/features/backup/catalogue.ts';
import { readDrill, signDrill } from '../../src/features/backup/drill/drill-report.ts';
import { newIdentity } from '../../src/features/backup/format/age.ts';

const endings = new Endings();
afterEach(() => endings.end());

/** The daemon is gone: a kit, the recovery key and a credential that may list bring it back. */
async function backByCommand(root: string, kit: BackupKit, identity: string, wanted: string): Promise<void> {
  const rig = new Rig();
  endings.push(() => rig.close());
  const env = { AWS_ACCESS_KEY_ID: 'HUMAN', AWS_SECRET_ACCESS_KEY: 'h' };
  const file = rig.write('kit.json', JSON.stringify(kit));
  const key = rig.write('recovery.key', `# on paper\n${identity}\n`);
  const found = await rig.run(['backup', 'verify', 'pg', '--kit', file, '--private'], { env });
  expect(found, found.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('0 found') });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const runner = rig.write('runner.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const drilled = (sql: string, out: string): Promise<Ran> =>
    rig.run(
      ['drill', 'pg', '--kit', file, '--private', '--identity', key, '--runner', runner]
        .concat(['--assert', rig.write(`${out}.sql`, sql)])
        .concat(['--out', path.join(root, out)]),
      { env },
    );
  const good = await drilled('select count(*) = 2100 from public.bookings', 'good');
  expect(good, good.stdout + good.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('GOOD drill of') });
  expect(readDrill(JSON.parse(readFileSync(path.join(root, 'good'), 'utf8')), publicKey)).toMatchObject({ good: true });
  const bad = await drilled('select count(*) = 7 from public.bookings', 'bad');
  expect(bad, bad.stdout).toMatchObject({ code: 1, stdout: expect.stringContaining('NOT GOOD') });
  const wrong = rig.write('wrong.key', newIdentity().identity);
  const asked = ['restore', 'pg', '--kit', file, '--private', '--json', '--as'];
  const refused = await rig.run([...asked, path.join(root, 'never'), '--identity', wrong], { env });
  expect(refused.code).toBe(1);
  const child = rig.start([...asked, path.join(root, 'back'), '--identity', key], { env });
  endings.push(() => child.kill('SIGKILL'));
  const text = await new Promise<string>((done, failed) => {
    const said = { out: '', err: '' };
    child.stderr?.on('data', (chunk) => (said.err += String(chunk)));
    child.once('exit', () => failed(new Error(said.err)));
    child.stdout?.on('data', (chunk) => {
      said.out += String(chunk);
      if (said.out.endsWith('}\n')) done(said.out);
    });
  });
  const { socket, user } = JSON.parse(text) as { readonly socket: string; readonly user: string };
  const sql = await openSql({ socket, user, database: 'postgres' });
  expect(await sql.run(digest)).toEqual([[wanted]]);
  await sql.close();
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGINT');
  expect(await ended).toBe(0);
}

describe('a daemon that copies a server', { timeout: 120_000 }, () => {
  test('B1, B3: copies it unasked, goes on after a new start, and it comes back when its volume is gone', async () => {
    const { open, server, human, keys, recovery, root, journalled } = await place(endings);
    const first = open();
    const newest = await until('a copy is whole', async () => (await first.states())[0]?.newest);
    expect(newest).toMatchObject({ name: 'pg', state: 'whole', stores: ['far'] });
    expect(await journalled()).toContain('backed-up');
    await first.close();

    await server.query(`update bookings set guest = 'changed while nobody looked' where id <= 500`);
    const again = open();
    await server.query('insert into bookings select g, g::text from generate_series(2001, 2100) g');
    const [was] = (await server.query(digest)).rows;
    const end = String((await server.query('select pg_current_wal_flush_lsn()::text as at')).rows[0]?.['at']);
    const kit = await until('its log is kept to the end', async () => {
      const found = await again.kit('pg');
      const through = found?.expected.wal[0]?.through;
      return through !== undefined && BigInt(lsn(through)) >= BigInt(lsn(end)) ? found : undefined;
    });
    expect((await again.details('pg'))?.backups).toHaveLength(1);
    expect(kit).toMatchObject({ name: 'pg', publicKey: keys.publicKey, newest: { id: newest.id } });

    const folder = await dataFolder(server);
    await server.stop();
    await rm(folder, { recursive: true, force: true });
    await again.close();
    await backByCommand(root, kit, recovery.identity, String(was?.['all']));
    const catalogue = await readCatalogue(human, keys.verifying);
    expect(catalogue.refused).toEqual([]);
  });

  test('B2: what its own credential can destroy is no backup: nothing is copied there, and it says so', async () => {
    const { open, bucket, alarms, journalled } = await place(endings, { rights: everything });
    const backups = open();
    const state = await until('it says so', async () => {
      const [one] = await backups.states();
      return one?.problems.some((text) => text.includes('is no backup')) === true ? one : undefined;
    });
    expect(state.verdict).toBe('none');
    expect(alarms.map((one) => one.kind)).toContain('backup-failed');
    expect(
      await until('it is journalled', async () => (await journalled()).find((one) => one === 'backup-failed')),
    ).toBe('backup-failed');
    expect([...bucket.held.keys()].some((key) => /^(?:manifests|wal|chunks)\//.test(key))).toBe(false);
  });

  test('B1: a store that is away is told of, and copying goes on when it is back', async () => {
    const { open, weather, alarms, server } = await place(endings);
    const backups = open();
    await until('a copy is whole', async () => (await backups.states())[0]?.newest);
    weather.fails = true;
    await server.query(`update bookings set guest = 'later'`);
    await until('it is told', async () => alarms.find((one) => one.kind === 'backup-failed'));
    weather.fails = false;
    const asked = await backups.now('pg', () => undefined);
    expect(asked.state).toBe('whole');
    await until('all is well', async () =>
      (await backups.states())[0]?.problems.some((text) => text.includes('did not')) === true ? undefined : true,
    );
  });

  test('B2: only what its runner signed counts as a drill, once, and of a copy that is ours', async () => {
    const { open, runner, journalled, alarms } = await place(endings);
    const backups = open();
    const newest = await until('a copy is whole', async () => (await backups.states())[0]?.newest);
    const report = reportOf(newest);
    const stranger = generateKeyPairSync('ed25519').privateKey;
    await expect(backups.drilled(signDrill(report, stranger))).rejects.toMatchObject({ refusal: { code: 'DENIED' } });
    await expect(
      backups.drilled(signDrill({ ...report, backup: 'bk_other' }, runner.privateKey)),
    ).rejects.toMatchObject({ refusal: { code: 'DENIED' } });
    await expect(
      backups.drilled(signDrill({ ...report, at: new Date(Date.now() + 60_000).toISOString() }, runner.privateKey)),
    ).rejects.toMatchObject({ refusal: { code: 'DENIED' } });
    expect(await backups.drilled(signDrill(report, runner.privateKey))).toMatchObject({ good: true });
    expect((await backups.states())[0]?.verdict).toBe('good');
    expect(await journalled()).toContain('drilled');
    await expect(backups.drilled(signDrill(report, runner.privateKey))).rejects.toMatchObject({
      refusal: { code: 'DENIED' },
    });
    // H8: one that failed is told at once, and what was good before is good no more.
    const failed = { ...reportOf(newest), id: 'dr_2', good: false, problems: ['page 7 of `bookings` is damaged'] };
    expect(alarms.filter((one) => one.kind === 'drill-failed')).toEqual([]);
    expect(await backups.drilled(signDrill(failed, runner.privateKey))).toMatchObject({ good: false });
    expect(alarms.filter((one) => one.kind === 'drill-failed')).toMatchObject([
      { text: 'drill pg: page 7 of `bookings` is damaged' },
    ]);
    expect((await backups.states())[0]?.verdict).toBe('not-rehearsed');
  });
});

function reportOf(newest: BackupRecord): Parameters<typeof signDrill>[0] {
  const at = new Date().toISOString();
  return {
    v: 1,
    id: 'dr_1',
    name: 'pg',
    backup: newest.id,
    store: 'far',
    good: true,
    at,
    startedAt: at,
    problems: [],
    notes: [],
    rto: 1,
    tables: [],
    checked: { indexes: 0, heaps: 0, constraints: 0, assertions: 0 },
  };
}
