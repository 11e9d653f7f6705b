import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type BasePart, SourceFailed, StoreFailed } from '../../src/contract/backup.ts';
import { newIdentity, SealBroken } from '../../src/features/backup/format/age.ts';
import { openObject } from '../../src/features/backup/format/object.ts';
import { TarBroken } from '../../src/features/backup/format/tar.ts';
import { archiveWal, type ArchivedPiece, WalGap } from '../../src/features/backup/archive-wal.ts';
import { readCatalogue } from '../../src/features/backup/catalogue.ts';
import {
  type BackupManifest,
  type Extent,
  ManifestRefused,
  openContent,
  readManifest,
} from '../../src/features/backup/manifest.ts';
import { fetchObject } from '../../src/features/backup/stores.ts';
import { writeBase } from '../../src/features/backup/write-base.ts';
import { writeDump } from '../../src/features/backup/write-dump.ts';
import { MemoryStore, pretendSource, type PretendFile, walParts } from './pretend.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const [recovery, drill] = [newIdentity(), newIdentity()];
const keys = { naming: randomBytes(32), signing: privateKey, recipients: [recovery.recipient, drill.recipient] };
const clock = { now: () => Date.now() };
const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000);

const big = randomBytes(17 * 1024 * 1024 + 5);
const files: readonly PretendFile[] = [
  { path: 'PG_VERSION', bytes: Buffer.from('18\n') },
  { path: 'base/1/empty', bytes: Buffer.alloc(0) },
  { path: 'base/1/16384', bytes: big },
  { path: 'base/1/16385', bytes: randomBytes(8192) },
  { path: 'global/pg_control', bytes: randomBytes(8192) },
];

async function bytesOf(manifest: BackupManifest, extents: readonly Extent[], store: MemoryStore, identity: string) {
  const pieces: Uint8Array[] = [];
  for (const { object, at, length } of extents) {
    const named = manifest.objects[object];
    if (named === undefined) throw new Error('no such object');
    const plain = await openObject(await fetchObject(store, named), identity);
    pieces.push(plain.subarray(at, at + length));
  }
  return Buffer.concat(pieces);
}

