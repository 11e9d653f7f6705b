import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { storeContract } from './store.ts';

storeContract('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdpoint-store-'));
  return {
    open: () => openSqliteStore({ path: join(folder, 'state', 'holdpoint.db') }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
});
