import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { hostileRequests, plainRequests } from '../../../test/golden/http-hostile.ts';
import { corpusToken, done, openRig, type Rig } from './http-gate.fixture.ts';
import { defaultLimits } from './limits.ts';
import { readPlainRequest } from './plain-request.ts';
import type { HttpMessage } from '../../model/http-message.ts';

const rigs: Rig[] = [];

async function rig(...given: Parameters<typeof openRig>): Promise<Rig> {
  const made = await openRig(...given);
  rigs.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(rigs.splice(0).map((one) => one.gate.close()));
});

function post(body: string, more = ''): Buffer {
  const head = `POST /toy/v1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${corpusToken}\r\nContent-Type: application/json\r\n${more}`;
  return Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

const get = Buffer.from(`GET /toy/v1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${corpusToken}\r\n\r\n`);

interface Talk {
  readonly socket: Socket;
  readonly got: () => string;
  readonly ended: () => boolean;
}

async function talk(on: Rig): Promise<Talk> {
  const socket = connect({ port: on.gate.port, host: '127.0.0.1', noDelay: true });
  let got = '';
  let ended = false;
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    got += text;
  });
  socket.on('error', () => undefined);
  for (const event of ['end', 'close']) socket.on(event, () => (ended = true));
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, got: () => got, ended: () => ended };
}

async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; !what(); tries++) {
    if (tries > 300) throw new Error('it never came');
    await wait(10);
  }
}

const statuses = (text: string): readonly string[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, one]) => one ?? '');
const asked = (on: Rig): readonly unknown[] =>
  on.road.asked.map((one) => {
    const message = one.message as HttpMessage;
    return { ...message, body: Buffer.from(message.body).toString('latin1') };
  });

describe('what is plain', () => {
  test('K5: a GET, and a POST whose body came with it', () => {
    expect(readPlainRequest(get, defaultLimits)).toMatchObject({ method: 'GET', url: '/toy/v1' });
    expect(readPlainRequest(post('{"a":1}'), defaultLimits)).toMatchObject({
      httpVersion: '1.1',
      method: 'POST',
      rawHeaders: expect.arrayContaining(['Content-Type', 'application/json', 'Content-Length', '7']),
      body: Buffer.from('{"a":1}'),
    });
  });

  const text = post('{}').toString();
  test.each<[string, string]>([
    ['half a head', text.slice(0, 40)],
    ['half a body', text.slice(0, -1)],
    ['more than the body', `${text}x`],
    ['two requests', text + text],
    ['no length', text.replace(/Content-Length.*\r\n/, '')],
    ['a GET with a length', get.toString().replace('Host', 'Content-Length: 0\r\nHost')],
    ['a length with zeros', text.replace('Length: 2', 'Length: 02')],
    ['a length twice', text.replace('Host', 'Content-Length: 2\r\nHost')],
    ['chunks', text.replace('Host', 'Transfer-Encoding: chunked\r\nHost')],
    ['an encoding', text.replace('Host', 'Content-Encoding: gzip\r\nHost')],
    ['an expectation', text.replace('Host', 'Expect: 100-continue\r\nHost')],
    ['the end of the connection', text.replace('Host', 'Connection: close\r\nHost')],
    ['an upgrade', text.replace('Host', 'Upgrade: x\r\nHost')],
    ['HTTP/1.0', text.replace('HTTP/1.1', 'HTTP/1.0')],
    ['another method', text.replace('POST', 'PUT')],
    ['a method in lower case', text.replace('POST', 'post')],
    ['two blanks', text.replace(' HTTP', '  HTTP')],
    ['LF alone', text.replaceAll('\r\n', '\n')],
    ['CR in a value', text.replace('localhost', 'local\rhost')],
    ['LF in a value', text.replace('localhost', 'local\nhost')],
    ['NUL in a value', text.replace('localhost', 'local\0host')],
    ['a tab before a value', text.replace('Host: ', 'Host:\t')],
    ['a folded line', text.replace('localhost\r\n', 'localhost\r\n x\r\n')],
    ['a blank before the colon', text.replace('Host:', 'Host :')],
    ['an odd name', text.replace('Host:', 'Ho_st:')],
    ['an empty value', text.replace('Host: localhost', 'Host: ')],
    ['bytes beyond ASCII', text.replace('localhost', 'localh\u00f6st')],
    ['an empty line before', `\r\n${text}`],
    ['too many headers', text.replace('Host', `${'X: y\r\n'.repeat(100)}Host`)],
    ['too long a head', text.replace('Host', `X: ${'y'.repeat(17_000)}\r\nHost`)],
  ])('K5 F3: not %s', (_, odd) => {
    expect(readPlainRequest(Buffer.from(odd, 'latin1'), defaultLimits)).toBe(undefined);
  });
});

