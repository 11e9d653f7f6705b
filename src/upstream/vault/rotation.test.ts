import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keyFile } from './key-source.ts';
import { MemoryStore } from './memory-store.fixture.ts';
import { openVault, type Vault } from './vault.ts';

const clock = { now: () => 0 };
let folder: string;
let path: string;
let store: MemoryStore;
const secrets = ['first', 'second', 'third'].map((name) => [name, `secret of the ${name}`] as const);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdpoint-rotation-'));
  path = join(folder, 'keys', 'vault.key');
  store = new MemoryStore();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

class Killed extends Error {}

const open = (onStep?: (step: string) => void) =>
  openVault({ store, key: keyFile(path, onStep === undefined ? {} : { onStep }), clock });

async function fill(vault: Vault): Promise<void> {
  await store.transact(async (tx) => {
    for (const [name, secret] of secrets) {
      await vault.add(tx, {
        name,
        secret,
        provider: 'railway',
        environment: 'staging',
        kind: 'bearer',
        reach: 'environment',
        note: '',
      });
    }
  });
}

async function expectReadable(vault: Vault): Promise<void> {
  for (const [name, secret] of secrets) expect((await vault.open(name)).secret).toBe(secret);
}

describe('a rotation that is cut short', () => {
  test('C5 F2: at any step: every record is readable, and the next rotation works', async () => {
    const sealed = (await open().then((vault) => vault.seal(Buffer.from('image'), 'about'))) as string;
    await fill(await open());
    const hit: string[] = [];
    for (let killAt = 0; ; killAt++) {
      let at = 0;
      const step = (name: string) => {
        if (at++ !== killAt) return;
        hit.push(name);
        throw new Killed();
      };
      const vault = await open();
      store.onStep = step;
      const whole = await vault.rotateKey(keyFile(path, { onStep: step })).then(
        () => true,
        (error: unknown) => {
          expect(error).toBeInstanceOf(Killed);
          return false;
        },
      );
      store.onStep = () => undefined;
      // The process that was killed is gone; if it was only an error, it goes on all the same.
      await expectReadable(vault);
      const again = await open();
      await expectReadable(again);
      expect(Buffer.from(again.unseal(sealed, 'about')).toString()).toBe('image');
      await again.rotateKey(keyFile(path));
      await expectReadable(await open());
      if (whole) break;
    }
    expect(hit).toEqual([
      'make folder',
      'create next key',
      'write next key',
      'sync next key',
      'sync folder',
      'put',
      'put',
      'put',
      'put',
      'commit',
      'committed',
      'rename next key',
      'sync folder',
    ]);
    // What the interrupted ones left behind is gone with the next whole one.
    expect(await readdir(join(folder, 'keys'))).toEqual(['vault.key']);
  });

  test('C5 F2: the making of a vault, cut short at any step, can be done again', async () => {
    const hit: string[] = [];
    for (let killAt = 0; ; killAt++) {
      store = new MemoryStore();
      await rm(join(folder, 'keys'), { recursive: true, force: true });
      let at = 0;
      const step = (name: string) => {
        if (at++ !== killAt) return;
        hit.push(name);
        throw new Killed();
      };
      store.onStep = step;
      const whole = await open(step).then(
        () => true,
        () => false,
      );
      store.onStep = () => undefined;
      const vault = await open();
      await fill(vault);
      await expectReadable(await open());
      if (whole) break;
    }
    expect(hit).toEqual([
      'make folder',
      'create next key',
      'write next key',
      'sync next key',
      'sync folder',
      'link first key',
      'sync folder',
      'insert',
      'commit',
      'committed',
    ]);
  });

  test('C5: nothing is sealed under the old data key any more, and the old key opens nothing', async () => {
    await fill(await open());
    const before = store.dump();
    const vault = await open();
    await vault.rotateKey(keyFile(path));
    const sealedBefore = [...before.matchAll(/sealed\\":\\"([^\\]+)/g)].map((one) => one[1] ?? '');
    expect(sealedBefore).toHaveLength(3);
    for (const one of sealedBefore) expect(store.dump()).not.toContain(one);
  });

  test('C5: an entry added while a rotation is being made durable is sealed under the new key', async () => {
    const vault = await open();
    await fill(vault);
    const rotating = vault.rotateKey(keyFile(path));
    const adding = store.transact((tx) =>
      vault.add(tx, {
        name: 'late',
        secret: 'late secret',
        provider: 'railway',
        environment: 'staging',
        kind: 'bearer',
        reach: 'environment',
        note: '',
      }),
    );
    await Promise.all([rotating, adding]);
    expect((await (await open()).open('late')).secret).toBe('late secret');
  });

  test('C5: of two at the same time at least one is done, and everything is readable', async () => {
    await fill(await open());
    const [one, other] = [await open(), await open()];
    const results = await Promise.allSettled([one.rotateKey(keyFile(path)), other.rotateKey(keyFile(path))]);
    expect(results.some((result) => result.status === 'fulfilled')).toBe(true);
    for (const vault of [one, other, await open()]) await expectReadable(vault);
  });

  test('what else belongs to the act is in the same transaction', async () => {
    const vault = await open();
    await fill(vault);
    await expect(vault.rotateKey(keyFile(path), () => Promise.reject(new Error('not signed')))).rejects.toThrow(
      'not signed',
    );
    await expectReadable(await open());
    await vault.rotateKey(keyFile(path), (tx) => tx.put('settings', 'rotated', { yes: true }));
    expect(await store.get('settings', 'rotated')).toEqual({ yes: true });
  });
});
