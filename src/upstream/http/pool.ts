import type { SecureContext } from 'node:tls';
import { Pool } from 'undici';
import type { HttpLimits } from './limits.ts';
import type { Route } from '../../contract/upstream.ts';
import { refuse } from '../../model/refusal.ts';
import { dial, dialTls, trustedAuthorities } from '../dial/dial.ts';
import type { Lookup } from '../dial/resolve.ts';

/** Warm HTTP/1.1 connections to one route and nowhere else. Throws `Refused` for an address that is none. */
export function poolTo(route: Route, limits: HttpLimits, lookup: Lookup | undefined): Pool {
  const url = addressOf(route);
  const encrypted = url.protocol === 'https:';
  const host = url.hostname;
  const port = url.port === '' ? (encrypted ? 443 : 80) : Number(url.port);
  const rules = {
    allowPrivate: route.allowPrivate,
    // In the clear only to where nobody else listens.
    onlyPrivate: !encrypted,
    timeout: limits.dialTimeout,
    ...(lookup === undefined ? {} : { lookup }),
  };
  let trust: SecureContext | undefined;
  return new Pool(url.origin, {
    // undici would take the address and the certificate's name from the request; the route alone decides both.
    connect: (_, callback) => {
      const line = encrypted
        ? dialTls(host, port, (trust ??= trustedAuthorities(route.ca)), rules)
        : dial(host, port, rules);
      line.then(
        (socket) => queueMicrotask(() => callback(null, socket)),
        (error: unknown) => queueMicrotask(() => callback(asError(error), null)),
      );
    },
    allowH2: false,
    pipelining: 1,
    connections: limits.connections,
    headersTimeout: limits.headersTimeout,
    bodyTimeout: limits.bodyTimeout,
    keepAliveTimeout: limits.keepAlive,
    keepAliveMaxTimeout: limits.keepAlive * 4,
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

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('the connection could not be made', { cause: thrown });
}
