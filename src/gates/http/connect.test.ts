import { type ChildProcess, execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, connect as connectPlain, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, type TLSSocket, connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HttpMessage } from '../../model/http-message.ts';
import { type Rig, corpusToken, openRig, otherCorpusToken, realCredential } from './http-gate.fixture.ts';

let rig: Rig;
let far: Server;
let farPort = 0;
let folder: string;
let mode: 'open' | 'listed' = 'listed';
const dialled: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hp-connect-'));
  far = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => far.listen(0, '127.0.0.1', resolve));
  const address = far.address();
  farPort = typeof address === 'object' && address !== null ? address.port : 0;
  rig = await openRig({
    egress: () => ({ mode, hosts: ['listed.test', '.under.test', 'later.test'] }),
    listed: ['listed.test', '.under.test'],
    tunnel: async (host, port) => {
      dialled.push(`${host}:${port}`);
      if (host === 'nowhere.test') throw new Error('no such host');
      return connectPlain(farPort, '127.0.0.1');
    },
  });
  writeFileSync(join(folder, 'ca.pem'), rig.ca);
});

afterAll(async () => {
  await rig.gate.close();
  far.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  rig.road.asked.length = 0;
  rig.road.noted.length = 0;
  dialled.length = 0;
  mode = 'listed';
});

const credential = (token = corpusToken, name = 'cursor'): string =>
  `Proxy-Authorization: Basic ${Buffer.from(`${name}:${token}`).toString('base64')}\r\n`;

function connectBytes(authority: string, more = credential(), host = authority): Buffer {
  return Buffer.from(`CONNECT ${authority} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`);
}

/** Opens a tunnel and TLS in it; resolves with the inside, or throws what TLS said. */
async function inside(options: ConnectionOptions & { authority?: string } = {}): Promise<TLSSocket> {
  const socket = connectPlain(rig.gate.port, '127.0.0.1');
  socket.write(connectBytes(options.authority ?? 'api.toy.test:443'));
  await new Promise<void>((resolve, reject) => {
    socket.once('data', (data) =>
      data.toString().startsWith('HTTP/1.1 200') ? resolve() : reject(new Error(data.toString())),
    );
    socket.once('error', reject);
  });
  return new Promise((resolve, reject) => {
    const tls = connectTls(
      { socket, ca: rig.ca, servername: 'api.toy.test', ALPNProtocols: ['http/1.1'], ...options },
      () => resolve(tls),
    );
    tls.once('error', reject);
    tls.once('close', () => reject(new Error('closed')));
  });
}

async function ask(tls: TLSSocket, over: { host?: string; token?: string; path?: string } = {}): Promise<string> {
  const { host = 'api.toy.test', token = corpusToken, path = '/v1/things' } = over;
  tls.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  return new Promise((resolve) => {
    tls.once('data', (data: Buffer) => resolve(data.toString()));
    tls.once('close', () => resolve(''));
  });
}

function run(
  command: string,
  args: readonly string[],
  env: { readonly [name: string]: string } = {},
): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    const child: ChildProcess = execFile(
      command,
      [...args],
      { env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 20_000 },
      (error, out, err) => {
        resolve({ code: error === null ? 0 : (child.exitCode ?? 1), out: `${out}${err}` });
      },
    );
  });
}

const proxyUrl = (): string => `http://cursor:${corpusToken}@127.0.0.1:${rig.gate.port}`;
const has = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

