import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EntryDraft } from './entry.ts';
import { keyFile, keyPassphrase, type KeySource } from './key-source.ts';
import { MemoryStore } from './memory-store.fixture.ts';
import type { OpenedCredential } from './opened-credential.ts';
import { newKey, seal, unseal } from './sealing.ts';
import { openVault, type Vault } from './vault.ts';
import type { Collection, StoredRecord } from '../../contract/store.ts';

const secret = 'b3c1d2e4-0000-4000-8000-5ecc3e7c0de5';
const draft = (over: Partial<EntryDraft> = {}): EntryDraft => ({
  name: 'railway-staging',
  provider: 'railway',
  environment: 'staging',
  kind: 'project-access-token',
  reach: 'environment',
  secret,
  note: 'for staging',
  ...over,
});

let folder: string;
let path: string;
let store: MemoryStore;
let now: number;
const clock = { now: () => now };
const add = (vault: Vault, over: Partial<EntryDraft> = {}) => store.transact((tx) => vault.add(tx, draft(over)));
const open = (key: KeySource | readonly KeySource[] = keyFile(path)) => openVault({ store, key, clock });
const change = async (collection: Collection, key: string, by: (record: StoredRecord) => StoredRecord) =>
  store.transact(async (tx) => tx.put(collection, key, by((await tx.get(collection, key)) ?? {})));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdpoint-vault-'));
  path = join(folder, 'keys', 'vault.key');
  store = new MemoryStore();
  now = Date.UTC(2026, 3, 24);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a credential at rest', () => {
  test('C5: is there again after the vault was opened anew, and nowhere in the open', async () => {
    const entry = await add(await open());
    expect(entry).toEqual({
      name: 'railway-staging',
      provider: 'railway',
      environment: 'staging',
      kind: 'project-access-token',
      reach: 'environment',
      note: 'for staging',
      addedAt: '2026-04-24T00:00:00.000Z',
      fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/) as unknown,
    });
    const vault = await open();
    const { kind, secret: opened } = await vault.open('railway-staging');
    expect([kind, opened]).toEqual(['project-access-token', secret]);
    expect(await vault.list()).toEqual([entry]);
    for (const form of [
      secret,
      Buffer.from(secret).toString('base64').slice(0, -4),
      Buffer.from(secret).toString('hex'),
    ]) {
      expect(store.dump()).not.toContain(form);
    }
  });

  test('C5: the key is not where the ciphertext is', async () => {
    await add(await open());
    const key = (await readFile(path, 'utf8')).trim();
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(store.dump()).not.toContain(key);
    expect(store.dump()).not.toContain(Buffer.from(key, 'hex').toString('base64url'));
  });

  test('C1: no listing, no JSON, no inspection, no error shows it', async () => {
    const vault = await open();
    await add(vault);
    const credential = await vault.open('railway-staging');
    expect((credential as OpenedCredential).toString()).not.toContain(secret);
    const shown = [credential, vault, await vault.list(), [credential], { ...credential }];
    for (const one of shown) {
      expect(JSON.stringify(one)).not.toContain(secret);
      expect(inspect(one, { depth: 10, showHidden: true, getters: false })).not.toContain(secret);
    }
    const wrong = [
      { name: 'Bad Name' },
      { secret: `${secret}\n` },
      { secret: ` ${secret}` },
      { secret: `${secret}\0` },
      { secret: `${secret}\ud800` },
      { secret: `${secret}${'x'.repeat(20_000)}` },
    ];
    for (const over of wrong) {
      const added = add(vault, { name: 'other', ...over });
      await expect(added).rejects.toMatchObject({ name: 'VaultFault', code: 'bad-entry' });
      await expect(added).rejects.toSatisfy((error) => !inspect(error).includes(secret));
    }
  });

  test('C5: an entry changed, moved or cut does not open', async () => {
    const vault = await open();
    await add(vault);
    await add(vault, { name: 'railway-production', environment: 'production', secret: 'another-secret-entirely' });
    const whole = (await store.get('vault', 'railway-staging')) ?? {};
    const sealed = whole['sealed'] as string;
    const other = (await store.get('vault', 'railway-production')) ?? {};
    const damages: StoredRecord[] = [
      { ...whole, environment: 'production' },
      { ...whole, provider: 'other' },
      { ...whole, name: 'railway-production' },
      { ...whole, kind: 'bearer' },
      { ...whole, reach: 'all' },
      { ...whole, sealed: other['sealed'] },
      other,
      { ...whole, sealed: sealed.slice(0, -2) },
      { ...whole, sealed: '' },
      { ...whole, sealed: 7 },
      { ...whole, sealed: `${sealed.startsWith('A') ? 'B' : 'A'}${sealed.slice(1)}` },
      { ...whole, dataId: undefined },
    ];
    for (const damage of damages) {
      await change('vault', 'railway-staging', () => damage);
      await vault.refresh().catch(() => undefined);
      await expect(vault.open('railway-staging')).rejects.toMatchObject({ name: 'VaultFault' });
    }
  });

  test('what is sealed opens only under its key, about its thing, and whole (property)', () => {
    const key = newKey();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.string(), fc.nat(), (bytes, about, at) => {
        const sealed = seal(key, bytes, about);
        expect(Uint8Array.from(unseal(key, sealed, about))).toEqual(bytes);
        expect(() => unseal(key, sealed, `${about}x`)).toThrow('does not open');
        expect(() => unseal(newKey(), sealed, about)).toThrow('does not open');
        const raw = Buffer.from(sealed, 'base64url');
        const index = at % raw.length;
        raw[index] = (raw[index] ?? 0) ^ 1;
        expect(() => unseal(key, raw.toString('base64url'), about)).toThrow('does not open');
      }),
      { numRuns: 50 },
    );
  });

  test('a name is taken once; what is removed is gone within a second', async () => {
    const vault = await open();
    await add(vault);
    await expect(add(vault)).rejects.toMatchObject({ name: 'StoreConflict' });
    await vault.open('railway-staging');
    await store.transact((tx) => vault.remove(tx, 'railway-staging'));
    await expect(vault.open('railway-staging')).rejects.toMatchObject({ code: 'not-found' });
    await expect(store.transact((tx) => vault.remove(tx, 'railway-staging'))).rejects.toMatchObject({
      code: 'not-found',
    });
    await add(vault);
    const elsewhere = await open();
    await vault.open('railway-staging');
    await store.transact((tx) => elsewhere.remove(tx, 'railway-staging'));
    now += 1_000;
    await expect(vault.open('railway-staging')).rejects.toMatchObject({ code: 'not-found' });
  });

  test('an addition that is rolled back is not there', async () => {
    const vault = await open();
    await expect(
      store.transact(async (tx) => {
        await vault.add(tx, draft());
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await expect(vault.open('railway-staging')).rejects.toMatchObject({ code: 'not-found' });
    await vault.refresh();
    expect(vault.entry('railway-staging')).toBeUndefined();
  });

  test('E2: how far it sees is known; of what is not there, nothing is claimed', async () => {
    const vault = await open();
    await add(vault, { reach: 'all' });
    expect([vault.reach('railway-staging'), vault.reach('none')]).toEqual(['all', 'environment']);
    expect((await open()).entry('railway-staging')?.reach).toBe('all');
  });
});

describe('a presented text', () => {
  test('C3: is known when it is a stored secret, also after a restart and a rotation', async () => {
    const vault = await open();
    await add(vault);
    await add(vault, { name: 'second', secret: 'another-secret-entirely' });
    await vault.rotateKey(keyFile(path));
    for (const one of [vault, await open()]) {
      expect(one.matches(secret)).toBe('railway-staging');
      expect(one.matches('another-secret-entirely')).toBe('second');
      for (const text of ['', secret.slice(1), `${secret} `, secret.toUpperCase(), 'x'.repeat(100_000)])
        expect(one.matches(text)).toBeUndefined();
    }
  });

  test('C5: a fingerprint is the same for the same secret here, and another one elsewhere', async () => {
    const vault = await open();
    const one = await add(vault);
    const same = await add(vault, { name: 'same' });
    expect(same.fingerprint).toBe(one.fingerprint);
    store = new MemoryStore();
    const elsewhere = await add(await open());
    expect(elsewhere.fingerprint).not.toBe(one.fingerprint);
  });
});

describe('what other rooms keep', () => {
  test('U1 C5: outlives restart and rotation, and opens only as what it is', async () => {
    const vault = await open();
    const sealed = vault.seal(Buffer.from('a before-image'), 'image:im_1');
    await vault.rotateKey(keyFile(path));
    const again = await open();
    expect(Buffer.from(again.unseal(sealed, 'image:im_1')).toString()).toBe('a before-image');
    expect(() => again.unseal(sealed, 'image:im_2')).toThrow('does not open');
    expect(sealed).not.toContain(Buffer.from('a before-image').toString('base64url'));
  });
});

describe('opening the vault', () => {
  test('F1 C5: not without its key, not with another, not with a damaged record', async () => {
    await add(await open());
    const key = await readFile(path);
    await rm(path);
    await expect(open()).rejects.toMatchObject({ code: 'no-key' });
    await writeFile(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
    await expect(open()).rejects.toMatchObject({ code: 'locked' });
    await writeFile(path, key);
    const whole = (await store.get('settings', 'vault-key')) ?? {};
    for (const damage of [
      {},
      { ...whole, data: 'x' },
      { ...whole, installation: whole['data'] },
      { ...whole, dataId: '0000' },
      { ...whole, derivation: { kind: 'none' } },
    ]) {
      await change('settings', 'vault-key', () => damage);
      await expect(open()).rejects.toMatchObject({ code: 'damaged' });
    }
    await store.transact((tx) => tx.remove('settings', 'vault-key'));
    await expect(open()).rejects.toMatchObject({ code: 'damaged' });
    await store.transact((tx) => tx.insert('settings', 'vault-key', whole));
    expect((await (await open()).open('railway-staging')).secret).toBe(secret);
  });

  test('two that open a new one at the same time end up with the same', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    await add(one);
    expect((await other.open('railway-staging')).secret).toBe(secret);
    expect((await (await open()).open('railway-staging')).secret).toBe(secret);
  });

  test('C5: from file to passphrase to another file; a source that is tried in vain does no harm', async () => {
    const words = keyPassphrase(async () => 'correct horse battery staple');
    const vault = await open();
    await add(vault);
    await vault.rotateKey(words);
    await expect(open()).rejects.toMatchObject({ code: 'locked' });
    await expect(open(keyPassphrase(async () => 'wrong horse battery staple'))).rejects.toMatchObject({
      code: 'locked',
    });
    expect((await (await open([keyFile(path), words])).open('railway-staging')).secret).toBe(secret);
    const again = await open(words);
    await again.rotateKey(keyFile(join(folder, 'keys', 'second.key')));
    expect((await again.open('railway-staging')).secret).toBe(secret);
    expect((await (await open(keyFile(join(folder, 'keys', 'second.key')))).open('railway-staging')).secret).toBe(
      secret,
    );
    await expect(open(words)).rejects.toMatchObject({ name: 'VaultFault' });
  }, 30_000);

  test('C5: a new passphrase has twelve characters, and its costs are bounded', async () => {
    await expect(open(keyPassphrase(async () => 'too short'))).rejects.toMatchObject({ code: 'bad-key' });
    const words = keyPassphrase(async () => 'correct horse battery staple');
    await open(words);
    await change('settings', 'vault-key', (record) => ({
      ...record,
      derivation: { ...(record['derivation'] as StoredRecord), memory: 2 ** 31 },
    }));
    await expect(open(words)).rejects.toMatchObject({ code: 'damaged' });
  }, 30_000);
});
