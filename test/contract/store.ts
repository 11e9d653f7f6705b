import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreConflict, type Store, type Transaction } from '../../src/contract/store.ts';

/** What a kind of store must offer so that the suite can close it and look again. */
export interface StorePlace {
  /** Opens the same place again and again: what was committed is there. */
  open(): Promise<Store>;
  /** Takes the place away. */
  remove(): Promise<void>;
}

/** What every store must do (F1, F2, U1, J1 rest on it). One suite over all of the kind. */
export function storeContract(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`${name} as a store`, () => {
    let place: StorePlace;
    let store: Store;

    beforeEach(async () => {
      place = await makePlace();
      store = await place.open();
    });

    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    const reopen = async (): Promise<void> => {
      await store.close();
      store = await place.open();
    };
    const put = (key: string, value: number) => store.transact((tx) => tx.put('settings', key, { value }));

    it('F2: keeps what a transaction wrote, also after it was opened again', async () => {
      await put('a', 1);
      expect(await store.get('settings', 'a')).toEqual({ value: 1 });
      await reopen();
      expect(await store.get('settings', 'a')).toEqual({ value: 1 });
    });

    it('gives back every kind of JSON as it was', async () => {
      const record = {
        text: 'a\u0000b “ü”\u2028 😀',
        list: [1, -0.5, 1e300, null, true],
        nested: { 'a.b': {}, __proto: 1 },
      };
      await store.transact((tx) => tx.put('settings', 'all kinds: / ü 😀', record));
      await reopen();
      expect(await store.get('settings', 'all kinds: / ü 😀')).toEqual(record);
    });

    it('says undefined for what is not there, and after a removal', async () => {
      expect(await store.get('settings', 'none')).toBeUndefined();
      await put('a', 1);
      await store.transact((tx) => tx.remove('settings', 'a'));
      expect(await store.get('settings', 'a')).toBeUndefined();
    });

    it('answers with what the transaction returned', async () => {
      expect(await store.transact(async () => 42)).toBe(42);
    });

    it('F2: keeps nothing of a transaction whose work throws, and the error is its own', async () => {
      const wrong = new Error('wrong');
      const work = async (tx: Transaction): Promise<void> => {
        await tx.put('settings', 'a', { value: 1 });
        throw wrong;
      };
      await expect(store.transact(work)).rejects.toBe(wrong);
      expect(await store.get('settings', 'a')).toBeUndefined();
    });

    it('F2: one that throws takes nothing of its neighbours in the same commit with it', async () => {
      const good = [0, 1, 2, 3].map((value) => put(`good ${value}`, value));
      const bad = store.transact(async (tx) => {
        await tx.put('settings', 'bad', { value: 1 });
        await tx.put('settings', 'good 0', { value: -1 });
        throw new Error('wrong');
      });
      const more = [4, 5].map((value) => put(`good ${value}`, value));
      await expect(bad).rejects.toThrow('wrong');
      await Promise.all([...good, ...more]);
      await reopen();
      const found = await store.find('settings');
      expect(found.map(({ record }) => record['value'])).toEqual([0, 1, 2, 3, 4, 5]);
    });

    it('H2: a key is inserted once, however many try at once', async () => {
      const tries = Array.from({ length: 20 }, (_, value) =>
        store.transact((tx) => tx.insert('spent', 'number', { value })),
      );
      const ends = await Promise.allSettled(tries);
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const reasons = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
      expect(reasons.every((reason) => reason instanceof StoreConflict)).toBe(true);
      await reopen();
      await expect(store.transact((tx) => tx.insert('spent', 'number', {}))).rejects.toBeInstanceOf(StoreConflict);
    });

    it('a conflict that was caught leaves the rest of the transaction in force', async () => {
      await put('a', 1);
      await store.transact(async (tx) => {
        await expect(tx.insert('settings', 'a', { value: 2 })).rejects.toBeInstanceOf(StoreConflict);
        await tx.put('settings', 'b', { value: 3 });
      });
      expect(await store.get('settings', 'a')).toEqual({ value: 1 });
      expect(await store.get('settings', 'b')).toEqual({ value: 3 });
    });

    it('serialises transactions: no update of a counter is lost', async () => {
      const add = async (tx: Transaction): Promise<void> => {
        const now = await tx.get('settings', 'counter');
        await Promise.resolve();
        await tx.put('settings', 'counter', { value: Number(now?.['value'] ?? 0) + 1 });
      };
      await Promise.all(Array.from({ length: 300 }, () => store.transact(add)));
      expect(await store.get('settings', 'counter')).toEqual({ value: 300 });
    });

    it('a transaction sees its own writes; a plain read sees only what was committed', async () => {
      await put('a', 1);
      let outside: unknown = 'not read';
      await store.transact(async (tx) => {
        await tx.put('settings', 'a', { value: 2 });
        expect(await tx.get('settings', 'a')).toEqual({ value: 2 });
        outside = await store.get('settings', 'a');
      });
      expect(outside).toEqual({ value: 1 });
      expect(await store.get('settings', 'a')).toEqual({ value: 2 });
    });

    it('F1: a transaction used after its end throws', async () => {
      const [kept] = await Promise.all([
        store.transact(async (tx) => tx),
        store.transact((tx) => tx.put('settings', 'neighbour', {})),
      ]);
      await expect(kept.get('settings', 'a')).rejects.toThrow('ended');
      await expect(kept.find('settings')).rejects.toThrow('ended');
      await expect(kept.put('settings', 'a', {})).rejects.toThrow('ended');
      await expect(kept.insert('settings', 'a', {})).rejects.toThrow('ended');
      await expect(kept.remove('settings', 'a')).rejects.toThrow('ended');
      let during: Promise<unknown> = Promise.resolve();
      await store.transact(async () => {
        during = expect(kept.put('settings', 'a', {})).rejects.toThrow('ended');
        await during;
      });
      expect(await store.get('settings', 'a')).toBeUndefined();
    });

    it('F1: a transaction inside another is refused at once, instead of waiting for itself', async () => {
      await expect(store.transact(() => store.transact(async () => 1))).rejects.toThrow('inside another');
    });

    describe('find', () => {
      const hold = (state: string, index: number) => ({
        state,
        digest: `d${index}`,
        request: { principal: { id: `pr_${index % 2}` } },
      });

      beforeEach(async () => {
        await store.transact(async (tx) => {
          for (let index = 0; index < 9; index++) {
            await tx.insert('holds', `hp_${index}`, hold(index % 3 === 0 ? 'waiting' : 'done', index));
          }
        });
      });

      const keys = async (query: Parameters<Store['find']>[1]): Promise<string> =>
        (await store.find('holds', query)).map(({ key }) => key.slice(3)).join('');

      it('orders by key, forwards and backwards', async () => {
        expect(await keys({})).toBe('012345678');
        expect(await keys({ order: 'descending' })).toBe('876543210');
      });

      it('looks a member up by its dotted path, several at once', async () => {
        expect(await keys({ where: { state: 'waiting' } })).toBe('036');
        expect(await keys({ where: { state: 'waiting', 'request.principal.id': 'pr_0' } })).toBe('06');
        expect(await keys({ where: { state: 'none' } })).toBe('');
      });

      it('pages: strictly after a key in the order asked for, and no more than the limit', async () => {
        expect(await keys({ after: 'hp_3', limit: 2 })).toBe('45');
        expect(await keys({ after: 'hp_3', limit: 2, order: 'descending' })).toBe('21');
        expect(await keys({ where: { state: 'waiting' }, after: 'hp_0' })).toBe('36');
        expect(await keys({ limit: 0 })).toBe('');
      });

      it('K2: refuses a member that is not declared, instead of finding nothing', async () => {
        await expect(store.find('holds', { where: { 'request.gate': 'http' } })).rejects.toThrow('not an index');
        await expect(store.find('holds', { where: { "x') OR 1=1 --": 1 } })).rejects.toThrow('not an index');
      });

      it('is the same inside a transaction', async () => {
        const found = await store.transact((tx) => tx.find('holds', { where: { state: 'waiting' }, limit: 2 }));
        expect(found.map(({ key }) => key)).toEqual(['hp_0', 'hp_3']);
      });
    });

    it('F3: keys that differ only in half a character, or hold NUL, are refused and never become one', async () => {
      for (const key of ['a\ud800', 'a\udc00', 'a\0b']) {
        await expect(store.transact((tx) => tx.insert('spent', key, {}))).rejects.toThrow();
        await expect(store.get('spent', key)).rejects.toThrow();
        await expect(store.find('principals', { where: { name: key } })).rejects.toThrow();
      }
      expect(await store.find('spent')).toEqual([]);
    });

    it('F3: a record without an exact JSON form is refused', async () => {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 'half \ud800']) {
        await expect(store.transact((tx) => tx.put('settings', 'a', { value }))).rejects.toThrow();
      }
      expect(await store.get('settings', 'a')).toBeUndefined();
    });

    it('F1: a transaction that swallowed a failed write is not committed', async () => {
      const work = async (tx: Transaction): Promise<void> => {
        await tx.put('settings', 'a', { value: 1 });
        await tx.put('settings', 'b', { value: Number.NaN }).catch(() => undefined);
      };
      await expect(store.transact(work)).rejects.toThrow();
      expect(await store.get('settings', 'a')).toBeUndefined();
    });

    describe('beforeCommit', () => {
      it('J1: runs once for all that share a commit, sees what they wrote, and its own writes are durable with them', async () => {
        const seen: number[] = [];
        store.beforeCommit(async (tx) => {
          const { length } = await tx.find('spent');
          seen.push(length);
          await tx.put('settings', 'sealed', { value: length });
        });
        await Promise.all(
          Array.from({ length: 8 }, (_, index) => store.transact((tx) => tx.insert('spent', `n${index}`, {}))),
        );
        expect(seen.at(-1)).toBe(8);
        expect(seen.length).toBeLessThan(8);
        await reopen();
        expect(await store.get('settings', 'sealed')).toEqual({ value: 8 });
      });

      it('F1: when it fails, every transaction of the commit is rejected and nothing is kept', async () => {
        let fail = true;
        store.beforeCommit(async (tx) => {
          await tx.put('settings', 'hook', { value: 1 });
          if (fail) throw new Error('no signature');
        });
        const ends = await Promise.allSettled([put('a', 1), put('b', 2)]);
        expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
        expect(await store.find('settings')).toEqual([]);
        fail = false;
        await put('a', 3);
        expect((await store.find('settings')).map(({ key }) => key)).toEqual(['a', 'hook']);
      });

      it('F1: what it gives back is told once what became of the commit', async () => {
        const told: string[] = [];
        let fail = true;
        store.beforeCommit(async () => (durable: boolean) => void told.push(`durable ${durable}`));
        store.beforeCommit(async () => {
          if (fail) throw new Error('no signature');
        });
        await expect(put('a', 1).catch(() => told.push('rejected'))).resolves.toBe(2);
        expect(told).toEqual(['durable false', 'rejected']);
        fail = false;
        await put('a', 2);
        expect(told.slice(2)).toEqual(['durable true']);
      });

      it('is not run for a commit that has nothing left in it', async () => {
        let runs = 0;
        store.beforeCommit(async () => {
          runs += 1;
        });
        await expect(store.transact(() => Promise.reject(new Error('wrong')))).rejects.toThrow('wrong');
        expect(runs).toBe(0);
      });
    });

    it('F2: closing waits for what was asked before, and refuses what comes after', async () => {
      const waiting = put('a', 1);
      const closing = store.close();
      await expect(put('b', 2)).rejects.toThrow('closed');
      await Promise.all([waiting, closing]);
      await expect(store.get('settings', 'a')).rejects.toThrow('closed');
      store = await place.open();
      expect(await store.get('settings', 'a')).toEqual({ value: 1 });
      expect(await store.get('settings', 'b')).toBeUndefined();
    });
  });
}