describe('real clients', () => {
  test.skipIf(!has('curl', '--version'))('C2 K4: curl through the proxy is judged like any other', async () => {
    const ca = join(folder, 'ca.pem');
    const { code, out } = await run('curl', [
      '-sS',
      '--proxy',
      proxyUrl(),
      '--cacert',
      ca,
      '-H',
      `Authorization: Bearer ${corpusToken}`,
      '-H',
      'Content-Type: application/json',
      '-d',
      '{"query":"{me{id}}"}',
      'https://backboard.railway.com/graphql/v2',
    ]);
    expect([code, out]).toEqual([0, '{"data":{"ok":true}}']);
    const message = rig.road.asked[0]?.message as HttpMessage;
    expect(message).toMatchObject({ method: 'POST', origin: 'https://backboard.railway.com', path: '/graphql/v2' });
    expect(message.headers.map(([name]) => name)).toEqual(['accept', 'content-type', 'user-agent']);
    expect(Buffer.from(message.body).toString()).toBe('{"query":"{me{id}}"}');
  });

  test.skipIf(!has('curl', '--version'))('curl is told why a CONNECT was refused', async () => {
    const { code, out } = await run('curl', ['-sSv', '--proxy', proxyUrl(), 'https://elsewhere.test/']);
    expect(code).not.toBe(0);
    expect(out).toContain('403 HOLDPOINT_DENIED');
    expect(rig.road.asked).toEqual([]);
  });

  test('C2: Node’s fetch through the proxy', { timeout: 30_000 }, async () => {
    const script = `const answer = await fetch('https://api.toy.test/v1/things', { headers: { 'toy-key': process.env.TOKEN } }); console.log(answer.status, await answer.text());`;
    const env = {
      HTTPS_PROXY: proxyUrl(),
      NODE_USE_ENV_PROXY: '1',
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
      TOKEN: corpusToken,
    };
    const { out } = await run(process.execPath, ['--input-type=module', '-e', script], env);
    expect(out.trim()).toBe('200 {"data":{"ok":true}}');
    expect(rig.road.asked[0]?.message).toMatchObject({
      method: 'GET',
      origin: 'https://api.toy.test',
      path: '/v1/things',
    });
  });

  // The first Python on the path may be one without the library, beside the system's that has it.
  const python = ['python3', '/usr/bin/python3'].find((one) => has(one, '-c', 'import requests'));
  test.skipIf(python === undefined)(
    'C2: Python’s requests, which sends CONNECT as HTTP/1.0',
    { timeout: 30_000 },
    async () => {
      const script = `import os, requests\nanswer = requests.post('https://api.toy.test/v1/things', json={'a': 1}, headers={'Authorization': 'Bearer ' + os.environ['TOKEN']})\nprint(answer.status_code, answer.text)`;
      const env = { HTTPS_PROXY: proxyUrl(), REQUESTS_CA_BUNDLE: join(folder, 'ca.pem'), TOKEN: corpusToken };
      const { out } = await run(python ?? '', ['-c', script], env);
      expect(out.trim()).toBe('200 {"data":{"ok":true}}');
    },
  );
});

