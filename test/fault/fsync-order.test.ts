import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { verifyJournal } from '../../src/features/verify/verify.ts';
import { brokenPromises, runChild, withStore } from './journal-crash.ts';
import { exported, JournalPlace } from './journal-place.ts';
import { straceMissing, syncOrder } from './journal-strace.ts';
import { full } from '../full.ts';

/** Skips with the reason, unless a skipped test counts as a failure. */
function needStrace(context: TestContext): void {
  const missing = straceMissing();
  if (missing === undefined) return;
  if (full) throw new Error(`${missing}, and HOLDPOINT_FULL=1 asks for every test`);
  context.skip(missing);
}

describe('the order of writes and syncs', () => {
  const nonce = '0123456789abcdef01234567';
  const write = `7 pwrite64(20</d/holdpoint.db-wal>, "..\\"nonce\\":\\"${nonce}\\"..", 4096, 32) = 4096`;
  const sync = '7 fdatasync(20</d/holdpoint.db-wal>)    = 0';
  const ack = `7 write(1<pipe:[5]>, "ack 3 ${nonce}\\n", 31) = 31`;

  it('the check itself sees an acknowledgement that comes too early', () => {
    expect(syncOrder([write, sync, ack])).toEqual({ acknowledged: 1, syncs: 1, early: [] });
    const split = [
      '7 fdatasync(20</d/holdpoint.db-wal> <unfinished ...>',
      '8 write(5, "x", 1) = 1',
      '7 <... fdatasync resumed>) = 0',
    ];
    expect(syncOrder([write, ...split, ack]).early).toEqual([]);
    const wrong = [
      [write, ack, sync],
      [sync, write, ack],
      [sync, ack],
      [write, '7 fdatasync(20</d/holdpoint.db-wal>) = -1 EIO (Input/output error)', ack],
      [write, '7 fdatasync(21</d/holdpoint.db>) = 0', ack],
      [write, split[0] ?? '', ack, split[2] ?? ''],
    ];
    for (const trace of wrong) expect(syncOrder(trace).early, trace.join('\n')).toEqual([nonce]);
  });

  for (const writers of [1, 8]) {
    it(
      `J1, F2: no entry is acknowledged before its sync has ended (${writers} writing)`,
      { timeout: 120_000 },
      async (context) => {
        needStrace(context);
        await using place = await JournalPlace.make();
        const file = join(place.folder, 'trace');
        const calls = 'trace=pwrite64,pwritev,pwritev2,write,writev,fsync,fdatasync,sync_file_range,msync';
        const under = ['strace', '-f', '-qq', '-y', '-s', '100000', '-e', 'signal=none', '-e', calls, '-o', file];
        const answers = await runChild(place, { writers, answers: 200, under });
        const order = syncOrder((await readFile(file, 'latin1')).split('\n'));
        expect(order.early).toEqual([]);
        expect(order.acknowledged).toBeGreaterThanOrEqual(200);
        expect(order.acknowledged).toBe(answers.acknowledged.size);
        // Group commit: with eight writing, one sync serves several; alone, each entry has its own.
        if (writers === 1) expect(order.syncs).toBeGreaterThanOrEqual(200);
        else expect(order.syncs).toBeLessThan(order.acknowledged / 2);
        console.log(`fsync order, ${writers} writing: ${order.acknowledged} acknowledged after ${order.syncs} syncs`);
      },
    );
  }
});

describe('a disk that fails', () => {
  const faults = [
    ['the disk is full', 'pwrite64:error=ENOSPC:when=400..440'],
    ['a write fails', 'pwrite64:error=EIO:when=400..410'],
    ['a sync fails', 'fsync,fdatasync:error=EIO:when=20..24'],
  ] as const;
  for (const [name, inject] of faults) {
    it(
      `F1, F2: ${name}: entries are rejected, none is half there, and it goes on by itself`,
      { timeout: 120_000 },
      async (context) => {
        needStrace(context);
        await using place = await JournalPlace.make();
        const under = [
          'strace',
          '-f',
          '-qq',
          '-o',
          '/dev/null',
          '-e',
          `trace=${inject.split(':')[0]}`,
          '-e',
          `inject=${inject}`,
        ];
        const answers = await runChild(place, { writers: 4, answers: 400, under });
        expect(answers.rejected.size).toBeGreaterThan(0);
        expect(answers.acknowledged.size).toBeGreaterThan(200);
        await withStore(place, async (store) => {
          expect(await brokenPromises(store, answers)).toEqual([]);
        });
        place.clock.time = Date.now();
        const { store, journal } = await place.open();
        expect((await journal.find({ kind: 'alarmed' })).map(({ body }) => body['about'])).toContain('journal');
        const report = await verifyJournal({ entries: await exported(store), publicKey: journal.verifierKey });
        expect(report.findings).toEqual([]);
        await store.close();
        console.log(`${name}: ${answers.acknowledged.size} acknowledged, ${answers.rejected.size} rejected`);
      },
    );
  }

  it(
    'F2: what was rejected at its sync does not come back, though the process is killed before a sync works again',
    { timeout: 120_000 },
    async (context) => {
      needStrace(context);
      await using place = await JournalPlace.make();
      const calls = 'fsync,fdatasync';
      const under = [
        'strace',
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        '-e',
        `trace=${calls}`,
        '-e',
        `inject=${calls}:error=EIO:when=20+`,
      ];
      const answers = await runChild(place, { writers: 4, answers: 150, under });
      expect(answers.rejected.size).toBeGreaterThan(50);
      await withStore(place, async (store) => {
        expect(await brokenPromises(store, answers)).toEqual([]);
      });
    },
  );
});
