import { type Readable, Transform, pipeline } from 'node:stream';
import type { Pool } from 'undici';
import type { HttpMessage } from '../../model/http-message.ts';
import type { Lookup } from '../dial/resolve.ts';
import { keptHeaders, type ReceivedHeaders } from '../http/answer.ts';
import { defaultHttpLimits, type HttpLimits } from '../http/limits.ts';
import { poolTo } from '../http/pool.ts';
import { listedHeaders } from '../../contract/listed-headers.ts';
import { type Route } from '../../contract/upstream.ts';

/** An answer that has begun; its body fails when the line breaks, or when there is more of it than is passed on. */
export interface Reached {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** As it was sent, its content encoding not taken off. */
  readonly body: Readable;
}

/** Reads hosts that a human listed, without any credential. `close` waits for what is under way. */
export interface ListedHosts {
  /**
   * Sends one message to `https://<host>`, once, to a public address, and resolves when the answer begins. Redirects are
   * answers like others. Rejects when none begins, and for a message that is more than a read may be.
   */
  reach(host: string, message: HttpMessage): Promise<Reached>;
  close(): Promise<void>;
}

export interface ReachOptions {
  readonly limits?: Partial<HttpLimits>;
  /** In place of the system's resolver, for tests. */
  readonly lookup?: Lookup;
  /** In place of `https://<host>` at a public address, for tests and a double. */
  readonly route?: (host: string) => Route;
}

/** The body is streamed and takes no memory, so its bound is a far one: a runaway, not a large file. */
const ownLimits: Partial<HttpLimits> = { answerBytes: 8 * 1024 ** 3, connections: 32 };

/** Hosts with warm connections; the one that was not used the longest gives way. */
const mostPools = 64;

const allowedHeaders: ReadonlySet<string> = new Set(listedHeaders);

export function openListedHosts(options: ReachOptions = {}): ListedHosts {
  const limits = { ...defaultHttpLimits, ...ownLimits, ...options.limits };
  const routeTo =
    options.route ?? ((host: string): Route => ({ name: host, address: `https://${host}`, allowPrivate: false }));
  const pools = new Map<string, Pool>();

  function poolOf(host: string): Pool {
    const pool = pools.get(host) ?? poolTo(routeTo(host), limits, options.lookup);
    pools.delete(host);
    pools.set(host, pool);
    const [oldest] = pools;
    if (pools.size > mostPools && oldest !== undefined) {
      pools.delete(oldest[0]);
      oldest[1].close().catch(() => undefined);
    }
    return pool;
  }

  return Object.freeze({
    async reach(host: string, message: HttpMessage) {
      checkRead(message);
      const { method, path, body } = message;
      const answer = await poolOf(host).request({
        method,
        path,
        headers: message.headers.flat(),
        body: body.length === 0 ? null : body,
        idempotent: false,
      });
      return {
        status: answer.statusCode,
        headers: answerHeaders(answer.headers),
        body: bounded(answer.body, limits.answerBytes),
      };
    },
    async close() {
      const open = [...pools.values()];
      pools.clear();
      await Promise.all(open.map((pool) => pool.close()));
    },
  });
}

/** The gate looked already; a second look here, since this is where it would leave. */
function checkRead(message: HttpMessage): void {
  const { method, path, headers } = message;
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST')
    throw new Error('only reads are sent to listed hosts');
  if (method === 'POST' && !path.endsWith('/git-upload-pack')) throw new Error('only a fetch by git is posted');
  if (!path.startsWith('/') || path.startsWith('//') || path.includes('#')) throw new Error('the path is not one');
  const odd = headers.find(([name]) => !allowedHeaders.has(name));
  if (odd !== undefined) throw new Error(`the header \`${odd[0].slice(0, 40)}\` is not sent to listed hosts`);
}

/** What goes on of an answer's headers, its length and encoding too, since its bytes are passed on as they are. */
function answerHeaders(received: ReceivedHeaders): readonly (readonly [string, string])[] {
  const framing = ['content-length', 'content-encoding'].flatMap((name) => {
    const value = received[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return [...keptHeaders(received), ...framing];
}

/** The same bytes, ending in an error after too many. Errors of the line become errors of what is returned. */
function bounded(body: Readable, most: number): Readable {
  let seen = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > most) done(new Error('the answer is larger than is passed on'));
      else done(null, chunk);
    },
  });
  // Whoever reads `counting` sees the error; here it must only not be lost to nobody.
  pipeline(body, counting, () => undefined);
  counting.on('error', () => undefined);
  return counting;
}
