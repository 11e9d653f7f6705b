import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { clock, type Kept, keep, openSql } from './kept.ts';
import { MemoryStore } from './pretend.ts';
import { openBackedUp } from './source-server.ts';
import { hasPostgres15, type TestServer } from '../postgres/server.ts';
import type { BackupSource } from '../../src/contract/backup.ts';
import { compareTables, diffTable } from '../../src/features/backup/compare.ts';
import { drill, type DrillOptions } from '../../src/features/backup/drill/drill.ts';
import { DrillRefused, type DrillReport, readDrill, runnerKey } from '../../src/features/backup/drill/drill-report.ts';
import type { Sql } from '../../src/features/backup/restore/sql.ts';
import { writeBase } from '../../src/features/backup/write-base.ts';
import { openAdministrator } from '../../src/upstream/postgres/administrator.ts';

const full = process.env['HOLDPOINT_FULL'] === '1';
const runner = generateKeyPairSync('ed25519');

describe.each([18, ...(full && hasPostgres15() ? [15 as const] : [])] as const)('a drill on PostgreSQL %i', (major) => {
  let server: TestServer;
  let kept: Kept;
  let folder: string;
  const found = async (more: Partial<DrillOptions> = {}): Promise<DrillReport> => {
    const signed = await drill({
      name: 'pg',
      store: kept.store,
      publicKey: kept.publicKey,
      identity: kept.drill,
      runner: runner.privateKey,
      folder: path.join(folder, 'd'),
      openSql,
      clock,
      timeout: 60_000,
      ...more,
    });
    expect(existsSync(path.join(folder, 'd'))).toBe(false);
    return readDrill(JSON.parse(JSON.stringify(signed)), runner.publicKey);
  };

  beforeAll(async () => {
    server = await openBackedUp({ major });
    await server.query(`
      create table parents (id int primary key, name text not null check (name <> ''));
      create table children (id int primary key, parent int references parents, at timestamptz default now());
      insert into parents select g, 'p' || g from generate_series(1, 500) g;
      insert into children select g, 1 + g % 500 from generate_series(1, 5000) g;
      create index on children (parent);
      create table "odd ""name" ("a b" text, repeat_it text);
      insert into "odd ""name" values ('x', repeat('long ', 100000));
      create view v as select 1`);
    await server.query('create database second');
    await server.query('create table only_here (i int)', [], 'second');
    kept = await keep(server);
    await kept.base();
    await kept.caughtUp();
  });
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hp-d-'));
    rmSync(folder, { recursive: true });
    folder = `${folder}x`;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  afterAll(async () => {
    await kept.close();
    await server.stop();
  });
  beforeEach(async () => {
    const { mkdirSync } = await import('node:fs');
    mkdirSync(folder, { mode: 0o711 });
  });

  test('B2: a good one says what came back, how long it took, and how much could have been lost', async () => {
    await server.query(`insert into parents values (501, 'new')`);
    await kept.caughtUp();
    const assertions = [{ database: 'postgres', sql: `select count(*) = 501 and bool_or(name = 'new') from parents` }];
    const report = await found({ assertions });
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({
      good: true,
      name: 'pg',
      store: 'memory',
      restoredWith: expect.stringContaining(`${major}.`) as string,
    });
    const rows = report.tables.map(({ database, name, rows }) => `${database} ${name} ${rows}`);
    expect(rows).toEqual([
      'postgres children 5000',
      'postgres odd "name 1',
      'postgres parents 501',
      'second only_here 0',
    ]);
    expect(report.checked.heaps).toBeGreaterThan(100);
    expect(report.checked.indexes).toBeGreaterThan(200);
    expect(report.checked.constraints).toBe(5);
    expect(report.checked.assertions).toBe(1);
    expect(report.rto).toBeGreaterThan(0);
    expect(report.rpo).toBeLessThan(60_000);
  });

  test('B2: an assertion that is not true, fails, or is asked nowhere: no good', async () => {
    const report = await found({
      assertions: [
        { database: 'postgres', sql: 'select count(*) = 7 from parents' },
        { database: 'postgres', sql: 'select true from no_such_table' },
        { database: 'nowhere', sql: 'select true' },
        { database: 'postgres', sql: 'select true from parents' },
        // A rehearsal runs with a reader's rights.
        { database: 'postgres', sql: 'insert into parents values (9999, $$x$$) returning true' },
        { database: 'postgres', sql: 'set role postgres' },
      ],
    });
    expect(report.good).toBe(false);
    expect(report.problems).toHaveLength(6);
    expect(report.rto).toBeDefined();
  });

  test('B2: rows that break a foreign key, and an extension that is not here: no good, and said', async () => {
    await server.query(`begin; set session_replication_role = replica; delete from parents where id = 7; commit`);
    await server.query('create extension hstore');
    await server.query(
      `set allow_system_table_mods = on; update pg_extension set extname = 'vectorish' where extname = 'hstore'`,
    );
    await kept.caughtUp();
    const report = await found();
    expect(report.good).toBe(false);
    expect(report.problems.join('\n')).toMatch(/10 rows break the constraint `children_parent_fkey`/);
    expect(report.problems.join('\n')).toMatch(/`postgres` needs the extension `vectorish`/);
    await server.query(
      `set allow_system_table_mods = on; update pg_extension set extname = 'hstore' where extname = 'vectorish'`,
    );
    await server.query(`drop extension hstore; insert into parents values (7, 'p7')`);
    await kept.caughtUp();
  });

  test('B2: a page that was damaged on the server before it was copied: no good', async () => {
    const [row] = (
      await server.query(
        `select pg_relation_filepath('children_parent_idx') as index, pg_relation_filepath('parents') as heap`,
      )
    ).rows;
    for (const damaged of ['heap', 'index']) {
      const store = new MemoryStore('memory');
      const source = damaging(kept.source, String(row?.[damaged]));
      await writeBase({
        source,
        stores: [store],
        keys: kept.keys,
        clock,
        keptUntil: new Date(Date.now() + 60_000),
        checkpoint: 'fast',
      });
      await kept.caughtUp();
      store.held.push(...kept.store.held.filter(({ key }) => key.startsWith('wal/')));
      const report = await found({ store });
      expect(report.good).toBe(false);
      expect(report.problems.join('\n')).toMatch(damaged === 'heap' ? /parents/ : /children_parent_idx/);
    }
  });

  test('B2: no copy, a log with a hole, another’s key, a store that is down: no good, and nothing is thrown', async () => {
    expect(await found({ store: new MemoryStore() })).toMatchObject({
      good: false,
      problems: [expect.stringContaining('no backup')],
    });
    const catalogue = await kept.catalogue();
    const range = catalogue.wal[0]?.pieces.at(-2);
    const hidden = kept.store.held.filter((one) => one.key === range?.key);
    for (const one of hidden) kept.store.held.splice(kept.store.held.indexOf(one), 1);
    expect(await found()).toMatchObject({ good: false, problems: [expect.stringContaining('missing')] });
    kept.store.held.push(...hidden);
    const { newIdentity } = await import('../../src/features/backup/format/age.ts');
    expect((await found({ identity: newIdentity().identity })).good).toBe(false);
    kept.store.down = true;
    expect(await found()).toMatchObject({ good: false, problems: ['the store is down'] });
    kept.store.down = false;
    expect((await found({ system: '1' })).good).toBe(false);
  });

  test('B2: a report that nobody signed, or somebody else, is none', async () => {
    const signed = await drill({
      name: 'pg',
      store: new MemoryStore(),
      publicKey: kept.publicKey,
      identity: kept.drill,
      runner: runner.privateKey,
      folder: path.join(folder, 'e'),
      openSql,
      clock,
    });
    expect(readDrill(signed, runnerKey(String(runner.publicKey.export({ format: 'jwk' }).x))).good).toBe(false);
    expect(() => readDrill(signed, generateKeyPairSync('ed25519').publicKey)).toThrow(DrillRefused);
    expect(() => readDrill({ ...signed, report: { ...signed.report, good: true } }, runner.publicKey)).toThrow(
      DrillRefused,
    );
    expect(() => readDrill({ report: signed.report }, runner.publicKey)).toThrow(DrillRefused);
    expect(() => readDrill({ ...signed, signature: `${signed.signature}=` }, runner.publicKey)).toThrow(DrillRefused);
  });

  test('B1: the restored one is compared with the live one: rows of each table, and row by row', async () => {
    await kept.caughtUp();
    const restored = await kept.restore(await kept.plan({ kind: 'newest' }));
    await server.query(`delete from children where id <= 3; update parents set name = 'other' where id = 2;
      insert into parents values (600, 'newer'); delete from "odd ""name"; create table since (i int)`);
    const live = await openAdministrator({
      address: `postgres://127.0.0.1:${server.port}/postgres?sslmode=disable`,
      secret: `postgres:${server.password}`,
    });
    const theirs: Sql = await restored.server.sql('postgres');
    const tables: unknown[] = [];
    for await (const table of compareTables(live, theirs)) tables.push(table);
    expect(tables).toEqual([
      { schema: 'public', name: 'children', live: 4997, restored: 5000, same: false },
      { schema: 'public', name: 'odd "name', live: 0, restored: 1, same: false },
      { schema: 'public', name: 'parents', live: 502, restored: 501, same: false },
      { schema: 'public', name: 'since', live: 0, same: false },
    ]);
    const children = await diffTable(live, theirs, { schema: 'public', name: 'children' }, 2);
    expect(children).toMatchObject({ key: ['id'], gone: 3, added: 0, changed: 0 });
    expect(children.rows).toHaveLength(2);
    expect(JSON.parse(children.rows[0]?.restored ?? '')).toMatchObject({ id: 1, parent: 2 });
    const parents = await diffTable(live, theirs, { schema: 'public', name: 'parents' });
    expect(parents).toMatchObject({ gone: 0, added: 1, changed: 1 });
    expect(parents.rows).toContainEqual({
      what: 'changed',
      key: ['2'],
      live: '{"id":2,"name":"other"}',
      restored: '{"id":2,"name":"p2"}',
    });
    const odd = await diffTable(live, theirs, { schema: 'public', name: 'odd "name' });
    expect(odd).toMatchObject({ key: [], gone: 1, added: 0 });
    await expect(diffTable(live, theirs, { schema: 'public', name: 'since' })).rejects.toMatchObject({ code: 'place' });
    await Promise.all([live.close(), theirs.close()]);
    await restored.remove();
  });

  test('B1: a cluster whose superuser has another name comes up too, and its subscriptions reach nobody', async () => {
    await server.query(`create role boss superuser login password 'boss'`);
    const boss = new Client({
      host: '127.0.0.1',
      port: server.port,
      user: 'boss',
      password: 'boss',
      database: 'postgres',
    });
    await boss.connect();
    try {
      await boss.query('alter role postgres rename to founder');
      await boss.query(
        `create subscription s connection 'host=127.0.0.1 port=${server.port} dbname=second user=boss password=boss' publication p with (connect = false)`,
      );
      await boss.query('alter subscription s enable').catch(() => undefined);
      await boss.query('select txid_current()');
      const { rows } = await boss.query<{ at: string }>('select pg_current_wal_flush_lsn()::text as at');
      const { lsnNumber } = await import('../../src/contract/lsn.ts');
      await expect
        .poll(
          async () =>
            lsnNumber((await kept.catalogue()).wal[0]?.ranges.at(-1)?.end ?? '0/0') >= lsnNumber(rows[0]?.at ?? ''),
          { timeout: 10_000 },
        )
        .toBe(true);
      const restored = await kept.restore(await kept.plan({ kind: 'newest' }));
      expect(restored.server.user).toBe('founder');
      const sql = await restored.server.sql('postgres');
      const [row] = await sql.run(
        `select (select count(*) from pg_subscription)::text, (select count(*) from pg_stat_activity where backend_type like 'logical replication%')::text`,
      );
      expect(row).toEqual(['1', '0']);
      await sql.close();
      await restored.remove();
    } finally {
      await boss.query('alter role founder rename to postgres');
      await boss.end();
    }
  });
});

/** The same server with one file damaged in each of its pages, so that a server without checksums can tell as well. */
function damaging(source: BackupSource, file: string): BackupSource {
  return {
    ...source,
    async *base(options) {
      let seen = false;
      let at = 0;
      let size = 0;
      for await (const part of source.base(options)) {
        // Its own manifest would tell.
        if (part.kind === 'manifest') continue;
        if (part.kind !== 'data') {
          yield part;
          continue;
        }
        const bytes = Buffer.from(part.bytes);
        if (!seen && bytes.length === 512 && bytes.toString('latin1', 0, file.length + 1) === `${file}\0`) {
          seen = true;
          size = Number.parseInt(bytes.toString('latin1', 124, 135), 8);
        } else if (at < size) {
          for (let i = 0; i < bytes.length && at < size; i++, at++)
            if (at % 8192 > 64 && at % 7 === 0) bytes[i] = (bytes[i] ?? 0) ^ 0x55;
        }
        yield { kind: 'data', bytes };
      }
      if (!seen) throw new Error(`\`${file}\` did not come`);
    },
  };
}
