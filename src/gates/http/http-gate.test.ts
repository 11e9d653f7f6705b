import { setTimeout as wait } from 'node:timers/promises';
import { constants, brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { HttpMessage } from '../../model/http-message.ts';
import { plainRequests } from '../../../test/golden/http-hostile.ts';
import {
  type Rig,
  corpusToken,
  done,
  openRig,
  otherCorpusToken,
  realCredential,
  toyProvider,
} from './http-gate.fixture.ts';

const rigs: Rig[] = [];

async function rig(...given: Parameters<typeof openRig>): Promise<Rig> {
  const made = await openRig(...given);
  rigs.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(rigs.splice(0).map((one) => one.gate.close()));
});

function send(on: Rig, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = {
    authorization: `Bearer ${corpusToken}`,
    'content-type': 'application/json',
    ...(init.headers as object),
  };
  return fetch(`http://localhost:${on.gate.port}${path}`, { method: 'POST', body: '{}', ...init, headers });
}

test('the answer comes back with its content type, our framing and nothing else of the upstream', async () => {
  const one = await rig();
  one.road.answer = () =>
    done(201, '{"made":true}', [
      ['Content-Type', 'application/json'],
      ['Set-Cookie', 'session=secret'],
      ['X-Internal', '1'],
      ['Retry-After', '3'],
    ]);
  const answer = await send(one, '/toy/v1');
  expect(answer.status).toBe(201);
  expect(await answer.text()).toBe('{"made":true}');
  const names = [...answer.headers.keys()].sort();
  expect(names).toEqual([
    'cache-control',
    'connection',
    'content-length',
    'content-type',
    'date',
    'keep-alive',
    'retry-after',
  ]);
});

test.each([
  ['HELD', 403],
  ['SCHEDULED', 202],
  ['DENIED', 403],
  ['FROZEN', 403],
  ['BAD_TOKEN', 401],
  ['BAD_REQUEST', 400],
  ['EXPOSED_CREDENTIAL', 403],
  ['OUTCOME_UNKNOWN', 502],
  ['UNAVAILABLE', 503],
] as const)('H5: %s is a problem document for REST and HTTP 200 for GraphQL', async (code, status) => {
  const one = await rig();
  const refusal = {
    code,
    detail: 'this would delete volume `pg` (Not Authorized said the provider)',
    hint: 'stop here',
    hold: 'hp_7K3QXM',
  };
  one.road.answer = () => ({ kind: 'refused', refusal });
  const rest = await send(one, '/toy/v1');
  expect(rest.status).toBe(status);
  expect(rest.headers.get('content-type')).toBe('application/problem+json');
  expect(await rest.json()).toMatchObject({
    type: `https://holdpoint.dev/problems/${code}`,
    status,
    code: `HOLDPOINT_${code}`,
    detail: refusal.detail,
    hint: 'stop here',
    hold: 'hp_7K3QXM',
  });
  const graphql = await send(one, '/railway/graphql/v2');
  expect(graphql.status).toBe(200);
  const said = (await graphql.json()) as { data: null; errors: [{ message: string; extensions: object }] };
  expect(said.data).toBe(null);
  expect(said.errors[0].message).toBe(
    `${code} hp_7K3QXM: this would delete volume \`pg\` (not permitted said the provider). Stop here.`,
  );
  expect(said.errors[0].extensions).toMatchObject({ code: `HOLDPOINT_${code}`, hold: 'hp_7K3QXM', hint: 'stop here' });
  expect(said.errors).toHaveLength(1);
});

test('H5: a batch is refused with one object; a provider that does not parse says so in GraphQL', async () => {
  const one = await rig();
  one.road.answer = () => ({ kind: 'refused', refusal: { code: 'DENIED', detail: 'no', hint: 'stop' } });
  const batch = await send(one, '/railway/graphql/v2', { body: '[{"query":"{me{id}}"},{"query":"{me{id}}"}]' });
  expect(await batch.json()).toMatchObject({ data: null, errors: [{ extensions: { code: 'HOLDPOINT_DENIED' } }] });
  const broken = await send(one, '/railway/graphql/broken');
  expect(broken.status).toBe(200);
  expect(await broken.json()).toMatchObject({
    errors: [{ message: expect.stringContaining('the document does not parse') }],
  });
});