describe('the short way of reading and the long one', () => {
  /** In two pieces nothing is plain: Node reads it. */
  async function both(on: Rig, bytes: Buffer, wait: number): Promise<readonly [unknown, unknown]> {
    const told: unknown[] = [];
    for (const pieces of [[bytes], [bytes.subarray(0, 5), bytes.subarray(5)]]) {
      on.road.asked.length = 0;
      on.road.noted.length = 0;
      const said = await on.raw(pieces, { gap: 4, wait });
      const noted = on.road.noted.map(({ kind, body }) => [kind, body['code'], body['detail']]);
      told.push({ statuses: statuses(said), body: said.slice(said.indexOf('\r\n\r\n')), asked: asked(on), noted });
    }
    return [told[0], told[1]];
  }

  /** On a machine that is busy an answer can come too late for one of them, but not again and again. */
  async function same(on: Rig, bytes: Buffer, what?: string): Promise<void> {
    for (let tries = 0; tries < 4; tries++) {
      const [short, long] = await both(on, bytes, 4 + 30 * tries);
      if (isDeepStrictEqual(short, long)) return;
      if (tries === 3) expect(short, what).toEqual(long);
    }
  }

  test('K5: tell the same of every request of the corpora', { timeout: 60_000 }, async () => {
    const on = await rig({ limits: { headTime: 300, requestTime: 300 } });
    for (const { id, bytes } of [...plainRequests, ...hostileRequests]) {
      await same(on, Buffer.from(bytes), id);
    }
  });

  test('K5 F3: tell the same of random changes of a plain one (property)', { timeout: 60_000 }, async () => {
    const on = await rig({ limits: { headTime: 300, requestTime: 300 } });
    const good = post('{"a":1}', 'Accept: */*\r\nUser-Agent: x\r\n');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.constantFrom(0, 9, 10, 13, 32, 37, 44, 48, 50, 55, 58, 59, 65, 95, 97, 127, 128, 255),
        fc.boolean(),
        async (at, byte, insert) => {
          // The first piece has to be whole in both, so that nobody waits for it.
          const changed = Buffer.concat([good.subarray(0, at), Buffer.of(byte), good.subarray(insert ? at : at + 1)]);
          await same(on, changed);
        },
      ),
      { numRuns: 120 },
    );
  });
});