describe('one host in four places', () => {
  test('CONNECT, TLS server name, certificate and Host agree: judged, several requests one after another', async () => {
    const tls = await inside();
    expect(tls.authorized).toBe(true);
    expect(tls.alpnProtocol).toBe('http/1.1');
    expect(tls.getPeerCertificate().subjectaltname).toBe('DNS:api.toy.test');
    expect(await ask(tls)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask(tls, { host: 'API.toy.test:443', path: '/v1/other?a=1' })).toMatch(/^HTTP\/1\.1 200 /);
    tls.destroy();
    expect(rig.road.asked.map(({ message }) => (message as HttpMessage).path)).toEqual(['/v1/things', '/v1/other?a=1']);
  });

  test('K5: another server name ends the handshake', async () => {
    await expect(inside({ servername: 'backboard.railway.com' })).rejects.toThrow();
    await expect(inside({ servername: 'evil.test' })).rejects.toThrow();
  });

  test('K5: no server name at all is refused', async () => {
    const tls = await inside({ servername: '', checkServerIdentity: () => undefined });
    expect(await ask(tls)).toMatch(/^HTTP\/1\.1 421 /);
    expect(rig.road.asked).toEqual([]);
  });

  test.each(['backboard.railway.com', 'api.toy.test:8443', 'api.toy.test.', 'evil.test', 'localhost', '127.0.0.1'])(
    'K5: Host %s inside is refused',
    async (host) => {
      const tls = await inside();
      expect(await ask(tls, { host })).toMatch(/^HTTP\/1\.1 421 /);
      expect(rig.road.asked).toEqual([]);
    },
  );

  test('HTTP/2 only is not spoken', async () => {
    await expect(inside({ ALPNProtocols: ['h2'] })).rejects.toThrow();
  });

  test('a name under a claimed suffix is judged too', async () => {
    const tls = await inside({ authority: 'a.b.suffix.test:443', servername: 'a.b.suffix.test' });
    expect(await ask(tls, { host: 'a.b.suffix.test' })).toMatch(/^HTTP\/1\.1 200 /);
    expect(rig.road.asked[0]?.message).toMatchObject({ origin: 'https://a.b.suffix.test' });
    tls.destroy();
  });

  test('K5: a CONNECT inside a tunnel, and an absolute target, are refused', async () => {
    const tls = await inside();
    tls.write(connectBytes('api.toy.test:443'));
    expect(await new Promise((resolve) => tls.once('data', (data: Buffer) => resolve(data.toString())))).toMatch(
      /^HTTP\/1\.1 400 /,
    );
    const other = await inside();
    expect(await ask(other, { path: 'https://evil.test/' })).toMatch(/^HTTP\/1\.1 400 /);
    expect(rig.road.asked).toEqual([]);
  });
});

describe('who asks', () => {
  test('C2: outside and inside must be the same token', async () => {
    const tls = await inside();
    const said = await ask(tls, { token: otherCorpusToken });
    expect(said).toMatch(/^HTTP\/1\.1 401 /);
    expect(said).toContain('different agent tokens');
    expect(rig.road.asked).toEqual([]);
  });

  test('C2: without a proxy credential the client is asked for one, and nothing is journaled', async () => {
    const said = await rig.raw(connectBytes('api.toy.test:443', ''));
    expect(said).toMatch(/^HTTP\/1\.1 407 /);
    expect(said).toContain('proxy-authenticate: Basic');
    expect(rig.road.noted).toEqual([]);
  });

  test.each([
    ['unknown token', credential(`hpa_${'0'.repeat(26)}_${'x'.repeat(43)}`)],
    ['another agent’s name', credential(corpusToken, 'other')],
    ['no token', credential('', 'cursor')],
    ['another scheme', `Proxy-Authorization: Digest ${corpusToken}\r\n`],
    ['bad base64', 'Proxy-Authorization: Basic ***\r\n'],
  ])('C2: %s is refused', async (_what, more) => {
    expect(await rig.raw(connectBytes('api.toy.test:443', more))).toMatch(/^HTTP\/1\.1 407 /);
    expect(rig.road.noted).toMatchObject([{ kind: 'refused', body: { code: 'BAD_TOKEN', host: 'api.toy.test' } }]);
  });

  test('Bearer will do for the proxy as well', async () => {
    expect(await rig.raw(connectBytes('api.toy.test:443', `Proxy-Authorization: Bearer ${corpusToken}\r\n`))).toMatch(
      /^HTTP\/1\.1 200 /,
    );
  });

  test('C3: a real credential given to the proxy, or inside, is an exposure', async () => {
    expect(await rig.raw(connectBytes('api.toy.test:443', credential(realCredential)))).toMatch(
      /^HTTP\/1\.1 403 HOLDPOINT_EXPOSED_CREDENTIAL/,
    );
    const tls = await inside();
    expect(await ask(tls, { token: realCredential })).toMatch(/^HTTP\/1\.1 403 /);
    expect(rig.road.noted).toMatchObject([
      { kind: 'exposure', body: { header: 'proxy-authorization', provider: 'toy' } },
      { kind: 'exposure', principal: 'cursor', token: 'tk_A', body: { header: 'authorization' } },
    ]);
    expect(JSON.stringify(rig.road.noted)).not.toContain(realCredential);
    expect(rig.road.asked).toEqual([]);
  });
});

