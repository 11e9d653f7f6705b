import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { HttpLimits } from './limits.ts';
import type { Route } from '../../contract/upstream.ts';
import { refuse } from '../../model/refusal.ts';
import { dial, dialTls, trustedAuthorities } from '../dial/dial.ts';
import type { Lookup } from '../dial/resolve.ts';

/** How a route is reached: the route alone decides address and certificate, never a request. */
export interface RouteDial {
  /** `https://api.example.com` */
  readonly origin: string;
  /** What a `host` header says: `api.example.com`, with its port where that is not the usual one. */
  readonly host: string;
  /** A new connection. Rejects with an `Error`. */
  readonly connect: () => Promise<Socket>;
}

/** Throws `Refused` for an address that is none. */
export function dialOf(route: Route, limits: HttpLimits, lookup: Lookup | undefined): RouteDial {
  const url = addressOf(route);
  const encrypted = url.protocol === 'https:';
  const name = url.hostname;
  const port = url.port === '' ? (encrypted ? 443 : 80) : Number(url.port);
  const rules = {
    allowPrivate: route.allowPrivate,
    // In the clear only to where nobody else listens.
    onlyPrivate: !encrypted,
    timeout: limits.dialTimeout,
    ...(lookup === undefined ? {} : { lookup }),
  };
  let trust: SecureContext | undefined;
  return Object.freeze({
    origin: url.origin,
    host: url.host,
    connect: async () =>
      encrypted ? dialTls(name, port, (trust ??= trustedAuthorities(route.ca)), rules) : dial(name, port, rules),
  });
}

function addressOf(route: Route): URL {
  const url = URL.parse(route.address);
  const bare =
    url !== null &&
    url.pathname === '/' &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    url.password === '';
  if (url === null || !bare || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw refuse(
      'UNAVAILABLE',
      `the address of upstream \`${route.name}\` is not one`,
      'give scheme and host only: `https://api.example.com`',
    );
  }
  if (url.protocol === 'http:' && !route.allowPrivate) {
    throw refuse(
      'UNAVAILABLE',
      `upstream \`${route.name}\` would carry its credential unencrypted`,
      'use an https address',
    );
  }
  return url;
}
