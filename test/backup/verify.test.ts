import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { newIdentity } from '../../src/features/backup/format/age.ts';
import { sealObject } from '../../src/features/backup/format/object.ts';
import { type Catalogue, readCatalogue } from '../../src/features/backup/catalogue.ts';
import type { BackupManifest } from '../../src/features/backup/manifest.ts';
import { walKey } from '../../src/features/backup/names.ts';
import { type Expected, verifyBackups } from '../../src/features/backup/verify.ts';
import { writeBase } from '../../src/features/backup/write-base.ts';
import { MemoryStore, pretendSource } from './pretend.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const keys = { naming: randomBytes(32), signing: privateKey, recipients: [newIdentity().recipient] };
const clock = { now: () => Date.now() };
const system = '7000000000000000001';
const cases = process.env['HOLDPOINT_FULL'] === '1' ? 10_000 : 500;

/** Two backups and the log that belongs to them, and what a journal would say of all that. */
async function vault(): Promise<{ store: MemoryStore; expected: Expected }> {
  const store = new MemoryStore();
  const keptUntil = new Date(Date.now() + 86_400_000);
  const expected: { backups: Expected['backups'][number][]; wal: Expected['wal'] } = {
    backups: [],
    wal: [{ system, timeline: 1, through: '0/2000400' }],
  };
  let previous: BackupManifest['previous'];
  const kept = Buffer.concat([randomBytes(3000), Buffer.alloc(1_100_000)]);
  for (const end of ['0/2000120', '0/2000300']) {
    const files = [
      { path: 'base/1/1', bytes: kept },
      { path: 'base/1/2', bytes: randomBytes(2000) },
    ];
    const { source } = pretendSource({ files, end });
    const written = await writeBase({
      source,
      stores: [store],
      keys,
      clock,
      keptUntil,
      ...(previous === undefined ? {} : { previous }),
    });
    previous = { backup: written.manifest.backup, sha256: written.sha256, keptUntil: written.manifest.keptUntil };
    expected.backups.push(previous);
  }
  for (let start = 0x2000000n; start < 0x2000400n; start += 0x80n) {
    const sealed = await sealObject(randomBytes(0x80), keys.recipients);
    const name = { kind: 'piece', system, timeline: 1, start, end: start + 0x80n, sha256: sealed.sha256 } as const;
    await store.put(walKey(name, privateKey), sealed.bytes, keptUntil);
  }
  return { store, expected };
}

async function findings(store: MemoryStore, expected: Expected | undefined, catalogue?: Catalogue) {
  const read = catalogue ?? (await readCatalogue(store, publicKey));
  return (
    await verifyBackups({ store, catalogue: read, now: Date.now(), ...(expected === undefined ? {} : { expected }) })
  ).findings;
}

/** Each spoils one object of a copy of the store, in a way of its own. */
const damages: readonly [name: string, spoil: (store: MemoryStore, at: number) => void][] = [
  [
    'a flipped bit',
    (store, at) => {
      const one = store.held[at];
      if (one === undefined) return;
      one.bytes = Uint8Array.from(one.bytes);
      const where = randomInt(one.bytes.length);
      one.bytes[where] = (one.bytes[where] ?? 0) ^ (1 << randomInt(8));
    },
  ],
  ['a dropped object', (store, at) => void store.held.splice(at, 1)],
  [
    'a cut object',
    (store, at) => {
      const one = store.held[at];
      if (one !== undefined) one.bytes = one.bytes.slice(0, randomInt(one.bytes.length));
    },
  ],
  [
    'two swapped objects',
    (store, at) => {
      const other = (at + 1 + randomInt(store.held.length - 1)) % store.held.length;
      const [one, two] = [store.held[at], store.held[other]];
      if (one !== undefined && two !== undefined) [one.bytes, two.bytes] = [two.bytes, one.bytes];
    },
  ],
  [
    'a renamed object',
    (store, at) => {
      const one = store.held[at];
      const letter = one?.key.at(-1) === 'a' ? 'b' : 'a';
      if (one !== undefined) one.key = `${one.key.slice(0, -1)}${letter}`;
    },
  ],
  [
    'an object replaced by another of ours',
    (store, at) => {
      const other = store.held[(at + 1) % store.held.length];
      const one = store.held[at];
      if (one !== undefined && other !== undefined) one.bytes = other.bytes;
    },
  ],
];

function copyOf(store: MemoryStore): MemoryStore {
  const copy = new MemoryStore(store.name);
  copy.held.push(...store.held.map((one) => ({ ...one })));
  return copy;
}

