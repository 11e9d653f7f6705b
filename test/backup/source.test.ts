import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { dataFolder, openBackedUp, sourceOf } from './source-server.ts';
import { hasPostgres15, type TestServer } from '../postgres/server.ts';
import { type BackupSource, type BasePart, SourceFailed, type WalPart } from '../../src/contract/backup.ts';
import { lsnNumber, lsnText, segmentName } from '../../src/contract/lsn.ts';

const majors = [18, 15] as const;
const segment = 16 * 1024 * 1024;

describe.each(majors.filter((major) => major === 18 || hasPostgres15()))('PostgreSQL %i over the wire', (major) => {
  let server: TestServer;
  let source: BackupSource;
  const open: BackupSource[] = [];
  const another = (more: Parameters<typeof sourceOf>[1] = {}): BackupSource => {
    const made = sourceOf(server, more);
    open.push(made);
    return made;
  };

  beforeAll(async () => {
    server = await openBackedUp({ major });
    await server.query('create table t as select g as id, md5(g::text) as v from generate_series(1, 20000) g');
    source = sourceOf(server);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });
  afterAll(async () => {
    await source.close();
    await server.stop();
  });

  test('B1: it says which cluster it is, and what matters for bringing it back', async () => {
    await server.query('create database other');
    const identity = await source.identify();
    const [row] = (await server.query('select system_identifier::text as id from pg_control_system()')).rows;
    expect(identity).toMatchObject({
      system: row?.['id'],
      timeline: 1,
      segmentSize: segment,
      slotKeepMegabytes: 64,
      checksums: major === 18,
      tablespaces: [],
      extensions: { postgres: ['plpgsql'], other: ['plpgsql'] },
    });
    expect(Math.floor(identity.version / 10_000)).toBe(major);
    await server.query('drop database other');
  });

  test('B1: a base backup comes whole, each file with the sum that the server says', async () => {
    const { parts, tar, manifest } = await taken(source.base({ label: `a ' label`, checkpoint: 'fast' }));
    expect(parts.map((one) => one.kind).filter((kind, at, all) => kind !== 'progress' && kind !== all[at - 1])).toEqual(
      expect.arrayContaining(['start', 'archive', 'data', 'manifest', 'end']),
    );
    const start = parts.find((one) => one.kind === 'start');
    const end = parts.at(-1);
    expect(end?.kind === 'end' && start && lsnNumber(end.position) > lsnNumber(start.position)).toBe(true);
    const told = parts.filter((one) => one.kind === 'progress').at(-1);
    expect(told?.done).toBeGreaterThan(20_000_000);
    expect(told?.of).toBeGreaterThan(20_000_000);
    const folder = mkdtempSync(path.join(tmpdir(), 'holdpoint-base-'));
    try {
      writeFileSync(path.join(folder, 'base.tar'), tar);
      execFileSync('tar', ['-xf', 'base.tar'], { cwd: folder });
      const said = JSON.parse(manifest.toString()) as {
        readonly Files: readonly { readonly Path: string; readonly Checksum: string; readonly Size: number }[];
      };
      expect(said.Files.length).toBeGreaterThan(900);
      for (const file of said.Files) {
        const bytes = readFileSync(path.join(folder, file.Path));
        expect([file.Path, createHash('sha256').update(bytes).digest('hex')]).toEqual([file.Path, file.Checksum]);
      }
      expect(readFileSync(path.join(folder, 'backup_label'), 'utf8')).toContain(`LABEL: a ' label`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('B1: who stops reading stops the server’s sending, and a backup that is left is ended there', async () => {
    const slow = another();
    let count = 0;
    for await (const part of slow.base({ label: 'left', checkpoint: 'fast' })) {
      if (part.kind === 'data' && ++count === 3) break;
    }
    await expect.poll(() => walsenders(server)).toBe(0);
  });

  test('B1: the log comes without a gap, byte for byte as the server wrote it, and what is confirmed is let go', async () => {
    const { position } = await source.slot('holdpoint_t');
    expect(Number(lsnNumber(position) % BigInt(segment))).toBe(0);
    // Asked again, it is the same.
    expect(await source.slot('holdpoint_t')).toEqual({ position });
    const stream = await source.wal({ timeline: 1, position, slot: 'holdpoint_t' });
    await server.query('insert into t select g, md5(g::text) from generate_series(1, 30000) g');
    await server.query('select pg_switch_wal()');
    const until = BigInt(segment) + lsnNumber(position);
    const parts = await readWal(stream, until);
    const bytes = Buffer.concat(parts.map((one) => one.bytes)).subarray(0, segment);
    const file = path.join(await dataFolder(server), 'pg_wal', segmentName(1, lsnNumber(position), segment));
    expect(bytes.equals(readFileSync(file))).toBe(true);
    expect(Math.abs(Date.now() - (parts.at(-1)?.sentAt ?? 0))).toBeLessThan(10_000);
    const again = await source
      .wal({ timeline: 1, position: lsnText(until), slot: 'holdpoint_t2' })
      .catch((e: unknown) => e);
    expect(again).toMatchObject({ name: 'SourceFailed', code: 'failed' });
    await stream.close();
    await source.dropSlot('holdpoint_t');
    await source.dropSlot('holdpoint_t');
    expect((await server.query('select 1 from pg_replication_slots')).rowCount).toBe(0);
  });

  test('B1: only what is confirmed moves the slot', async () => {
    const { position } = await source.slot('holdpoint_c');
    const stream = await source.wal({ timeline: 1, position, slot: 'holdpoint_c' });
    const iterator = stream[Symbol.asyncIterator]();
    await server.query('insert into t values (1)');
    const first = await iterator.next();
    expect(first.done).toBe(false);
    const kept = async (): Promise<string> =>
      String((await server.query('select restart_lsn::text as at from pg_replication_slots')).rows[0]?.['at']);
    const before = await kept();
    await sleep(300);
    expect(await kept()).toBe(before);
    const part = first.value as WalPart;
    const durable = lsnText(lsnNumber(part.start) + BigInt(part.bytes.length));
    stream.confirm(durable);
    await expect.poll(kept).toBe(durable);
    expect(() => stream.confirm('FFFF/0')).toThrow('not read yet');
    await stream.close();
    await expect.poll(() => walsenders(server)).toBe(0);
    await source.dropSlot('holdpoint_c');
  });

  test('B1: two readers of one slot: the second is told that it is taken', async () => {
    const { position } = await source.slot('holdpoint_two');
    const stream = await source.wal({ timeline: 1, position, slot: 'holdpoint_two' });
    const second = another();
    await expect(second.wal({ timeline: 1, position, slot: 'holdpoint_two' })).rejects.toMatchObject({
      code: 'slot-taken',
    });
    await expect(second.dropSlot('holdpoint_two')).rejects.toMatchObject({ code: 'slot-taken' });
    await stream.close();
    await expect.poll(() => walsenders(server)).toBe(0);
    await source.dropSlot('holdpoint_two');
  });

  test('B1: a slot that nothing bounds is refused, unless a human says so', async () => {
    await server.query(`alter system set max_slot_wal_keep_size = -1`).catch(() => undefined);
    const unbounded = await openBackedUp({ major, settings: ['max_slot_wal_keep_size=-1'] });
    const its = sourceOf(unbounded);
    await expect(its.slot('holdpoint_u')).rejects.toMatchObject({
      code: 'unbounded-slot',
      hint: expect.stringContaining('max_slot_wal_keep_size') as string,
    });
    expect((await unbounded.query('select 1 from pg_replication_slots')).rowCount).toBe(0);
    await its.slot('holdpoint_u', { unbounded: true });
    await its.close();
    // Another cluster at the same place is not taken for the first.
    const { system } = await source.identify();
    const wrong = sourceOf(unbounded, { system });
    await expect(wrong.identify()).rejects.toMatchObject({ code: 'another-server' });
    await expect(taken(wrong.base({ label: 'x', checkpoint: 'fast' }))).rejects.toMatchObject({
      code: 'another-server',
    });
    await expect(wrong.wal({ timeline: 1, position: '0/1000000', slot: 'holdpoint_u' })).rejects.toMatchObject({
      code: 'another-server',
    });
    await wrong.close();
    await unbounded.stop();
  });

  test('B1: a slot whose log the server gave up says that there is a gap', async () => {
    const lost = await openBackedUp({ major, settings: ['max_slot_wal_keep_size=1MB', 'wal_keep_size=0'] });
    const its = sourceOf(lost);
    const { position } = await its.slot('holdpoint_l');
    for (let at = 0; at < 8; at++)
      await lost.query('create table if not exists w (i int); insert into w values (1); select pg_switch_wal()');
    await lost.query('checkpoint');
    // The server may say so only once the stream is under way.
    const asked = async (): Promise<WalPart[]> =>
      readWal(await its.wal({ timeline: 1, position, slot: 'holdpoint_l' }), lsnNumber(position) + 1n);
    await expect(asked()).rejects.toMatchObject({ code: 'wal-gone' });
    await expect(its.slot('holdpoint_l')).rejects.toMatchObject({ code: 'wal-gone' });
    await its.dropSlot('holdpoint_l');
    const anew = await its.slot('holdpoint_l');
    expect(lsnNumber(anew.position) > lsnNumber(position)).toBe(true);
    await expect(asked()).rejects.toMatchObject({ code: 'wal-gone' });
    await its.close();
    await lost.stop();
  });

  test('B1: tablespaces are refused with the reason', async () => {
    const spaced = await openBackedUp({ major });
    const folder = path.join(await dataFolder(spaced), '..', 'space');
    await spaced.query(`copy (select 1) to program 'mkdir ${folder}'`);
    await spaced.query(`create tablespace elsewhere location '${folder}'`);
    const its = sourceOf(spaced);
    expect((await its.identify()).tablespaces).toHaveLength(1);
    await expect(taken(its.base({ label: 'x', checkpoint: 'fast' }))).rejects.toMatchObject({ code: 'tablespaces' });
    await its.close();
    await spaced.stop();
  });

  test('B1: a promoted standby’s new timeline is followed, with its history', async () => {
    const { server: promoted, source: its } = await promotable(major);
    const { position } = await its.slot('holdpoint_p');
    const before = await promoted.query('select timeline_id from pg_control_checkpoint()');
    expect(before.rows[0]?.['timeline_id']).toBe(2);
    const history = await its.history(2);
    expect(history.name).toBe('00000002.history');
    expect(Buffer.from(history.bytes).toString()).toMatch(/^1\t0\/[0-9A-F]+\t/);
    // From the old timeline over to the new one.
    const stream = await its
      .wal({
        timeline: 1,
        position: lsnText(lsnNumber(position) - (lsnNumber(position) % BigInt(segment))),
        slot: 'holdpoint_p',
      })
      .catch((e: unknown) => e);
    if (stream instanceof Error) {
      expect(stream).toMatchObject({ name: 'SourceFailed' });
    } else {
      for await (const part of stream as AsyncIterable<WalPart>) expect(part.timeline).toBe(1);
      const { next } = stream as { next?: { timeline: number; position: string } };
      expect(next?.timeline).toBe(2);
      const following = await its.wal({ timeline: 2, position: next?.position ?? '', slot: 'holdpoint_p' });
      await promoted.query('create table after_promotion (i int)');
      for await (const part of following) {
        expect(part.timeline).toBe(2);
        expect(part.start).toBe(next?.position);
        break;
      }
      await following.close();
    }
    // A server that was set back to before what was read is not the one that goes on.
    await expect(its.wal({ timeline: 3, position, slot: 'holdpoint_p' })).rejects.toMatchObject({
      code: 'another-server',
    });
    await expect(its.wal({ timeline: 2, position: '7F/0', slot: 'holdpoint_p' })).rejects.toMatchObject({
      code: 'another-server',
    });
    await its.close();
    await promoted.stop();
  });

  test('B1: a role without the right, a wrong password, nobody there: each is said', async () => {
    await server.query(`create role plain login password 'p'`);
    await expect(another({ secret: 'plain:p' }).identify()).rejects.toMatchObject({ code: 'no-right' });
    await expect(another({ secret: 'holdpoint_backup:x' }).identify()).rejects.toMatchObject({ code: 'no-right' });
    await expect(another({ secret: 'nonsense' }).identify()).rejects.toMatchObject({ code: 'not-supported' });
    await expect(another({ port: 1 }).identify()).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('B1: a line cut within a base backup or within the log ends in an error, never in an end', async () => {
    for (const after of [0, 100, 30_000, 3_000_000]) {
      const door = await cuttingDoor(server.port, 6_000 + after);
      const cut = another({ port: door.port });
      const parts: BasePart[] = [];
      const failed = await (async () => {
        for await (const part of cut.base({ label: 'cut', checkpoint: 'fast' })) parts.push(part);
      })().catch((thrown: unknown) => thrown);
      expect(failed).toBeInstanceOf(SourceFailed);
      expect(failed).toMatchObject({ code: 'unreachable' });
      expect(parts.some((one) => one.kind === 'end')).toBe(false);
      await door.close();
    }
    const { position } = await source.slot('holdpoint_cut');
    await server.query('insert into t select g, md5(g::text) from generate_series(1, 30000) g');
    const door = await cuttingDoor(server.port, 500_000);
    const stream = await another({ port: door.port }).wal({ timeline: 1, position, slot: 'holdpoint_cut' });
    const parts: WalPart[] = [];
    await expect(
      (async () => {
        for await (const part of stream) parts.push(part);
      })(),
    ).rejects.toMatchObject({ code: 'unreachable' });
    expect(stream.next).toBeUndefined();
    // What came is good, and it goes on from there.
    const last = parts.at(-1);
    const from = lsnText(lsnNumber(last?.start ?? position) + BigInt(last?.bytes.length ?? 0));
    await expect.poll(() => walsenders(server)).toBe(0);
    const again = await source.wal({ timeline: 1, position: from, slot: 'holdpoint_cut' });
    const [next] = await readWal(again, lsnNumber(from) + 1n);
    expect(next?.start).toBe(from);
    await again.close();
    await door.close();
    await expect.poll(() => walsenders(server)).toBe(0);
    await source.dropSlot('holdpoint_cut');
  });

  test('B1: a server that crashes or is stopped ends the stream; one that shuts down does not wait for us for ever', async () => {
    const stopping = await openBackedUp({ major });
    const its = sourceOf(stopping);
    const { position } = await its.slot('holdpoint_s');
    const reading = async (confirming: boolean): Promise<unknown> => {
      const stream = await its.wal({ timeline: 1, position, slot: 'holdpoint_s' });
      try {
        for await (const part of stream)
          if (confirming) stream.confirm(lsnText(lsnNumber(part.start) + BigInt(part.bytes.length)));
        return stream.next;
      } catch (thrown) {
        return thrown;
      }
    };
    const crashed = reading(false);
    await sleep(200);
    await stopping.crash();
    expect(await crashed).toMatchObject({ code: 'unreachable' });
    await stopping.start();
    const stopped = reading(true);
    await sleep(200);
    await stopping.query('create table x (i int)');
    await expect.poll(() => walsenders(stopping)).toBe(1);
    await stopping.stop();
    expect(await stopped).toMatchObject({ code: 'unreachable' });
    await its.close();
  });

  const programs = `/usr/lib/postgresql/${major}/bin`;

  if (existsSync(`${programs}/pg_dump`))
    test('B1: a logical dump by a pg_dump of that major, whose password is on no command line', async () => {
      await expect(bytesOf(source.dump('postgres'))).rejects.toMatchObject({ code: 'no-right' });
      await server.query('grant pg_read_all_data to holdpoint_backup');
      const dump = await bytesOf(source.dump('postgres'));
      expect(dump.subarray(0, 5).toString()).toBe('PGDMP');
      const folder = mkdtempSync(path.join(tmpdir(), 'holdpoint-dump-'));
      writeFileSync(path.join(folder, 'dump'), dump);
      const listed = execFileSync(`${programs}/pg_restore`, ['--list', path.join(folder, 'dump')], {
        encoding: 'utf8',
      });
      rmSync(folder, { recursive: true });
      expect(listed).toContain('TABLE DATA public t');
      await expect(bytesOf(source.dump('no such one'))).rejects.toMatchObject({ name: 'SourceFailed' });
    });
  else
    test('B1: without a pg_dump of that major it is said, and nothing comes', async () => {
      await expect(bytesOf(source.dump('postgres'))).rejects.toMatchObject({ code: 'not-supported' });
    });
});

async function taken(base: AsyncIterable<BasePart>): Promise<{ parts: BasePart[]; tar: Buffer; manifest: Buffer }> {
  const parts: BasePart[] = [];
  const of = { data: [] as Uint8Array[], manifest: [] as Uint8Array[] };
  for await (const part of base) {
    parts.push(part);
    if (part.kind === 'data' || part.kind === 'manifest') of[part.kind].push(part.bytes);
  }
  return { parts, tar: Buffer.concat(of.data), manifest: Buffer.concat(of.manifest) };
}

async function readWal(stream: AsyncIterable<WalPart>, until: bigint): Promise<WalPart[]> {
  const parts: WalPart[] = [];
  for await (const part of stream) {
    const last = parts.at(-1);
    if (last !== undefined) expect(lsnNumber(part.start)).toBe(lsnNumber(last.start) + BigInt(last.bytes.length));
    parts.push(part);
    if (lsnNumber(part.start) + BigInt(part.bytes.length) >= until) break;
  }
  return parts;
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

async function walsenders(server: TestServer): Promise<number> {
  return Number((await server.query('select count(*)::int as n from pg_stat_replication')).rows[0]?.['n']);
}

/** A server on its second timeline: its own data, brought up by recovery and promoted. */
async function promotable(major: 15 | 18): Promise<{ server: TestServer; source: BackupSource }> {
  const server = await openBackedUp({ major, settings: ['wal_keep_size=64MB'] });
  await server.query('create table before_promotion (i int)');
  const data = await dataFolder(server);
  await server.query(`copy (select '') to '${data}/standby.signal'`);
  await server.crash();
  await server.start();
  await server.query('select pg_promote()');
  await expect.poll(async () => (await server.query('select pg_is_in_recovery() as r')).rows[0]?.['r']).toBe(false);
  await server.query('checkpoint');
  return { server, source: sourceOf(server) };
}

/** Leads to the server, and breaks after this many bytes from it. */
async function cuttingDoor(port: number, after: number): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const door: Server = createServer((inner) => {
    const outer = connect(port, '127.0.0.1');
    let passed = 0;
    for (const one of [inner, outer]) {
      sockets.add(one);
      one.on('error', () => undefined);
    }
    inner.pipe(outer);
    outer.on('data', (chunk: Buffer) => {
      const left = after - passed;
      passed += chunk.length;
      inner.write(chunk.subarray(0, Math.max(0, left)));
      if (passed >= after) {
        inner.destroySoon();
        outer.destroy();
      }
    });
    outer.on('close', () => inner.destroySoon());
    inner.on('close', () => outer.destroy());
  }).listen(0, '127.0.0.1');
  await once(door, 'listening');
  const address = door.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    async close() {
      for (const one of sockets) one.destroy();
      door.close();
      await once(door, 'close');
    },
  };
}
