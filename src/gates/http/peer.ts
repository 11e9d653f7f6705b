import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import type { Socket } from 'node:net';
import type { Peer } from '../../contract/road.ts';

/** Reads who is at the other end of a connection; the OS user only over loopback, and only where it can be proved. */
export async function peerOf(socket: Socket): Promise<Peer> {
  const address = socket.remoteAddress ?? '';
  const { remotePort, localPort } = socket;
  const local = socket.localAddress ?? '';
  if (remotePort === undefined || localPort === undefined) return { address };
  const uid = await loopbackUser({ address, port: remotePort }, { address: local, port: localPort });
  return uid === undefined ? { address } : { address, uid };
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
async function loopbackUser(far: End, near: End): Promise<number | undefined> {
  const from = tableAddress(far);
  const to = tableAddress(near);
  if (from === undefined || to === undefined) return undefined;
  const found: number[] = [];
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of (await readFile(table, 'latin1').catch(() => '')).split('\n')) {
      const [, local, remote, state, , , , uid, , inode] = line.trim().split(/\s+/);
      if (state !== '01' || inode === '0' || local === undefined || remote === undefined) continue;
      if (from.includes(local) && to.includes(remote)) found.push(Number(uid));
    }
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