test('C2: an unknown token is refused where GraphQL clients look', async () => {
  const one = await rig();
  const answer = await send(one, '/railway/graphql/v2', { headers: { authorization: 'Bearer hpa_nobody' } });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'HOLDPOINT_BAD_TOKEN' } }] });
  expect(one.road.asked).toEqual([]);
  const rest = await send(one, '/toy/v1', { headers: { authorization: 'Bearer hpa_nobody' } });
  expect([rest.status, rest.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="holdpoint"']);
});

test('C3: a real credential is journaled by its fingerprint, refused, and appears nowhere', async () => {
  const one = await rig();
  const answer = await send(one, '/toy/v1', { headers: { authorization: `Bearer ${realCredential}` } });
  expect(answer.status).toBe(403);
  const text = await answer.text();
  expect(JSON.parse(text)).toMatchObject({ code: 'HOLDPOINT_EXPOSED_CREDENTIAL' });
  expect(one.road.asked).toEqual([]);
  expect(one.road.identified).toEqual([]);
  const body = { provider: 'toy', header: 'authorization', peer: '127.0.0.1', uid: process.getuid?.() };
  const fingerprint = expect.stringMatching(/^[0-9a-f]{8}$/);
  expect(one.road.noted).toEqual([{ kind: 'exposure', gate: 'http', body: { ...body, fingerprint } }]);
  expect(text + JSON.stringify(one.road.noted)).not.toContain(realCredential);
});

test('C3: a secret of our own vault is one too, in a shape that no provider knows', async () => {
  const secret = 'an-odd-shape.0123';
  const one = await rig({ storedFor: (text) => (text === secret ? 'other' : undefined) });
  for (const value of [`Bearer ${secret}`, secret, `Basic ${Buffer.from(`me:${secret}`).toString('base64')}`]) {
    const answer = await send(one, '/toy/v1', { headers: { authorization: value } });
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ code: 'HOLDPOINT_EXPOSED_CREDENTIAL' });
    expect(text).not.toContain(secret);
  }
  expect(one.road.asked).toEqual([]);
  expect(one.road.noted.map((draft) => [draft.kind, draft.body['provider']])).toEqual(
    Array.from({ length: 3 }, () => ['exposure', 'other']),
  );
  expect(JSON.stringify(one.road.noted)).not.toContain(secret);
});

test('C3 F1: with the journal down an exposed credential is refused all the same', async () => {
  const one = await rig();
  one.road.noteFails = true;
  const answer = await send(one, '/toy/v1', { headers: { authorization: `Bearer ${realCredential}` } });
  expect(answer.status).toBe(503);
  expect(one.road.asked).toEqual([]);
});

test('F1: whatever throws is a refusal, without inner words', async () => {
  const one = await rig();
  const broken = await send(one, '/toy/broken');
  expect(broken.status).toBe(503);
  expect(one.road.noted).toMatchObject([
    { kind: 'refused', principal: 'cursor', token: 'tk_A', body: { code: 'UNAVAILABLE' } },
  ]);
  expect(await broken.text()).not.toContain('inner words');
  expect(one.road.asked).toEqual([]);
  one.road.answer = () => Promise.reject(new Error('inner words'));
  const lost = await send(one, '/toy/v1');
  expect(lost.status).toBe(502);
  expect(await lost.json()).toMatchObject({ code: 'HOLDPOINT_OUTCOME_UNKNOWN' });
});

test.each([
  ['compressed', done(200, 'xx', [['content-encoding', 'gzip']])],
  ['no status', { kind: 'done', answer: { protocol: 'http', content: { headers: [], body: Buffer.alloc(0) } } }],
  ['no body', { kind: 'done', answer: { protocol: 'http', content: { status: 200, headers: [], body: 'text' } } }],
  ['another protocol', { kind: 'done', answer: { protocol: 'postgres', content: null } }],
] as const)(
  'C4: an answer that cannot be masked or read is not shown, and not called undone (%s)',
  async (_what, outcome) => {
    const one = await rig();
    one.road.answer = () => outcome;
    const answer = await send(one, '/toy/v1');
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ code: 'HOLDPOINT_OUTCOME_UNKNOWN' });
  },
);

