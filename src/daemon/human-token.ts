import { readFile, rename, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { Places } from './places.ts';
import type { Clock } from '../contract/clock.ts';
import type { Store } from '../contract/store.ts';
import type { Identity } from '../road/identity/identity.ts';

const dayMs = 86_400_000;
const lifeMs = 365 * dayMs;
const renewMs = 30 * dayMs;

/**
 * The token with which the human at this machine talks to the API, in a file of the service user's alone. It lets them
 * look, stop and refuse; whatever widens power needs a signature besides. Renewed when it is about to expire.
 */
export async function ensureHumanToken(parts: {
  store: Store;
  identity: Identity;
  places: Places;
  clock: Clock;
  /** Who sits here, where the account says nothing of it: a service user's is not a person's name. */
  human?: string | undefined;
}): Promise<void> {
  const { store, identity, places, clock } = parts;
  if (await isGood(identity, places.humanToken, clock)) return;
  const user = (parts.human ?? accountName())
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, 30);
  const { presented } = await store.transact((tx) =>
    identity.createToken(tx, {
      kind: 'human',
      name: `human-${user}`,
      scope: { gates: ['undo'], operations: 'all', environments: [], resources: 'all' },
      purpose: 'the human at this machine',
      ttlMs: lifeMs,
    }),
  );
  const fresh = `${places.humanToken}.new`;
  await writeFile(fresh, `${presented}\n`, { mode: 0o600 });
  await rename(fresh, places.humanToken);
}

async function isGood(identity: Identity, path: string, clock: Clock): Promise<boolean> {
  try {
    const { token } = await identity.identify((await readFile(path, 'utf8')).trim(), { address: '127.0.0.1' });
    return Date.parse(token.expiresAt) - clock.now() > renewMs;
  } catch {
    return false;
  }
}

/** A service user may be a number that no account stands for, as in a container. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? ''}`;
  }
}
