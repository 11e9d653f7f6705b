import 'reflect-metadata';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createHash } from 'node:crypto';
import zlib from 'node:zlib';
import { X509CertificateGenerator } from '@peculiar/x509';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Double, startDouble } from './double.ts';
import { fingerprint, type LogEntry } from './log.ts';
import { messages, send } from './sending.ts';

let double: Double;
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'wire-test-'));
const logFile = path.join(home, 'double.ndjson');

beforeAll(async () => {
  double = await startDouble({ logFile });
});

afterAll(async () => {
  await double.stop();
  fs.rmSync(home, { recursive: true });
});

beforeEach(() => double.reset());

const auth = () => ({ authorization: `Bearer ${double.tokens.account}` });
const withAuth = (init: RequestInit) => {
  const headers = new Headers(init.headers);
  headers.set('authorization', auth().authorization);
  return headers;
};
const deletion = () => `mutation { volumeDelete(volumeId: "${double.ids.volume}") }`;
const isThere = () => double.state.get('volumes', double.ids.volume) !== undefined;

type Way = readonly [name: string, request: () => readonly [path: string, init: RequestInit]];

const json = { 'content-type': 'application/json' };
const ways: readonly Way[] = [
  ['JSON', () => ['', { method: 'POST', headers: json, body: JSON.stringify({ query: deletion() }) }]],
  [
    'a batch',
    () => [
      '',
      { method: 'POST', headers: json, body: JSON.stringify([{ query: '{ me { id } }' }, { query: deletion() }]) },
    ],
  ],
  [
    'application/graphql',
    () => ['', { method: 'POST', headers: { 'content-type': 'application/graphql' }, body: deletion() }],
  ],
  ['a query string', () => [`?query=${encodeURIComponent(deletion())}`, { method: 'GET' }]],
  ['PUT', () => ['', { method: 'PUT', headers: json, body: JSON.stringify({ query: deletion() }) }]],
  ['no content type', () => ['', { method: 'POST', body: Buffer.from(JSON.stringify({ query: deletion() })) }]],
  ['a form', () => ['', { method: 'POST', body: new URLSearchParams({ query: deletion() }) }]],
  [
    'gzip',
    () => [
      '',
      {
        method: 'POST',
        headers: { ...json, 'content-encoding': 'gzip' },
        body: zlib.gzipSync(JSON.stringify({ query: deletion() })),
      },
    ],
  ],
  [
    'brotli',
    () => [
      '',
      {
        method: 'POST',
        headers: { ...json, 'content-encoding': 'br' },
        body: zlib.brotliCompressSync(JSON.stringify({ query: deletion() })),
      },
    ],
  ],
  [
    'deflate',
    () => [
      '',
      {
        method: 'POST',
        headers: { ...json, 'content-encoding': 'deflate' },
        body: zlib.deflateSync(JSON.stringify({ query: deletion() })),
      },
    ],
  ],
  [
    'unicode escapes',
    () => [
      '',
      {
        method: 'POST',
        headers: json,
        body: `{"query":"mutation { \\u0076olumeDelete(volumeId: \\"${double.ids.volume}\\") }"}`,
      },
    ],
  ],
  [
    'the last of two keys',
    () => [
      '',
      { method: 'POST', headers: json, body: `{"query":"{ me { id } }","query":${JSON.stringify(deletion())}}` },
    ],
  ],
  [
    'an alias in a fragment',
    () => [
      '',
      {
        method: 'POST',
        headers: json,
        body: JSON.stringify({
          query: `fragment f on Mutation { harmless: volumeDelete(volumeId: "${double.ids.volume}") } mutation { ...f }`,
        }),
      },
    ],
  ],
  [
    'the second of two operations',
    () => [
      '',
      {
        method: 'POST',
        headers: json,
        body: JSON.stringify({
          operationName: 'b',
          query: `query a { me { id } } mutation b { volumeDelete(volumeId: "${double.ids.volume}") }`,
        }),
      },
    ],
  ],
  [
    'variables in a string',
    () => [
      '',
      {
        method: 'POST',
        headers: json,
        body: JSON.stringify({
          query: 'mutation ($v: String!) { volumeDelete(volumeId: $v) }',
          variables: JSON.stringify({ v: double.ids.volume }),
        }),
      },
    ],
  ],
];