describe('a connection that asks plainly', () => {
  test('C2 K5: with the head it sent before is judged by what it says now', async () => {
    const on = await rig();
    const { socket, got } = await talk(on);
    const said = async (bytes: Buffer): Promise<string> => {
      const before = got().length;
      socket.write(bytes);
      await until(() => statuses(got()).length > statuses(got().slice(0, before)).length);
      await wait(20);
      return got().slice(before);
    };
    expect(statuses(await said(post('{"a":1}')))).toEqual(['200']);
    expect(statuses(await said(post('{"a":2}')))).toEqual(['200']);
    expect(asked(on).map((one) => (one as { body: string }).body)).toEqual(['{"a":1}', '{"a":2}']);
    // As long as the body before, and a token in it.
    const carrying = JSON.stringify(`hpa_00000000_${'a'.repeat(43)}`);
    expect(statuses(await said(post(JSON.stringify('x'.repeat(carrying.length - 2)))))).toEqual(['200']);
    expect(await said(post(carrying))).toContain('an agent token stands in the body');
    on.road.revoked = true;
    expect(statuses(await said(post('{"a":3}')))).toEqual(['401']);
    on.road.revoked = false;
    expect(statuses(await said(post('{"a":4}')))).toEqual(['200']);
    expect(statuses(await said(Buffer.from(post('{"a":4}').toString().replace('"a"', '"\0"'))))).toEqual(['400']);
    expect(on.road.asked).toHaveLength(4);
    socket.destroy();
  });

  test('K5: asks on, and goes to Node for good with the first thing that is not plain', async () => {
    const on = await rig();
    const { socket, got, ended } = await talk(on);
    const steps = [post('{}'), get, post('{"b":2}', 'Connection: keep-alive\r\n')];
    const [first, second] = [post('{"c":3}').subarray(0, 30), post('{"c":3}').subarray(30)];
    for (const [index, step] of steps.entries()) {
      socket.write(step);
      await until(() => statuses(got()).length === index + 1);
    }
    socket.write(first);
    await wait(20);
    socket.write(second);
    await until(() => statuses(got()).length === 4);
    socket.write(post('{"d":4}'));
    await until(() => statuses(got()).length === 5);
    expect(on.road.asked).toHaveLength(5);
    expect(ended()).toBe(false);
    socket.write(Buffer.from('TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    await until(ended);
    expect(statuses(got())).toEqual(['200', '200', '200', '200', '200', '405']);
    expect(on.road.asked).toHaveLength(5);
  });

  test('K5: a second request before the first is answered is refused behind that answer, and the connection ends', async () => {
    const on = await rig();
    on.road.answer = async () => {
      await wait(60);
      return done(200, '{"first":true}');
    };
    const { socket, got, ended } = await talk(on);
    socket.write(post('{"a":1}'));
    await wait(20);
    socket.write(post('{"a":2}'));
    await wait(10);
    socket.write(post('{"a":3}'));
    await until(ended);
    expect(statuses(got())).toEqual(['200', '400']);
    expect(got().indexOf('{"first":true}')).toBeLessThan(got().indexOf('HTTP/1.1 400'));
    expect(got()).toContain('send one request at a time');
    expect(on.road.asked).toHaveLength(1);
    socket.destroy();
  });

  test('F3: ends when it is idle for too long, and when it never says anything', async () => {
    const on = await rig({ limits: { keepAlive: 100, headTime: 100, checkEvery: 25 } });
    const silent = await talk(on);
    const idle = await talk(on);
    idle.socket.write(post('{}'));
    await until(silent.ended);
    expect(silent.got()).toMatch(/^HTTP\/1\.1 408 /);
    await until(idle.ended);
    expect(statuses(idle.got())).toEqual(['200']);
  });

  test('F3: is not heard further while it does not read its answers', async () => {
    const on = await rig();
    on.road.answer = () => done(200, JSON.stringify('z'.repeat(4_000_000)));
    const { socket } = await talk(on);
    socket.pause();
    for (let asks = 0; asks < 12; asks++) {
      socket.write(post('{}'));
      await wait(30);
    }
    // What the kernel takes, and what was read before the first answer stood in the way.
    expect(on.road.asked.length).toBeLessThan(6);
    socket.destroy();
  });

  test('F2 F3: large requests of one principal go one after the other, and hold no small one up', async () => {
    const on = await rig();
    const answers: (() => void)[] = [];
    on.road.answer = () => new Promise((resolve) => answers.push(() => resolve(done(200, '{}'))));
    const large = post(JSON.stringify('x'.repeat(5_000)));
    const talks = await Promise.all([talk(on), talk(on), talk(on), talk(on)]);
    const [first, second, third, small] = talks;
    first?.socket.write(large);
    await until(() => answers.length === 1);
    second?.socket.write(large);
    third?.socket.write(large);
    await wait(40);
    small?.socket.write(post('{}'));
    await until(() => answers.length === 2);
    // Who has gone before it was their turn is asked nothing for.
    second?.socket.destroy();
    await wait(20);
    answers[0]?.();
    await until(() => answers.length === 3);
    answers[2]?.();
    await until(() => statuses(third?.got() ?? '').length === 1);
    expect(on.road.asked).toHaveLength(3);
    for (const one of talks) one.socket.destroy();
  });

  test('F3: bodies of all requests count here too, and are given back with the answer', async () => {
    const on = await rig({ limits: { buffered: 5_000 } });
    const answers: (() => void)[] = [];
    on.road.answer = () => new Promise((resolve) => answers.push(() => resolve(done(200, '{}'))));
    const body = JSON.stringify('x'.repeat(3_000));
    const first = await talk(on);
    first.socket.write(post(body));
    await until(() => answers.length === 1);
    const second = await talk(on);
    second.socket.write(post(body));
    await until(() => statuses(second.got()).length === 1);
    expect(statuses(second.got())).toEqual(['503']);
    for (const answer of answers.splice(0)) answer();
    await until(() => statuses(first.got()).length === 1);
    const third = await talk(on);
    third.socket.write(post(body));
    await until(() => answers.length === 1);
    // Whoever leaves gives it back as well.
    third.socket.destroy();
    await wait(40);
    const fourth = await talk(on);
    fourth.socket.write(post(body));
    await until(() => answers.length === 2);
    for (const one of [first, second, fourth]) one.socket.destroy();
  });

  test('F1: whatever throws is a refusal here too', async () => {
    const on = await rig();
    on.road.answer = () => Promise.reject(new Error('inner words'));
    const { socket, got } = await talk(on);
    socket.write(post('{}'));
    await until(() => statuses(got()).length === 1);
    socket.write(post('{}').toString().replace('/toy/v1', '/toy/broken'));
    await until(() => statuses(got()).length === 2);
    expect(statuses(got())).toEqual(['502', '503']);
    expect(got()).not.toContain('inner words');
    socket.destroy();
  });

  test('C5: an answer is whole however large, and nothing in its headers becomes one of its own', async () => {
    const on = await rig();
    const large = JSON.stringify('y'.repeat(500_000));
    on.road.answer = () => done(200, large, [['content-type', 'text/plain\r\nx-planted: 1']]);
    const said = await on.raw(post('{}'));
    expect(said).not.toContain('x-planted');
    expect(said.endsWith(`\r\n\r\n${large}`)).toBe(true);
    on.road.answer = () => done(204, 'no body here');
    const none = await on.raw(post('{}'), { wait: 20 });
    expect(none).toMatch(/^HTTP\/1\.1 204 No Content\r\n/);
    expect(none.endsWith('\r\n\r\n')).toBe(true);
    expect(none).not.toMatch(/content-length/i);
  });
});
