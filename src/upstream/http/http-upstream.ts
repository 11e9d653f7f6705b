import type { SecureContext } from 'node:tls';
import { Pool } from 'undici';
import { Exchange, type Presented } from './exchange.ts';
import { defaultHttpLimits, type HttpLimits } from './limits.ts';
import { placed, requestHeaders } from './request-headers.ts';
import {
  type Answer,
  type Credential,
  type Line,
  LineBroken,
  type Route,
  type Upstream,
} from '../../contract/upstream.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import type { Message } from '../../model/plan.ts';
import { refuse } from '../../model/refusal.ts';
import { dial, dialTls, trustedAuthorities } from '../dial/dial.ts';
import type { Lookup } from '../dial/resolve.ts';

/** The HTTP upstream; `close` ends its connections, waiting for what is under way. */
export interface HttpUpstream extends Upstream {
  close(): Promise<void>;
}

export interface HttpUpstreamOptions {
  readonly limits?: Partial<HttpLimits>;
  /** In place of the system's resolver, for tests. */
  readonly lookup?: Lookup;
}

interface Pooled {
  readonly route: Route;
  readonly pool: Pool;
}

/**
 * Speaks HTTP/1.1 to routes, one pool of warm connections a route, shared by all its lines. Never follows a redirect,
 * never repeats a request.
 */
export function httpUpstream(options: HttpUpstreamOptions = {}): HttpUpstream {
  const limits = { ...defaultHttpLimits, ...options.limits };
  const pools = new Map<string, Pooled>();

  function poolOf(route: Route): Pool {
    const known = pools.get(route.name);
    if (known !== undefined && sameRoute(known.route, route)) return known.pool;
    const pool = poolTo(route, limits, options.lookup);
    // Whoever still waits for an answer by the old way gets it; nothing new goes there.
    known?.pool.close().catch(() => undefined);
    pools.set(route.name, { route, pool });
    return pool;
  }

  return Object.freeze({
    protocol: 'http',
    open: async (route: Route, credential: Credential) => new HttpLine(poolOf(route), credential, limits),
    close: async () => {
      const open = [...pools.values()];
      pools.clear();
      await Promise.all(open.map(({ pool }) => pool.close()));
    },
  });
}

class HttpLine implements Line {
  readonly #pool: Pool;
  readonly #own: readonly string[];
  readonly #presented: Presented;
  readonly #limits: HttpLimits;
  #closed = false;

  constructor(pool: Pool, credential: Credential, limits: HttpLimits) {
    this.#pool = pool;
    this.#own = placed(credential);
    this.#presented = { text: credential.secret, bytes: Buffer.from(credential.secret, 'latin1') };
    this.#limits = limits;
  }

  // Not `async`: this is on the path of every read, and a thrown refusal becomes a rejection in the executor.
  send(message: Message): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new LineBroken('no', 'the line is closed; nothing was sent');
      if (!isHttpMessage(message)) throw refuse('BAD_REQUEST', 'this is no http message; nothing was sent');
      const headers = requestHeaders(message, this.#own);
      const { method, path, body } = message;
      const exchange = new Exchange(resolve, reject, this.#presented, this.#limits);
      this.#pool.dispatch(
        { method, path, headers, body: body.length === 0 ? null : body, idempotent: false },
        exchange,
      );
    });
  }

  /** Each message is its own effect: there is nothing that could be taken back. */
  async rollback(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true;
  }
}

function poolTo(route: Route, limits: HttpLimits, lookup: Lookup | undefined): Pool {
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

function sameRoute(a: Route, b: Route): boolean {
  return a === b || (a.address === b.address && a.ca === b.ca && a.allowPrivate === b.allowPrivate);
}

function isHttpMessage(message: Message): message is HttpMessage {
  return (
    message.protocol === 'http' &&
    typeof message['method'] === 'string' &&
    typeof message['path'] === 'string' &&
    Array.isArray(message['headers']) &&
    message['body'] instanceof Uint8Array
  );
}
