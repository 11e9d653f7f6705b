import { Exchange, type Presented } from './exchange.ts';
import { defaultHttpLimits, type HttpLimits } from './limits.ts';
import { placed, requestBytes } from './request-headers.ts';
import { dialOf } from './route-dial.ts';
import { Wires } from './wires.ts';
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
  readonly host: string;
  readonly wires: Wires;
}

/**
 * Speaks HTTP/1.1 to routes, one pool of warm connections a route, shared by all its lines. Never follows a redirect,
 * never repeats a request.
 */
export function httpUpstream(options: HttpUpstreamOptions = {}): HttpUpstream {
  const limits = { ...defaultHttpLimits, ...options.limits };
  const pools = new Map<string, Pooled>();
  /** The vault hands out one object for as long as it believes it: what becomes of it on the wire is made once. */
  const placings = new WeakMap<Credential, Placed>();

  function poolOf(route: Route): Pooled {
    const known = pools.get(route.name);
    if (known !== undefined && sameRoute(known.route, route)) return known;
    const dial = dialOf(route, limits, options.lookup);
    const pooled = { route, host: dial.host, wires: new Wires(dial, limits) };
    // Whoever still waits for an answer by the old way gets it; nothing new goes there.
    known?.wires.close().catch(() => undefined);
    pools.set(route.name, pooled);
    return pooled;
  }

  return Object.freeze({
    protocol: 'http',
    open: async (route: Route, credential: Credential) => {
      const known = placings.get(credential) ?? place(credential);
      placings.set(credential, known);
      return new HttpLine(poolOf(route), known, limits);
    },
    close: async () => {
      const open = [...pools.values()];
      pools.clear();
      await Promise.all(open.map(({ wires }) => wires.close()));
    },
  });
}

/** A credential as it goes out, and as it is looked for in what comes back. */
interface Placed {
  /** Header lines, ours and the credential's. */
  readonly lines: string;
  readonly presented: Presented;
}

function place(credential: Credential): Placed {
  const { secret } = credential;
  return { lines: placed(credential), presented: { text: secret, bytes: Buffer.from(secret, 'latin1') } };
}

class HttpLine implements Line {
  readonly #pooled: Pooled;
  readonly #placed: Placed;
  readonly #limits: HttpLimits;
  #closed = false;

  constructor(pooled: Pooled, placed: Placed, limits: HttpLimits) {
    this.#pooled = pooled;
    this.#placed = placed;
    this.#limits = limits;
  }

  // Not `async`: this is on the path of every read, and a thrown refusal becomes a rejection in the executor.
  send(message: Message): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new LineBroken('no', 'the line is closed; nothing was sent');
      if (!isHttpMessage(message)) throw new LineBroken('no', 'this is no http message; nothing was sent');
      const { wires, host } = this.#pooled;
      const request = requestBytes(message, host, this.#placed.lines);
      const over = (exchange: Exchange): void => wires.over(exchange);
      wires.send(new Exchange(request, { resolve, reject }, this.#placed.presented, this.#limits, over));
    });
  }

  /** Each message is its own effect: there is nothing that could be taken back. */
  async rollback(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true;
  }
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
