import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import type { Socket } from 'node:net';
import type { Peer } from '../../contract/road.ts';

/** Says who is at the other end of a connection; the OS user only over loopback, and only where it can be proved. */
export function peerReader(): (socket: Socket) => Promise<Peer> {
  const table = sharedTable();
  return async (socket) => {
    const address = socket.remoteAddress ?? '';
    const { remotePort, localPort } = socket;
    const local = socket.localAddress ?? '';
    if (remotePort === undefined || localPort === undefined) return { address };
    const uid = await loopbackUser(table, { address, port: remotePort }, { address: local, port: localPort });
    return uid === undefined ? { address } : { address, uid };
  };
}

/**
 * The kernel's tables of sockets, one reading at a time. Reading walks every socket of the machine, so connections that
 * come together share one that began after them.
 */
function sharedTable(): () => Promise<string> {
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<string> | undefined;
  return () => {
    if (next === undefined) {
      next = last.then(() => {
        next = undefined;
        return readTable();
      });
      last = next;
    }
    return next;
  };
}

/** Empty where a table cannot be read: then nobody is found in it. */
async function readTable(): Promise<string> {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'latin1').catch(() => ''));
  return (await Promise.all(tables)).join('\n');
}

interface End {
  readonly address: string;
  readonly port: number;
}

/**
 * The OS user who owns the far end of a loopback connection, from the kernel's table of sockets (proc(5), `net/tcp`).
 * Undefined when it is not there exactly once as an established socket with an inode: a closed or orphaned socket shows
 * user 0, which must not pass for root.
 */
async function loopbackUser(table: () => Promise<string>, far: End, near: End): Promise<number | undefined> {
  const from = tableAddress(far);
  const to = tableAddress(near);
  if (from === undefined || to === undefined) return undefined;
  const pairs = from.flatMap((local) => to.map((remote) => `: ${local} ${remote} 01 `));
  const found: number[] = [];
  for (const line of (await table()).split('\n')) {
    if (!pairs.some((pair) => line.includes(pair))) continue;
    const [, local, remote, state, , , , uid, , inode] = line.trim().split(/\s+/);
    if (state !== '01' || inode === '0' || local === undefined || remote === undefined) continue;
    if (from.includes(local) && to.includes(remote)) found.push(Number(uid));
  }
  const [only] = found;
  return found.length === 1 && Number.isSafeInteger(only) ? only : undefined;
}

/** Every way the tables write a loopback address and port (32-bit words in host order); undefined for other addresses. */
function tableAddress(end: End): readonly string[] | undefined {
  if (endianness() !== 'LE') return undefined;
  const port = end.port.toString(16).toUpperCase().padStart(4, '0');
  if (end.address === '::1') return [`00000000000000000000000001000000:${port}`];
  const match = /^(?:::ffff:)?127\.(\d+)\.(\d+)\.(\d+)$/.exec(end.address);
  if (!match) return undefined;
  const word = [Number(match[3]), Number(match[2]), Number(match[1]), 127]
    .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    .join('');
  return [`${word}:${port}`, `0000000000000000FFFF0000${word}:${port}`];
}
