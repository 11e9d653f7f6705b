import { PassThrough, Readable } from 'node:stream';
import { connect as connectPlain } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HttpMessage } from '../../model/http-message.ts';
import { type Rig, corpusToken, openRig, otherCorpusToken, realCredential } from './http-gate.fixture.ts';
import type { Reached } from './parts.ts';

let rig: Rig;
let hosts: readonly string[];
let answer: (message: HttpMessage) => Reached | Promise<Reached>;
const sent: { host: string; message: HttpMessage }[] = [];

const reached = (
  body: string | Readable,
  headers: readonly (readonly [string, string])[] = [],
  status = 200,
): Reached => ({ status, headers, body: typeof body === 'string' ? Readable.from([Buffer.from(body)]) : body });

beforeAll(async () => {
  rig = await openRig({
    listed: ['listed.test', '.under.test'],
    egress: () => ({ mode: 'listed', hosts }),
    reach: async (host, message) => {
      sent.push({ host, message });
      return answer(message);
    },
  });
});

afterAll(() => rig.gate.close());

beforeEach(() => {
  hosts = ['listed.test', '.under.test'];
  answer = () => reached('hello', [['content-type', 'text/plain']]);
  sent.length = 0;
  rig.road.noted.length = 0;
  rig.road.asked.length = 0;
  rig.road.noteFails = false;
});