describe('ways in', () => {
  it.each(ways)('K5 %s reaches the effect: the double is the generous one', async (_name, request) => {
    const [suffix, init] = request();
    const mark = double.log.length;
    const response = await fetch(double.url + suffix, { ...init, headers: withAuth(init) });
    expect(response.status).toBe(200);
    expect(isThere()).toBe(false);
    const arrived = double.log.slice(mark).find((entry) => entry.kind === 'request');
    expect(arrived?.kind === 'request' && arrived.operations).toContain('volumeDelete');
  });

  it('K5 multipart with an upload, and a persisted query by its hash alone', async () => {
    const form = new FormData();
    const query =
      'mutation ($i: JobApplicationCreateInput!, $f: Upload!) { jobApplicationCreate(input: $i, resume: $f) }';
    const i = { email: 'a@b.example', jobId: '1', name: 'A', why: 'cars' };
    form.set('operations', JSON.stringify({ query, variables: { i, f: null } }));
    form.set('map', JSON.stringify({ '0': ['variables.f'] }));
    form.set('0', new File(['my life'], 'cv.txt', { type: 'text/plain' }));
    await fetch(double.url, { method: 'POST', headers: auth(), body: form });
    expect(double.state.list('jobApplications')).toMatchObject([{ resume: { filename: 'cv.txt', bytes: 7 } }]);

    const sha256Hash = createHash('sha256').update(deletion()).digest('hex');
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    const post = (body: unknown) =>
      fetch(double.url, { method: 'POST', headers: { ...auth(), ...json }, body: JSON.stringify(body) });
    expect(await (await post({ extensions })).json()).toEqual({ errors: [{ message: 'PersistedQueryNotFound' }] });
    await post({ query: `query q { me { id } }`, extensions: { persistedQuery: { sha256Hash: 'other' } } });
    expect(isThere()).toBe(true);
    await post({ query: deletion(), extensions });
    await double.reset();
    await post({ extensions });
    expect(isThere()).toBe(false);
  });

  it('K5 a subscription socket is refused and written down', async () => {
    const mark = double.log.length;
    const socket = net.connect(double.port, '127.0.0.1');
    socket.write('GET /graphql/v2 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const said = await new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())));
    socket.destroy();
    expect(said).toMatch(/^HTTP\/1.1 501/u);
    expect(double.log[mark]).toMatchObject({ kind: 'request', operations: ['upgrade'] });
  });

  it('F3 arbitrary bytes with arbitrary encodings are answered, change nothing and leave it alive', async () => {
    const types = fc.constantFrom(
      'application/json',
      'application/graphql',
      'multipart/form-data; boundary=x',
      'text/plain',
    );
    const encodings = fc.constantFrom('', 'gzip', 'br', 'deflate', 'zstd', 'gzip, br', 'nonsense');
    const version = double.state.version;
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), types, encodings, async (bytes, type, encoding) => {
        const headers = {
          ...auth(),
          'content-type': type,
          ...(encoding === '' ? {} : { 'content-encoding': encoding }),
        };
        const response = await fetch(double.url, { method: 'POST', headers, body: Buffer.from(bytes) });
        expect([200, 400]).toContain(response.status);
      }),
      { numRuns: 150 },
    );
    expect(double.state.version).toBe(version);
    expect(messages(await send(double, { query: '{ me { id } }' }))).toEqual([]);
  });

  it('K5 any variables arrive as they were sent, however they are wrapped', async () => {
    const wraps = fc.constantFrom('plain', 'gzip', 'batch', 'string');
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ depthSize: 'small' }), wraps, async (value, wrap) => {
        const input = { outcome: 'x', success: true, transport: 't', caller: JSON.stringify(value) };
        const one = {
          query: 'mutation ($i: CliAuthEventTrackInput!) { cliAuthEventTrack(input: $i) }',
          variables: wrap === 'string' ? JSON.stringify({ i: input }) : { i: input },
        };
        const text = JSON.stringify(wrap === 'batch' ? [one] : one);
        const packed = wrap === 'gzip' ? { 'content-encoding': 'gzip' } : {};
        const body = wrap === 'gzip' ? zlib.gzipSync(text) : text;
        await fetch(double.url, { method: 'POST', headers: { ...auth(), ...json, ...packed }, body });
        expect(double.state.list('trackedEvents').at(-1)?.['input']).toEqual(input);
      }),
      { numRuns: 60 },
    );
  });
});

