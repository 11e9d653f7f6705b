import { createServer, type RequestListener, type Server } from 'node:http';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { Api } from './api.ts';
import { ownersOf } from './listener.ts';
import { refusalIn } from './refusal.ts';
import { ServerEvents } from './server-events.ts';
import { Complaint } from '../complaint.ts';

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

async function serving(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://localhost:${typeof address === 'object' ? address?.port : ''}`;
}

async function complaintOf(work: Promise<unknown>): Promise<Complaint> {
  const thrown = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (thrown instanceof Complaint) return thrown;
  throw new Error('it was not refused');
}

describe('the API', () => {
  test('C1 a token is sent in the clear to this machine alone', () => {
    for (const address of [
      'http://daemon.example:7777',
      'http://10.0.0.1',
      'ftp://localhost',
      'not an address',
      'http://localhost.evil',
    ])
      expect(() => new Api(address, 'hph_x')).toThrow(Complaint);
    for (const address of ['https://daemon.example', 'http://localhost:7777', 'http://127.0.0.1:1', 'http://[::1]:1'])
      expect(() => new Api(address, 'hph_x')).not.toThrow();
  });

  test('F1 what is no daemon, what hangs up and what is not there are all unavailable', async () => {
    const page = await serving((_, answer) => answer.end('<html>'));
    expect((await complaintOf(new Api(page).get('/v1/status'))).exit).toBe(6);
    server?.close();
    const rude = await serving((request) => request.socket.destroy());
    expect((await complaintOf(new Api(rude).get('/v1/status'))).exit).toBe(6);
    server?.closeAllConnections();
    const half = await serving((_, answer) => {
      answer.writeHead(200, { 'content-length': '100' });
      answer.write('{"half":');
      setTimeout(() => answer.destroy(), 20);
    });
    expect((await complaintOf(new Api(half).get('/v1/status'))).exit).toBe(6);
    server?.close();
    expect((await complaintOf(new Api('http://127.0.0.1:9').get('/v1/status'))).exit).toBe(6);
  });

  test.each([
    ['HOLDPOINT_HELD', 4],
    ['HOLDPOINT_SCHEDULED', 4],
    ['HOLDPOINT_DENIED', 3],
    ['HOLDPOINT_BAD_TOKEN', 3],
    ['HOLDPOINT_FROZEN', 5],
    ['HOLDPOINT_UNAVAILABLE', 6],
    ['HOLDPOINT_BAD_REQUEST', 1],
    ['HOLDPOINT_OUTCOME_UNKNOWN', 1],
    ['SOMETHING_NEW', 1],
  ])('a refusal %s exits %i in its own words', (code, exit) => {
    const complaint = refusalIn({ code, detail: 'what', hint: 'why', reasons: ['one'] }, 403);
    expect(complaint).toMatchObject({ message: 'what', hint: 'why', exit, lines: ['because: one'] });
  });

  test('a 202 with a problem is a refusal, not an answer', async () => {
    const address = await serving((_, answer) => {
      answer.writeHead(202, { 'content-type': 'application/problem+json' });
      answer.end(JSON.stringify({ code: 'HOLDPOINT_SCHEDULED', detail: 'later', hint: 'wait', hold: 'hp_1' }));
    });
    expect((await complaintOf(new Api(address).post('/v1/holds/x/run'))).exit).toBe(4);
  });

  test('F1 an answer that is no problem document is never an exit 0', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(refusalIn(value, 500).exit).not.toBe(0);
      }),
    );
  });
});

describe('server-sent events', () => {
  test('are read whole, whatever pieces they came in', () => {
    const bytes = Buffer.from(
      'event: beat\ndata: {}\n\nevent: alarm\nid: 1\ndata: {"a":"ü"}\ndata: more\r\n\r\n: comment\n\n',
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), (step) => {
        const events = new ServerEvents();
        const found = Array.from({ length: Math.ceil(bytes.length / step) }, (_, at) =>
          events.take(bytes.subarray(at * step, at * step + step)),
        ).flat();
        expect(found).toEqual([
          { kind: 'beat', data: '{}' },
          { kind: 'alarm', data: '{"a":"ü"}\nmore' },
        ]);
      }),
    );
  });
});

test('C1 who listens on a port is read from the system, whatever else is in the table', () => {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
  const row = (port: string, state: string, uid: number): string =>
    `   0: 0100007F:${port} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 1 1`;
  const table = [head, row('1E61', '0A', 1000), row('1E61', '01', 7), row('1E62', '0A', 8), 'garbage'].join('\n');
  expect([...ownersOf(7777, [table, ''])]).toEqual([1000]);
  expect([...ownersOf(7777, [table, table.replace(' 1000 ', ' 1001 ')])]).toEqual([1000, 1001]);
});
