import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { DestructionAttempt } from '../../src/contract/backup.ts';
import { KeptDirectory } from '../../src/features/backup/keeper/directory.ts';
import { serveKeeper } from '../../src/features/backup/keeper/serve.ts';
import { openKeeperStore } from '../../src/upstream/objects/keeper-store.ts';
import { openS3Store } from '../../src/upstream/objects/s3-store.ts';
import { everything, openStrictS3, putGetOnly, type S3Right, type StrictS3Options } from './strict-s3.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const later = (): Date => new Date(Date.now() + 3_600_000);
const letThrough = (attempts: readonly DestructionAttempt[]): readonly string[] =>
  attempts.filter((one) => !one.refused).map((one) => one.what);

async function probed(rights: readonly S3Right[], more: Partial<StrictS3Options> = {}) {
  const credentials = { KEY: { secret: 'secret', rights } };
  const server = await openStrictS3({ credentials, defaultLock: { mode: 'COMPLIANCE', days: 1 }, ...more });
  const credential = () => ({ keyId: 'KEY', secret: 'secret' });
  const { endpoint, bucket } = server;
  const store = openS3Store({ name: 's3', endpoint, bucket, region: 'us-east-1', allowPrivate: true, credential });
  endings.push(
    () => server.close(),
    () => store.close(),
  );
  return { server, attempts: await store.probe(later()) };
}

describe('being rid of a backup in an object store', () => {
  it('B1: 30 ways and more fail with the credential of the gate', async () => {
    const { server, attempts } = await probed(putGetOnly);
    expect(letThrough(attempts)).toEqual([]);
    expect(attempts.length).toBeGreaterThanOrEqual(30);
    // The server's own account: what was put first is still there, and locked.
    const kept = [...server.held.values()].flatMap((versions) => versions[0] ?? []);
    expect(kept.some((one) => one.bytes.includes('a backup that somebody may try to delete'))).toBe(true);
    expect(kept.every((one) => one.mode === 'COMPLIANCE' && !one.marker && one.until > Date.now())).toBe(true);
    expect([...server.held.values()].flat().some((one) => one.marker)).toBe(false);
  });

  it('B1: a credential with every right deletes nothing that is locked, and is called no credential for backups', async () => {
    const { server, attempts } = await probed(everything);
    const held = [...server.held.values()].flat();
    expect(held.some((one) => one.bytes.includes('a backup that somebody may try to delete'))).toBe(true);
    expect(letThrough(attempts)).toContain('hide it behind a delete marker');
    expect(letThrough(attempts)).toContain('list what there is');
    expect(letThrough(attempts)).not.toContain('delete the version, past governance');
  });

  it('B1: a bucket without a lock of its own is found out by a credential that may delete', async () => {
    const { defaultLock: _, ...none } = { defaultLock: undefined };
    const server = await openStrictS3({
      credentials: { KEY: { secret: 's', rights: [...putGetOnly, 's3:DeleteObjectVersion'] } },
      ...none,
    });
    const store = openS3Store({
      name: 's3',
      endpoint: server.endpoint,
      bucket: server.bucket,
      region: 'us-east-1',
      allowPrivate: true,
      credential: () => ({ keyId: 'KEY', secret: 's' }),
    });
    endings.push(
      () => server.close(),
      () => store.close(),
    );
    expect(letThrough(await store.probe(later()))).toContain('put without a lock, and delete that');
  });
});

describe('being rid of a backup that another process keeps', () => {
  it('B1: a keeper of one’s own user is no keeper', async () => {
    const root = mkdtempSync(join(tmpdir(), 'holdpoint-probe-'));
    endings.push(() => rmSync(root, { recursive: true }));
    const directory = await KeptDirectory.open(join(root, 'kept'), { reserve: 0 });
    const keeper = await serveKeeper({ directory, socket: join(root, 'socket') });
    endings.push(() => keeper.close());
    const through = letThrough(await openKeeperStore({ name: 'disk', socket: join(root, 'socket') }).probe(later()));
    expect(through).toContain('be the keeper’s own user');
    expect(through).toContain('unlink its file');
  });

  it.skipIf(process.getuid?.() !== 0)(
    'B1: 30 ways and more fail as the gate’s OS user, and an agent’s does not even reach the keeper',
    { timeout: 60_000 },
    async () => {
      const root = mkdtempSync(join(tmpdir(), 'holdpoint-probe-'));
      chmodSync(root, 0o755);
      endings.push(() => rmSync(root, { recursive: true }));
      const [keeper, gate, agent] = [65_101, 65_102, 65_103];
      const fixture = join(import.meta.dirname, 'as-user.fixture.ts');
      const run = (role: string, uid: number, gid: number) =>
        spawn(process.execPath, [fixture, role, root, String(uid), String(gid)], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
      const kept = run('keep', keeper, gate);
      endings.push(async () => {
        const ended = once(kept, 'exit');
        kept.kill('SIGKILL');
        await ended;
      });
      await once(kept.stdout, 'data');
      const told = async (uid: number): Promise<unknown> => {
        const probe = run('probe', uid, uid);
        let text = '';
        probe.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
        await once(probe, 'close');
        return JSON.parse(text);
      };
      const attempts = (await told(gate)) as DestructionAttempt[];
      expect(letThrough(attempts)).toEqual([]);
      expect(attempts.length).toBeGreaterThanOrEqual(30);
      expect(readdirSync(join(root, 'home', 'kept', 'objects', 'probe'))).toHaveLength(1);
      expect(await told(agent)).toContain('does not answer');
    },
  );
});
