import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KeptDirectory } from '../../src/features/backup/keeper/directory.ts';
import { serveKeeper } from '../../src/features/backup/keeper/serve.ts';
import { openKeeperStore } from '../../src/upstream/objects/keeper-store.ts';

/**
 * `keep <root> <uid> <gid of the gate>` keeps below root as that user; `probe <root> <uid> <gid>` tries, as that user, to
 * be rid of an object. Everything is loaded before the rights of root are given up: a checkout may lie where only root reads.
 */
const [role = '', root = '', uidText = '', gidText = ''] = process.argv.slice(2);
const [uid, gid] = [Number(uidText), Number(gidText)];
const socket = join(root, 'run', 'socket');

function become(user: number, group: number): void {
  process.setgroups?.([]);
  process.setgid?.(group);
  process.setuid?.(user);
}

if (role === 'keep') {
  for (const [folder, owner, group, mode] of [
    ['run', uid, gid, 0o750],
    ['home', uid, uid, 0o700],
  ] as const) {
    await mkdir(join(root, folder), { mode });
    await chown(join(root, folder), owner, group);
  }
  // The gate's group reaches the socket; the keeper's own is another.
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
  const directory = await KeptDirectory.open(join(root, 'home', 'kept'));
  await serveKeeper({ directory, socket, restoreSocket: join(root, 'home', 'restore') });
  console.log('ready');
} else {
  const store = openKeeperStore({ name: 'disk', socket });
  become(uid, gid);
  const attempts = await store
    .probe(new Date(Date.now() + 600_000))
    .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  console.log(JSON.stringify(attempts));
}
