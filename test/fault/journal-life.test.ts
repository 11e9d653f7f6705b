import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../src/contract/store.ts';
import type { Entry, EntryDraft } from '../../src/model/entry.ts';
import { linesOf, retainedCheckpoints } from '../../src/features/verify/lines.ts';
import { verifyJournal } from '../../src/features/verify/verify.ts';
import { openJournal } from '../../src/road/journal/journal.ts';
import { fileWitness } from '../../src/road/journal/witness.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { exported, JournalPlace, origin } from './journal-place.ts';

const draft = (number: number): EntryDraft => ({ kind: 'refused', principal: 'cursor', body: { number } });
const intent = (number: number): EntryDraft => ({ ...draft(number), kind: 'intent' });
const note = { principal: 'cursor', token: 'tk_1', gate: 'http', upstream: 'railway', operations: ['railway:project'] };
const kinds = (entries: readonly Entry[]): string => entries.map(({ kind }) => kind).join(' ');

/** Makes the store's commits fail while `broken` is set, at the last moment before they are written. */
function breakable(store: Store): { broken: boolean } {
  const disk = { broken: false };
  store.beforeCommit(async () => {
    if (disk.broken) throw new Error('the disk is full');
  });
  return disk;
}

function tried(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (holds()) return;
    await wait(10);
  }
  expect.fail('it did not come true in 5 s');
}

