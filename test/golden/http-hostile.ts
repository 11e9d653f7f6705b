import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';

/**
 * Raw HTTP/1.1 requests for the gate, byte for byte: hostile ones, of which nothing may reach the road, and plain ones,
 * which have to arrive as exactly one message. The path names the toy provider that the tests register.
 */
export interface HostileRequest {
  readonly id: string;
  readonly bytes: Buffer;
  readonly why: string;
  /** How many honest requests stand before the hostile part. */
  readonly reached: number;
}

export interface PlainRequest {
  readonly id: string;
  readonly bytes: Buffer;
  readonly message: {
    readonly method: string;
    readonly path: string;
    readonly headers: readonly (readonly [string, string])[];
    readonly body: string;
  };
}

/** Two agent tokens of the shape that is presented; what they are worth is the test's road's to say. */
export const corpusToken = `hpa_01JZQ7K3QXM0000000000000AA_${'a'.repeat(43)}`;
export const otherCorpusToken = `hpa_01JZQ7K3QXM0000000000000BB_${'b'.repeat(43)}`;
/** What the toy provider takes for a real credential of its own. */
export const realCredential = 'toy-secret-9f1c2b7e';

interface Shape {
  readonly line?: string;
  /** Instead of the usual ones. */
  readonly headers?: readonly string[];
  /** After the usual ones. */
  readonly more?: readonly string[];
  readonly body?: string | Buffer;
  /** Header line that frames the body; the right length when absent, none when empty. */
  readonly framing?: string;
  readonly end?: string;
}

const host = 'Host: localhost:7780';
const authorization = `Authorization: Bearer ${corpusToken}`;
const type = 'Content-Type: application/json';
const usual = [host, authorization, type];
const target = '/toy/v1/things';
const json = '{"a":1}';

