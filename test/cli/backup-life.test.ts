import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Rig } from './rig.ts';
import { full } from '../full.ts';
import type { BackupKit } from '../../src/contract/backup-kit.ts';
import { lsnNumber } from '../../src/contract/lsn.ts';
import { openBackedUp } from '../backup/source-server.ts';
import { everything, openStrictS3, putGetOnly, restoreOnly, type StrictS3 } from '../backup/strict-s3.ts';
import type { TestServer } from '../postgres/server.ts';

let server: TestServer;
let rig: Rig;
let bucket: StrictS3;

beforeAll(async () => {
  if (!full) return;
  server = await openBackedUp();
  await server.query(`create table bookings (id int primary key, guest text);
    insert into bookings select g, 'guest ' || g from generate_series(1, 2000) g`);
  bucket = await openStrictS3({
    credentials: {
      GATE: { secret: 'g', rights: putGetOnly },
      MIGHTY: { secret: 'm', rights: everything },
      HUMAN: { secret: 'h', rights: restoreOnly },
    },
    defaultLock: { mode: 'COMPLIANCE', days: 1 },
  });
  rig = new Rig();
  expect((await rig.up()).code).toBe(0);
}, 60_000);
afterAll(async () => {
  if (!full) return;
  await rig.close();
  await bucket.close();
  await server.stop();
});

const config = (backups: string): string => `version: 1
environments: { live: { production: true, postgres: [app] } }
upstreams:
  app: { provider: postgres, environment: live, credential: "vault:app", address: "postgres://127.0.0.1:${server.port}/postgres?sslmode=disable", private: true }
  app-backup: { provider: postgres, environment: live, credential: "vault:app-backup", address: "postgres://127.0.0.1:${server.port}/postgres?sslmode=disable", private: true, replication: true }
stores:
  far: { s3: "${bucket.endpoint}", bucket: ${bucket.bucket}, credential: "vault:far", private: true, account: elsewhere }
  mine: { s3: "${bucket.endpoint}", bucket: ${bucket.bucket}, credential: "vault:mine", private: true, account: elsewhere }
  disk: { keeper: "${join(rig.root, 'keeper', 'socket')}" }
${backups}`;

const apply = (backups = '') => rig.sign(['apply', '--file', rig.write('holdpoint.yaml', config(backups))]);