describe('a base backup', () => {
  it('B1: comes back byte for byte, from each store, by each of both keys', async () => {
    const stores = [new MemoryStore('one'), new MemoryStore('two')];
    const { source } = pretendSource({ files });
    const written = await writeBase({ source, stores, keys, clock, keptUntil: inDays(30) });
    for (const [index, store] of stores.entries()) {
      const identity = [recovery, drill][index]?.identity ?? '';
      const stored = await store.get({ key: written.key, version: written.versions[store.name] ?? '' });
      const manifest = readManifest(stored, publicKey);
      expect(manifest).toMatchObject({
        kind: 'base',
        startLsn: '0/2000028',
        endLsn: '0/2000120',
        cluster: { version: 180_004 },
      });
      const content = await openContent(manifest, identity);
      if (content.kind !== 'base') throw new Error('not a base');
      expect(content.files.map(({ path, size, mode }) => ({ path, size, mode }))).toEqual(
        files.map(({ path, bytes }) => ({ path, size: bytes.length, mode: 0o600 })),
      );
      expect(content.directories.map(({ path }) => path)).toEqual(['base', 'pg_wal']);
      for (const [at, file] of content.files.entries())
        expect(
          (await bytesOf(manifest, file.extents, store, identity)).equals(files[at]?.bytes ?? Buffer.alloc(0)),
          file.path,
        ).toBe(true);
      await expect(openContent(manifest, newIdentity().identity)).rejects.toThrow(SealBroken);
    }
    const clear = Buffer.concat(stores.flatMap((store) => store.held.map(({ bytes }) => bytes)));
    expect(clear.includes('16384')).toBe(false);
    expect(clear.includes('pg_control')).toBe(false);
  });

  it('B1: uses again what outlives it, and nothing else', async () => {
    const store = new MemoryStore();
    const write = async (days: number, earlier: readonly BackupManifest[]) =>
      writeBase({
        source: pretendSource({ files }).source,
        stores: [store],
        keys,
        clock,
        keptUntil: inDays(days),
        earlier,
      });
    const first = await write(30, []);
    const second = await write(31, [first.manifest]);
    expect(second.counts.stored).toBe(0);
    expect(second.manifest.objects).toEqual(first.manifest.objects);
    const third = await write(60, [first.manifest, second.manifest]);
    expect(third.counts.reused).toBe(0);
    // Gone without our doing: put again, not believed.
    store.held.splice(
      store.held.findIndex(({ version }) => version === first.manifest.objects[0]?.versions['memory']),
      1,
    );
    const fourth = await write(31, [first.manifest]);
    expect(fourth.counts.stored).toBeGreaterThan(0);
    const other = newIdentity();
    const rekeyed = await writeBase({
      source: pretendSource({ files }).source,
      stores: [store],
      keys: { ...keys, recipients: [other.recipient] },
      clock,
      keptUntil: inDays(30),
      earlier: [first.manifest],
    });
    expect(rekeyed.counts.reused).toBe(0);
  });

  it('B1 F3: is none where the copy was cut, garbled, or is not what the server says it sent', async () => {
    const data = (change: (bytes: Buffer) => Buffer) => (parts: BasePart[]) => {
      let done = false;
      return parts.map((part, index) => {
        if (part.kind !== 'data' || index < 4 || done) return part;
        done = true;
        return { ...part, bytes: change(Buffer.from(part.bytes)) };
      });
    };
    const spoilt: [(parts: BasePart[]) => BasePart[], new (...args: never[]) => Error][] = [
      [(parts) => parts.slice(0, -1), SourceFailed],
      [(parts) => parts.slice(0, 10), SourceFailed],
      [(parts) => parts.filter((part) => part.kind !== 'start'), SourceFailed],
      [(parts) => [...parts.slice(0, 8), ...parts.slice(9)], Error],
      [(parts) => [...parts.slice(0, 3), { kind: 'archive', name: '16400.tar' }, ...parts.slice(3)], SourceFailed],
      [data((bytes) => (bytes.fill(0x55, 100, 101), bytes)), SourceFailed],
      [data((bytes) => bytes.subarray(1)), Error],
      [
        (parts) =>
          parts.map((part) =>
            part.kind === 'manifest'
              ? { ...part, bytes: Buffer.from(Buffer.from(part.bytes).toString().replace('PG_VERSION', 'PG_VERSIOM')) }
              : part,
          ),
        SourceFailed,
      ],
    ];
    for (const [spoil, kind] of spoilt) {
      const store = new MemoryStore();
      const { source } = pretendSource({ files, spoil });
      await expect(writeBase({ source, stores: [store], keys, clock, keptUntil: inDays(1) })).rejects.toThrow(kind);
      expect(store.held.some(({ key }) => key.startsWith('manifests/'))).toBe(false);
    }
    for (const path of ['../outside', '/etc/../passwd', 'a//b'])
      await expect(
        writeBase({
          source: pretendSource({ files: [{ path, bytes: Buffer.from('x') }] }).source,
          stores: [new MemoryStore()],
          keys,
          clock,
          keptUntil: inDays(1),
        }),
      ).rejects.toThrow(TarBroken);
    const { source } = pretendSource({ files, tablespaces: ['/mnt/fast'] });
    await expect(writeBase({ source, stores: [new MemoryStore()], keys, clock, keptUntil: inDays(1) })).rejects.toThrow(
      'tablespaces',
    );
  });

  it('B1 F3: is none where one of its stores failed, and can be stopped', async () => {
    const [good, bad] = [new MemoryStore('good'), new MemoryStore('bad')];
    bad.down = true;
    const { source } = pretendSource({ files });
    await expect(writeBase({ source, stores: [good, bad], keys, clock, keptUntil: inDays(1) })).rejects.toThrow(
      StoreFailed,
    );
    await expect(
      writeBase({
        source,
        stores: [good],
        keys,
        clock,
        keptUntil: inDays(1),
        signal: AbortSignal.abort(new Error('stopped')),
      }),
    ).rejects.toThrow('stopped');
    expect(good.held.some(({ key }) => key.startsWith('manifests/'))).toBe(false);
  });

  it('B1: takes 256 MB of memory at most, whatever its size', { timeout: 120_000 }, async () => {
    const fixture = path.join(import.meta.dirname, 'memory.fixture.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [fixture, '640']);
    const { megabytes, plain } = JSON.parse(stdout) as { megabytes: number; plain: number };
    expect(plain).toBe(640 * 1024 * 1024);
    expect(megabytes).toBeLessThan(256);
  });
});

describe('a manifest', () => {
  it('B1 F3: is refused with any byte changed, dropped or added, or by another key', async () => {
    const { source } = pretendSource({ files: files.slice(0, 2) });
    const { bytes } = await writeBase({ source, stores: [new MemoryStore()], keys, clock, keptUntil: inDays(1) });
    expect(readManifest(bytes, publicKey).v).toBe(1);
    for (let at = 0; at < bytes.length; at++) {
      const other = Buffer.from(bytes);
      other[at] = (other[at] ?? 0) ^ (1 << (at % 8));
      expect(() => readManifest(other, publicKey), String(at)).toThrow(ManifestRefused);
      if (at % 37 === 0) expect(() => readManifest(bytes.subarray(0, at), publicKey)).toThrow(ManifestRefused);
    }
    expect(() => readManifest(Buffer.concat([bytes, Buffer.from(' ')]), publicKey)).toThrow(ManifestRefused);
    expect(() => readManifest(bytes, generateKeyPairSync('ed25519').publicKey)).toThrow(ManifestRefused);
  });
});

describe('a dump', () => {
  it('B1: comes back byte for byte, and says that it is one', async () => {
    const dumped = randomBytes(20 * 1024 * 1024);
    const { source } = pretendSource({ files: [], dumped });
    const store = new MemoryStore();
    const { manifest } = await writeDump({
      source,
      stores: [store],
      keys,
      clock,
      keptUntil: inDays(1),
      database: 'shop',
    });
    expect(manifest).toMatchObject({ kind: 'dump', database: 'shop' });
    const content = await openContent(manifest, recovery.identity);
    expect(
      (await bytesOf(manifest, content.kind === 'dump' ? content.extents : [], store, recovery.identity)).equals(
        dumped,
      ),
    ).toBe(true);
    const nothing = pretendSource({ files: [] }).source;
    await expect(
      writeDump({ source: nothing, stores: [store], keys, clock, keptUntil: inDays(1), database: 'shop' }),
    ).rejects.toThrow(SourceFailed);
  });
});

describe('the write-ahead log', () => {
  const archiving = async (
    store: MemoryStore,
    wal: ReturnType<typeof walParts>,
    until: (pieces: readonly ArchivedPiece[]) => boolean,
  ) => {
    const { source, confirmed, identity } = pretendSource({ files: [], wal: [wal] });
    const pieces: ArchivedPiece[] = [];
    const stop = new AbortController();
    await archiveWal({
      source,
      stores: [store],
      keys,
      clock,
      system: identity.system,
      slot: 'holdpoint',
      from: { timeline: 1, position: '0/2000000' },
      keepFor: 86_400_000,
      every: 20,
      signal: stop.signal,
      archived: (piece) => {
        pieces.push(piece);
        if (until(pieces)) stop.abort();
      },
    });
    return { pieces, confirmed };
  };

  it('B1: is kept whole and in order, and confirmed only when it is', async () => {
    const store = new MemoryStore();
    const sizes = [100, 5_000_000, 12_000_000, 8192, 3_000_000, 1];
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const { pieces, confirmed } = await archiving(
      store,
      walParts('0/2000000', sizes),
      (all) => all.at(-1)?.end === `0/${(0x2000000 + total).toString(16).toUpperCase()}`,
    );
    expect(confirmed).toEqual(pieces.map(({ end }) => end));
    const { wal, refused } = await readCatalogue(store, publicKey);
    expect(refused).toEqual([]);
    expect(wal[0]?.ranges).toEqual([{ timeline: 1, start: '0/2000000', end: pieces.at(-1)?.end }]);
    const plain = await Promise.all(
      (wal[0]?.pieces ?? []).map(async (piece) => openObject(await store.get(piece), drill.identity)),
    );
    expect(Buffer.concat(plain).equals(Buffer.concat(walParts('0/2000000', sizes).map(({ bytes }) => bytes)))).toBe(
      true,
    );
  });

  it('B1 F3: a gap in it, another timeline or a failing store ends it, and nothing behind is confirmed', async () => {
    const parts = walParts('0/2000000', [100, 100, 100]);
    await expect(archiving(new MemoryStore(), parts.toSpliced(1, 1), () => false)).rejects.toThrow(WalGap);
    await expect(archiving(new MemoryStore(), walParts('0/2000000', [100], 2), () => false)).rejects.toThrow(WalGap);
    const down = new MemoryStore();
    down.down = true;
    await expect(archiving(down, parts, () => false)).rejects.toThrow(StoreFailed);
  });
});
