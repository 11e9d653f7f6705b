import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ListedHosts, openListedHosts, type Reached, type ReachOptions } from './reach.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import { type ThrowawayAuthority, throwawayAuthority } from '../dial/certificates.fixture.ts';
import { answering, type Behaviour, isWhole, listen, type Listener } from '../dial/listeners.fixture.ts';

let authority: ThrowawayAuthority;
let listener: Listener | undefined;
let listed: ListedHosts | undefined;
beforeAll(async () => {
  authority = await throwawayAuthority();
});
afterEach(async () => {
  await listener?.close();
  await listed?.close();
  listener = undefined;
  listed = undefined;
});

const message = (over: Partial<HttpMessage> = {}): HttpMessage => ({
  protocol: 'http',
  method: 'GET',
  origin: 'https://listed.test',
  path: '/a?b=1',
  headers: [['accept', '*/*']],
  body: new Uint8Array(),
  ...over,
});

async function to(behave: Behaviour, options: ReachOptions = {}): Promise<ListedHosts> {
  listener = await listen(behave);
  const address = `http://127.0.0.1:${listener.port}`;
  listed = openListedHosts({ route: (host) => ({ name: host, address, allowPrivate: true }), ...options });
  return listed;
}

async function text({ body }: Reached): Promise<string> {
  let all = '';
  for await (const chunk of body) all += String(chunk);
  return all;
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nset-cookie: a=b\r\ncontent-length: 2\r\n\r\nhi';

describe('reading a listed host', () => {
  test('C1: exactly the message, and no credential', async () => {
    const hosts = await to(answering(ok));
    const answer = await hosts.reach('listed.test', message());
    expect(await text(answer)).toBe('hi');
    expect(listener?.received()).toBe(
      `GET /a?b=1 HTTP/1.1\r\nhost: 127.0.0.1:${listener?.port}\r\nconnection: keep-alive\r\naccept: */*\r\n\r\n`,
    );
    expect(answer.status).toBe(200);
    expect(answer.headers).toEqual([
      ['content-type', 'text/plain'],
      ['content-length', '2'],
    ]);
  });

  test.each([
    ['a credential', { headers: [['authorization', 'Bearer x']] as const }],
    ['a cookie', { headers: [['cookie', 'a=b']] as const }],
    ['the agent’s words', { headers: [['holdpoint-says', 'x']] as const }],
    ['a write', { method: 'DELETE' }],
    ['a post', { method: 'POST', path: '/api' }],
    ['another host in the path', { path: '//elsewhere.test/' }],
    ['a fragment', { path: '/a#b' }],
  ])('C1 K2: a message with %s is not sent', async (_what, over) => {
    const hosts = await to(answering(ok));
    await expect(hosts.reach('listed.test', message(over))).rejects.toThrow();
    expect(listener?.connections()).toBe(0);
  });

  test('a redirect is an answer like others, and compressed bytes stay as they are', async () => {
    const zipped = gzipSync('hello');
    const head = `HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-encoding: gzip\r\ncontent-length: ${zipped.length}\r\n\r\n`;
    const hosts = await to(answering(Buffer.concat([Buffer.from(head), zipped])));
    const answer = await hosts.reach('listed.test', message());
    expect(answer.status).toBe(302);
    expect(answer.headers).toContainEqual(['location', 'http://127.0.0.1:1/']);
    expect(answer.headers).toContainEqual(['content-encoding', 'gzip']);
    const parts: Buffer[] = [];
    for await (const chunk of answer.body) parts.push(chunk as Buffer);
    expect(Buffer.concat(parts)).toEqual(zipped);
  });

  test('C1: private addresses and names for them are refused, by name and by number', async () => {
    listener = await listen(answering(ok));
    const here = async () => [{ address: '127.0.0.1', family: 4 }];
    listed = openListedHosts({ lookup: here });
    for (const host of ['intern.test', '127.0.0.1', '169.254.169.254', '10.0.0.1', '[::1]'])
      await expect(listed.reach(host, message())).rejects.toThrow();
    expect(listener.connections()).toBe(0);
  });

  test('the certificate has to be the host’s', async () => {
    const identity = await authority.identity([{ type: 'dns', value: 'elsewhere.test' }]);
    listener = await listen(answering(ok), identity);
    const address = `https://listed.test:${listener.port}`;
    const lookup = async () => [{ address: '127.0.0.1', family: 4 }];
    listed = openListedHosts({
      lookup,
      route: (host) => ({ name: host, address, allowPrivate: true, ca: authority.pem }),
    });
    await expect(listed.reach('listed.test', message())).rejects.toThrow();
    expect(listener.received()).toBe('');
  });

  test('F3: an answer that is cut off, too large, or never comes is an error', async () => {
    const cut = await to(
      (socket, got) => isWhole(got) && socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'),
    );
    await expect(text(await cut.reach('listed.test', message()))).rejects.toThrow();
    await listener?.close();
    const large = await to(answering('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n'.padEnd(200, 'x')), {
      limits: { answerBytes: 50 },
    });
    await expect(text(await large.reach('listed.test', message()))).rejects.toThrow(/larger/);
    await listener?.close();
    const silent = await to(() => undefined, { limits: { headersTimeout: 300 } });
    await expect(silent.reach('listed.test', message())).rejects.toThrow();
  });

  test('F3: many hosts do not keep many lines open', async () => {
    const hosts = await to(answering(ok));
    for (let at = 0; at < 70; at++) await text(await hosts.reach(`h${at}.test`, message()));
    expect(listener?.connections()).toBe(70);
    // The line is free a moment after the answer's last byte.
    await wait(50);
    await text(await hosts.reach('h69.test', message()));
    expect(listener?.connections()).toBe(70);
    await text(await hosts.reach('h0.test', message()));
    expect(listener?.connections()).toBe(71);
  });
});