test.runIf(full)(
  'B1, B2, B3: from nothing to a copy, a drill and a restore, by commands alone',
  async () => {
    mkdirSync(join(rig.root, 'keeper'), { mode: 0o755 });
    const keeper = [
      'backup',
      'keeper',
      '--dir',
      join(rig.root, 'kept'),
      '--socket',
      join(rig.root, 'keeper', 'socket'),
    ];
    rig.start([...keeper, '--as-root']).stdin?.end();
    const applied = await apply();
    expect(applied.code, applied.stderr).toBe(0);
    for (const [name, secret] of [
      ['app-backup', 'holdpoint_backup:b%25ckup'],
      ['far', 'GATE:g'],
      ['mine', 'MIGHTY:m'],
    ] as const) {
      const added = await rig.sign(['vault', 'add', name, '--secret-fd', '0'], { input: secret });
      expect(added.code, `${name}: ${added.stderr}`).toBe(0);
    }

    const runner = join(rig.root, 'runner');
    for (const [store, said] of [
      ['mine', 'NOT REFUSED'],
      ['disk', 'this process runs as the keeper’s user'],
    ] as const) {
      const weak = await rig.run(['backup', 'init', 'app', '--stores', `far,${store}`, '--keys', runner]);
      expect(weak).toMatchObject({ code: 1, stdout: expect.stringContaining(said) });
      expect(weak.stdout).toContain('this is no backup');
    }

    const init = ['backup', 'init', 'app', '--stores', 'far', '--keys', runner];
    const made = await rig.json<{ recovery: string; config: string }>(init);
    expect((await apply(`${made.config}\n`)).code).toBe(0);
    const now = await rig.run(['backup', 'now', 'app']);
    expect(now.code, now.stdout + now.stderr).toBe(0);
    const before = await rig.run(['backup', 'status']);
    expect(before).toMatchObject({ code: 1, stdout: expect.stringContaining('NOT REHEARSED') });

    const env = { AWS_ACCESS_KEY_ID: 'HUMAN', AWS_SECRET_ACCESS_KEY: 'h' };
    const keys = ['--identity', join(runner, 'app-drill.identity'), '--runner', join(runner, 'app-runner.pem')];
    const rows2000 = rig.write('rows.sql', 'select count(*) = 2000 from bookings');
    const drilled = await rig.run(['drill', 'app', '--private', ...keys, '--assert', rows2000], { env });
    expect(drilled.code, drilled.stdout + drilled.stderr).toBe(0);
    // All of it is on one machine here.
    const after = await rig.run(['backup', 'status']);
    expect(after).toMatchObject({ code: 1, stdout: expect.stringContaining('BESIDE THE DATA') });
    expect(after.stdout).toContain('last good drill: 20');
    const listed = await rig.run(['backup', 'list', 'app']);
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringMatching(/bk_\S+ +whole .* far /) });
    expect(listed.stdout).toContain('good');
    await agentReachesNothing();

    const moment = new Date().toISOString();
    await sleep(20);
    await server.query(`delete from bookings where id <= 40; update bookings set guest = guest || ' (moved)' where id in (50, 51);
    insert into bookings values (9001, 'new')`);
    await keptUntilNow();
    const key = rig.write('recovery.key', `${made.recovery}\n`);
    // Somebody else than root runs the restored server, and has to pass.
    chmodSync(rig.root, 0o711);
    const back = join(rig.root, 'b');
    const kept = rig.start(['restore', 'app', '--private', '--to', moment, '--identity', key, '--as', back], { env });
    kept.stdin?.end();
    const live = ['--with', `postgres://postgres@127.0.0.1:${server.port}/postgres`, '--password-fd', '0'];
    const input = server.password;
    await expect
      .poll(async () => (await rig.run(['compare', back, ...live], { input })).stdout, {
        timeout: 30_000,
        interval: 500,
      })
      .toMatch(/public\.bookings/);
    expect((await rig.run(['compare', back, ...live], { input })).stdout).toMatch(
      /public\.bookings +1961 +2000 +differs/,
    );
    const early = [
      'restore',
      'app',
      '--private',
      '--identity',
      key,
      '--to',
      'before:1',
      '--as',
      join(rig.root, 'early'),
    ];
    expect(await rig.run(early, { env })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('younger than that'),
    });
    const sql = join(rig.root, 'back.sql');
    const rows = ['compare', back, ...live, '--table', 'bookings', '--rows', '1000'];
    const differs = await rig.run([...rows, '--sql', sql], { input });
    expect(differs).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('40 gone since, 2 changed since, 1 new'),
    });
    await server.query(readFileSync(sql, 'utf8'));
    expect((await rig.run(rows, { input })).stdout).toContain('0 gone since, 0 changed since, 1 new since');
    kept.kill('SIGINT');
    expect(readFileSync(join(rig.root, 'holdpoint.yaml'), 'utf8')).not.toContain('AGE-SECRET-KEY');
  },
  120_000,
);

/** All that the server has written is in the bucket. */
async function keptUntilNow(): Promise<void> {
  const end = String((await server.query('select pg_current_wal_flush_lsn()::text as at')).rows[0]?.['at']);
  const through = async (): Promise<boolean> => {
    const kit = await rig.json<BackupKit>(['recovery-kit', 'app']);
    return lsnNumber(kit.expected.wal[0]?.through ?? '0/0') >= lsnNumber(end);
  };
  await expect.poll(through, { timeout: 30_000, interval: 300 }).toBe(true);
}

/** B2: by an agent's token none of the copies' API answers, and nothing in the bucket changes. */
async function agentReachesNothing(): Promise<void> {
  const made = await rig.sign(['token', 'create', 'cursor', '--preset', 'postgres:write', '--env', 'live', '--json']);
  const { presented } = JSON.parse(made.stdout) as { presented: string };
  const held = (): string => JSON.stringify([...bucket.held].map(([key, all]) => [key, all.map((one) => one.until)]));
  const before = held();
  for (const [method, path] of [
    ['GET', '/v1/backups'],
    ['GET', '/v1/backups/app'],
    ['GET', '/v1/backups/app/kit'],
    ['POST', '/v1/backups/app/now'],
    ['POST', '/v1/backups/probe'],
    ['POST', '/v1/drills'],
    ['POST', '/v1/acts'],
    ['DELETE', '/v1/backups/app'],
  ] as const) {
    const headers = { authorization: `Bearer ${presented}`, 'content-type': 'application/json' };
    const body = method === 'POST' ? { body: JSON.stringify({ stores: ['far'] }) } : {};
    const { status } = await fetch(`${rig.running.api}${path}`, { method, headers, ...body });
    expect(status, `${method} ${path}`).toBeGreaterThanOrEqual(400);
  }
  expect(held()).toBe(before);
}
