import { type ContentType, readContentType } from './content-type.ts';
import type { HttpLimits } from './limits.ts';
import type { RawHead } from './plain-request.ts';
import { type Target, readTarget } from './target.ts';
import { WireRefused, quoted } from './wire-refusal.ts';

/** How the request target is read: strictly, unless no path of this host is judged. */
export type TargetReader = (text: string, longest: number) => Target;

/** Encodings of a body that we can take off within a bound. */
export type Encoding = 'gzip' | 'deflate' | 'br' | 'zstd';

/** Request line and headers, checked: from here on they have one meaning. */
export interface Head {
  readonly method: string;
  readonly target: Target;
  /** Lower-case name → its only value, printable ASCII. */
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes announced by `Content-Length`; undefined when chunked or when there is no body. */
  readonly length: number | undefined;
  readonly chunked: boolean;
  readonly encoding: Encoding | undefined;
  readonly contentType: ContentType | undefined;
  /** The client waits for `100 Continue`. */
  readonly waits: boolean;
}

const bodied: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
const bodiless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE']);
const encodings: ReadonlySet<string> = new Set<Encoding>(['gzip', 'deflate', 'br', 'zstd']);

/** Headers that no request may carry, each with why. What is merely unknown is dropped instead. */
const forbidden: ReadonlyMap<string, string> = new Map([
  ...['x-http-method-override', 'x-http-method', 'x-method-override', 'x-original-method'].map(
    (name): [string, string] => [name, 'it asks for another method than the one that is judged'],
  ),
  ...['x-original-url', 'x-rewrite-url', 'x-override-url', 'x-original-uri', 'x-forwarded-host', 'x-host'].map(
    (name): [string, string] => [name, 'it asks for another target than the one that is judged'],
  ),
  ...['if-match', 'if-unmodified-since', 'content-range'].map((name): [string, string] => [
    name,
    'it makes the request conditional or partial, which is not passed on, and without it the request would do more',
  ]),
  ...['upgrade', 'http2-settings', 'sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol'].map(
    (name): [string, string] => [
      name,
      'what follows an upgrade (a websocket) could not be judged; use ordinary requests',
    ],
  ),
  ['trailer', 'headers after the body are not read'],
  ['te', 'headers after the body and transfer codings are not read'],
  ['proxy-authorization', 'a proxy credential belongs on CONNECT'],
]);

/**
 * Checks what Node's parser lets through: every header once, names and values in plain ASCII,
 * framing by exactly one rule, methods from a list, no overrides, no upgrade, no trailers.
 * Throws `WireRefused`. Synchronous, and called before anything of the body is read.
 */
export function readHead(request: RawHead, limits: HttpLimits, targetOf: TargetReader = readTarget): Head {
  if (request.httpVersion !== '1.1')
    throw new WireRefused(400, `HTTP/${request.httpVersion} is not spoken here, only HTTP/1.1`);
  const method = request.method ?? '';
  if (!bodied.has(method) && !bodiless.has(method))
    throw new WireRefused(405, `the method ${quoted(method)} is not passed on`);
  const target = targetOf(request.url ?? '', limits.target);
  const headers = readHeaders(request.rawHeaders);
  checkConnection(headers.get('connection'));
  const { length, chunked } = readFraming(headers, limits);
  const hasBody = chunked || (length !== undefined && length > 0);
  if (hasBody && !bodied.has(method))
    throw new WireRefused(400, `a ${method} request with a body is read differently by different servers`);
  if (method !== 'GET' && headers.has('if-none-match'))
    throw new WireRefused(400, 'the header `if-none-match` is refused: the condition is not passed on');
  const encoding = readEncoding(headers.get('content-encoding'));
  const type = headers.get('content-type');
  if (hasBody && type === undefined) throw new WireRefused(415, 'the request has a body and no content type');
  const expect = headers.get('expect');
  if (expect !== undefined && (expect !== '100-continue' || !hasBody))
    throw new WireRefused(417, `the expectation ${quoted(expect)} is not met`);
  return {
    method,
    target,
    headers,
    length,
    chunked,
    encoding,
    contentType: type === undefined ? undefined : readContentType(type),
    waits: expect !== undefined,
  };
}

/** Raw header pairs as a map; throws `WireRefused` on repeated, odd or forbidden ones. */
export function readHeaders(raw: readonly string[], allowed?: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const value = raw[at + 1] ?? '';
    if (!/^[a-z0-9-]+$/.test(name))
      throw new WireRefused(400, `the header name ${quoted(name)} is read differently by different servers`);
    if (!/^[\x20-\x7e]*$/.test(value))
      throw new WireRefused(400, `the header ${quoted(name)} has characters outside printable ASCII`);
    if (headers.has(name)) throw new WireRefused(400, `the header ${quoted(name)} stands there twice`);
    const why = name === allowed ? undefined : forbidden.get(name);
    if (why !== undefined) throw new WireRefused(400, `the header ${quoted(name)} is refused: ${why}`);
    headers.set(name, value);
  }
  return headers;
}

/** Only `keep-alive` and `close`: any other token asks a middleman to drop the header it names. */
function checkConnection(value: string | undefined): void {
  if (value === undefined || value === 'keep-alive' || value === 'close') return;
  const tokens = value
    .toLowerCase()
    .split(',')
    .map((token) => token.trim());
  const odd = tokens.find((token) => token !== 'keep-alive' && token !== 'close');
  if (odd !== undefined) throw new WireRefused(400, `the header \`connection\` names ${quoted(odd)}, which is refused`);
}

function readFraming(
  headers: ReadonlyMap<string, string>,
  limits: HttpLimits,
): { length: number | undefined; chunked: boolean } {
  const coding = headers.get('transfer-encoding');
  const announced = headers.get('content-length');
  if (coding !== undefined) {
    if (announced !== undefined) throw new WireRefused(400, 'the body is framed twice, by length and by chunks');
    if (coding !== 'chunked')
      throw new WireRefused(400, `the transfer coding ${quoted(coding)} is refused, only \`chunked\` is read`);
    return { length: undefined, chunked: true };
  }
  if (announced === undefined) return { length: undefined, chunked: false };
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(announced))
    throw new WireRefused(400, `the content length ${quoted(announced)} is not a plain number`);
  const length = Number(announced);
  if (length > limits.body) throw tooLarge(limits);
  return { length, chunked: false };
}

function readEncoding(value: string | undefined): Encoding | undefined {
  if (value === undefined || value.toLowerCase() === 'identity') return undefined;
  const name = value.toLowerCase();
  if (encodings.has(name)) return name as Encoding;
  const hint = 'send the body uncompressed, or with exactly one of gzip, deflate, br, zstd';
  throw new WireRefused(415, `the content encoding ${quoted(value)} is not one that is read`, hint);
}

export function tooLarge(limits: HttpLimits): WireRefused {
  return new WireRefused(
    413,
    `the body is larger than ${limits.body} bytes`,
    'a body is judged whole; split the request into smaller ones',
  );
}
