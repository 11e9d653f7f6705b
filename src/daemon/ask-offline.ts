import { openAsker } from './asking.ts';
import { providers } from './providers.ts';
import type { Asking } from '../contract/reach.ts';

/**
 * Asks a provider what a credential can do, from the process of the command line: no daemon is needed, nothing is kept.
 * `at` is a double on this machine; left out, the provider's published host is asked and no other.
 */
export async function askOffline(
  provider: string,
  secret: string,
  at?: string,
  more: { readonly presented?: string; readonly standsIn?: string } = {},
): Promise<Asking> {
  const asker = openAsker(providers);
  try {
    const route = at === undefined ? {} : { route: { address: at, allowPrivate: true } };
    return await asker.ask({ provider, secret, ...more, ...route }, []);
  } finally {
    await asker.close();
  }
}
