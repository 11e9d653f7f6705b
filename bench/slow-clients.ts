import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Effort, Figure } from './figure.ts';
import type { GateSaid } from './gate-process.ts';
import { readAnswer, readBody, requestText } from './messages.ts';
import { startScript } from './processes.ts';

const part = 'slow clients';
/** Bytes of each answer of the far side: more than a socket takes from a process whose client does not read. */
const answerBytes = 1_048_576;
/** A byte each so often (ms). */
const drip = 500;

/**
 * Resident memory of the gate's process under clients that send their heads or bodies a byte at a time, or ask and do not
 * read, a third each; and whether an ordinary client is served meanwhile.
 */
export async function benchSlowClients(folder: string, { quick }: Effort): Promise<readonly Figure[]> {
  const clients = quick ? 90 : 999;
  const answer = Buffer.from(readAnswer.trimEnd().padEnd(answerBytes));
  const far = createServer((request, response) => {
    request
      .resume()
      .on('end', () =>
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer),
      );
  }).listen(0, '127.0.0.1');
  await once(far, 'listening');
  const port = String((far.address() as AddressInfo).port);
  const gate = await startScript<GateSaid>('gate-process.ts', [join(folder, 'slow-clients'), port], 'measured');
  const sockets: Socket[] = [];
  try {
    await ask(gate.said);
    const before = residentMiB(gate.pid);
    for (let at = 0; at < clients; at++) sockets.push(slowClient(gate.said, at));
    let peak = before;
    let served = 0;
    // Within the time that a head may take: nobody is sent away yet.
    const until = performance.now() + (quick ? 2_000 : 9_000);
    while (performance.now() < until) {
      peak = Math.max(peak, residentMiB(gate.pid));
      if (await ask(gate.said)) served += 1;
      await wait(200);
    }
    const open = sockets.filter((socket) => !socket.destroyed).length;
    for (const socket of sockets) socket.destroy();
    await wait(1_000);
    const bounded = { part, unit: 'MiB', atMost: 256 };
    return [
      { part, name: `clients of ${clients} that were still there at the end`, value: open, unit: 'clients' },
      { part, name: 'resident memory before', value: before, unit: 'MiB' },
      { ...bounded, name: 'and at most above that', value: peak - before },
      { part, name: 'ordinary requests served meanwhile', value: served, unit: 'requests', atLeast: 3 },
    ];
  } finally {
    for (const socket of sockets) socket.destroy();
    await gate.stop();
    far.close();
    far.closeAllConnections();
  }
}

function slowClient({ port, token }: GateSaid, at: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const whole = requestText(port, '/railway/graphql/v2', token, readBody);
  if (at % 3 === 0) {
    socket.pause();
    socket.write(whole);
    return socket;
  }
  const long = requestText(port, '/railway/graphql/v2', token, readBody.padEnd(65_536));
  const start = at % 3 === 1 ? 40 : 60_000;
  socket.write(long.slice(0, start));
  let next = start;
  const dripping = setInterval(() => socket.write(long.slice(next, ++next)), drip);
  socket.once('close', () => clearInterval(dripping));
  return socket;
}

/** One ordinary request on a connection of its own: whether its answer came whole. */
async function ask({ port, token }: GateSaid): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write(requestText(port, '/railway/graphql/v2', token, readBody));
    let length = 0;
    socket.setTimeout(5_000, () => socket.destroy());
    for await (const piece of socket as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > answerBytes) return true;
    }
    return false;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** proc(5): `VmRSS` of a process, in MiB. */
function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(kib ?? Number.NaN) / 1_024;
}