test('K5: one connection, one request after another; a refusal by the road does not end it', async () => {
  const one = await rig();
  const good = plainRequests[0]?.bytes ?? Buffer.alloc(0);
  one.road.answer = () => ({ kind: 'refused', refusal: { code: 'HELD', detail: 'held', hint: 'stop' } });
  const said = await one.raw([good, good, good], { gap: 60, wait: 150 });
  expect(said.match(/HTTP\/1\.1 403 /g)).toHaveLength(3);
  expect(one.road.asked).toHaveLength(3);
});

test('K5: bytes split at any boundary make the same message (property)', { timeout: 60_000 }, async () => {
  const one = await rig();
  const cases = plainRequests.filter((each) =>
    ['post', 'chunked-pieces', 'gzip', 'canonical', 'query', 'utf8'].includes(each.id),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...cases),
      fc.uniqueArray(fc.nat(400), { maxLength: 6 }),
      async ({ bytes, message }, cuts) => {
        one.road.asked.length = 0;
        const points = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const pieces = points.slice(1).map((end, at) => bytes.subarray(points[at], end));
        await one.raw(pieces, { wait: 0 });
        expect(one.road.asked).toHaveLength(1);
        const got = one.road.asked[0]?.message as HttpMessage;
        expect({ ...got, body: Buffer.from(got.body).toString() }).toMatchObject(message);
      },
    ),
    { numRuns: 120 },
  );
  // And once byte by byte.
  const bytes = cases[0]?.bytes ?? Buffer.alloc(0);
  one.road.asked.length = 0;
  await one.raw([...bytes].map((byte) => Buffer.of(byte)));
  expect(one.road.asked).toHaveLength(1);
});

test('F3: random changes of a good request never make another message (property)', { timeout: 60_000 }, async () => {
  const one = await rig({ limits: { headTime: 150, requestTime: 150 } });
  const good = plainRequests[0]?.bytes ?? Buffer.alloc(0);
  const headEnd = good.indexOf('\r\n\r\n') + 4;
  await fc.assert(
    fc.asyncProperty(fc.nat(headEnd - 1), fc.nat(255), fc.boolean(), async (at, byte, insert) => {
      one.road.asked.length = 0;
      const changed = Buffer.concat([good.subarray(0, at), Buffer.of(byte), good.subarray(insert ? at : at + 1)]);
      await one.raw(changed, { wait: 5 });
      for (const asked of one.road.asked) {
        const message = asked.message as HttpMessage;
        expect(message.origin).toBe('https://api.toy.test');
        expect(message.path).toMatch(/^\/[!-~]*$/);
        expect(Buffer.from(message.body).toString()).toBe('{"a":1}');
        expect(message.headers.map(([name]) => name)).toEqual(message.headers.length === 0 ? [] : ['content-type']);
      }
    }),
    { numRuns: 150 },
  );
});

test('F3: slow headers and slow bodies end in 408', async () => {
  const one = await rig({ limits: { headTime: 150, requestTime: 300, checkEvery: 50 } });
  const good = plainRequests[0]?.bytes ?? Buffer.alloc(0);
  expect(await one.raw(good.subarray(0, 40))).toMatch(/^HTTP\/1\.1 408 /);
  expect(await one.raw([good.subarray(0, -3)])).toMatch(/^HTTP\/1\.1 408 /);
  expect(
    await one.raw(
      [...good].map((byte) => Buffer.of(byte)),
      { gap: 20 },
    ),
  ).toMatch(/^HTTP\/1\.1 408 /);
  expect(one.road.asked).toEqual([]);
});

test('F3: a half-open connection and one that says nothing are closed', async () => {
  const one = await rig({ limits: { headTime: 100, checkEvery: 25 } });
  const started = performance.now();
  expect(await one.raw([])).toMatch(/^(HTTP\/1\.1 408 |$)/);
  expect(performance.now() - started).toBeLessThan(2_000);
});

test('F3: a client that leaves before its body ended is not acted for', async () => {
  const one = await rig();
  const good = plainRequests[0]?.bytes ?? Buffer.alloc(0);
  const socket = connect(one.gate.port, '127.0.0.1');
  socket.write(good.subarray(0, -3));
  await wait(30);
  socket.destroy();
  await wait(30);
  expect(one.road.asked).toEqual([]);
});

