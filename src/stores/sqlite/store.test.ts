import { chmod, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { collections } from '../../contract/store.ts';
import { StoreFault } from './fault.ts';
import { openSqliteStore } from './store.ts';

describe('the sqlite store', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdpoint-sqlite-'));
    path = join(folder, 'state', 'holdpoint.db');
  });

  afterEach(async () => {
    vi.useRealTimers();
    await rm(folder, { recursive: true, force: true });
  });

  const withDatabase = (work: (database: DatabaseSync) => void): void => {
    const database = new DatabaseSync(path);
    work(database);
    database.close();
  };
  const code = (expected: string) => expect.objectContaining({ name: 'StoreFault', code: expected }) as unknown;

  it('C1: makes its folder 0700 and every file 0600, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      const store = await openSqliteStore({ path });
      await store.transact((tx) => tx.put('settings', 'a', {}));
      expect(((await stat(join(folder, 'state'))).mode & 0o777).toString(8)).toBe('700');
      const names = await readdir(join(folder, 'state'));
      expect(names.sort()).toEqual(['holdpoint.db', 'holdpoint.db-shm', 'holdpoint.db-wal']);
      for (const name of names)
        expect(((await stat(join(folder, 'state', name))).mode & 0o777).toString(8)).toBe('600');
      await store.close();
    } finally {
      process.umask(before);
    }
  });

  it('C1: tightens a file that others could read', async () => {
    await (await openSqliteStore({ path })).close();
    await chmod(path, 0o644);
    const store = await openSqliteStore({ path });
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600');
    await store.close();
  });

  it('C1: refuses a folder that others may write to, and a link', async () => {
    await (await openSqliteStore({ path })).close();
    await chmod(join(folder, 'state'), 0o777);
    await expect(openSqliteStore({ path })).rejects.toEqual(code('exposed'));
    await chmod(join(folder, 'state'), 0o700);
    const link = join(folder, 'link.db');
    await symlink(path, link);
    await expect(openSqliteStore({ path: link })).rejects.toEqual(code('exposed'));
  });

  it('F1: refuses a store of a later version, another program’s database, and what is no database', async () => {
    await (await openSqliteStore({ path })).close();
    withDatabase((database) => database.exec('PRAGMA user_version = 2'));
    await expect(openSqliteStore({ path })).rejects.toEqual(code('newer'));
    withDatabase((database) => database.exec('PRAGMA application_id = 7'));
    await expect(openSqliteStore({ path })).rejects.toEqual(code('foreign'));
    path = join(folder, 'other.db');
    withDatabase((database) => database.exec('CREATE TABLE theirs (a)'));
    await expect(openSqliteStore({ path })).rejects.toEqual(code('foreign'));
    path = join(folder, 'text.db');
    await writeFile(path, 'not a database '.repeat(1000));
    await expect(openSqliteStore({ path })).rejects.toEqual(code('foreign'));
  });

  it('every declared member has an index, and a query on it uses that index', async () => {
    await (await openSqliteStore({ path })).close();
    withDatabase((database) => {
      for (const [name, members] of Object.entries(collections)) {
        for (const member of members) {
          const plan = database.prepare(
            `EXPLAIN QUERY PLAN SELECT key, record FROM ${name} WHERE json_extract(record, '$.${member}') = ? ORDER BY key ASC`,
          );
          const details = plan.all('x').map((row) => String(row['detail']));
          expect(details).toEqual([expect.stringContaining(`USING INDEX ${name}_${member.replaceAll('.', '_')} `)]);
        }
      }
    });
  });

  it('F1: while another process holds the lock it rejects, keeps nothing half done, and recovers', async () => {
    const store = await openSqliteStore({ path });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const ends = await Promise.allSettled(['a', 'b'].map((key) => store.transact((tx) => tx.put('settings', key, {}))));
    expect(ends).toEqual([0, 1].map(() => ({ status: 'rejected', reason: code('locked') })));
    other.exec('ROLLBACK');
    other.close();
    expect(await store.find('settings')).toEqual([]);
    await store.transact((tx) => tx.put('settings', 'c', {}));
    expect((await store.find('settings')).map(({ key }) => key)).toEqual(['c']);
    await store.close();
  });

  it('F1: work that waits for something else than the store is taken back, and the store lives', async () => {
    const store = await openSqliteStore({ path });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let began = (): void => undefined;
    const waits = new Promise<void>((resolve) => {
      began = resolve;
    });
    const stuck = store.transact(async (tx) => {
      await tx.put('settings', 'stuck', {});
      began();
      await new Promise(() => undefined);
    });
    const judged = expect(stuck).rejects.toEqual(code('slow'));
    const next = store.transact((tx) => tx.put('settings', 'next', {}));
    await waits;
    await vi.advanceTimersByTimeAsync(10_000);
    await judged;
    await next;
    expect((await store.find('settings')).map(({ key }) => key)).toEqual(['next']);
    await store.close();
  });

  it('F1: a record that was spoilt in the file is an error, never an empty answer', async () => {
    const store = await openSqliteStore({ path });
    await store.transact((tx) => tx.put('settings', 'a', {}));
    withDatabase((database) => database.exec(`UPDATE settings SET record = '[]'`));
    await expect(store.get('settings', 'a')).rejects.toBeInstanceOf(StoreFault);
    withDatabase((database) => database.exec(`UPDATE settings SET record = '{'`));
    await expect(store.get('settings', 'a')).rejects.toBeInstanceOf(StoreFault);
    await store.close();
  });
});