describe('a journal’s life', () => {
  it('J1: begins with `started`, ends with `stopped`, and an orderly end leaves no gap', async () => {
    await using place = await JournalPlace.make();
    for (let run = 0; run < 2; run++) {
      const { store, journal } = await place.open();
      await journal.record(draft(run));
      await journal.close();
      await expect(journal.record(draft(9))).rejects.toMatchObject({ code: 'closed' });
      await expect(store.transact((tx) => journal.append(tx, draft(9)))).rejects.toMatchObject({ code: 'closed' });
      expect(() => journal.noteRead(note)).toThrow('closed');
      expect(journal.healthy).toBe(false);
      expect(kinds(await journal.find({}))).toBe(
        ['started refused stopped', 'started refused stopped started refused stopped'][run],
      );
      await store.close();
    }
  });

  it('J1: after a run that did not end in order a gap entry comes first', async () => {
    await using place = await JournalPlace.make();
    const before = await place.open();
    const last = await before.journal.record(draft(1));
    await before.store.close();
    const { store, journal } = await place.open();
    const entries = await journal.find({ after: last.index });
    expect(kinds(entries)).toBe('gap started');
    expect(entries[0]?.body).toMatchObject({
      after: last.index,
      lastAt: last.at,
      missing: expect.stringContaining('at most 100 ms') as string,
    });
    expect((await verifyJournal({ entries: await exported(store), publicKey: journal.verifierKey })).findings).toEqual(
      [],
    );
    await store.close();
  });

  it('F2: an entry stands or falls with the transaction that it was appended in', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    const ends = await Promise.allSettled(
      Array.from({ length: 40 }, (_, number) =>
        store.transact(async (tx) => {
          await tx.put('budgets', `b${number}`, {});
          await Promise.all([journal.append(tx, draft(number)), journal.append(tx, draft(number))]);
          if (number % 3 === 0) throw new Error('taken back');
        }),
      ),
    );
    const stays = ends.flatMap(({ status }, number) => (status === 'fulfilled' ? [number, number] : []));
    expect(stays).toHaveLength(52);
    const entries = await journal.find({ kind: 'refused' });
    expect(entries.map(({ body }) => body['number'])).toEqual(stays);
    expect(entries.map(({ index }) => index)).toEqual(stays.map((_, at) => at + 1));
    expect((await verifyJournal({ entries: await exported(store), publicKey: journal.verifierKey })).ok).toBe(true);
    await journal.close();
    await store.close();
  });

  it('J1: one checkpoint a commit, whoever shares it', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    const before = (await store.find('checkpoints')).length;
    await Promise.all(Array.from({ length: 8 }, (_, number) => journal.record(draft(number))));
    expect((await store.find('checkpoints')).length).toBe(before + 1);
    expect(await journal.latestCheckpoint()).toMatch(/^holdpoint\/test\n9\n/);
    await journal.close();
    await store.close();
  });

  it('J1: nobody who acts waits for a signature: an intent is signed with what follows it, or soon by itself', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    const signed = async (): Promise<number> =>
      Number((await store.find('checkpoints', { order: 'descending', limit: 1 }))[0]?.key);
    await journal.record(intent(1));
    expect([await signed(), await journal.size()]).toEqual([1, 2]);
    await journal.record({ kind: 'settled', body: {} });
    expect(await signed()).toBe(3);
    const kept: string[] = [];
    await journal.addWitness({ name: 'a friend', keep: async (checkpoint) => void kept.push(checkpoint) });
    await until(() => kept.length === 1);
    await journal.record(intent(2));
    expect(await signed()).toBe(3);
    await until(() => kept.length === 2);
    expect(kept[1]).toBe(await journal.latestCheckpoint());
    expect(await signed()).toBe(4);
    await journal.record(intent(3));
    expect(await journal.latestCheckpoint()).toMatch(/^holdpoint\/test\n5\n/);
    await journal.record(intent(4));
    const lines: string[] = [];
    for await (const line of journal.export()) lines.push(line);
    const report = await verifyJournal({ entries: lines, publicKey: journal.verifierKey });
    expect(report).toMatchObject({ ok: true, entries: 6, signed: 6 });
    await journal.close();
    await store.close();
  });

  it('J1: after a crash an unsigned intent is taken over only if nobody else put it there', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    await journal.record(draft(1));
    await journal.record(intent(2));
    const copy = `${place.path}.crashed`;
    const database = new DatabaseSync(place.path);
    database.exec(`VACUUM INTO '${copy}'`);
    database.close();
    await journal.close();
    await store.close();
    const crashed = async (change: string): Promise<ReturnType<typeof verifyJournal>> => {
      const path = `${copy}.${randomUUID()}`;
      await copyFile(copy, path);
      const changed = new DatabaseSync(path);
      changed.exec(change);
      changed.close();
      const again = await openSqliteStore({ path });
      try {
        const opened = await openJournal({ store: again, clock: place.clock, key: place.key, origin });
        const report = await verifyJournal({ entries: await exported(again), publicKey: opened.verifierKey });
        await opened.close();
        return report;
      } finally {
        await again.close();
      }
    };
    expect(await crashed('SELECT 1')).toMatchObject({ ok: true, entries: 5, signed: 5 });
    const set = (member: string, value: string): string =>
      `UPDATE settings SET record = json_set(record, '$.${member}', ${value}) WHERE key = 'journal.tree'`;
    const other = 'ab'.repeat(32);
    for (const change of [
      set('roots[0]', `'${other}'`),
      set('roots[1]', `'${other}'`),
      set('vouched', `'${other}'`),
      set('at', '7'),
      `UPDATE settings SET record = json_remove(record, '$.vouched') WHERE key = 'journal.tree'`,
      `UPDATE entries SET record = json_set(record, '$.entry.kind', 'settled') WHERE key = '000000000002'`,
    ]) {
      await expect(crashed(change), change).rejects.toMatchObject({ code: 'damaged' });
    }
    const rewritten = `UPDATE entries SET record = json_set(record, '$.entry.body.number', 9) WHERE key = '000000000002'`;
    expect((await crashed(rewritten)).findings.map(({ kind }) => kind)).toEqual(['changed']);
  });

  it('J1: reads are written within 100 ms as one entry, and at the close', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    for (let count = 0; count < 1000; count++) journal.noteRead(note);
    const seen: Entry[] = [];
    journal.subscribe((entry) => seen.push(entry));
    const began = performance.now();
    await until(() => seen.length > 0);
    expect(performance.now() - began).toBeLessThan(1000);
    expect(seen.map(({ kind, body }) => [kind, body['count']])).toEqual([['reads', 1000]]);
    journal.noteRead(note);
    await journal.close();
    expect((await journal.find({ kind: 'reads' })).map(({ body }) => body['count'])).toEqual([1000, 1]);
    await store.close();
  });

  it('F1: journal down ⇒ reads stop; up again ⇒ the outage is told, no read is lost', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    const disk = breakable(store);
    journal.noteRead(note);
    disk.broken = true;
    await until(() => !journal.healthy);
    expect(() => journal.noteRead(note)).toThrow('nothing is read');
    await expect(journal.record(draft(1))).rejects.toThrow();
    disk.broken = false;
    await until(() => journal.healthy);
    journal.noteRead(note);
    await journal.close();
    const entries = await journal.find({});
    expect(kinds(entries)).toBe('started alarmed reads reads stopped');
    expect(entries[1]?.body).toMatchObject({ about: 'journal' });
    expect((await verifyJournal({ entries: await exported(store), publicKey: journal.verifierKey })).ok).toBe(true);
    await store.close();
  });

  it('F1: reads stop when their batch is not written in time, and go on when it is', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    let release = (): void => undefined;
    const slow = store.transact(
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    );
    journal.noteRead(note);
    await wait(250);
    journal.noteRead(note);
    await wait(250);
    expect(() => journal.noteRead(note)).toThrow('nothing is read');
    release();
    await slow;
    await until(() => tried(() => journal.noteRead(note)));
    await journal.close();
    const reads = await journal.find({ kind: 'reads' });
    expect(reads.map(({ body }) => Number(body['count'])).reduce((sum, count) => sum + count)).toBe(3);
    await store.close();
  });

  it('F1: a lost transaction of somebody else’s counts as down, too', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    const disk = breakable(store);
    disk.broken = true;
    await expect(store.transact((tx) => journal.append(tx, draft(1)))).rejects.toThrow();
    await until(() => !journal.healthy);
    disk.broken = false;
    await until(() => journal.healthy);
    await journal.close();
    expect(kinds(await journal.find({}))).toBe('started alarmed stopped');
    await store.close();
  });

  it('F1: a draft that cannot be an entry is its caller’s error and does not stop the journal', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    const wrong: EntryDraft[] = [
      { kind: 'refused', body: { text: 'half \ud800' } },
      { kind: 'refused', body: { number: Number.NaN } },
      { kind: 'invented' as 'refused', body: {} },
      { kind: 'stopped', body: {} },
      { kind: 'gap', body: {} },
    ];
    for (const one of wrong) await expect(journal.record(one)).rejects.toMatchObject({ code: 'malformed' });
    expect(journal.healthy).toBe(true);
    expect(kinds(await journal.find({}))).toBe('started');
    const sneaky = { ...draft(1), index: 77, at: '1970-01-01T00:00:00.000Z', schema: 'other' } as EntryDraft;
    const { index } = await journal.record(sneaky);
    expect(await journal.entry(index)).toMatchObject({ index: 1, schema: 'holdpoint/entry/v1' });
    await journal.close();
    await store.close();
  });

  it('F1: time never runs back, a step back is told once, also across a restart', async () => {
    await using place = await JournalPlace.make();
    const first = await place.open();
    place.clock.time += 60_000;
    const { at: newest } = await first.journal.record(draft(1));
    place.clock.time -= 50_000;
    await first.journal.record(draft(2));
    await first.journal.record(draft(3));
    await first.journal.close();
    await first.store.close();
    place.clock.time -= 5000;
    const { store, journal } = await place.open();
    place.clock.time += 100_000;
    await journal.record(draft(4));
    place.clock.time -= 1;
    await journal.record(draft(5));
    const entries = await journal.find({});
    expect(kinds(entries)).toBe('started refused clock refused refused stopped started refused clock refused');
    expect(entries[2]).toMatchObject({
      at: newest,
      body: { step: 'back', clock: '2026-01-01T00:00:10.000Z', kept: newest },
    });
    expect(entries.map(({ at }) => at)).toEqual(entries.map(({ at }) => at).sort());
    expect((await verifyJournal({ entries: await exported(store), publicKey: journal.verifierKey })).ok).toBe(true);
    place.clock.time = Number.NaN;
    await expect(journal.record(draft(6))).rejects.toThrow('clock');
    expect(journal.healthy).toBe(false);
    await store.close();
  });

  it('F1: without a time nothing is written or read; with one again, both, and no read is lost', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    const { time } = place.clock;
    journal.noteRead(note);
    place.clock.time = Number.POSITIVE_INFINITY;
    await until(() => !journal.healthy);
    expect(() => journal.noteRead(note)).toThrow('nothing is read');
    await wait(400);
    place.clock.time = time;
    await until(() => journal.healthy);
    await journal.close();
    expect(kinds(await journal.find({}))).toBe('started alarmed reads stopped');
    await store.close();
  });

  it('J1: listeners hear of durable entries only, in order; one that throws stops nobody', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    const disk = breakable(store);
    const heard: unknown[] = [];
    journal.subscribe(() => {
      throw new Error('listener');
    });
    const end = journal.subscribe(({ body, kind }) => heard.push(kind === 'refused' ? body['number'] : kind));
    await Promise.all([0, 1, 2].map((number) => journal.record(draft(number))));
    disk.broken = true;
    await expect(journal.record(draft(3))).rejects.toThrow();
    disk.broken = false;
    await journal.record(draft(4));
    await until(() => heard.includes(4));
    end();
    await journal.record(draft(5));
    await journal.close();
    expect(heard).toEqual([0, 1, 2, 'alarmed', 4]);
    await store.close();
  });

  it('F1: refuses to go on over entries that were changed behind its back, or with another key', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    for (let number = 0; number < 3; number++) await journal.record(draft(number));
    await journal.close();
    await store.close();
    const other = await openSqliteStore({ path: place.path });
    const key = generateKeyPairSync('ed25519').privateKey;
    await expect(openJournal({ store: other, clock: place.clock, key, origin })).rejects.toMatchObject({
      code: 'damaged',
    });
    await expect(
      openJournal({ store: other, clock: place.clock, key: place.key, origin: 'holdpoint/other' }),
    ).rejects.toMatchObject({ code: 'damaged' });
    await other.close();
    for (const damage of [
      `DELETE FROM entries WHERE key = '000000000004'`,
      `DELETE FROM settings WHERE key = 'journal.tree'`,
      `UPDATE settings SET record = json_set(record, '$.size', 4) WHERE key = 'journal.tree'`,
      `DELETE FROM checkpoints WHERE key = '000000000005'`,
    ]) {
      const database = new DatabaseSync(place.path);
      database.exec(`SAVEPOINT damage; ${damage}; RELEASE damage`);
      database.close();
      await expect(place.open()).rejects.toMatchObject({ code: 'damaged' });
    }
  });

  it('J1: finds entries by kind, hold, principal and digest, newest first, in pages', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    for (let number = 0; number < 6; number++) {
      await journal.record({
        kind: number % 2 === 0 ? 'held' : 'denied',
        hold: `hp_${number % 3}`,
        digest: 'd',
        body: { number },
      });
    }
    const numbers = async (query: Parameters<typeof journal.find>[0]) =>
      (await journal.find(query)).map(({ body }) => body['number']);
    expect(await numbers({ kind: 'held' })).toEqual([0, 2, 4]);
    expect(await numbers({ hold: 'hp_1', order: 'descending' })).toEqual([4, 1]);
    expect(await numbers({ digest: 'd', kind: 'denied', limit: 2 })).toEqual([1, 3]);
    expect(await numbers({ after: 4, digest: 'd', order: 'descending' })).toEqual([2, 1, 0]);
    expect(await journal.entry(3)).toMatchObject({ index: 3, body: { number: 2 } });
    expect(await journal.entry(99)).toBeUndefined();
    await journal.close();
    await store.close();
  });

  it('J1: a witness’s file shows a journal that was cut short; a failing witness is journaled once', async () => {
    await using place = await JournalPlace.make();
    const { store, journal } = await place.open();
    const kept = join(place.folder, 'kept');
    await journal.addWitness(fileWitness(kept));
    await journal.addWitness(fileWitness(join(place.folder, 'no such folder', 'kept')));
    await until(() => journal.healthy);
    const early = await exported(store);
    for (let number = 0; number < 5; number++) await journal.record(draft(number));
    await journal.close();
    const retained = await retainedCheckpoints(linesOf([await readFile(kept)]));
    expect(retained.at(-1)).toBe(await journal.latestCheckpoint());
    const publicKey = journal.verifierKey;
    expect((await verifyJournal({ entries: await exported(store), publicKey, retained })).findings).toEqual([]);
    expect((await verifyJournal({ entries: early, publicKey })).ok).toBe(true);
    expect((await verifyJournal({ entries: early, publicKey, retained })).findings).toMatchObject([
      { kind: 'truncated' },
    ]);
    const alarms = await journal.find({ kind: 'alarmed' });
    expect(alarms.map(({ body }) => body['about'])).toEqual(['witness']);
    await store.close();
  });
});
