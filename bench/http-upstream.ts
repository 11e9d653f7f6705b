// What the upstream room adds to one HTTP exchange; with `--serve` the small server that it asks.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { Pool } from 'undici';
import { type Effort, type Figure, median, quantile } from './figure.ts';
import { startScript } from './processes.ts';
import type { HttpMessage } from '../src/model/http-message.ts';
import { openSqliteStore } from '../src/stores/sqlite/store.ts';
import { httpUpstream } from '../src/upstream/http/http-upstream.ts';
import { openLeases } from '../src/upstream/run/leases.ts';
import { keyFile } from '../src/upstream/vault/key-source.ts';
import { openVault } from '../src/upstream/vault/vault.ts';

interface Client {
  readonly name: string;
  exchange(): Promise<void>;
  close(): Promise<void>;
}

const body = Buffer.from(
  JSON.stringify({
    query: `query project($id: String!) { project(id: $id) { id name ${'services { edges { node { id name } } } '.repeat(5)} } }`,
    variables: { id: '0'.repeat(36) },
  }),
);
const secret = 'b3c1d2e4-0000-4000-8000-5ecc3e7c0de5';
const answerBody = Buffer.from(JSON.stringify({ data: { project: { id: '0'.repeat(36), name: 'x'.repeat(400) } } }));

function serve(): void {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request
      .resume()
      .on('end', () =>
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-length': answerBody.length })
          .end(answerBody),
      );
  });
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
}

/** One request at a time on each of a few sockets; an answer is whole when its length is there. */
function bareSockets(port: number): Client {
  const free: Socket[] = [];
  const all: Socket[] = [];
  const head = `POST /graphql/v2 HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: keep-alive\r\ncontent-type: application/json\r\nauthorization: Bearer ${secret}\r\ncontent-length: ${body.length}\r\n\r\n`;
  return {
    name: 'bare socket',
    async exchange() {
      let socket = free.pop();
      if (socket === undefined) {
        socket = connect({ port, host: '127.0.0.1', noDelay: true });
        all.push(socket);
        await once(socket, 'connect');
      }
      const used = socket;
      await new Promise<void>((resolve) => {
        let got = 0;
        const take = (piece: Buffer): void => {
          got += piece.length;
          if (got < answerBody.length + 100) return;
          used.off('data', take);
          free.push(used);
          resolve();
        };
        used.on('data', take);
        used.cork();
        used.write(head, 'latin1');
        used.write(body);
        used.uncork();
      });
    },
    async close() {
      for (const socket of all) socket.destroy();
    },
  };
}

function bareUndici(port: number): Client {
  const pool = new Pool(`http://127.0.0.1:${port}`, { allowH2: false, pipelining: 1, connections: 128 });
  const headers = ['content-type', 'application/json', 'authorization', `Bearer ${secret}`];
  return {
    name: 'undici dispatch',
    exchange: () =>
      new Promise((resolve, reject) => {
        pool.dispatch(
          { method: 'POST', path: '/graphql/v2', headers, body },
          {
            onRequestStart() {},
            onResponseStart() {},
            onResponseData() {},
            onResponseEnd: () => resolve(),
            onResponseError: (_, error) => reject(error),
          },
        );
      }),
    close: () => pool.close(),
  };
}

async function ours(port: number, folder: string): Promise<Client> {
  const store = await openSqliteStore({ path: join(folder, 'state', 'holdpoint.db') });
  const vault = await openVault({
    store,
    key: keyFile(join(folder, 'keys', 'vault.key')),
    clock: { now: () => Date.now() },
  });
  const entry = {
    name: 'railway',
    provider: 'railway',
    environment: 'staging',
    kind: 'bearer',
    reach: 'environment',
    secret,
    note: '',
  } as const;
  await store.transact((tx) => vault.add(tx, entry));
  const route = { name: 'railway', address: `http://127.0.0.1:${port}`, allowPrivate: true };
  const leases = openLeases({ upstreams: [httpUpstream()], routes: () => route, vault });
  const message: HttpMessage = {
    protocol: 'http',
    method: 'POST',
    origin: 'https://backboard.railway.com',
    path: '/graphql/v2',
    headers: [['content-type', 'application/json']],
    body,
  };
  return {
    name: 'holdpoint upstream',
    async exchange() {
      const lease = await leases.open('railway');
      await lease.send(message, leases.mint(lease, [message], 'lookup', 'cl_bench'));
      await lease.release();
    },
    async close() {
      await leases.close();
      await store.close();
    },
  };
}

/** Latencies of a client that is asked every `32 / perSecond` seconds by each of 32 timers, spread out. */
async function paced(client: Client, seconds: number, perSecond: number): Promise<{ times: number[]; cpu: number }> {
  const times: number[] = [];
  const waiting: Promise<void>[] = [];
  const before = process.cpuUsage();
  const start = performance.now();
  let due = 0;
  await new Promise<void>((resolve) => {
    const tick = (): void => {
      const now = performance.now();
      for (; due < now - start; due += 1000 / perSecond) {
        const asked = performance.now();
        waiting.push(client.exchange().then(() => void times.push(performance.now() - asked)));
      }
      if (now - start > seconds * 1000) resolve();
      else setImmediate(tick);
    };
    tick();
  });
  await Promise.all(waiting);
  const used = process.cpuUsage(before);
  return { times, cpu: (used.user + used.system) / times.length };
}

async function oneByOne(client: Client, seconds: number): Promise<{ times: number[]; cpu: number }> {
  const times: number[] = [];
  const before = process.cpuUsage();
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    const asked = performance.now();
    await client.exchange();
    times.push(performance.now() - asked);
  }
  const used = process.cpuUsage(before);
  return { times, cpu: (used.user + used.system) / times.length };
}

/**
 * Three clients in turn against one small server in a process of its own, each sending the same 300-byte request: a bare
 * socket (what the wire and the event loop cost), undici's `Pool.dispatch` alone, and ours: lease opened, credential out
 * of the vault, clearance minted and spent, answer filtered. Milliseconds from asking to the whole answer.
 */
export async function benchUpstream(folder: string, { rounds, seconds }: Effort): Promise<readonly Figure[]> {
  const server = await startScript<{ port: number }>('http-upstream.ts', ['--serve'], 'other');
  const { port } = server.said;
  const clients = [bareSockets(port), bareUndici(port), await ours(port, join(folder, 'upstream'))];
  try {
    for (const client of clients) await paced(client, seconds / 2, 1_000);
    const kinds = [
      ['1,000 a second', (client: Client) => paced(client, seconds, 1_000)],
      ['one by one', (client: Client) => oneByOne(client, seconds)],
    ] as const;
    const figures: Figure[] = [];
    for (const [kind, run] of kinds) {
      const found = new Map<string, number[]>(clients.map(({ name }) => [name, []]));
      for (let round = 0; round < rounds; round++)
        for (const client of clients) found.get(client.name)?.push(quantile((await run(client)).times, 0.5));
      const part = `upstream, ${kind}`;
      for (const [name, p50s] of found) figures.push({ part, name: `${name}: p50`, value: median(p50s), unit: 'ms' });
    }
    return figures;
  } finally {
    for (const client of clients) await client.close();
    await server.stop();
  }
}

if (process.argv[2] === '--serve') serve();
