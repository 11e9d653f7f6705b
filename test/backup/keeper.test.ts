import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { KeptDirectory } from '../../src/features/backup/keeper/directory.ts';
import { serveKeeper } from '../../src/features/backup/keeper/serve.ts';
import { keeperHead } from '../../src/contract/keeper.ts';
import { openKeeperStore } from '../../src/upstream/objects/keeper-store.ts';
import { storeContract } from './store-contract.ts';

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function keeper(limits = {}, options: { patience?: number; now?: () => number } = {}) {
  const root = mkdtempSync(join(tmpdir(), 'holdpoint-keeper-'));
  const directory = await KeptDirectory.open(join(root, 'kept'), { reserve: 0, ...limits }, options.now);
  const [socket, restoreSocket] = [join(root, 'socket'), join(root, 'kept', 'restore')];
  const served = await serveKeeper({ directory, socket, restoreSocket, patience: options.patience ?? 30_000 });
  const end = async (): Promise<void> => {
    await served.close();
    await rm(root, { recursive: true });
  };
  const gate = openKeeperStore({ name: 'disk', socket });
  return { root, directory, socket, gate, restore: openKeeperStore({ name: 'disk', socket: restoreSocket }), end };
}

storeContract('kept by another process', keeper);

const soon = (): Date => new Date(Date.now() + 60_000);
const filesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true }).flatMap((one) => (one.isFile() ? [one.name] : []));

describe('the keeper', () => {
  it('B1: lets nobody else near its files', async () => {
    const { root, gate, end } = await keeper();
    endings.push(end);
    await gate.put('chunks/abcdef', Buffer.from('x'), soon());
    expect(statSync(join(root, 'kept')).mode & 0o777).toBe(0o700);
    for (const one of readdirSync(join(root, 'kept', 'objects'), { recursive: true, withFileTypes: true })) {
      const { mode } = statSync(join(one.parentPath, one.name));
      expect(mode & 0o777, one.name).toBe(one.isFile() ? 0o400 : 0o700);
    }
    await chmod(join(root, 'kept'), 0o755);
    await expect(KeptDirectory.open(join(root, 'kept'))).rejects.toThrow('mode 0700');
    await chmod(join(root, 'kept'), 0o700);
  });

  it('B1 F3: a put that ends early, lies about its bytes or has no room leaves nothing', async () => {
    const { root, socket, gate, directory, end } = await keeper({}, { patience: 200 });
    endings.push(end);
    const request = {
      op: 'put',
      key: 'chunks/half',
      keptUntil: soon().toISOString(),
      sha256: '0'.repeat(64),
      size: 1000,
    };
    for (const sent of [500, 1000]) {
      const half = connect(socket);
      half.on('error', () => undefined);
      half.write(keeperHead(request as never));
      half.write(randomBytes(sent));
      const [answer] = (await Promise.race([once(half, 'data'), once(half, 'close')])) as [unknown];
      if (answer instanceof Buffer) expect(answer.toString()).toContain('invalid');
      half.destroy();
    }
    expect(filesIn(join(root, 'kept', 'objects'))).toEqual([]);
    expect(filesIn(join(root, 'kept', 'incoming'))).toEqual([]);
    const free = await directory.free();
    const full = await keeper({ reserve: free * 2 });
    endings.push(full.end);
    await expect(full.gate.put('chunks/x', Buffer.from('x'), soon())).rejects.toThrow('no room');
    expect(filesIn(join(full.root, 'kept'))).toEqual([]);
    // And it lives.
    await gate.put('chunks/whole', Buffer.from('x'), soon());
    expect(filesIn(join(root, 'kept', 'objects'))).toHaveLength(1);
  });

  it.skipIf(!existsSync('/dev/full'))('B1 F3: garbage on its socket harms nobody', async () => {
    const { socket, gate, end } = await keeper({}, { patience: 200 });
    endings.push(end);
    const object = await gate.put('chunks/x', Buffer.from('x'), soon());
    for (let index = 0; index < 100; index++) {
      const line = connect(socket);
      line.on('error', () => undefined);
      line.end(randomBytes(index * 3));
      await once(line.resume(), 'close');
    }
    expect(Buffer.from(await gate.get(object)).toString()).toBe('x');
  });

  it('B1: never keeps for less than its floor, nor for more than its ceiling', async () => {
    const { gate, end } = await keeper({ floor: 7, ceiling: 30 });
    endings.push(end);
    const day = 86_400_000;
    const short = await gate.put('chunks/x', Buffer.from('x'), soon());
    expect(Date.parse(short.keptUntil)).toBeGreaterThan(Date.now() + 6.9 * day);
    await expect(gate.put('chunks/x', Buffer.from('x'), new Date(Date.now() + 31 * day))).rejects.toThrow('30 days');
    await expect(gate.put('chunks/x', Buffer.from('x'), new Date(0))).rejects.toThrow('past');
  });

  it('B1: deletes what was kept for long enough, and nothing else', async () => {
    let ahead = 0;
    const now = (): number => Date.now() + ahead;
    const { root, directory, gate, end } = await keeper({}, { now });
    endings.push(end);
    const first = await gate.put('chunks/x', Buffer.from('short'), new Date(Date.now() + 60_000));
    const second = await gate.put('chunks/x', Buffer.from('long'), new Date(Date.now() + 600_000));
    expect(await directory.prune()).toBe(0);
    ahead = 120_000;
    expect(await directory.prune()).toBe(1);
    await expect(gate.get(first)).rejects.toThrow('not in store');
    expect(Buffer.from(await gate.get(second)).toString()).toBe('long');
    expect(filesIn(join(root, 'kept', 'objects'))).toHaveLength(1);
  });

  it('B1: what a crash left half taken is cleared away at the start', async () => {
    const { root, gate, end } = await keeper();
    endings.push(end);
    const object = await gate.put('wal/1/00000001/0000000000000000-0000000000000001.x', Buffer.from('x'), soon());
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(root, 'kept', 'incoming', 'left'), 'half');
    await KeptDirectory.open(join(root, 'kept'));
    expect(readdirSync(join(root, 'kept', 'incoming'))).toEqual([]);
    expect(Buffer.from(await gate.get(object)).toString()).toBe('x');
  });
});
