import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type HttpUpstream, httpUpstream } from './http-upstream.ts';
import type { HttpLimits } from './limits.ts';
import type { Answer, Credential, Line, Route } from '../../contract/upstream.ts';
import { httpAnswer, type HttpMessage } from '../../model/http-message.ts';
import { type ThrowawayAuthority, throwawayAuthority } from '../dial/certificates.fixture.ts';
import { answering, type Behaviour, isWhole, listen, type Listener } from '../dial/listeners.fixture.ts';
import type { Lookup } from '../dial/resolve.ts';

const secret = 'b3c1d2e4-0000-4000-8000-5ecc3e7c0de5';
const bearer: Credential = { kind: 'bearer', secret };
const here: Lookup = async () => [{ address: '127.0.0.1', family: 4 }];
const plainOk = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}';

let authority: ThrowawayAuthority;
let listener: Listener | undefined;
let upstream: HttpUpstream | undefined;
beforeAll(async () => {
  authority = await throwawayAuthority();
});
afterEach(async () => {
  await listener?.close();
  await upstream?.close();
  listener = undefined;
  upstream = undefined;
});

const message = (over: Partial<HttpMessage> = {}): HttpMessage => ({
  protocol: 'http',
  method: 'POST',
  origin: 'https://backboard.railway.com',
  path: '/graphql/v2?x=1',
  headers: [
    ['accept', '*/*'],
    ['content-type', 'application/json'],
  ],
  body: Buffer.from('{"query":"{me{id}}"}'),
  ...over,
});

async function lineTo(behave: Behaviour, limits: Partial<HttpLimits> = {}, credential = bearer): Promise<Line> {
  listener = await listen(behave);
  upstream = httpUpstream({ limits });
  return upstream.open(routeTo(listener.port), credential);
}

function routeTo(port: number, over: Partial<Route> = {}): Route {
  return { name: 'railway-staging', address: `http://127.0.0.1:${port}`, allowPrivate: true, ...over };
}

const content = (answer: Answer) => httpAnswer(answer);
const text = (answer: Answer) => Buffer.from(content(answer).body).toString();

describe('what is sent', () => {
  test('C1: exactly the message, with our host and the credential in its place', async () => {
    const line = await lineTo(answering(plainOk));
    const answer = await line.send(message());
    expect(listener?.received()).toBe(
      [
        'POST /graphql/v2?x=1 HTTP/1.1',
        `host: 127.0.0.1:${listener?.port}`,
        'connection: keep-alive',
        'accept: */*',
        'content-type: application/json',
        'accept-encoding: identity',
        `authorization: Bearer ${secret}`,
        'content-length: 20',
        '',
        '{"query":"{me{id}}"}',
      ].join('\r\n'),
    );
    expect(answer).toEqual({
      protocol: 'http',
      content: { status: 200, headers: [['content-type', 'application/json']], body: Buffer.from('{}') },
    });
  });

  test('C1: a project token in the header of its own, and bytes as they are', async () => {
    const line = await lineTo(answering(plainOk), {}, { kind: 'project-access-token', secret });
    await line.send(message({ method: 'GET', body: new Uint8Array(), headers: [] }));
    expect(listener?.received()).toContain(`\r\nproject-access-token: ${secret}\r\n`);
    expect(listener?.received()).not.toMatch(/authorization|content-length|content-type|user-agent/i);
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await line.send(message({ body: bytes }));
    expect(listener?.received().endsWith(`content-length: 256\r\n\r\n${Buffer.from(bytes).toString('latin1')}`)).toBe(
      true,
    );
  });

  test.each([
    'authorization',
    'project-access-token',
    'cookie',
    'host',
    'content-length',
    'transfer-encoding',
    'accept-encoding',
    'connection',
    'upgrade',
    'te',
    'trailer',
    'expect',
    'keep-alive',
    'proxy-authorization',
    'content-encoding',
    'Authorization',
    'Host',
  ])('C3: a message that carries `%s` is refused, and nothing is sent', async (name) => {
    const line = await lineTo(answering(plainOk));
    const sent = line.send(
      message({
        headers: [
          ['accept', '*/*'],
          [name, 'Bearer planted-secret'],
        ],
      }),
    );
    await expect(sent).rejects.toMatchObject({ name: 'LineBroken', sent: 'no' });
    await expect(sent).rejects.not.toThrow('planted-secret');
    expect(listener?.connections()).toBe(0);
  });

  test.each<[string, Partial<HttpMessage>]>([
    ['a method of its own', { method: 'CONNECT' }],
    ['a lower-case method', { method: 'post' }],
    ['a path without a slash', { path: 'x' }],
    ['an absolute path', { path: 'http://evil.test/' }],
    ['two slashes', { path: '//evil.test/' }],
    ['a fragment', { path: '/a#b' }],
    ['a newline in the path', { path: '/a\r\nx: y' }],
    ['a space in the path', { path: '/a b' }],
    ['a newline in a value', { headers: [['accept', 'a\r\nx: y']] }],
    ['NUL in a value', { headers: [['accept', 'a\0']] }],
    ['a newline in a name', { headers: [['a\r\nb', 'c']] }],
    ['an empty name', { headers: [['', 'c']] }],
    ['another protocol', { protocol: 'postgres' as 'http' }],
    ['a body of text', { body: 'x' as unknown as Uint8Array }],
  ])('F3 K5: %s is refused, and nothing is sent', async (_, over) => {
    const line = await lineTo(answering(plainOk));
    await expect(line.send(message(over))).rejects.toMatchObject({ name: 'LineBroken', sent: 'no' });
    expect(listener?.received()).toBe('');
  });

  test('C1: refuses to open for a kind of credential it does not know, or one no header can carry', async () => {
    upstream = httpUpstream();
    for (const credential of [
      { kind: 'password', secret },
      { kind: 'toString', secret },
      { kind: 'bearer', secret: 'a\r\nx: y' },
      { kind: 'bearer', secret: '' },
    ]) {
      const opened = upstream.open(routeTo(1), credential);
      await expect(opened).rejects.toMatchObject({ name: 'Refused' });
      await expect(opened).rejects.not.toThrow(secret);
    }
  });

  test('a closed line sends nothing', async () => {
    const line = await lineTo(answering(plainOk));
    await line.close();
    await expect(line.send(message())).rejects.toMatchObject({ name: 'LineBroken', sent: 'no' });
    expect(listener?.connections()).toBe(0);
  });
});

