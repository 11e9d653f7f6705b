/**
 * What the upstream room adds to one HTTP exchange: `node bench/http-upstream.ts [seconds a turn, 2] [turns, 3]`.
 *
 * Three clients, alternating, against one small server in a process of its own on loopback, each sending the same
 * 300-byte GraphQL request: a bare socket (what the wire and the event loop cost), undici's `Pool.dispatch` alone, and
 * ours: lease opened, credential out of the vault, clearance minted and spent, answer filtered. First paced (1,000
 * requests a second in all, from 32 timers), then one after the other. Milliseconds from asking to the whole answer.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
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
  server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
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

async function ours(port: number): Promise<Client> {
  const folder = await mkdtemp(join(tmpdir(), 'holdpoint-bench-'));
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
      await rm(folder, { recursive: true, force: true });
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

function at(sorted: readonly number[], share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(3);
}

async function main(seconds: number, turns: number): Promise<void> {
  const child = spawn(process.execPath, [import.meta.filename, '--serve'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(line.toString());
    const clients = [bareSockets(port), bareUndici(port), await ours(port)];
    console.log(
      `${cpus()[0]?.model ?? 'cpu'} × ${cpus().length}, ${release()}, Node ${process.version}; ${turns} turns of ${seconds} s`,
    );
    for (const client of clients) await paced(client, 0.5, 1_000);
    for (const [name, run] of [
      ['paced 1,000/s', (client: Client) => paced(client, seconds, 1_000)],
      ['one by one', (client: Client) => oneByOne(client, seconds)],
    ] as const) {
      const found = new Map<string, { times: number[]; cpu: number[] }>();
      for (let turn = 0; turn < turns; turn++) {
        for (const client of clients) {
          const kept = found.get(client.name) ?? { times: [], cpu: [] };
          const { times, cpu } = await run(client);
          found.set(client.name, { times: [...kept.times, ...times], cpu: [...kept.cpu, cpu] });
        }
      }
      console.log(`\n${name.padEnd(20)} ${'n'.padStart(7)} ${'p50 ms'.padStart(8)} ${'p99 ms'.padStart(8)}`);
      for (const [client, { times }] of found) {
        const sorted = times.sort((a, b) => a - b);
        console.log(
          `${client.padEnd(20)} ${String(sorted.length).padStart(7)} ${at(sorted, 0.5).padStart(8)} ${at(sorted, 0.99).padStart(8)}`,
        );
      }
    }
    for (const client of clients) await client.close();
  } finally {
    child.kill();
  }
}

if (process.argv[2] === '--serve') serve();
else await main(Number(process.argv[2] ?? 2), Number(process.argv[3] ?? 3));