test('F3: compression bombs are refused within bounded memory', { timeout: 60_000 }, async () => {
  const one = await rig();
  const size = 64 * 1_048_576;
  const zeros = Buffer.alloc(size);
  const bombs = {
    gzip: gzipSync(zeros, { level: 9 }),
    br: brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
    zstd: zstdCompressSync(zeros),
  };
  for (const [encoding, body] of Object.entries(bombs)) {
    expect(body.length).toBeLessThan(1_000_000);
    const before = process.memoryUsage.rss();
    const answer = await send(one, '/toy/v1', { body, headers: { 'content-encoding': encoding } });
    expect(answer.status, encoding).toBe(413);
    expect(process.memoryUsage.rss() - before).toBeLessThan(size);
  }
  expect(one.road.asked).toEqual([]);
});

test('F3: a large body is told so even while it is still being sent', async () => {
  const one = await rig();
  const answer = await send(one, '/toy/v1', { body: Buffer.alloc(3_000_000, 'a') });
  expect(answer.status).toBe(413);
  expect(one.road.asked).toEqual([]);
});

test('F3: bodies of all requests together are bounded; what was held is given back', async () => {
  const one = await rig({ limits: { buffered: 100_000 } });
  const head = (length: number): Buffer =>
    Buffer.from(
      `POST /toy/v1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${corpusToken}\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n`,
    );
  const stuck = connect(one.gate.port, '127.0.0.1');
  stuck.on('error', () => undefined);
  stuck.write(Buffer.concat([head(90_000), Buffer.alloc(80_000, 'a')]));
  await wait(50);
  expect(await one.raw(Buffer.concat([head(50_000), Buffer.alloc(50_000, 'a')]))).toMatch(/^HTTP\/1\.1 503 /);
  stuck.destroy();
  await wait(50);
  expect(await one.raw(Buffer.concat([head(50_000), Buffer.alloc(50_000, 'a')]))).toMatch(/^HTTP\/1\.1 200 /);
});

test('F3: an expectation is answered only after the head was checked', async () => {
  const one = await rig();
  const head = (more: string): Buffer =>
    Buffer.from(
      `POST /toy/v1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${corpusToken}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n${more}Content-Length: 2\r\n\r\n`,
    );
  expect(await one.raw([head('X-HTTP-Method: DELETE\r\n')])).toMatch(/^HTTP\/1\.1 400 /);
  expect(await one.raw([head(''), Buffer.from('{}')], { gap: 30 })).toMatch(
    /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /,
  );
});

test('J1: refusals at the gate are journaled, so many a second, and the rest are counted', async () => {
  let now = 1_000_000;
  const one = await rig({ limits: { notesPerSecond: 2 }, clock: { now: () => now } });
  const bad = Buffer.from('TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  for (let count = 0; count < 5; count++) await one.raw(bad, { wait: 0 });
  expect(one.road.noted).toHaveLength(2);
  now += 1_000;
  await one.raw(bad, { wait: 0 });
  expect(one.road.noted).toHaveLength(3);
  expect(one.road.noted[2]).toMatchObject({
    kind: 'refused',
    gate: 'http',
    body: { code: 'BAD_REQUEST', notWritten: 3, peer: '127.0.0.1' },
  });
});

test('C2: the road learns which OS user is at the other end', async () => {
  const one = await rig();
  await send(one, '/toy/v1');
  expect(one.road.peers[0]).toEqual({ address: '127.0.0.1', uid: process.getuid?.() });
});

test('two providers may not claim one host', async () => {
  const providers = [toyProvider('a', ['api.toy.test']), toyProvider('b', ['API.toy.test'])];
  await expect(openRig({ providers })).rejects.toThrow('claimed by both a and b');
});

test('close lets what is under way end, then nothing listens', async () => {
  const one = await openRig({ limits: { closeGrace: 2_000 } });
  one.road.answer = async () => {
    await wait(150);
    return done(200, '{"late":true}');
  };
  const asked = send(one, '/toy/v1');
  await wait(50);
  await one.gate.close();
  expect(await (await asked).text()).toBe('{"late":true}');
  await expect(send(one, '/toy/v1')).rejects.toThrow();
});

test('C2: each token is its own principal at the base URL', async () => {
  const one = await rig();
  await send(one, '/toy/v1', { headers: { authorization: `Bearer ${otherCorpusToken}` } });
  expect(one.road.asked[0]?.bearer.principal.name).toBe('other');
  expect(one.road.asked[0]?.gate).toBe('http');
});