describe('where it is sent', () => {
  test('C1: private addresses only where configured, and nothing unencrypted to public ones', async () => {
    listener = await listen(answering(plainOk));
    upstream = httpUpstream({ lookup: here });
    const off = { allowPrivate: false };
    await expect(upstream.open(routeTo(listener.port, off), bearer)).rejects.toMatchObject({ name: 'Refused' });
    const named = await upstream.open(
      routeTo(listener.port, { name: 'a', address: `https://api.test:${listener.port}`, ...off }),
      bearer,
    );
    await expect(named.send(message())).rejects.toMatchObject({
      name: 'LineBroken',
      sent: 'no',
      cause: { name: 'AddressRefused' },
    });
    const open = await upstream.open(routeTo(80, { name: 'b', address: 'http://8.8.8.8' }), bearer);
    await expect(open.send(message())).rejects.toMatchObject({
      sent: 'no',
      cause: { name: 'AddressRefused', code: 'public' },
    });
    expect(listener.connections()).toBe(0);
  });

  test.each(['ftp://a.test', 'https://u:p@a.test', 'https://a.test/x', 'https://a.test?x', 'a.test', ''])(
    'F3: refuses the address `%s`',
    async (address) => {
      upstream = httpUpstream();
      await expect(upstream.open(routeTo(1, { address }), bearer)).rejects.toMatchObject({ name: 'Refused' });
    },
  );

  test('C1: TLS is verified for the route and its authority', async () => {
    const identity = await authority.identity([{ type: 'dns', value: 'api.test' }]);
    listener = await listen(answering(plainOk), identity);
    upstream = httpUpstream({ lookup: here });
    const at = (host: string) => `https://${host}:${listener?.port}`;
    const good = await upstream.open(
      { name: 'good', address: at('api.test'), ca: authority.pem, allowPrivate: true },
      bearer,
    );
    expect(content(await good.send(message())).status).toBe(200);
    expect(listener.serverNames()).toEqual(['api.test']);
    expect(listener.received()).toContain(`host: api.test:${listener.port}\r\n`);
    const before = listener.received();
    const stranger = await upstream.open({ name: 'stranger', address: at('api.test'), allowPrivate: true }, bearer);
    await expect(stranger.send(message())).rejects.toMatchObject({ name: 'LineBroken', sent: 'no' });
    const other = await upstream.open(
      { name: 'other', address: at('other.test'), ca: authority.pem, allowPrivate: true },
      bearer,
    );
    await expect(other.send(message())).rejects.toMatchObject({ name: 'LineBroken', sent: 'no' });
    expect(listener.received()).toBe(before);
  });

  test('a redirect is an answer, and is not followed', async () => {
    const other = await listen(answering(plainOk));
    const line = await lineTo(
      answering(`HTTP/1.1 307 Over There\r\nlocation: http://127.0.0.1:${other.port}/x\r\ncontent-length: 0\r\n\r\n`),
    );
    expect(content(await line.send(message())).status).toBe(307);
    expect(other.connections()).toBe(0);
    expect(listener?.connections()).toBe(1);
    await other.close();
  });

  test('an entry that is pointed elsewhere goes there from then on', async () => {
    const line = await lineTo(answering(plainOk));
    await line.send(message());
    const second = await listen(answering(plainOk.replace('{}', '[]')));
    const moved = await upstream?.open(routeTo(second.port), bearer);
    expect(text((await moved?.send(message())) as Answer)).toBe('[]');
    expect(listener?.connections()).toBe(1);
    await second.close();
  });
});

