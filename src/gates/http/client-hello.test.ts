import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { readHello, unclaimedOnly } from './client-hello.ts';

const hellos = new Map<string, Buffer>();

/** What a real client sends first for this server name. */
async function realHello(servername: string): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', servername });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  server.close();
  return data;
}

beforeAll(async () => {
  for (const name of ['backboard.railway.com', '']) hellos.set(name, await realHello(name));
});

function hello(name: string): Buffer {
  return hellos.get(name) ?? Buffer.alloc(0);
}

/** The same handshake cut into records of at most `size` bytes. */
function inRecords(whole: Buffer, size: number): Buffer {
  const message = whole.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

test('K5: the name in a real client’s hello is read, in one record or in many, and without a name there is none', () => {
  expect(readHello(hello('backboard.railway.com'))).toEqual({ kind: 'named', host: 'backboard.railway.com' });
  expect(readHello(hello(''))).toEqual({ kind: 'unnamed' });
  for (const size of [1, 3, 50, 300]) {
    expect(readHello(inRecords(hello('backboard.railway.com'), size))).toEqual({
      kind: 'named',
      host: 'backboard.railway.com',
    });
  }
});

test('K5: property: every beginning of a hello waits for more, and bytes changed or random never throw', () => {
  const whole = hello('backboard.railway.com');
  fc.assert(
    fc.property(fc.nat(whole.length - 1), (length) => {
      expect(readHello(whole.subarray(0, length)).kind).toBe('more');
    }),
  );
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.uint8Array({ maxLength: 300 }), (at, byte, random) => {
      const changed = Buffer.from(whole);
      changed[at] = byte;
      expect(['more', 'named', 'unnamed']).toContain(readHello(changed).kind);
      expect(['more', 'named', 'unnamed']).toContain(readHello(Buffer.from(random)).kind);
      expect(['more', 'named', 'unnamed']).toContain(
        readHello(Buffer.concat([Buffer.from([22, 3, 1, 1, 0]), random])).kind,
      );
    }),
    { numRuns: 1_000 },
  );
});

test('K5: property: in whatever pieces it comes, a claimed name lets no byte through and others lose none', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(1_500), { maxLength: 5 }), fc.boolean(), async (cuts, claimed) => {
      const bytes = Buffer.concat([hello('backboard.railway.com'), Buffer.from('and more')]);
      const points = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      const stream = unclaimedOnly((host) => claimed && host === 'backboard.railway.com');
      const out: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => out.push(chunk));
      const ended = new Promise<string>((resolve) => {
        stream.on('error', (error) => resolve(error.name));
        stream.on('end', () => resolve('end'));
      });
      for (let at = 1; at < points.length; at++) stream.write(bytes.subarray(points[at - 1], points[at]));
      stream.end();
      expect(await ended).toBe(claimed ? 'ClaimedInTunnel' : 'end');
      expect(Buffer.concat(out)).toEqual(claimed ? Buffer.alloc(0) : bytes);
    }),
  );
});

test('what is not TLS passes at once; an endless hello does not', async () => {
  const plain = unclaimedOnly(() => true);
  plain.write('SSH-2.0-x\r\n');
  expect(String(plain.read())).toBe('SSH-2.0-x\r\n');
  const endless = unclaimedOnly(() => true);
  const failed = once(endless, 'error');
  for (let at = 0; at < 10; at++)
    endless.write(Buffer.concat([Buffer.from([22, 3, 1, 0x40, 0]), Buffer.alloc(0x4000, 1)]));
  await failed;
  expect(endless.read()).toBeNull();
});
