import type { StorePlace } from '../../contract/backup.ts';

/** What the data that is backed up is bound to, as far as it is known. */
export interface DataPlace {
  /** Host name or address of the database server. */
  readonly host?: string;
  /** Device number of the data directory's file system, where it is on this machine. */
  readonly device?: string;
  readonly account?: string;
  readonly provider?: string;
}

/** Why a store would be lost together with the data. */
export interface CoLocation {
  /** Name of the store. */
  readonly store: string;
  readonly shares: 'device' | 'machine' | 'account' | 'provider' | 'credential';
  readonly why: string;
}

/** A store, with a fingerprint (never the value) of the credential that we reach it by. */
export interface PlacedStore {
  readonly name: string;
  readonly place: StorePlace;
  readonly credential?: string;
}

/**
 * What each store shares with the data. Anything here is red: whoever loses the one loses the other. An empty answer
 * says that nothing is known to be shared, not that nothing is.
 */
export function coLocations(
  data: DataPlace & { readonly credentials: readonly string[] },
  stores: readonly PlacedStore[],
): readonly CoLocation[] {
  return stores.flatMap(({ name, place, credential }) => {
    const found: CoLocation[] = [];
    const shares = (what: CoLocation['shares'], why: string): void =>
      void found.push({ store: name, shares: what, why });
    if (same(data.device, place.device) && sameMachine(data.host, place.host))
      shares('device', 'it lies on the same file system as the data');
    if (sameMachine(data.host, place.host)) shares('machine', 'it is on the machine that the data is on');
    if (same(data.account, place.account)) shares('account', 'it belongs to the account that the data belongs to');
    if (same(data.provider, place.provider)) shares('provider', 'it is at the provider that the data is at');
    if (credential !== undefined && data.credentials.includes(credential))
      shares('credential', 'it is reached by a credential that the data is reached by');
    return found;
  });
}

/** The provider whose hosts bear such a name; undefined where the name does not tell. */
export function providerOf(host: string): string | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  return providers.find(([suffix]) => name === suffix || name.endsWith(`.${suffix}`))?.[1];
}

const providers: readonly (readonly [suffix: string, provider: string])[] = [
  ['amazonaws.com', 'aws'],
  ['amazonaws.com.cn', 'aws'],
  ['backblazeb2.com', 'backblaze'],
  ['r2.cloudflarestorage.com', 'cloudflare'],
  ['wasabisys.com', 'wasabi'],
  ['digitaloceanspaces.com', 'digitalocean'],
  ['ondigitalocean.com', 'digitalocean'],
  ['storage.googleapis.com', 'google'],
  ['rlwy.net', 'railway'],
  ['railway.app', 'railway'],
  ['railway.internal', 'railway'],
  ['storage.dev', 'tigris'],
  ['supabase.co', 'supabase'],
  ['supabase.com', 'supabase'],
  ['neon.tech', 'neon'],
  ['render.com', 'render'],
  ['fly.dev', 'fly'],
];

function same(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one.toLowerCase() === other.toLowerCase();
}

function sameMachine(data: string | undefined, store: string): boolean {
  return same(data, store) || (data !== undefined && isLoopback(data) && isLoopback(store));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || host.startsWith('127.') || host === '';
}