describe('when the line breaks', () => {
  test('F1: nobody there: proved that nothing was sent', async () => {
    const line = await lineTo(() => undefined);
    await listener?.close();
    await expect(line.send(message())).rejects.toMatchObject({ name: 'LineBroken', sent: 'no' });
    listener = undefined;
  });

  test('F1: a TLS handshake that breaks or never comes: proved that nothing was sent', async () => {
    for (const behave of [
      (socket, received) => received !== '' && socket.destroy(),
      () => undefined,
    ] satisfies Behaviour[]) {
      listener = await listen(behave);
      upstream = httpUpstream({ limits: { dialTimeout: 200 } });
      const line = await upstream.open(
        routeTo(listener.port, { address: `https://127.0.0.1:${listener.port}` }),
        bearer,
      );
      await expect(line.send(message())).rejects.toMatchObject({ name: 'LineBroken', sent: 'no' });
      await listener.close();
    }
  });

  const whole =
    (then: (socket: Parameters<Behaviour>[0]) => void): Behaviour =>
    (socket, received) => {
      if (isWhole(received)) then(socket);
    };
  test.each<[string, Behaviour]>([
    ['as soon as something came', (socket, received) => received !== '' && socket.destroy()],
    ['after the request', whole((socket) => socket.destroy())],
    ['politely, after the request', whole((socket) => socket.end())],
    ['with a reset', whole((socket) => socket.resetAndDestroy())],
    ['within the status line', whole((socket) => socket.end('HTTP/1.1 20'))],
    ['within the headers', whole((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-le'))],
    ['after the headers', whole((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'))],
    ['within the body', whole((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{"a'))],
    ['within a chunk', whole((socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a'))],
    [
      'between chunks',
      whole((socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n')),
    ],
    ['with garbage', whole((socket) => socket.end('nothing like http\r\n\r\n'))],
    [
      'with two lengths',
      whole((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}')),
    ],
    [
      'by an upgrade',
      whole((socket) => socket.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')),
    ],
    [
      'with headers beyond measure',
      whole((socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`)),
    ],
    [
      'with a body beyond measure',
      whole((socket) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n${'y'.repeat(9999)}`)),
    ],
    [
      'with chunks beyond measure',
      whole((socket) =>
        socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1000\r\n${'y'.repeat(4096)}\r\n`),
      ),
    ],
  ])('F1: %s: the outcome is unknown, and nothing is sent twice', async (_, behave) => {
    const line = await lineTo(behave, { answerBytes: 1000 });
    const sent = line.send(message());
    await expect(sent).rejects.toMatchObject({ name: 'LineBroken', sent: 'unknown' });
    await expect(sent).rejects.toSatisfy(
      (error) => !JSON.stringify(error).includes(secret) && !String(error).includes(secret),
    );
    expect(listener?.received().split('POST ').length).toBe(2);
  });

  const drip = (socket: Parameters<Behaviour>[0]) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n');
    const timer = setInterval(() => socket.write('x'), 10);
    socket.on('close', () => clearInterval(timer));
  };
  test.each<[string, Behaviour, Partial<HttpLimits>]>([
    ['no answer', () => undefined, { headersTimeout: 300 }],
    [
      'a body that stalls',
      whole((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{')),
      { bodyTimeout: 300 },
    ],
    ['an answer that drips', whole(drip), { wholeTimeout: 300 }],
  ])('F1: %s within the time there is: the outcome is unknown', async (_, behave, limits) => {
    const line = await lineTo(behave, limits);
    await expect(line.send(message())).rejects.toMatchObject({ name: 'LineBroken', sent: 'unknown' });
    expect(listener?.received().split('POST ').length).toBe(2);
  });

  test('F1: a request that waited for a connection until its time was over is never sent', async () => {
    const line = await lineTo(() => undefined, { connections: 1, wholeTimeout: 300 });
    const sending = Promise.allSettled([line.send(message()), line.send(message({ path: '/second' }))]);
    await expect.poll(() => listener?.received()).toContain('POST ');
    // Both run out of time in one turn, so that the end of the first leaves none to the second.
    for (const since = performance.now(); performance.now() - since < 320;);
    const [first, second] = await sending;
    expect(first).toMatchObject({ status: 'rejected', reason: { sent: 'unknown' } });
    expect(second).toMatchObject({ status: 'rejected', reason: { sent: 'no' } });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(listener?.received()).not.toContain('/second');
  });

  test('F1: a connection that the far side closed while idle is not used again', async () => {
    const line = await lineTo((socket, received) => isWhole(received) && socket.end(plainOk));
    for (let round = 0; round < 20; round++) expect(content(await line.send(message())).status).toBe(200);
    expect(listener?.received().split('POST ').length).toBe(21);
  });

  const told = plainOk.split('\r\n\r\n')[0] ?? '';
  test.each<[string, string, number]>([
    ['is kept', plainOk, 1],
    ['says that it closes', `${told}\r\nconnection: close\r\n\r\n{}`, 3],
    ['is kept for no longer than a moment', `${told}\r\nkeep-alive: timeout=2\r\n\r\n{}`, 3],
    ['is kept for a while', `${told}\r\nkeep-alive: timeout=20\r\n\r\n{}`, 1],
    ['speaks HTTP/1.0', plainOk.replace('1.1', '1.0'), 3],
  ])('F2: a connection that %s', async (_, bytes, connections) => {
    const line = await lineTo(answering(bytes));
    for (let round = 0; round < 3; round++) expect(content(await line.send(message())).status).toBe(200);
    expect(listener?.connections()).toBe(connections);
  });

  test('K5 F2: an answer that nobody asked for answers nothing', async () => {
    const poisoned: Behaviour = (socket, received, connection) => {
      if (!isWhole(received)) return;
      socket.write(plainOk);
      if (connection === 1) setTimeout(() => socket.write(plainOk.replace('{}', '[]')), 20);
    };
    const line = await lineTo(poisoned);
    expect(text(await line.send(message()))).toBe('{}');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(text(await line.send(message()))).toBe('{}');
    expect(listener?.connections()).toBe(2);
  });

  test('K5 F1: bytes behind an answer break the line, and are no answer to the next request', async () => {
    const line = await lineTo((socket, received) => isWhole(received) && socket.write(plainOk + plainOk));
    for (let round = 0; round < 2; round++)
      await expect(line.send(message())).rejects.toMatchObject({ name: 'LineBroken', sent: 'unknown' });
    expect(listener?.connections()).toBe(2);
  });

  test('F2: an answer that comes before the request is out is taken, and its connection is not kept', async () => {
    const line = await lineTo((socket, received, connection) => {
      if (received === '') return;
      if (connection === 1) {
        socket.pause();
        socket.write(plainOk.replace('200 OK', '413 Too Large'));
      } else if (isWhole(received)) socket.write(plainOk);
    });
    const large = message({ body: Buffer.alloc(32 * 1_048_576, 'x') });
    expect(content(await line.send(large)).status).toBe(413);
    expect(content(await line.send(message())).status).toBe(200);
    expect(listener?.connections()).toBe(2);
  });

  test('F1: closing waits for what is under way, and takes nothing more', async () => {
    const line = await lineTo((socket, received) => {
      if (isWhole(received)) setTimeout(() => socket.write(plainOk), 80);
    });
    const sent = line.send(message());
    await new Promise((resolve) => setTimeout(resolve, 30));
    const closed = upstream?.close();
    await expect(line.send(message())).rejects.toMatchObject({ name: 'LineBroken', sent: 'no' });
    expect(content(await sent).status).toBe(200);
    await closed;
  });

  test('F2: a far side that closes on the second request gets it once, and the outcome is unknown', async () => {
    const answer = answering(plainOk);
    const line = await lineTo(
      (socket, received, connection) => {
        if (received.split('POST ').length > 2) socket.destroy();
        else answer(socket, received, connection);
      },
      { connections: 1 },
    );
    await line.send(message({ path: '/first' }));
    await expect(line.send(message({ path: '/second' }))).rejects.toMatchObject({ sent: 'unknown' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(listener?.received().split('/second').length).toBe(2);
  });
});

describe('what comes back', () => {
  const body = Buffer.from(JSON.stringify({ data: 'x'.repeat(500) }));
  const coded = (encoding: string, bytes: Uint8Array) =>
    Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${bytes.length}\r\n\r\n`),
      bytes,
    ]);

  test.each<[string, Uint8Array]>([
    ['gzip', gzipSync(body)],
    ['GZIP', gzipSync(body)],
    ['deflate', deflateSync(body)],
    ['br', brotliCompressSync(body)],
    ['zstd', zstdCompressSync(body)],
    ['identity', body],
  ])('F3: an answer in `%s` that we did not ask for is read', async (encoding, bytes) => {
    const line = await lineTo(answering(coded(encoding, bytes)));
    const answer = await line.send(message());
    expect(Buffer.from(content(answer).body).equals(body)).toBe(true);
    expect(content(answer).headers).toEqual([]);
  });

  test.each<[string, string, Uint8Array]>([
    ['a bomb (gzip)', 'gzip', gzipSync(Buffer.alloc(50_000_000))],
    ['a bomb (br)', 'br', brotliCompressSync(Buffer.alloc(20_000_000))],
    ['a bomb (zstd)', 'zstd', zstdCompressSync(Buffer.alloc(20_000_000))],
    ['garbage', 'gzip', body],
    ['bytes after the end', 'gzip', Buffer.concat([gzipSync(body), Buffer.from('more')])],
    ['two encodings', 'gzip, gzip', gzipSync(gzipSync(body))],
    ['one we do not know', 'compress', body],
    ['a name from the prototype', 'constructor', body],
    ['a truncated one', 'gzip', gzipSync(body).subarray(0, -4)],
  ])('F3: %s is refused: the outcome is unknown', async (_, encoding, bytes) => {
    const line = await lineTo(answering(coded(encoding, bytes)), { answerBytes: 1_000_000 });
    await expect(line.send(message())).rejects.toMatchObject({ name: 'LineBroken', sent: 'unknown' });
  });

  test('C1: cookies, hop-by-hop headers and what would lead past us are left out', async () => {
    const head = [
      'HTTP/1.1 200 OK',
      'Content-Type: text/plain',
      'Set-Cookie: session=planted',
      'set-cookie: b=c',
      'Connection: keep-alive, X-Hop',
      'X-Hop: 1',
      'Keep-Alive: timeout=5',
      'Alt-Svc: h3=":443"',
      'Strict-Transport-Security: max-age=1',
      'Proxy-Authenticate: x',
      'X-Kept: a',
      'X-Kept: b',
      '__proto__: z',
      'Content-Length: 2',
      '',
      'ok',
    ].join('\r\n');
    const line = await lineTo(answering(head));
    const { headers } = content(await line.send(message()));
    expect(headers.filter(([name]) => name !== '__proto__')).toEqual([
      ['content-type', 'text/plain'],
      ['x-kept', 'a'],
      ['x-kept', 'b'],
    ]);
  });

  test('C1: a far side that echoes the credential does not hand it to the agent', async () => {
    const echoed = `{"authorization":"Bearer ${secret}","again":"${secret}"}`;
    const line = await lineTo(
      answering(`HTTP/1.1 200 OK\r\nx-echo: ${secret}\r\ncontent-length: ${echoed.length}\r\n\r\n${echoed}`),
    );
    const answer = await line.send(message());
    expect(text(answer)).toBe(echoed.replaceAll(secret, '*'.repeat(secret.length)));
    expect(JSON.stringify(content(answer).headers)).not.toContain(secret);
  });

  test('early hints are passed over, chunks put together, an empty answer is one', async () => {
    const line = await lineTo(
      answering(
        'HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\nx-trailer: y\r\n\r\n',
      ),
    );
    const answer = await line.send(message());
    expect(answer.content).toEqual({ status: 201, headers: [], body: Buffer.from('abcde') });
    const second = await lineTo(answering('HTTP/1.1 204 No Content\r\n\r\n'));
    expect((await second.send(message())).content).toEqual({ status: 204, headers: [], body: Buffer.alloc(0) });
  });

  test('many at once: each gets its own answer, on connections that are kept', async () => {
    const echo: Behaviour = (socket, received) => {
      const last = received.lastIndexOf('POST ');
      if (last === -1 || !isWhole(received.slice(last))) return;
      const path = received.slice(last + 5, received.indexOf(' ', last + 5));
      setTimeout(() => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${path.length}\r\n\r\n${path}`), 1);
    };
    const line = await lineTo(echo, { connections: 8 });
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => line.send(message({ path: `/n${index}` }))),
    );
    expect(answers.map(text)).toEqual(Array.from({ length: 200 }, (_, index) => `/n${index}`));
    expect(listener?.connections()).toBe(8);
  });
});