describe('hosts', () => {
  test('C3 K2: a claimed host is never tunnelled, on any port, in any egress', async () => {
    mode = 'open';
    for (const authority of [
      'api.toy.test:80',
      'api.toy.test:8443',
      'x.suffix.test:22',
      'BACKBOARD.railway.com:4433',
    ]) {
      expect(await rig.raw(connectBytes(authority)), authority).toMatch(/^HTTP\/1\.1 403 /);
    }
    expect(await rig.raw(connectBytes('API.TOY.TEST:443'))).toMatch(/^HTTP\/1\.1 200 HOLDPOINT_JUDGED/);
    expect(dialled).toEqual([]);
  });

  test.each([
    ['elsewhere.test:443', 403],
    ['notlisted.test:443', 403],
    ['listed.test.evil.test:443', 403],
    ['93.184.216.34:443', 403],
    ['[2606:2800:220:1::1]:443', 403],
    ['listed.test:80', 403],
    ['deep.under.test:8443', 403],
    ['later.test:443', 403],
    ['listed.test:443', 200],
    ['deep.under.test:443', 200],
    ['under.test:443', 200],
  ])('F1: egress listed: %s → %i, and nothing is tunnelled', async (authority, status) => {
    const said = await rig.raw(connectBytes(authority));
    expect(said).toMatch(status === 200 ? /^HTTP\/1\.1 200 HOLDPOINT_READS_ONLY/ : /^HTTP\/1\.1 403 HOLDPOINT_DENIED/);
    expect(dialled).toEqual([]);
    expect(rig.road.noted.map((entry) => entry.kind)).toEqual(status === 200 ? [] : ['refused']);
    if (authority === 'later.test:443') expect(said).toContain('listed after holdpoint started');
  });

  test('C2: an open tunnel ends when egress is narrowed, and when its token is revoked', async () => {
    for (const narrow of ['egress', 'token'] as const) {
      mode = 'open';
      const socket = connectPlain(rig.gate.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(connectBytes('registry.npmjs.org:443'));
      await new Promise((resolve) => socket.once('data', resolve));
      const closed = new Promise((resolve) => socket.once('close', resolve));
      if (narrow === 'egress') mode = 'listed';
      else rig.road.revoked = true;
      await closed;
      rig.road.revoked = false;
    }
  });

  test('egress open: tunnelled, journaled as not covered, bytes both ways untouched', async () => {
    mode = 'open';
    const socket = connectPlain(rig.gate.port, '127.0.0.1');
    socket.write(connectBytes('registry.npmjs.org:443'));
    const next = (): Promise<Buffer> => new Promise((resolve) => socket.once('data', resolve));
    expect((await next()).toString()).toMatch(/^HTTP\/1\.1 200 HOLDPOINT_NOT_COVERED/);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
    socket.write(bytes);
    expect(await next()).toEqual(bytes);
    socket.destroy();
    expect(dialled).toEqual(['registry.npmjs.org:443']);
    const body = { host: 'registry.npmjs.org', port: 443, covered: false, peer: '127.0.0.1' };
    expect(rig.road.noted).toEqual([{ kind: 'tunnelled', gate: 'http', principal: 'cursor', token: 'tk_A', body }]);
  });

  test.each([
    ['93.184.216.34:443', 'backboard.railway.com'],
    ['cdn.elsewhere.test:443', 'x.suffix.test'],
    ['cdn.elsewhere.test:443', 'API.toy.test'],
  ])('K5: a tunnel to %s cannot be used to speak to %s', async (authority, servername) => {
    mode = 'open';
    let reached = 0;
    const count = (): void => {
      reached += 1;
    };
    far.on('connection', (socket) => socket.on('data', count));
    await expect(inside({ authority, servername })).rejects.toThrow();
    far.removeAllListeners('connection').on('connection', (socket) => socket.pipe(socket));
    expect(reached).toBe(0);
    expect(rig.road.noted).toMatchObject([
      { kind: 'tunnelled' },
      { kind: 'refused', principal: 'cursor', body: { code: 'DENIED' } },
    ]);
  });

  test('F1: no tunnel when it cannot be journaled, or when it cannot be dialled', async () => {
    mode = 'open';
    expect(await rig.raw(connectBytes('nowhere.test:443'))).toMatch(/^HTTP\/1\.1 502 /);
    rig.road.noteFails = true;
    const said = await rig.raw(connectBytes('registry.npmjs.org:443'));
    rig.road.noteFails = false;
    expect(said).toMatch(/^HTTP\/1\.1 503 /);
    expect(dialled).toEqual(['nowhere.test:443']);
  });

  test.each([
    ['no port', connectBytes('api.toy.test')],
    ['trailing dot', connectBytes('api.toy.test.:443')],
    ['user information', connectBytes('a@api.toy.test:443')],
    ['a path', connectBytes('/toy/v1')],
    ['an address as a number', connectBytes('2130706433:443')],
    ['a short address', connectBytes('127.1:443')],
    ['a hexadecimal address', connectBytes('0x7f000001:443')],
    ['port zero', connectBytes('api.toy.test:0')],
    ['padded port', connectBytes('api.toy.test:0443')],
    ['port too large', connectBytes('api.toy.test:65979')],
    ['another Host', connectBytes('listed.test:443', credential(), 'api.toy.test:443')],
    ['another port in Host', connectBytes('api.toy.test:443', credential(), 'api.toy.test:80')],
    ['two credentials', connectBytes('api.toy.test:443', credential() + credential(otherCorpusToken, 'other'))],
    ['a body', connectBytes('api.toy.test:443', `${credential()}Content-Length: 5\r\n`)],
    ['chunks', connectBytes('api.toy.test:443', `${credential()}Transfer-Encoding: chunked\r\n`)],
    ['early bytes', Buffer.concat([connectBytes('api.toy.test:443'), Buffer.from('GET / HTTP/1.1\r\n\r\n')])],
    ['an underscore', connectBytes('api_toy.test:443')],
    ['HTTP/0.9', Buffer.from('CONNECT api.toy.test:443\r\n\r\n')],
  ])('K5 F3: CONNECT with %s is refused', async (_what, bytes) => {
    mode = 'open';
    expect(await rig.raw(bytes)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
    expect(dialled).toEqual([]);
    expect(rig.road.asked).toEqual([]);
  });

  test('F3: plain bytes instead of TLS, and TLS that stops, end the tunnel and nothing else', async () => {
    expect(
      await rig.raw([connectBytes('api.toy.test:443'), Buffer.from('GET / HTTP/1.1\r\nHost: api.toy.test\r\n\r\n')], {
        gap: 40,
        wait: 100,
      }),
    ).not.toContain('HTTP/1.1 4');
    const tls = await inside();
    expect(await ask(tls)).toMatch(/^HTTP\/1\.1 200 /);
    tls.destroy();
  });

  test('F3: tunnels are counted, given back, and a TLS that never begins is ended', async () => {
    const one = await openRig({ limits: { tunnels: 2, headTime: 250, checkEvery: 50 } });
    const open = (): Promise<string> => one.raw(connectBytes('api.toy.test:443'), { wait: 2_000 });
    const started = performance.now();
    const said = await Promise.all([open(), open(), open()]);
    expect(said.map((text) => text.slice(9, 12)).sort()).toEqual(['200', '200', '503']);
    expect(performance.now() - started).toBeLessThan(1_800);
    expect(await one.raw(connectBytes('api.toy.test:443'), { wait: 10 })).toMatch(/^HTTP\/1\.1 200 /);
    await one.gate.close();
  });
});