describe('over TLS', () => {
  it('serves with the key and certificate it is given, whatever host is asked for', async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=backboard.railway.com',
      keys,
      signingAlgorithm: { ...algorithm, hash: 'SHA-256' },
      notAfter: new Date(Date.now() + 3_600_000),
    });
    const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`;
    const secure = await startDouble({ tls: { key, cert: certificate.toString('pem') } });
    try {
      expect(secure.url).toMatch(/^https:/u);
      for (const host of ['backboard.railway.com', 'backboard.railway.app']) {
        const headers = { ...auth(), ...json, host };
        const status = await new Promise<number | undefined>((resolve, reject) => {
          const request = https.request(secure.url, {
            method: 'POST',
            headers,
            ca: certificate.toString('pem'),
            checkServerIdentity: () => undefined,
          });
          request.on('response', (response) => {
            response.resume();
            resolve(response.statusCode);
          });
          request.on('error', reject);
          request.end(JSON.stringify({ query: '{ me { id } }' }));
        });
        expect(status).toBe(200);
      }
    } finally {
      await secure.stop();
    }
  });
});

describe('its log', () => {
  it('names what arrived and what was executed, with the token as a fingerprint, in the file as in memory', async () => {
    const mark = double.log.length;
    await send(double, { query: deletion() });
    const [arrived] = double.log.slice(mark);
    expect(arrived).toMatchObject({
      kind: 'request',
      method: 'POST',
      path: '/graphql/v2',
      token: fingerprint(double.tokens.account),
      bodySha256: createHash('sha256')
        .update(JSON.stringify({ query: deletion() }))
        .digest('hex'),
      operations: ['volumeDelete'],
    });
    const kinds = double.log.slice(mark).map((entry) => entry.kind);
    expect(kinds[1]).toBe('destruction');
    expect(kinds.slice(-2)).toEqual(['operation', 'response']);
    expect(double.log.slice(mark).at(-2)).toMatchObject({
      name: 'volumeDelete',
      ok: true,
      arguments: { volumeId: double.ids.volume },
    });
    const lines = fs.readFileSync(logFile, 'utf8').trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as LogEntry).seq)).toEqual(double.log.map((entry) => entry.seq));
    const said = fs.readFileSync(logFile, 'utf8');
    expect(said).not.toContain(double.tokens.account);
  });
});

describe('faults', () => {
  const attempt = () =>
    send(double, { query: deletion() }).then(
      (answer) => answer.status,
      () => 'broken',
    );

  it.each([
    ['http500', 500, true],
    ['unauthorized', 200, true],
    ['dropBeforeEffect', 'broken', true],
    ['dropAfterEffect', 'broken', false],
  ] as const)('F1 %s: answer %s, volume still there: %s', async (next, status, there) => {
    double.fail({ next, when: 'volumeDelete' });
    expect(messages(await send(double, { query: '{ me { id } }' }))).toEqual([]);
    expect(await attempt()).toBe(status);
    expect(isThere()).toBe(there);
    expect(double.log.some((entry) => entry.kind === 'fault' && entry.fault === next)).toBe(true);
  });

  it.each([
    ['timeout', true],
    ['timeoutAfterEffect', false],
  ] as const)('F1 %s: no answer, volume still there: %s', async (next, there) => {
    double.fail({ next });
    const body = JSON.stringify({ query: deletion() });
    const signal = AbortSignal.timeout(300);
    await expect(
      fetch(double.url, { method: 'POST', headers: { ...auth(), ...json }, body, signal }),
    ).rejects.toThrow();
    expect(isThere()).toBe(there);
  });

  it('F1 slow: the answer comes late and in full, and the fault is used up', async () => {
    double.fail({ next: 'slow', delayMs: 200 });
    const start = performance.now();
    expect(await attempt()).toBe(200);
    expect(performance.now() - start).toBeGreaterThan(150);
    expect(await attempt()).toBe(200);
  });
});
