import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';

/** Where the requests go: by the base URL or inside a tunnel. */
export interface WireTarget {
  /** `/railway/graphql/v2` or `/graphql/v2`. */
  readonly path: string;
  readonly host: string;
  readonly token: string;
  /** An irreversible document, and one that any token may send. */
  readonly evil: string;
  readonly mild: string;
}

/**
 * One request, byte for byte, that would carry an irreversible mutation past a careless reader. `refused`: nobody may take
 * it; `held`: it is understood, and is what it is.
 */
export interface WireEvasion {
  readonly id: string;
  readonly why: string;
  readonly bytes: Buffer;
  readonly expect: 'refused' | 'held';
}

interface Shape {
  readonly line?: string;
  readonly headers?: readonly string[];
  readonly body?: Buffer | string;
  /** Header line that frames the body; the right length when absent, none when empty. */
  readonly framing?: string;
  /** Replaces content type. */
  readonly type?: string;
}

export function wireEvasions(target: WireTarget): readonly WireEvasion[] {
  return [
    ...paths(target),
    ...methods(target),
    ...headers(target),
    ...bodies(target),
    ...framings(target),
    ...connections(target),
  ];
}

function bytesOf(target: WireTarget, shape: Shape): Buffer {
  const body = Buffer.from(shape.body ?? JSON.stringify({ query: target.evil }));
  const framing = shape.framing ?? `Content-Length: ${body.length}`;
  const lines = [
    shape.line ?? `POST ${target.path} HTTP/1.1`,
    `Host: ${target.host}`,
    `Authorization: Bearer ${target.token}`,
    ...(shape.type === '' ? [] : [`Content-Type: ${shape.type ?? 'application/json'}`]),
    ...(shape.headers ?? []),
    ...(framing === '' ? [] : [framing]),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

function chunksOf(text: string, ...sizes: readonly number[]): string {
  const parts: string[] = [];
  let rest = text;
  for (const size of [...sizes, text.length]) {
    const part = rest.slice(0, size);
    if (part !== '') parts.push(`${part.length.toString(16)}\r\n${part}\r\n`);
    rest = rest.slice(size);
  }
  return `${parts.join('')}0\r\n\r\n`;
}

type Make = (id: string, why: string, shape: Shape) => WireEvasion;

const making =
  (target: WireTarget, expect: WireEvasion['expect']): Make =>
  (id, why, shape) => ({ id, why, expect, bytes: bytesOf(target, shape) });

function paths(target: WireTarget): readonly WireEvasion[] {
  const refused = making(target, 'refused');
  const { path } = target;
  const root = path.slice(0, path.indexOf('graphql'));
  const spellings: readonly (readonly [id: string, why: string, spelling: string])[] = [
    ['double-slash', 'an empty segment', path.replace('/v2', '//v2')],
    ['leading-slashes', 'two slashes first', `/${path}`],
    ['trailing-slash', 'a slash at the end', `${path}/`],
    ['parameter', 'a path parameter', `${path};x=1`],
    ['parameter-inside', 'a parameter within', path.replace('graphql', 'graphql;a=b')],
    ['json-suffix', 'a format suffix', `${path}.json`],
    ['dot-segment', 'a dot segment', path.replace('/v2', '/./v2')],
    ['climbing', 'a segment that climbs', path.replace('/v2', '/x/../v2')],
    ['encoded-slash', 'an encoded slash', path.replace('/v2', '%2fv2')],
    ['encoded-letter', 'an encoded letter', path.replace('graphql', '%67raphql')],
    ['encoded-climb', 'an encoded climb', path.replace('/v2', '/x/%2e%2e/v2')],
    ['twice-encoded', 'encoded twice', path.replace('/v2', '%252fv2')],
    ['backslash', 'a backslash', path.replace('/v2', '\\v2')],
    ['upper-case', 'another case', path.replace('graphql', 'GraphQL')],
    ['fragment', 'a fragment', `${path}#x`],
    ['other-version', 'another version', `${root}graphql/v1`],
    ['internal', 'an internal path', `${root}graphql/internal`],
    ['query-method', 'a method in the address', `${path}?_method=POST`],
    ['query-document', 'a mild document in the address', `${path}?query=%7Bme%7Bid%7D%7D`],
    ['query-operation', 'an operation name in the address', `${path}?operationName=x`],
    ['tab', 'a tab in the target', `${path}\t?x`],
    ['absolute', 'absolute form', `http://${target.host}${path}`],
    ['absolute-elsewhere', 'absolute form, another host', `https://backboard.railway.com/graphql/v2`],
    ['asterisk', 'the server itself', '*'],
  ];
  return spellings.map(([id, why, spelling]) => refused(`path-${id}`, why, { line: `POST ${spelling} HTTP/1.1` }));
}

function methods(target: WireTarget): readonly WireEvasion[] {
  const refused = making(target, 'refused');
  const { path, evil } = target;
  const inQuery = `${path}?query=${encodeURIComponent(evil)}`;
  const bodiless = { type: '', body: '', framing: '' };
  return [
    refused('get-mutation', 'a mutation by GET', { ...bodiless, line: `GET ${inQuery} HTTP/1.1` }),
    refused('head-mutation', 'a mutation by HEAD, which some run as GET', {
      ...bodiless,
      line: `HEAD ${inQuery} HTTP/1.1`,
    }),
    refused('get-with-body', 'GET with a body', { line: `GET ${path} HTTP/1.1` }),
    refused('head-with-body', 'HEAD with a body', { line: `HEAD ${path} HTTP/1.1` }),
    ...['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'post', 'Post', 'POST\x0b'].map((method) =>
      refused(`method-${JSON.stringify(method).slice(1, -1)}`, 'another method', {
        line: `${method} ${path} HTTP/1.1`,
      }),
    ),
    ...['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'x-original-method'].map((name) =>
      refused(`get-${name}`, 'GET that asks to be POST', {
        type: '',
        body: '',
        framing: '',
        line: `GET ${inQuery} HTTP/1.1`,
        headers: [`${name}: POST`],
      }),
    ),
    refused('form-method', 'a method in a form', {
      type: 'application/x-www-form-urlencoded',
      body: `_method=POST&query=${encodeURIComponent(evil)}`,
    }),
  ];
}

function headers(target: WireTarget): readonly WireEvasion[] {
  const refused = making(target, 'refused');
  const held = making(target, 'held');
  const one = (id: string, why: string, ...lines: readonly string[]): WireEvasion =>
    refused(`header-${id}`, why, { headers: lines });
  return [
    ...['X-Original-URL', 'X-Rewrite-URL', 'X-Override-URL', 'X-Original-URI', 'X-Forwarded-Host', 'X-Host'].map(
      (name) => one(name, 'another target', `${name}: /graphql/internal`),
    ),
    ...['X-HTTP-Method-Override', 'X-Method-Override'].map((name) => one(name, 'another method', `${name}: GET`)),
    one('second-host', 'two hosts', 'Host: backboard.railway.com'),
    one('second-type', 'two content types', 'Content-Type: text/plain'),
    one('second-authorization', 'two credentials', `Authorization: Bearer ${target.token}x`),
    one('connection-authorization', 'the credential as hop-by-hop', 'Connection: Authorization'),
    one('connection-length', 'the length as hop-by-hop', 'Connection: Content-Length'),
    one(
      'upgrade-h2c',
      'HTTP/2 in the clear',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABk',
    ),
    one(
      'websocket',
      'a subscription socket',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: graphql-transport-ws',
    ),
    one('conditional', 'run only if', 'If-Match: "x"'),
    one('partial', 'a part of it', 'Content-Range: bytes 0-10/20'),
    one('expects', 'an unknown expectation', 'Expect: 200-ok'),
    one('underscore', 'a name that gateways read as another', 'Content_Length: 0'),
    one('folded', 'a folded line', 'X-A: b\r\n\tc'),
    one('nul', 'a NUL', 'X-A: b\0c'),
    one('token-elsewhere', 'the token in another header', `X-Note: ${target.token}`),
    one('trailer', 'headers after the body', 'Trailer: Authorization'),
    held('header-case', 'names in capitals', { headers: ['ACCEPT: */*', 'USER-AGENT: x'] }),
    held('header-cookies', 'cookies, which end here', { headers: ['Cookie: rw.session=1; confirm=yes'] }),
    held('header-yes', 'the user said yes', {
      headers: ['X-Confirm: true', 'X-Holdpoint-Approved: yes', 'X-User-Said: yes'],
    }),
  ];
}

function bodies(target: WireTarget): readonly WireEvasion[] {
  const refused = making(target, 'refused');
  const held = making(target, 'held');
  const { evil, mild, token } = target;
  const text = JSON.stringify({ query: evil });
  const encoded = (id: string, encoding: string, body: Buffer, why = `packed: ${encoding}`): Parameters<Make> => [
    `body-${id}`,
    why,
    { headers: [`Content-Encoding: ${encoding}`], body },
  ];
  const escapedKey = text.replace('"query"', '"\\u0071\\u0075ery"');
  return [
    held(...encoded('gzip', 'gzip', gzipSync(text))),
    held(...encoded('deflate', 'deflate', deflateSync(text))),
    held(...encoded('brotli', 'br', brotliCompressSync(text))),
    held(...encoded('zstd', 'zstd', zstdCompressSync(text))),
    held('body-escaped-key', 'the key in unicode escapes', { body: escapedKey }),
    held('body-spaces', 'white space around', { body: ` \n\t${text}\r\n ` }),
    held('body-charset', 'UTF-8, said so', { type: 'application/json; charset=UTF-8' }),
    held('body-type-case', 'the type in capitals', { type: 'Application/JSON' }),
    held('body-batch', 'the second of a batch', { body: JSON.stringify([{ query: mild }, { query: evil }]) }),
    refused(...encoded('gzip-twice', 'gzip, gzip', gzipSync(gzipSync(text)))),
    refused(
      ...encoded(
        'gzip-tail',
        'gzip',
        Buffer.concat([gzipSync(JSON.stringify({ query: mild })), Buffer.from(text)]),
        'a tail',
      ),
    ),
    refused(...encoded('gzip-cut', 'gzip', gzipSync(text).subarray(0, -6), 'cut off')),
    refused(...encoded('gzip-not', 'gzip', Buffer.from(text), 'not packed at all')),
    refused(...encoded('unknown', 'compress', Buffer.from(text))),
    refused(...encoded('bomb', 'gzip', gzipSync(Buffer.alloc(8 * 1_048_576, ' ')), 'a bomb')),
    refused('body-encoding-twice', 'two encodings', {
      headers: ['Content-Encoding: gzip', 'Content-Encoding: identity'],
      body: gzipSync(text),
    }),
    ...['utf-7', 'utf-16', 'iso-8859-1', 'ibm500', 'utf-8; charset=utf-16'].map((charset) =>
      refused(`body-charset-${charset}`, 'another character set', { type: `application/json; charset=${charset}` }),
    ),
    refused('body-utf16', 'UTF-16 under a mild name', { body: Buffer.from(text, 'utf16le') }),
    ...['text/plain', 'application/graphql', 'text/json', 'application/json, text/plain', 'application/x-ndjson'].map(
      (type) => refused(`body-type-${type}`, 'another type', { type }),
    ),
    refused('body-no-type', 'no type', { type: '' }),
    refused('body-multipart', 'the upload specification', {
      type: 'multipart/form-data; boundary=x',
      body: `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${text}\r\n--x--\r\n`,
    }),
    ...['Query', 'QUERY', 'query ', 'qu\u0435ry'].map((key) =>
      refused(`body-key-${encodeURIComponent(key)}`, 'a key in another spelling', {
        body: JSON.stringify({ [key]: evil }),
      }),
    ),
    refused('body-both-cases', 'a mild document under a key in other case', {
      body: JSON.stringify({ query: mild, Query: evil }),
    }),
    refused('body-token', 'the token in the body', { body: JSON.stringify({ query: evil, variables: { t: token } }) }),
    refused('body-two', 'two documents', { body: `${JSON.stringify({ query: mild })}\n${text}` }),
  ];
}

function framings(target: WireTarget): readonly WireEvasion[] {
  const refused = making(target, 'refused');
  const held = making(target, 'held');
  const text = JSON.stringify({ query: target.evil });
  const chunked = 'Transfer-Encoding: chunked';
  const all = chunksOf(text);
  return [
    held('chunked', 'in one chunk', { framing: chunked, body: all }),
    held('chunked-small', 'in many chunks, split in words', { framing: chunked, body: chunksOf(text, 3, 11, 1, 1, 9) }),
    held('expect-continue', 'waiting to be asked for it', { headers: ['Expect: 100-continue'] }),
    refused('length-and-chunks', 'both framings', { headers: ['Content-Length: 4'], framing: chunked, body: all }),
    refused('chunks-twice', 'chunked twice', { framing: 'Transfer-Encoding: chunked, chunked', body: all }),
    refused('chunks-identity', 'chunked, not last', { framing: 'Transfer-Encoding: chunked, identity', body: all }),
    refused('chunks-gzip', 'a second coding', { framing: 'Transfer-Encoding: gzip, chunked', body: all }),
    refused('chunks-tab', 'a coding with a control', { framing: 'Transfer-Encoding:\x0bchunked', body: all }),
    refused('chunks-upper-two', 'two headers', {
      headers: ['Transfer-Encoding: identity'],
      framing: chunked,
      body: all,
    }),
    refused('chunk-overflow', 'a size that overflows', {
      framing: chunked,
      body: `ffffffffffffffff1\r\n${text}\r\n0\r\n\r\n`,
    }),
    refused('chunk-negative', 'a negative size', { framing: chunked, body: `-1\r\n${text}\r\n0\r\n\r\n` }),
    refused('chunk-trailers', 'trailers', { framing: chunked, body: `${all.slice(0, -2)}X-A: b\r\n\r\n` }),
    refused('lengths-differ', 'two lengths', { headers: ['Content-Length: 4'] }),
    refused('length-plus', 'a signed length', { framing: `Content-Length: +${text.length}` }),
    refused('length-list', 'a list of lengths', { framing: `Content-Length: ${text.length}, ${text.length}` }),
    refused('length-short', 'the tail would be another request', { framing: 'Content-Length: 10' }),
    refused('no-length', 'a body without a length', { framing: '' }),
    refused('http-0.9', 'HTTP/0.9', { line: `POST ${target.path}` }),
    refused('http-1.0', 'HTTP/1.0', { line: `POST ${target.path} HTTP/1.0` }),
    refused('http-2.0', 'HTTP/2.0 in words', { line: `POST ${target.path} HTTP/2.0` }),
  ];
}

/** More than one request on a connection. */
function connections(target: WireTarget): readonly WireEvasion[] {
  const mild = JSON.stringify({ query: target.mild });
  const first = bytesOf(target, { body: mild });
  const evil = bytesOf(target, {});
  const inside = bytesOf(target, {
    body: Buffer.concat([Buffer.from(mild), evil]),
    framing: `Content-Length: ${mild.length}`,
  });
  const refused = (id: string, why: string, bytes: Buffer): WireEvasion => ({ id, why, bytes, expect: 'refused' });
  return [
    refused('pipelined', 'a mild request, and the other right behind it', Buffer.concat([first, evil])),
    refused('smuggled', 'hidden behind the length of a mild one', inside),
    refused(
      'smuggled-chunks',
      'hidden behind the last chunk of a mild one',
      Buffer.concat([bytesOf(target, { framing: 'Transfer-Encoding: chunked', body: chunksOf(mild) }), evil]),
    ),
    refused('http2-preface', 'HTTP/2 without asking', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
    refused('bare-lf', 'lines that end in LF', Buffer.from(evil.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')),
    refused('bare-cr', 'lines that end in CR', Buffer.from(evil.toString('latin1').replaceAll('\r\n', '\r'), 'latin1')),
  ];
}
