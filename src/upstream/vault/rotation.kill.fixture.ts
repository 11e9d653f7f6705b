/**
 * Run as a process of its own: opens the vault at `<folder>` and rotates its key until it is killed. Prints a line a
 * rotation, so that whoever kills it knows that it got somewhere.
 */
import { join } from 'node:path';
import { keyFile } from './key-source.ts';
import { openVault } from './vault.ts';
import { openSqliteStore } from '../../stores/sqlite/store.ts';

const folder = process.argv[2] ?? '';
const key = keyFile(join(folder, 'keys', 'vault.key'));
const store = await openSqliteStore({ path: join(folder, 'state', 'holdpoint.db') });
const vault = await openVault({ store, key, clock: { now: () => Date.now() } });
for (let count = 1; ; count++) {
  await vault.rotateKey(key);
  process.stdout.write(`${count}\n`);
}
