import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type AddressClass, addressBytes, addressKey, classifyAddress } from './address.ts';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** A name and the addresses that it stood for when it was looked at. Only these are dialled. */
export interface Pinned {
  /** Lower case, as a URL would have it; an IPv6 literal without brackets. */
  readonly hostname: string;
  readonly addresses: readonly [Address, ...Address[]];
}

export interface ResolveOptions {
  /** Whether loopback and private ranges may be dialled. Metadata, link-local and multicast never may. */
  readonly allowPrivate: boolean;
  /** Refuses public addresses: for lines that carry a credential unencrypted. */
  readonly onlyPrivate?: boolean;
  /** Every address of a name; the system's resolver unless a test brings its own. */
  readonly lookup?: Lookup;
}

export type Lookup = (hostname: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

export class AddressRefused extends Error {
  readonly code: 'not-a-host' | 'not-resolved' | 'private' | 'never' | 'public';

  constructor(code: AddressRefused['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AddressRefused';
    this.code = code;
  }
}

/**
 * The addresses of a host, each of them fit to be dialled: one that is not refuses them all, since whoever answers for
 * the name may answer otherwise a moment later (rebinding). The caller dials what this returns and never the name.
 * Throws `AddressRefused`.
 */
export async function resolveAddress(host: string, options: ResolveOptions): Promise<Pinned> {
  const hostname = canonicalHost(host);
  const answers = isIP(hostname) === 0 ? await lookedUp(hostname, options.lookup ?? systemLookup) : [hostname];
  const own = ownAddresses();
  const addresses = answers.map((address) => fit(hostname, address, own, options));
  const [first, ...rest] = addresses;
  if (first === undefined) throw new AddressRefused('not-resolved', `\`${hostname}\` has no address`);
  return Object.freeze({ hostname, addresses: [first, ...rest] as const });
}

/**
 * A host as every URL parser would read it: `0x7f.1`, `2130706433` and `①②⑦.⓪.⓪.①` all become `127.0.0.1`, so that no
 * spelling reaches a resolver that would read it another way. Throws `AddressRefused` for what is more than a host.
 */
export function canonicalHost(host: string): string {
  const bare = /^[0-9a-f:.]+$/i.test(host) && addressBytes(host)?.length === 16 ? `[${host}]` : host;
  if (bare === '' || bare.length > 255 || /[\s/?#@\\%<>^|\p{Cc}]/u.test(bare)) throw notAHost();
  if (!bare.startsWith('[') && bare.includes(':')) throw notAHost();
  const url = URL.parse(`http://${bare}/`);
  if (url === null || url.hostname === '' || url.port !== '' || url.pathname !== '/') throw notAHost();
  const name = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname.replace(/\.$/, '');
  // Resolvers differ on empty labels.
  if (name.split('.').includes('')) throw notAHost();
  return name;
}

function notAHost(): AddressRefused {
  return new AddressRefused('not-a-host', 'the host is neither a name nor an address');
}

async function systemLookup(hostname: string): Promise<readonly { address: string; family: number }[]> {
  return lookup(hostname, { all: true, order: 'ipv4first' });
}

async function lookedUp(hostname: string, ask: Lookup): Promise<readonly string[]> {
  try {
    return (await ask(hostname)).map((answer) => answer.address);
  } catch (cause) {
    throw new AddressRefused('not-resolved', `\`${hostname}\` could not be resolved`, { cause });
  }
}

function fit(hostname: string, address: string, own: ReadonlySet<string>, options: ResolveOptions): Address {
  const kind = classAsSeenFromHere(address, own);
  if (kind === 'never') {
    throw new AddressRefused('never', `\`${hostname}\` stands for an address that is never dialled`);
  }
  if (kind === 'private' && !options.allowPrivate) {
    throw new AddressRefused('private', `\`${hostname}\` stands for a private address`);
  }
  if (kind === 'public' && options.onlyPrivate === true) {
    throw new AddressRefused('public', `\`${hostname}\` is public, and a line to it must be encrypted`);
  }
  return { address, family: isIP(address) === 4 ? 4 : 6 };
}

/** An address of this machine reaches our own listeners, so it is no more than private, whatever range it is from. */
function classAsSeenFromHere(address: string, own: ReadonlySet<string>): AddressClass {
  const kind = classifyAddress(address);
  return kind === 'public' && own.has(addressKey(address)) ? 'private' : kind;
}

function ownAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(all.map(({ address }) => addressKey(address)));
}
