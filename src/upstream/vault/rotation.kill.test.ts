import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keyFile } from './key-source.ts';
import { openVault } from './vault.ts';
import { openSqliteStore } from '../../stores/sqlite/store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdpoint-killed-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const secrets = new Map(Array.from({ length: 20 }, (_, index) => [`entry-${index}`, `secret number ${index}`]));
const rounds = Number(process.env['HOLDPOINT_KILLS'] ?? 6);

/** Opens the vault anew, does something with it, and closes the store. */
async function withVault<T>(
  work: (
    vault: Awaited<ReturnType<typeof openVault>>,
    store: Awaited<ReturnType<typeof openSqliteStore>>,
  ) => Promise<T>,
): Promise<T> {
  const store = await openSqliteStore({ path: join(folder, 'state', 'holdpoint.db') });
  try {
    return await work(
      await openVault({ store, key: keyFile(join(folder, 'keys', 'vault.key')), clock: { now: () => Date.now() } }),
      store,
    );
  } finally {
    await store.close();
  }
}

test(
  `C5 F2: a process killed ${rounds} times amid rotations leaves every record readable`,
  { timeout: 20_000 + rounds * 3_000 },
  async () => {
    await withVault((vault, store) =>
      store.transact(async (tx) => {
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
      }),
    );
    for (let round = 0; round < rounds; round++) {
      const child = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'rotation.kill.fixture.ts'), folder],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const ended = once(child, 'exit');
      try {
        await once(child.stdout, 'data');
        // A rotation takes a few milliseconds: this ends somewhere within one of the next.
        await wait(Math.random() * 20);
      } finally {
        child.kill('SIGKILL');
        await ended;
      }
      await withVault(async (vault) => {
        for (const [name, secret] of secrets) expect((await vault.open(name)).secret, `round ${round}`).toBe(secret);
      });
    }
  },
);