/** Opens a tunnel to a listed host, and TLS in it. */
async function inside(host = 'listed.test'): Promise<TLSSocket> {
  const socket = connectPlain(rig.gate.port, '127.0.0.1');
  const credential = Buffer.from(`cursor:${corpusToken}`).toString('base64');
  socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\nProxy-Authorization: Basic ${credential}\r\n\r\n`);
  const head = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
  if (!head.startsWith('HTTP/1.1 200')) throw new Error(head);
  return new Promise((resolve, reject) => {
    const tls = connectTls({ socket, ca: rig.ca, servername: host }, () => resolve(tls));
    tls.once('error', reject);
  });
}

/** Sends one request and gives back all that came until the connection was closed. */
async function say(request: string, headers = '', body = '', host = 'listed.test'): Promise<string> {
  const tls = await inside(host);
  tls.write(`${request} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n${body}`);
  let got = '';
  tls.on('data', (data: Buffer) => (got += data.toString('latin1')));
  await new Promise((resolve) => tls.once('close', resolve));
  return got;
}

const fetchType = 'Content-Type: application/x-git-upload-pack-request\r\n';
const want = `0032want ${'a'.repeat(40)}\n00000009done\n`;
const post = (body: string): string => `${fetchType}Content-Length: ${body.length}\r\n`;

describe('what passes', () => {
  test('a GET, with what a read needs and nothing else, and the journal says that it is not covered', async () => {
    const headers =
      'Accept: */*\r\nAccept-Encoding: gzip\r\nCookie: a=b\r\nX-Api-Key: k\r\nX-Forwarded-For: 1.2.3.4\r\nRange: bytes=0-1\r\nUser-Agent: npm\r\n';
    answer = () =>
      reached('hello', [
        ['content-type', 'text/plain'],
        ['content-length', '5'],
        ['set-cookie', 'session=1'],
        ['www-authenticate', 'Basic'],
        ['strict-transport-security', 'max-age=1'],
        ['location', 'https://elsewhere.test/x'],
        ['etag', '"1"'],
      ]);
    const said = await say('GET /@types%2fnode/a//b?token=secret&x=[1]', headers);
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
    expect(said.endsWith('\r\n\r\nhello')).toBe(true);
    expect(said.toLowerCase()).toContain('location: https://elsewhere.test/x');
    expect(said).not.toMatch(/set-cookie|www-authenticate|strict-transport/i);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.host).toBe('listed.test');
    expect(sent[0]?.message).toMatchObject({
      method: 'GET',
      origin: 'https://listed.test',
      path: '/@types%2fnode/a//b?token=secret&x=[1]',
      headers: [
        ['accept', '*/*'],
        ['accept-encoding', 'gzip'],
        ['range', 'bytes=0-1'],
        ['user-agent', 'npm'],
      ],
    });
    const requests = [{ method: 'GET', path: '/@types%2fnode/a//b', queryBytes: 19 }];
    const body = { host: 'listed.test', port: 443, covered: false, decrypted: true, peer: '127.0.0.1', requests };
    expect(rig.road.noted).toEqual([{ kind: 'tunnelled', gate: 'http', principal: 'cursor', token: 'tk_A', body }]);
    expect(JSON.stringify(rig.road.noted)).not.toContain('secret');
    expect(rig.road.asked).toEqual([]);
  });

  test('HEAD keeps the length of what it speaks of', async () => {
    answer = () => reached('', [['content-length', '123456']]);
    const said = await say('HEAD /large');
    expect(said.toLowerCase()).toContain('content-length: 123456');
    expect(said.endsWith('\r\n\r\n')).toBe(true);
  });

  test('a name under a listed suffix, and several requests on one tunnel', async () => {
    const tls = await inside('a.under.test');
    for (const path of ['/1', '/2']) {
      tls.write(`GET ${path} HTTP/1.1\r\nHost: a.under.test\r\n\r\n`);
      expect(String(await new Promise((resolve) => tls.once('data', resolve)))).toMatch(/^HTTP\/1\.1 200 /);
    }
    tls.destroy();
    expect(sent.map(({ host, message }) => host + message.path)).toEqual(['a.under.test/1', 'a.under.test/2']);
  });

  test.each([
    ['GET /r.git/info/refs?service=git-upload-pack', 'Git-Protocol: version=2\r\n', ''],
    ['POST /r.git/git-upload-pack', post(want), want],
    ['POST /r.git/git-upload-pack', post('0000'), '0000'],
  ])('a fetch by git: %s', async (request, headers, body) => {
    expect(await say(request, headers, body)).toMatch(/^HTTP\/1\.1 200 /);
    expect(Buffer.from(sent[0]?.message.body ?? []).toString()).toBe(body);
  });

  test('large answers stream, and reads that wait together share an entry', async () => {
    const chunk = Buffer.alloc(65_536, 'x');
    answer = () => reached(Readable.from(Array.from({ length: 64 }, () => chunk)));
    const all = await Promise.all(Array.from({ length: 8 }, (_, at) => say(`GET /${at}`)));
    for (const said of all) expect(said.length).toBeGreaterThan(64 * 65_536);
    const paths = rig.road.noted
      .flatMap((entry) => entry.body['requests'] as { path: string }[])
      .map((one) => one.path);
    expect(paths.sort()).toEqual(Array.from({ length: 8 }, (_, at) => `/${at}`));
  });
});

describe('what does not', () => {
  test.each([
    ['POST /api/v1', 'Content-Type: application/json\r\nContent-Length: 2\r\n', '{}'],
    ['PUT /package', 'Content-Type: application/json\r\nContent-Length: 2\r\n', '{}'],
    ['PATCH /package', 'Content-Type: application/json\r\nContent-Length: 2\r\n', '{}'],
    ['DELETE /package', '', ''],
    ['OPTIONS /package', '', ''],
    [
      'POST /r.git/git-receive-pack',
      'Content-Type: application/x-git-receive-pack-request\r\nContent-Length: 4\r\n',
      '0000',
    ],
    ['POST /r.git/git-receive-pack', post('0000'), '0000'],
    ['POST /r.git/git-upload-pack', 'Content-Type: application/json\r\nContent-Length: 4\r\n', '0000'],
    ['POST /r.git/git-upload-pack?x=1', post('0000'), '0000'],
    ['POST /api%2fgit-upload-pack', post('0000'), '0000'],
    ['POST /r.git/git-upload-pack', post('{"delete":"everything"}'), '{"delete":"everything"}'],
    ['GET /r.git/info/refs?service=git-receive-pack', '', ''],
    ['GET /r.git/info/refs?service=git%2Dreceive%2Dpack', '', ''],
    ['GET /a/../b', '', ''],
    ['GET //elsewhere.test/', '', ''],
    ['GET https://elsewhere.test/', '', ''],
    ['GET /%0d%0a', '', ''],
  ])('K2: %s is refused and not sent', async (request, headers, body) => {
    const said = await say(request, headers, body);
    expect(said).toMatch(/^HTTP\/1\.1 (?:400|403|405) /);
    // git shows an answer only where it is plain text.
    const isGit = /\/(?:info\/refs|git-\w+-pack)(?:\?|$)/.test(request);
    expect(said).toContain(isGit ? 'content-type: text/plain' : 'application/problem+json');
    expect(sent).toEqual([]);
    expect(rig.road.noted.map((entry) => entry.kind)).toEqual(['refused']);
  });

  test('K2: what is refused says what does pass', async () => {
    expect(await say('DELETE /package')).toContain('of listed hosts only reads pass (GET, HEAD, git fetch)');
  });

  const token = `hpa_${'0'.repeat(26)}_${'x'.repeat(43)}`;
  test.each([
    ['its own token', `Authorization: Bearer ${corpusToken}\r\n`, 'GET /'],
    ['another token', `Authorization: Bearer ${otherCorpusToken}\r\n`, 'GET /'],
    ['a token in Basic', `Authorization: Basic ${Buffer.from(`x:${token}`).toString('base64')}\r\n`, 'GET /'],
    ['a token in some header', `X-Key: ${token}\r\n`, 'GET /'],
    ['a token in the agent’s words', `Holdpoint-Says: ${token}\r\n`, 'GET /'],
    ['a token in the path', '', `GET /${token}`],
    ['a token in the query', '', `GET /?a=${token.replace('hpa', 'h%70a')}`],
  ])('C1: %s never leaves', async (_what, headers, request) => {
    const said = await say(request, headers);
    expect(said).toMatch(/^HTTP\/1\.1 400 /);
    expect(said).toContain('an agent token stands in');
    expect(sent).toEqual([]);
  });

  test.each([
    ['a provider’s', `Authorization: Bearer ${realCredential}\r\n`, 'toy'],
    ['a provider’s in its own header', `Toy-Key: ${realCredential}\r\n`, 'toy'],
    ['any other', 'Authorization: Bearer npm_abcdefghijklmnop\r\n', 'listed.test'],
    ['a password', `Authorization: Basic ${Buffer.from('jane:hunter2').toString('base64')}\r\n`, 'listed.test'],
  ])('C3: a real credential (%s) is refused, not forwarded, and an exposure', async (_what, headers, provider) => {
    const said = await say('GET /', headers);
    expect(said).toMatch(/^HTTP\/1\.1 403 /);
    expect(said).toContain('HOLDPOINT_EXPOSED_CREDENTIAL');
    expect(sent).toEqual([]);
    expect(rig.road.noted).toMatchObject([{ kind: 'exposure', principal: 'cursor', body: { provider } }]);
    expect(JSON.stringify(rig.road.noted)).not.toMatch(/npm_abc|hunter2|toy-secret/);
  });

  test('E3: a 401 is answered with: stop, and no question for a credential gets through', async () => {
    answer = () => reached('who are you', [['www-authenticate', 'Basic realm="x"']], 401);
    const said = await say('GET /private');
    expect(said).toMatch(/^HTTP\/1\.1 403 /);
    expect(said).toContain('do not look for a credential');
    expect(said).not.toMatch(/www-authenticate|who are you/i);
    expect(rig.road.noted.map((entry) => entry.kind)).toEqual(['tunnelled', 'refused']);
  });

  test('F1 J1: nothing is sent that cannot be journaled', async () => {
    rig.road.noteFails = true;
    expect(await say('GET /')).toMatch(/^HTTP\/1\.1 503 /);
    expect(sent).toEqual([]);
  });

  test('C2: a token revoked since the tunnel was opened reads no more', async () => {
    const tls = await inside();
    rig.road.revoked = true;
    tls.write('GET / HTTP/1.1\r\nHost: listed.test\r\n\r\n');
    const said = String(await new Promise((resolve) => tls.once('data', resolve)));
    rig.road.revoked = false;
    tls.destroy();
    expect(said).toMatch(/^HTTP\/1\.1 401 /);
    expect(sent).toEqual([]);
  });

  test('C2: a host taken from the list since is read no more', async () => {
    const tls = await inside();
    hosts = [];
    tls.write('GET / HTTP/1.1\r\nHost: listed.test\r\n\r\n');
    expect(String(await new Promise((resolve) => tls.once('data', resolve)))).toMatch(/^HTTP\/1\.1 403 /);
    tls.destroy();
    expect(sent).toEqual([]);
  });

  test('K5: another Host inside is refused', async () => {
    expect(await say('GET /', '', '', 'listed.test')).toMatch(/^HTTP\/1\.1 200 /);
    const tls = await inside();
    tls.write('GET / HTTP/1.1\r\nHost: a.under.test\r\n\r\n');
    expect(String(await new Promise((resolve) => tls.once('data', resolve)))).toMatch(/^HTTP\/1\.1 421 /);
    tls.destroy();
    expect(sent).toHaveLength(1);
  });
});

describe('F3: a far side that fails', () => {
  test('before it answers', async () => {
    answer = () => Promise.reject(new Error('inner words that nobody should see'));
    const said = await say('GET /');
    expect(said).toMatch(/^HTTP\/1\.1 503 /);
    expect(said).not.toContain('inner words');
  });

  test('in the middle: half an answer never looks whole', async () => {
    answer = () => {
      const body = new PassThrough();
      body.write('half');
      setTimeout(() => body.destroy(new Error('broken')), 30);
      return reached(body);
    };
    const said = await say('GET /');
    expect(said).toContain('half');
    // No last chunk: the client knows that more was to come.
    expect(said).not.toContain('\r\n0\r\n\r\n');
  });

  test('when the client goes away, its answer is let go of', async () => {
    const body = new PassThrough();
    answer = () => reached(body);
    body.write('first');
    const tls = await inside();
    tls.write('GET / HTTP/1.1\r\nHost: listed.test\r\n\r\n');
    await new Promise((resolve) => tls.once('data', resolve));
    const closed = new Promise((resolve) => body.once('close', resolve));
    tls.destroy();
    await closed;
    expect(body.destroyed).toBe(true);
  });
});
