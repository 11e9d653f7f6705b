import { databaseAddresses } from './routes/databases.ts';
import { loggedIn } from './routes/logged-in.ts';
import type { Places, Route } from './routes/route.ts';
import { pushes } from './routes/pushes.ts';
import { storageKeys } from './routes/storage.ts';
import { remoteShells } from './routes/shells.ts';

export type { Places, Route } from './routes/route.ts';

/** Ways to the far side that no gate covers, as far as files on this machine tell; what cannot be read is left out. */
export function uncoveredRoutes(places: Places): readonly Route[] {
  const all = [loggedIn, pushes, remoteShells, storageKeys, databaseAddresses].flatMap((look) => look(places));
  const seen = new Set<string>();
  return all.filter(({ kind, where, what }) => {
    const key = JSON.stringify([kind, where, what]);
    return seen.has(key) ? false : seen.add(key) !== undefined;
  });
}
