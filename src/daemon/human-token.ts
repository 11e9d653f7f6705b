import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { Places } from './places.ts';
import type { Store } from '../contract/store.ts';
import type { Identity } from '../road/identity/identity.ts';

const tenYearsMs = 3_650 * 86_400_000;

/**
 * The token with which the human at this machine talks to the API, in a file of the service user's alone. It lets them
 * look, stop and refuse; whatever widens power needs a signature besides.
 */
export async function ensureHumanToken(store: Store, identity: Identity, places: Places): Promise<void> {
  if (existsSync(places.humanToken)) return;
  const name =
    userInfo()
      .username.toLowerCase()
      .replace(/[^a-z0-9-]/g, '-')
      .slice(0, 30) || 'human';
  const { presented } = await store.transact((tx) =>
    identity.createToken(tx, {
      kind: 'human',
      name: `human-${name}`,
      scope: { gates: [], operations: [], environments: [], resources: [] },
      purpose: 'the human at this machine',
      ttlMs: tenYearsMs,
    }),
  );
  await writeFile(places.humanToken, `${presented}\n`, { mode: 0o600, flag: 'wx' });
}
