import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackupStore, ObjectMissing } from '../../src/contract/backup.ts';

/** A store under test, by the credential that a gate holds and by the one that a human restores with. */
export interface StoreUnderTest {
  readonly gate: BackupStore;
  readonly restore: BackupStore;
  readonly end: () => Promise<void>;
}

const soon = (seconds = 120): Date => new Date(Date.now() + seconds * 1000);
const fresh = (): string => `probe/${randomBytes(8).toString('hex')}`;

/** What every kind of store has to do. */
export function storeContract(kind: string, open: () => Promise<StoreUnderTest>): void {
  describe(`a store, ${kind}`, () => {
    let under: StoreUnderTest;
    beforeAll(async () => void (under = await open()));
    afterAll(async () => under.end());

    it('B1: gives back the very bytes, by version, of any size', async () => {
      for (const size of [0, 1, 65_536, 3_000_000]) {
        const bytes = randomBytes(size);
        const key = fresh();
        const object = await under.gate.put(key, bytes, soon());
        expect(object).toMatchObject({ key, size });
        expect(object.sha256).toMatch(/^[0-9a-f]{64}$/);
        expect(Buffer.from(await under.gate.get(object)).equals(bytes)).toBe(true);
        expect(Buffer.from(await under.restore.get(object)).equals(bytes)).toBe(true);
      }
    });

    it('B1: a second put is a second version, and hides nothing', async () => {
      const key = fresh();
      const first = await under.gate.put(key, Buffer.from('first'), soon());
      const second = await under.gate.put(key, Buffer.from('second'), soon());
      expect(second.version).not.toBe(first.version);
      expect(Buffer.from(await under.gate.get(first)).toString()).toBe('first');
      expect(Buffer.from(await under.gate.get(second)).toString()).toBe('second');
      const listed: string[] = [];
      for await (const one of under.restore.list(key)) listed.push(one.version);
      expect(listed.sort()).toEqual([first.version, second.version].sort());
    });

    it('B1: keeps for as long as it was asked, at least', async () => {
      const until = soon(3600);
      const object = await under.gate.put(fresh(), Buffer.from('kept'), until);
      expect(Date.parse(object.keptUntil)).toBeGreaterThanOrEqual(until.getTime());
    });

    it('B1: says of what is not there that it is not there', async () => {
      const object = await under.gate.put(fresh(), Buffer.from('there'), soon());
      await expect(under.gate.get({ key: fresh(), version: object.version })).rejects.toThrow(ObjectMissing);
      const other = object.version.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
      await expect(under.gate.get({ key: object.key, version: other })).rejects.toThrow(ObjectMissing);
    });

    it('B1: lists by key, under the prefix alone, and not for the gate', async () => {
      const top = fresh();
      const keys = [`${top}/b`, `${top}/a`, `${top}/a-b`, `${top}/c/d`];
      for (const key of keys) await under.gate.put(key, Buffer.from(key), soon());
      await under.gate.put(`${top}x`, Buffer.from('beside'), soon());
      const listed: string[] = [];
      for await (const one of under.restore.list(`${top}/`)) listed.push(one.key);
      expect(listed).toEqual([...keys].sort());
      await expect((async () => under.gate.list(top)[Symbol.asyncIterator]().next())()).rejects.toThrow();
    });

    it('B1: takes many at once', async () => {
      const bodies = Array.from({ length: 20 }, (_, index) => randomBytes(index * 1000));
      const objects = await Promise.all(bodies.map(async (bytes) => under.gate.put(fresh(), bytes, soon())));
      const back = await Promise.all(objects.map(async (object) => under.gate.get(object)));
      expect(back.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(bodies.map((one) => one.toString('hex')));
    });
  });
}
