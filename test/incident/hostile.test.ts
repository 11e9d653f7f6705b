import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFurnished, type Furnished } from '../../bench/furnished.ts';
import { requestText } from '../../bench/messages.ts';
import { hostileAnswers, marker } from '../golden/http-answers.ts';
import { hostileTunnels } from '../golden/http-tunnels.ts';
import { isWhole, listen, type Listener } from '../../src/upstream/dial/listeners.fixture.ts';
import { destructions, mutationsRun } from './outcome.ts';
import { openStage, type Stage } from './stage.ts';
import { codesIn, statusIn } from './wire.ts';

const mild = JSON.stringify({ query: 'query { regions { name } }' });

describe('bytes that are no proxy request, and no TLS in a tunnel', { timeout: 120_000 }, () => {
  let stage: Stage;
  let token: string;
  beforeAll(async () => {
    stage = await openStage();
    token = await stage.token('everything', { presets: ['railway:all'], environments: ['staging', 'production'] });
  });
  afterAll(() => stage.close());

  it('K5, F3: none of them brings anything to the far side, and the gate serves on', async () => {
    const host = 'backboard.railway.app';
    const evil = JSON.stringify({ query: `mutation { volumeDelete(volumeId: "${stage.double.ids.volume}") }` });
    const credential = `Basic ${Buffer.from(`everything:${token}`).toString('base64')}`;
    const lines = [`POST /graphql/v2 HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${token}`];
    const head = [...lines, 'Content-Type: application/json', `Content-Length: ${evil.length}`, '', ''].join('\r\n');
    const cases = hostileTunnels({ host, credential, request: Buffer.from(head + evil) });
    expect(cases.length).toBeGreaterThanOrEqual(70);
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    const good = Buffer.from(
      `CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\nProxy-Authorization: ${credential}\r\n\r\n`,
    );
    const arrived = stage.double.log.length;
    const wrong: string[] = [];
    const queue = [...cases];
    const work = async (): Promise<void> => {
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
        const answer = await talk(Number(new URL(stage.endpoint).port), one.opening ?? good, one.inside);
        // Inside, the tunnel itself is good; outside, nothing may open one, or answer a mutation.
        const opened = statusIn(answer) === 200;
        if (one.inside === undefined && opened && one.id !== 'connect-early')
          wrong.push(`${one.id}: ${answer.slice(0, 80)}`);
        if (one.inside !== undefined && !opened) wrong.push(`${one.id}: no tunnel: ${answer.slice(0, 80)}`);
        if (codesIn(answer).includes('HOLDPOINT_HELD') || answer.includes('"data"'))
          wrong.push(`${one.id}: understood`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    expect(wrong).toEqual([]);
    expect(stage.double.log.slice(arrived).filter(({ kind }) => kind === 'request')).toEqual([]);
    expect(mutationsRun(stage.double)).toEqual([]);
    expect(destructions(stage.double)).toBe(0);
    expect((await stage.graphql(token, 'query { regions { name } }')).body.errors).toBeUndefined();
  });
});

describe('a far side that does not answer in one way only', { timeout: 120_000 }, () => {
  let furnished: Furnished;
  let far: Listener;
  let folder: string;
  /** What the far side does with the next whole request. */
  let answer: readonly Uint8Array[] = [];
  let ends = true;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdpoint-hostile-'));
    const began = new Map<number, number>();
    far = await listen((socket, received, connection) => {
      const start = began.get(connection) ?? 0;
      if (received === '' || !isWhole(received.slice(start))) return;
      began.set(connection, received.length);
      const pieces = answer;
      const last = ends;
      void (async () => {
        for (const piece of pieces) {
          if (socket.destroyed) return;
          socket.write(piece);
          if (pieces.length > 1) await wait(1);
        }
        if (last) socket.end();
      })();
    });
    furnished = await openFurnished(join(folder, 'data'), far.port);
  });
  afterAll(async () => {
    await furnished.daemon.close();
    await far.close();
    await rm(folder, { recursive: true, force: true });
  });

  const ask = (): Promise<string> => {
    const port = Number(new URL(furnished.daemon.addresses.http).port);
    return talk(port, Buffer.from(requestText(port, '/railway/graphql/v2', furnished.token, mild)), undefined, 10_000);
  };
  const good = (text: string): Buffer => {
    const body = JSON.stringify({ data: { regions: [{ name: text }] } });
    return Buffer.from(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
  };

  it('F3: a plain one passes, so that what follows proves something', async () => {
    answer = [good('west')];
    ends = false;
    const said = await ask();
    expect(statusIn(said), said).toBe(200);
    expect(said).toContain('west');
  });

  it.each([
    ['in one piece, and stays', 1, false],
    ['in two pieces, and hangs up', 2, true],
  ] as const)(
    'K5, F3: it sends each of them %s: nothing of it is shown, and no later request is answered by it',
    async (_how, parts, hangsUp) => {
      const cases = hostileAnswers();
      expect(cases.length).toBeGreaterThanOrEqual(55);
      const wrong: string[] = [];
      for (const { id, bytes } of cases) {
        // What is not whole by itself has to end for anybody to know it.
        ends = hangsUp || endless.has(id);
        answer = parts === 1 ? [bytes] : [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)];
        const said = await ask();
        if (said.includes(marker) || codesIn(said).length === 0) wrong.push(`${id}: ${said.slice(0, 300)}`);
        answer = [good('west')];
        ends = false;
        const next = await ask();
        if (!next.includes('west') || next.includes(marker)) wrong.push(`after ${id}: ${next.slice(0, 300)}`);
      }
      expect(wrong).toEqual([]);
    },
  );
});

/** Those of which a careful reader waits for more: no line of them ever ends. */
const endless: ReadonlySet<string> = new Set(['HTTP/0.9', 'bare LF', 'bare CR']);

/** Writes, and after the first answer writes `then`; resolves with all that came once nothing more does. */
function talk(port: number, opening: Buffer, then?: Buffer, patience = 300): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let got = '';
    let rest = then;
    let timer: NodeJS.Timeout | undefined;
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(got);
    };
    const arm = (milliseconds: number): void => {
      clearTimeout(timer);
      timer = setTimeout(end, milliseconds);
    };
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      got += text;
      if (rest !== undefined && got.includes('\r\n\r\n')) {
        socket.write(rest);
        rest = undefined;
        arm(patience);
      } else arm(rest === undefined && then === undefined ? 20 : patience);
    });
    for (const event of ['error', 'end', 'close']) socket.on(event, end);
    arm(Math.max(patience, 3_000));
    socket.write(opening);
  });
}
