import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import type { HeaderPairs } from './answer-head.ts';
import type { HttpAnswer } from '../../model/http-message.ts';

/** What undici hands over: lower-case names, a list where a header came several times. */
export type ReceivedHeaders = { readonly [name: string]: string | string[] | undefined };

/**
 * Headers of an answer that go no further: of the connection (RFC 9110, section 7.6.1), of framing, cookies (a session
 * is a credential), and what would send a client past us the next time.
 */
const dropped: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'content-encoding',
  'set-cookie',
  'set-cookie2',
  'alt-svc',
  'strict-transport-security',
]);

type Decompress = (
  bytes: Uint8Array,
  options: { maxOutputLength: number; rejectGarbageAfterEnd: boolean },
) => Promise<Buffer>;

const encodings: { readonly [name: string]: Decompress } = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};

/** The headers that go on, in the order they came; several values of one name stay several. */
export function keptPairs(received: HeaderPairs): HeaderPairs {
  let named: Set<string> | undefined;
  for (const [name, value] of received) {
    if (name !== 'connection') continue;
    named ??= new Set();
    for (const one of value.toLowerCase().split(/[\s,]+/)) named.add(one);
  }
  return received.filter(([name]) => !dropped.has(name) && named?.has(name) !== true);
}

/** The same of what undici received. */
export function keptHeaders(received: ReceivedHeaders): HeaderPairs {
  return keptPairs(
    Object.keys(received).flatMap((name) => {
      const value = received[name];
      if (value === undefined) return [];
      return typeof value === 'string' ? [[name, value] as const] : value.map((one) => [name, one] as const);
    }),
  );
}

/** The one content encoding of an answer with a body, or undefined. Several are a list, which will match none. */
export function encodingOf(received: HeaderPairs, length: number): string | undefined {
  if (length === 0) return undefined;
  const encodings = received.filter(([name]) => name === 'content-encoding').map(([, value]) => value);
  const name = encodings.join(',').trim().toLowerCase();
  return name === 'identity' || name === '' ? undefined : name;
}

/** The body as it was before it was encoded. Rejects for an encoding we don't read, for more than `limit`, for garbage. */
export async function decoded(body: Uint8Array, encoding: string, limit: number): Promise<Uint8Array> {
  const decompress = Object.hasOwn(encodings, encoding) ? encodings[encoding] : undefined;
  if (decompress === undefined) throw new Error('the answer came in an encoding we did not ask for and do not read');
  return decompress(body, { maxOutputLength: limit, rejectGarbageAfterEnd: true });
}

/** The answer with every occurrence of the credential overwritten: some services echo what they were sent. */
export function withoutSecret(answer: HttpAnswer, secret: Buffer, text: string): HttpAnswer {
  const body = overwritten(answer.body, secret);
  const told = answer.headers.some(([, value]) => value.includes(text));
  if (body === answer.body && !told) return answer;
  const stars = '*'.repeat(text.length);
  const headers = answer.headers.map(([name, value]) => [name, value.replaceAll(text, stars)] as const);
  return { status: answer.status, headers, body };
}

function overwritten(bytes: Uint8Array, secret: Buffer): Uint8Array {
  if (bytes.length < secret.length) return bytes;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = view.indexOf(secret);
  if (at === -1) return bytes;
  const copy = Buffer.from(view);
  for (; at !== -1; at = copy.indexOf(secret, at)) copy.fill(0x2a, at, at + secret.length);
  return copy;
}
