import { Pool } from 'undici';
import type { HttpLimits } from './limits.ts';
import { dialOf } from './route-dial.ts';
import type { Route } from '../../contract/upstream.ts';
import type { Lookup } from '../dial/resolve.ts';

/** undici's warm connections to one route and nowhere else. Throws `Refused` for an address that is none. */
export function poolTo(route: Route, limits: HttpLimits, lookup: Lookup | undefined): Pool {
  const { origin, connect } = dialOf(route, limits, lookup);
  return new Pool(origin, {
    // undici would take the address and the certificate's name from the request; the route alone decides both.
    connect: (_, callback) => {
      connect().then(
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

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('the connection could not be made', { cause: thrown });
}