describe('verifying a store', () => {
  let whole: { store: MemoryStore; expected: Expected };
  beforeAll(async () => void (whole = await vault()));

  it('B1: finds nothing where all is there', async () => {
    const { store, expected } = whole;
    expect(await findings(store, expected)).toEqual([]);
    const { backups, wal } = await readCatalogue(store, publicKey, system);
    expect(backups.map(({ complete, through }) => ({ complete, through }))).toEqual([
      { complete: true, through: '0/2000400' },
      { complete: true, through: '0/2000400' },
    ]);
    expect(wal[0]?.pieces).toHaveLength(8);
    expect((await readCatalogue(store, publicKey, '1')).backups).toEqual([]);
  });

  it(
    `B1: finds every one of ${cases} flipped, dropped, cut, swapped and renamed objects`,
    { timeout: 600_000 },
    async () => {
      const missed: string[] = [];
      for (let index = 0; index < cases; index++) {
        const store = copyOf(whole.store);
        const [name, spoil] = damages[index % damages.length] ?? ['', () => undefined];
        const at = randomInt(store.held.length);
        const key = store.held[at]?.key ?? '';
        spoil(store, at);
        if ((await findings(store, whole.expected)).length === 0) missed.push(`${name}: ${key}`);
      }
      expect(missed).toEqual([]);
    },
  );

  it('B1: without a journal, misses nothing but what was newest of all', async () => {
    for (const [at, { key }] of whole.store.held.entries()) {
      const store = copyOf(whole.store);
      store.held.splice(at, 1);
      const newest = key.endsWith(whole.expected.backups.at(-1)?.backup ?? '') || key.includes('0000000002000380-');
      const found = (await findings(store, undefined)).length > 0;
      expect(found || newest, key).toBe(true);
    }
  });

  it('B1: a newer version, a forged manifest and forged log are found, and hide nothing', async () => {
    for (const { key } of whole.store.held) {
      const store = copyOf(whole.store);
      await store.put(key, Buffer.from('junk'), new Date());
      expect(
        await findings(store, whole.expected).then((all) => all.length > 0 || key.startsWith('chunks/')),
        key,
      ).toBe(true);
      const { backups } = await readCatalogue(store, publicKey);
      expect(backups.filter(({ complete }) => complete)).toHaveLength(2);
    }
    const store = copyOf(whole.store);
    const other = generateKeyPairSync('ed25519').privateKey;
    await writeBase({
      source: pretendSource({ files: [{ path: 'base/1/1', bytes: Buffer.from('forged') }] }).source,
      stores: [store],
      keys: { ...keys, signing: other },
      clock,
      keptUntil: new Date(Date.now() + 1000),
    });
    const name = {
      kind: 'piece',
      system,
      timeline: 1,
      start: 0x2000400n,
      end: 0x2000500n,
      sha256: '0'.repeat(64),
    } as const;
    await store.put(walKey(name, other), Buffer.from('forged'), new Date());
    const { backups, wal, refused } = await readCatalogue(store, publicKey);
    expect(backups).toHaveLength(2);
    expect(wal[0]?.ranges.at(-1)?.end).toBe('0/2000400');
    expect(refused).toHaveLength(2);
    expect((await findings(store, whole.expected)).map(({ kind }) => kind)).toEqual(['forged', 'forged']);
  });

  it('B1: a backup whose log is missing is listed as incomplete, never as good', async () => {
    const store = copyOf(whole.store);
    const gone = store.held.findIndex(({ key }) => key.includes('/0000000002000280-'));
    store.held.splice(gone, 1);
    const { backups } = await readCatalogue(store, publicKey);
    expect(backups.map(({ complete }) => complete)).toEqual([true, false]);
    expect(await findings(store, whole.expected)).not.toEqual([]);
  });

  it('B1 F3: says nothing where the store does not answer', async () => {
    const store = copyOf(whole.store);
    const catalogue = await readCatalogue(store, publicKey);
    store.down = true;
    await expect(findings(store, whole.expected, catalogue)).rejects.toThrow('down');
  });

  it('B1: what expired is not missed', async () => {
    const store = copyOf(whole.store);
    const catalogue = await readCatalogue(store, publicKey);
    const [first] = catalogue.backups;
    const left = { ...catalogue, backups: catalogue.backups.filter((one) => one !== first) };
    const later = Date.now() + 2 * 86_400_000;
    expect((await verifyBackups({ store, catalogue: left, now: later })).findings).toEqual([]);
    expect((await verifyBackups({ store, catalogue: left, now: Date.now() })).findings).not.toEqual([]);
  });
});