function post(shape: Shape = {}): Buffer {
  const body = typeof shape.body === 'string' ? Buffer.from(shape.body, 'utf8') : (shape.body ?? Buffer.from(json));
  const framing = shape.framing ?? `Content-Length: ${body.length}`;
  const lines = [shape.line ?? `POST ${target} HTTP/1.1`, ...(shape.headers ?? usual), ...(shape.more ?? [])];
  if (framing !== '') lines.push(framing);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n${shape.end ?? '\r\n'}`, 'latin1'), body]);
}

function get(path: string, more: readonly string[] = [], method = 'GET'): Buffer {
  return Buffer.from([`${method} ${path} HTTP/1.1`, host, authorization, ...more, '', ''].join('\r\n'), 'latin1');
}

function chunked(text: string, more: readonly string[] = []): Buffer {
  return post({ more, framing: 'Transfer-Encoding: chunked', body: text });
}

const good = post();
const chunks = '7\r\n{"a":1}\r\n0\r\n\r\n';
const bomb = Buffer.alloc(3 * 1_048_576, 'a');

function hostile(id: string, why: string, bytes: Buffer, reached = 0): HostileRequest {
  return Object.freeze({ id, bytes, why, reached });
}

const framing = [
  hostile(
    'cl-te',
    'length and chunks',
    post({ more: ['Content-Length: 7'], framing: 'Transfer-Encoding: chunked', body: chunks }),
  ),
  hostile(
    'te-cl',
    'chunks and length',
    post({ more: ['Transfer-Encoding: chunked'], framing: 'Content-Length: 4', body: chunks }),
  ),
  hostile('cl-twice-same', 'two equal lengths', post({ more: ['Content-Length: 7'] })),
  hostile('cl-twice', 'two lengths', post({ more: ['Content-Length: 3'] })),
  hostile('cl-list', 'a list of lengths', post({ framing: 'Content-Length: 7, 7' })),
  hostile('cl-plus', 'signed length', post({ framing: 'Content-Length: +7' })),
  hostile('cl-minus', 'negative length', post({ framing: 'Content-Length: -7' })),
  hostile('cl-zero-padded', 'padded length', post({ framing: 'Content-Length: 007' })),
  hostile('cl-hex', 'hexadecimal length', post({ framing: 'Content-Length: 0x7' })),
  hostile('cl-float', 'fractional length', post({ framing: 'Content-Length: 7.0' })),
  hostile('cl-exponent', 'exponent', post({ framing: 'Content-Length: 7e0' })),
  hostile('cl-space', 'space inside', post({ framing: 'Content-Length: 7 7' })),
  hostile('cl-empty', 'no number', post({ framing: 'Content-Length: ' })),
  hostile('cl-huge', 'overflows', post({ framing: 'Content-Length: 99999999999999999999' })),
  hostile('cl-space-colon', 'space before the colon', post({ framing: 'Content-Length : 7' })),
  hostile('te-gzip-chunked', 'a second coding', post({ framing: 'Transfer-Encoding: gzip, chunked', body: chunks })),
  hostile(
    'te-identity-chunked',
    'identity first',
    post({ framing: 'Transfer-Encoding: identity, chunked', body: chunks }),
  ),
  hostile(
    'te-chunked-chunked',
    'chunked twice',
    post({ framing: 'Transfer-Encoding: chunked, chunked', body: chunks }),
  ),
  hostile(
    'te-chunked-identity',
    'chunked not last',
    post({ framing: 'Transfer-Encoding: chunked, identity', body: chunks }),
  ),
  hostile('te-identity', 'identity alone', post({ framing: 'Transfer-Encoding: identity', body: json })),
  hostile(
    'te-two-headers',
    'two headers',
    post({ more: ['Transfer-Encoding: identity'], framing: 'Transfer-Encoding: chunked', body: chunks }),
  ),
  hostile('te-xchunked', 'almost chunked', post({ framing: 'Transfer-Encoding: xchunked', body: chunks })),
  hostile('te-quoted', 'quoted', post({ framing: 'Transfer-Encoding: "chunked"', body: chunks })),
  hostile('te-upper', 'not exactly `chunked`', post({ framing: 'Transfer-Encoding: CHUNKED', body: chunks })),
  hostile('te-vertical-tab', 'control character', post({ framing: 'Transfer-Encoding: \x0bchunked', body: chunks })),
  hostile('te-comma', 'empty element', post({ framing: 'Transfer-Encoding: chunked,', body: chunks })),
  hostile('te-folded', 'folded line', post({ framing: 'Transfer-Encoding:\r\n chunked', body: chunks })),
  hostile('te-space-colon', 'space before the colon', post({ framing: 'Transfer-Encoding : chunked', body: chunks })),
  hostile('chunk-bad-size', 'no hexadecimal', chunked('zz\r\n{"a":1}\r\n0\r\n\r\n')),
  hostile('chunk-negative', 'negative size', chunked('-7\r\n{"a":1}\r\n0\r\n\r\n')),
  hostile('chunk-prefixed', '0x size', chunked('0x7\r\n{"a":1}\r\n0\r\n\r\n')),
  hostile('chunk-short', 'size too small', chunked('3\r\n{"a":1}\r\n0\r\n\r\n')),
  hostile('chunk-overflow', 'size wraps', chunked('fffffffffffffffff7\r\n{"a":1}\r\n0\r\n\r\n')),
  hostile('chunk-bare-lf', 'LF only', chunked('7\n{"a":1}\n0\n\n')),
  hostile('chunk-no-crlf', 'no end of chunk', chunked('7\r\n{"a":1}0\r\n\r\n')),
  hostile('chunk-extension-huge', '20 KB extension', chunked(`7;${'x'.repeat(20_000)}\r\n{"a":1}\r\n0\r\n\r\n`)),
  hostile('trailer', 'headers after the body', chunked('7\r\n{"a":1}\r\n0\r\nX-Late: 1\r\n\r\n')),
  hostile(
    'trailer-authorization',
    'credential after the body',
    chunked(`7\r\n{"a":1}\r\n0\r\n${authorization}\r\n\r\n`),
  ),
  hostile('trailer-announced', 'announced trailer', chunked(chunks, ['Trailer: X-Late'])),
  hostile('te-trailers', 'asks for trailers', post({ more: ['TE: trailers'] })),
  hostile('get-body', 'body on GET', post({ line: `GET ${target} HTTP/1.1` })),
  hostile('head-body', 'body on HEAD', post({ line: `HEAD ${target} HTTP/1.1` })),
  hostile('delete-body', 'body on DELETE', post({ line: `DELETE ${target} HTTP/1.1` })),
  hostile(
    'delete-chunked',
    'chunked DELETE',
    post({ line: `DELETE ${target} HTTP/1.1`, framing: 'Transfer-Encoding: chunked', body: chunks }),
  ),
  hostile(
    'short-then-smuggled',
    'what follows the length is another request, without a token',
    Buffer.concat([
      post({ framing: 'Content-Length: 7', body: json }),
      Buffer.from('GET /toy/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    ]),
    1,
  ),
  hostile('pipelined', 'a second request before the first is answered', Buffer.concat([good, good]), 1),
  hostile('pipelined-after-close', 'data after close', Buffer.concat([post({ more: ['Connection: close'] }), good])),
  hostile(
    'refused-then-good',
    'nothing is read after a refusal',
    Buffer.concat([post({ more: ['X-HTTP-Method-Override: DELETE'] }), good]),
  ),
];

const lines = [
  hostile('http-09', 'HTTP/0.9', Buffer.from(`GET ${target}\r\n\r\n`)),
  hostile('http-09-said', 'HTTP/0.9 by name', Buffer.from(`GET ${target} HTTP/0.9\r\n${usual.join('\r\n')}\r\n\r\n`)),
  hostile(
    'http-09-post',
    'HTTP/0.9 with bare LF, headers and body',
    Buffer.from(`POST ${target}\n${usual.join('\n')}\nContent-Length: 7\n\n${json}`),
  ),
  hostile('http-10', 'HTTP/1.0', post({ line: `POST ${target} HTTP/1.0` })),
  hostile('http-12', 'HTTP/1.2', post({ line: `POST ${target} HTTP/1.2` })),
  hostile('http-20', 'HTTP/2.0', post({ line: `POST ${target} HTTP/2.0` })),
  hostile('http-lower', 'lower-case version', post({ line: `POST ${target} http/1.1` })),
  hostile('h2-preface', 'HTTP/2 preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
  hostile(
    'bare-lf',
    'bare LF',
    Buffer.from(`POST ${target} HTTP/1.1\n${usual.join('\n')}\nContent-Length: 7\n\n${json}`),
  ),
  hostile('bare-cr', 'bare CR in a header', post({ more: ['X-A: 1\rX-B: 2'] })),
  hostile('nul-header', 'NUL in a header', post({ more: ['X-A: 1\0'] })),
  hostile('nul-target', 'NUL in the target', post({ line: `POST ${target}\0 HTTP/1.1` })),
  hostile('tab-line', 'tabs in the request line', post({ line: `POST\t${target}\tHTTP/1.1` })),
  hostile('space-in-target', 'space in the target', post({ line: `POST ${target} x HTTP/1.1` })),
  hostile('obs-fold', 'folded header', post({ more: ['X-A: 1\r\n 2'] })),
  hostile('header-first-space', 'line begins with a space', post({ headers: [` ${host}`, ...usual] })),
  hostile('no-colon', 'header without colon', post({ more: ['X-A'] })),
  hostile('empty-name', 'empty header name', post({ more: [': 1'] })),
  hostile('method-lower', 'lower-case method', post({ line: `post ${target} HTTP/1.1` })),
  hostile('method-unknown', 'unknown method', post({ line: `FROB ${target} HTTP/1.1` })),
  hostile('method-propfind', 'WebDAV', post({ line: `PROPFIND ${target} HTTP/1.1` })),
  hostile('method-trace', 'TRACE', get(target, [], 'TRACE')),
  hostile('method-options', 'OPTIONS', get(target, [], 'OPTIONS')),
  hostile('method-query', 'QUERY', post({ line: `QUERY ${target} HTTP/1.1` })),
  hostile('method-purge', 'PURGE', get(target, [], 'PURGE')),
  hostile('tls-bytes', 'a TLS hello to the plain port', Buffer.from('16030100a5010000a10303', 'hex')),
  hostile('not-http', 'another protocol', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')),
  hostile('postgres', 'a PostgreSQL start-up', Buffer.from('0000000804d2162f', 'hex')),
];

const hosts = [
  hostile('host-none', 'no host', post({ headers: [authorization, type] })),
  hostile('host-twice', 'two hosts', post({ more: ['Host: localhost'] })),
  hostile('host-twice-other', 'two differing hosts', post({ more: ['Host: evil.test'] })),
  hostile('host-empty', 'empty host', post({ headers: ['Host: ', authorization, type] })),
  hostile('host-user', 'user information', post({ headers: ['Host: localhost@evil.test', authorization, type] })),
  hostile('host-evil', 'rebinding', post({ headers: ['Host: evil.test:7780', authorization, type] })),
  hostile('host-suffix', 'looks like localhost', post({ headers: ['Host: localhost.evil.test', authorization, type] })),
  hostile('host-path', 'path in the host', post({ headers: ['Host: localhost/x', authorization, type] })),
  hostile('host-dot', 'trailing dot', post({ headers: ['Host: localhost.', authorization, type] })),
  hostile('host-decimal', 'address as a number', post({ headers: ['Host: 2130706433', authorization, type] })),
  hostile('host-port', 'no port number', post({ headers: ['Host: localhost:99999', authorization, type] })),
  hostile('host-list', 'two in one', post({ headers: ['Host: localhost, evil.test', authorization, type] })),
  hostile(
    'host-of-provider',
    'the provider on the plain port',
    post({ headers: ['Host: api.toy.test', authorization, type] }),
  ),
  hostile('origin', 'a web page', post({ more: ['Origin: https://evil.test'] })),
  hostile('origin-null', 'a sandboxed web page', post({ more: ['Origin: null'] })),
  hostile('sec-fetch', 'a browser', post({ more: ['Sec-Fetch-Site: cross-site'] })),
  hostile(
    'absolute',
    'absolute form',
    post({ line: 'POST http://api.toy.test/v1/things HTTP/1.1', headers: ['Host: api.toy.test', authorization, type] }),
  ),
  hostile(
    'absolute-mismatch',
    'absolute form, other host',
    post({ line: 'POST http://api.toy.test/v1/things HTTP/1.1' }),
  ),
  hostile(
    'absolute-self',
    'absolute form of ourselves',
    post({ line: 'POST http://localhost:7780/toy/v1/things HTTP/1.1' }),
  ),
  hostile('absolute-https', 'absolute https', post({ line: 'POST https://api.toy.test/v1/things HTTP/1.1' })),
  hostile('absolute-file', 'file', get('file:///etc/passwd')),
  hostile('asterisk', 'asterisk', get('*')),
  hostile('authority', 'authority form on GET', get('api.toy.test:443')),
  hostile('no-provider', 'unknown provider', get('/nobody/v1')),
  hostile('provider-case', 'provider in other case', get('/TOY/v1')),
  hostile('provider-bare', 'no path after the provider', get('/toy')),
  hostile('prototype', 'a name every object has', get('/__proto__/v1')),
];

const paths = [
  ['dot-dot', '/toy/v1/../admin'],
  ['dot', '/toy/./v1'],
  ['dot-dot-end', '/toy/v1/..'],
  ['dot-dot-provider', '/other/../toy/v1'],
  ['double-slash', '/toy//v1'],
  ['double-slash-first', '//toy/v1'],
  ['encoded-slash', '/toy/v1%2fadmin'],
  ['encoded-slash-upper', '/toy/v1%2Fadmin'],
  ['encoded-backslash', '/toy/v1%5cadmin'],
  ['encoded-dots', '/toy/%2e%2e/admin'],
  ['encoded-dot-mixed', '/toy/.%2e/admin'],
  ['encoded-percent', '/toy/%252e%252e/admin'],
  ['encoded-letter', '/toy/%761'],
  ['encoded-nul', '/toy/v1%00.json'],
  ['encoded-newline', '/toy/v1%0d%0aX-A:1'],
  ['encoded-question', '/toy/v1%3fa=1'],
  ['encoded-hash', '/toy/v1%23a'],
  ['encoded-semicolon', '/toy/v1%3ba'],
  ['encoded-overlong', '/toy/%c0%ae%c0%ae/admin'],
  ['percent-broken', '/toy/v1%2'],
  ['percent-word', '/toy/v1%zz'],
  ['backslash', '/toy\\v1'],
  ['semicolon', '/toy/v1;admin=1'],
  ['hash', '/toy/v1#x'],
  ['quote', '/toy/v1"x'],
  ['brace', '/toy/{v1}'],
  ['caret', '/toy/v1^'],
  ['obs-text', '/toy/v1\xff'],
  ['query-hash', '/toy/v1?a=1#b'],
  ['query-semicolon', '/toy/v1?a=1;b=2'],
  ['query-nul', '/toy/v1?a=%00'],
  ['query-utf8', '/toy/v1?a=%ff'],
  ['query-brace', '/toy/v1?query={me{id}}'],
  ['query-broken', '/toy/v1?a=%'],
  ['target-long', `/toy/${'a'.repeat(9_000)}`],
].map(([id, path]) => hostile(`path-${id}`, 'another reader takes it for another path', get(path ?? '')));

const headers = [
  hostile('authorization-twice', 'two credentials', post({ more: [authorization] })),
  hostile(
    'authorization-twice-other',
    'two differing credentials',
    post({ more: [`Authorization: Bearer ${otherCorpusToken}`] }),
  ),
  hostile('content-type-twice', 'two content types', post({ more: ['Content-Type: text/plain'] })),
  hostile('any-twice', 'any header twice', post({ more: ['X-A: 1', 'x-a: 2'] })),
  ...['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'X-Original-Method'].map((name) =>
    hostile(`override-${name.toLowerCase()}`, 'another method', post({ more: [`${name}: DELETE`] })),
  ),
  ...['X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Host', 'X-Host'].map((name) =>
    hostile(`override-${name.toLowerCase()}`, 'another target', post({ more: [`${name}: /admin`] })),
  ),
  hostile('underscore', 'underscore in a name', post({ more: ['Content_Length: 3'] })),
  hostile('underscore-host', 'underscore in a name', post({ more: ['X_Forwarded_Host: evil'] })),
  hostile('name-odd', 'odd character in a name', post({ more: ["X-A': 1"] })),
  hostile('name-obs-text', 'byte above 127 in a name', post({ more: ['X-\xe9: 1'] })),
  hostile('value-obs-text', 'byte above 127 in a value', post({ more: ['X-A: \xe9'] })),
  hostile('value-tab', 'tab in a value', post({ more: ['X-A: a\tb'] })),
  hostile('connection-nominates', 'nominates the credential', post({ more: ['Connection: Authorization'] })),
  hostile('connection-nominates-second', 'nominates after close', post({ more: ['Connection: close, X-A'] })),
  hostile(
    'upgrade-websocket',
    'websocket',
    get(target, [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    ]),
  ),
  hostile(
    'upgrade-h2c',
    'h2c',
    get(target, ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']),
  ),
  hostile('upgrade-body', 'upgrade with a body', post({ more: ['Upgrade: h2c'] })),
  hostile('upgrade-tls', 'TLS upgrade', get(target, ['Connection: Upgrade', 'Upgrade: TLS/1.0'])),
  hostile('expect-other', 'unknown expectation', post({ more: ['Expect: 200-ok'] })),
  hostile('expect-list', 'two expectations', post({ more: ['Expect: 200-ok, 100-continue'] })),
  hostile('expect-case', 'not exactly `100-continue`', post({ more: ['Expect: 100-CONTINUE'] })),
  hostile(
    'expect-bad',
    'continue on a refused request',
    post({ more: ['Expect: 100-continue', 'X-HTTP-Method-Override: DELETE'], body: '', framing: 'Content-Length: 7' }),
  ),
  hostile('expect-get', 'continue without a body', get(target, ['Expect: 100-continue'])),
  hostile(
    'if-match',
    'condition that would be lost',
    post({ line: `PUT ${target} HTTP/1.1`, more: ['If-Match: "1"'] }),
  ),
  hostile(
    'if-none-match',
    'condition that would be lost',
    post({ line: `PUT ${target} HTTP/1.1`, more: ['If-None-Match: *'] }),
  ),
  hostile(
    'content-range',
    'part of a resource',
    post({ line: `PUT ${target} HTTP/1.1`, more: ['Content-Range: bytes 0-6/100'] }),
  ),
  hostile(
    'proxy-credential',
    'proxy credential on a plain request',
    post({ more: ['Proxy-Authorization: Basic eDp5'] }),
  ),
  hostile('headers-many', 'too many headers', post({ more: Array.from({ length: 150 }, (_, at) => `X-${at}: 1`) })),
  hostile(
    'headers-hidden',
    'a credential behind a thousand headers',
    post({ headers: [host, type], more: [...Array.from({ length: 1_200 }, (_, at) => `x${at}:1`), authorization] }),
  ),
  hostile('headers-large', '17 KB of headers', post({ more: [`X-A: ${'a'.repeat(17_000)}`] })),
];

const bodies = [
  hostile('type-none', 'body without a type', post({ headers: [host, authorization] })),
  hostile(
    'type-utf16',
    'other charset',
    post({ headers: [host, authorization, 'Content-Type: application/json; charset=utf-16'] }),
  ),
  hostile(
    'type-utf7',
    'other charset',
    post({ headers: [host, authorization, 'Content-Type: application/json; charset=utf-7'] }),
  ),
  hostile(
    'type-list',
    'two types in one',
    post({ headers: [host, authorization, 'Content-Type: application/json, text/plain'] }),
  ),
  hostile('type-odd', 'no type at all', post({ headers: [host, authorization, 'Content-Type: json'] })),
  hostile(
    'type-parameter',
    'charset twice',
    post({ headers: [host, authorization, 'Content-Type: application/json; charset=utf-8; charset=utf-7'] }),
  ),
  hostile(
    'multipart',
    'repeated names, part encodings',
    post({ headers: [host, authorization, 'Content-Type: multipart/form-data; boundary=x'], body: '--x--' }),
  ),
  hostile('nul-body', 'NUL in text', post({ body: '{"a":"\0"}' })),
  hostile('not-utf8', 'not UTF-8', post({ body: Buffer.from([0x22, 0xff, 0x22]) })),
  hostile('overlong-utf8', 'overlong UTF-8', post({ body: Buffer.from([0x22, 0xc0, 0xaf, 0x22]) })),
  hostile('surrogate', 'a lone surrogate in UTF-8', post({ body: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]) })),
  hostile('bom', 'byte order mark', post({ body: '\ufeff{}' })),
  hostile('utf16-body', 'UTF-16', post({ body: Buffer.from('{"a":1}', 'utf16le') })),
  hostile('coding-unknown', 'unknown coding', post({ more: ['Content-Encoding: compress'] })),
  hostile('coding-x-gzip', 'alias of a coding', post({ more: ['Content-Encoding: x-gzip'], body: gzipSync(json) })),
  hostile(
    'coding-two',
    'two codings',
    post({ more: ['Content-Encoding: gzip, gzip'], body: gzipSync(gzipSync(json)) }),
  ),
  hostile('coding-not', 'says gzip, is not', post({ more: ['Content-Encoding: gzip'] })),
  hostile('coding-empty', 'says gzip, is empty', post({ more: ['Content-Encoding: gzip'], body: '' })),
  hostile('coding-on-get', 'coding without a body', get(target, ['Content-Encoding: gzip'])),
  hostile(
    'gzip-truncated',
    'cut short',
    post({ more: ['Content-Encoding: gzip'], body: gzipSync(json).subarray(0, -4) }),
  ),
  hostile(
    'gzip-garbage',
    'bytes after the stream',
    post({ more: ['Content-Encoding: gzip'], body: Buffer.concat([gzipSync(json), Buffer.from('DELETE')]) }),
  ),
  hostile(
    'br-garbage',
    'bytes after the stream',
    post({ more: ['Content-Encoding: br'], body: Buffer.concat([brotliCompressSync(json), Buffer.from('DELETE')]) }),
  ),
  hostile(
    'zstd-garbage',
    'bytes after the stream',
    post({ more: ['Content-Encoding: zstd'], body: Buffer.concat([zstdCompressSync(json), Buffer.from('DELETE')]) }),
  ),
  hostile('gzip-nul', 'NUL inside', post({ more: ['Content-Encoding: gzip'], body: gzipSync('{"a":"\0"}') })),
  hostile('gzip-bomb', 'larger than the bound', post({ more: ['Content-Encoding: gzip'], body: gzipSync(bomb) })),
  hostile(
    'deflate-bomb',
    'larger than the bound',
    post({ more: ['Content-Encoding: deflate'], body: deflateSync(bomb) }),
  ),
  hostile('br-bomb', 'larger than the bound', post({ more: ['Content-Encoding: br'], body: brotliCompressSync(bomb) })),
  hostile(
    'zstd-bomb',
    'larger than the bound',
    post({ more: ['Content-Encoding: zstd'], body: zstdCompressSync(bomb) }),
  ),
  hostile('too-large', 'announced larger than the bound', post({ framing: 'Content-Length: 1048577', body: json })),
  hostile('too-large-chunked', 'larger than the bound', chunked(`120000\r\n${'a'.repeat(0x12_0000)}\r\n0\r\n\r\n`)),
];

const tokens = [
  hostile('token-none', 'no token', post({ headers: [host, type] })),
  hostile('token-empty', 'empty credential', post({ headers: [host, type, 'Authorization: '] })),
  hostile(
    'token-basic',
    'token in a Basic pair',
    post({ headers: [host, type, `Authorization: Basic ${Buffer.from(`x:${corpusToken}`).toString('base64')}`] }),
  ),
  hostile(
    'token-two',
    'two tokens in one header',
    post({ headers: [host, type, `Authorization: Bearer ${corpusToken}, ${otherCorpusToken}`] }),
  ),
  hostile('token-two-headers', 'different tokens in two headers', post({ more: [`Toy-Key: ${otherCorpusToken}`] })),
  hostile(
    'token-unknown',
    'nobody’s token',
    post({ headers: [host, type, `Authorization: Bearer hpa_${'0'.repeat(26)}_${'x'.repeat(43)}`] }),
  ),
  hostile('token-other-header', 'token in a header that goes elsewhere', post({ more: [`X-Api-Key: ${corpusToken}`] })),
  hostile('token-in-query', 'token in the query', get(`${target}?key=${corpusToken}`)),
  hostile('token-in-path', 'token in the path', get(`${target}/${corpusToken}`)),
  hostile('token-in-body', 'token in the body', post({ body: JSON.stringify({ key: corpusToken }) })),
  hostile(
    'token-in-gzip',
    'token in a compressed body',
    post({ more: ['Content-Encoding: gzip'], body: gzipSync(JSON.stringify({ key: corpusToken })) }),
  ),
  hostile(
    'real-bearer',
    'a real credential',
    post({ headers: [host, type, `Authorization: Bearer ${realCredential}`] }),
  ),
  hostile(
    'real-bare',
    'a real credential in its own header',
    post({ headers: [host, type, `Toy-Key: ${realCredential}`] }),
  ),
  hostile('real-beside', 'a real credential beside the token', post({ more: [`Toy-Key: ${realCredential}`] })),
  hostile(
    'real-basic',
    'a real credential in a Basic pair',
    post({ headers: [host, type, `Authorization: Basic ${Buffer.from(`api:${realCredential}`).toString('base64')}`] }),
  ),
];

export const hostileRequests: readonly HostileRequest[] = Object.freeze([
  ...framing,
  ...lines,
  ...hosts,
  ...paths,
  ...headers,
  ...bodies,
  ...tokens,
]);

function plain(id: string, bytes: Buffer, over: Partial<PlainRequest['message']> = {}): PlainRequest {
  const usual = {
    method: 'POST',
    path: '/v1/things',
    headers: [['content-type', 'application/json']] as const,
    body: json,
  };
  return Object.freeze({ id, bytes, message: { ...usual, ...over } });
}

const none = { headers: [], body: '' } as const;

export const plainRequests: readonly PlainRequest[] = Object.freeze([
  plain('post', good),
  plain('chunked', chunked(chunks)),
  plain('chunked-pieces', chunked('1\r\n{\r\n3\r\n"a"\r\n3\r\n:1}\r\n0\r\n\r\n')),
  plain('chunk-extension', chunked('7;a=b\r\n{"a":1}\r\n0\r\n\r\n')),
  plain('gzip', post({ more: ['Content-Encoding: gzip'], body: gzipSync(json) })),
  plain('deflate', post({ more: ['Content-Encoding: deflate'], body: deflateSync(json) })),
  plain('br', post({ more: ['Content-Encoding: br'], body: brotliCompressSync(json) })),
  plain('zstd', post({ more: ['Content-Encoding: zstd'], body: zstdCompressSync(json) })),
  plain('identity', post({ more: ['Content-Encoding: identity'] })),
  plain('get', get(target), { method: 'GET', ...none }),
  plain('head', get(target, [], 'HEAD'), { method: 'HEAD', ...none }),
  plain('delete', get(target, [], 'DELETE'), { method: 'DELETE', ...none }),
  plain('get-length-zero', get(target, ['Content-Length: 0']), { method: 'GET', ...none }),
  plain('query', get(`${target}?a=1&b=%20%7Bme%7D&c=a+b`), {
    method: 'GET',
    path: '/v1/things?a=1&b=%20%7Bme%7D&c=a+b',
    ...none,
  }),
  plain('path-encoded', get('/toy/v1/caf%C3%A9%20x'), { method: 'GET', path: '/v1/caf%C3%A9%20x', ...none }),
  plain('path-slash', get('/toy/'), { method: 'GET', path: '/', ...none }),
  plain('path-marks', get('/toy/v1/a.b_c~d-e:f@g,h=i'), { method: 'GET', path: '/v1/a.b_c~d-e:f@g,h=i', ...none }),
  plain('put', post({ line: `PUT ${target} HTTP/1.1` }), { method: 'PUT' }),
  plain('patch', post({ line: `PATCH ${target} HTTP/1.1` }), { method: 'PATCH' }),
  plain('post-empty', post({ headers: [host, authorization], body: '' }), none),
  plain(
    'canonical',
    post({
      headers: [
        'USER-AGENT: curl/8',
        'hOST: 127.0.0.1',
        'content-TYPE: Application/JSON;charset="UTF-8"',
        'Accept: */*',
        `authorization: bearer ${corpusToken}`,
      ],
      more: [
        'Cookie: a=b',
        'Accept-Encoding: gzip',
        'X-Forwarded-For: 1.2.3.4',
        'Referer: https://x.test/',
        'Connection: keep-alive',
        'Sec-Fetch-Mode: cors',
      ],
    }),
    {
      headers: [
        ['accept', '*/*'],
        ['content-type', 'application/json; charset=utf-8'],
        ['user-agent', 'curl/8'],
      ],
    },
  ),
  plain('own-header', post({ headers: [host, type, `Toy-Key: ${corpusToken}`] })),
  plain('both-headers', post({ more: [`Toy-Key: ${corpusToken}`] })),
  plain('expect', post({ more: ['Expect: 100-continue'] })),
  plain('host-v6', post({ headers: ['Host: [::1]:7780', authorization, type] })),
  plain('utf8', post({ body: '{"a":"café ✓ 😀"}' }), { body: '{"a":"café ✓ 😀"}' }),
  plain(
    'binary',
    post({ headers: [host, authorization, 'Content-Type: application/octet-stream'], body: Buffer.from([97, 0, 98]) }),
    { headers: [['content-type', 'application/octet-stream']], body: 'a\0b' },
  ),
  plain('alpha_', post({ body: '{"alpha_1":"hpa_short"}' }), { body: '{"alpha_1":"hpa_short"}' }),
  plain('padding', post({ more: ['X-A:    1   '] })),
  plain('two-spaces', post({ line: `POST  ${target} HTTP/1.1` })),
  plain('leading-crlf', Buffer.concat([Buffer.from('\r\n'), good])),
]);
