import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import type { ServerIdentity } from './certificates.fixture.ts';

/** A raw server on loopback that remembers what reached it. */
export interface Listener {
  readonly port: number;
  /** Connections made so far; for TLS, those whose handshake ended well. */
  readonly connections: () => number;
  /** Everything received on all connections, in order of arrival. */
  readonly received: () => string;
  /** Server names that TLS clients asked for. */
  readonly serverNames: () => readonly string[];
  close(): Promise<void>;
}

/** Called for each piece that arrives, with all that the connection received so far. */
export type Behaviour = (socket: Socket, received: string, connection: number) => void;

export async function listen(behave: Behaviour, identity?: ServerIdentity): Promise<Listener> {
  const sockets = new Set<Socket>();
  const names: string[] = [];
  let all = '';
  let count = 0;
  const onSocket = (socket: Socket) => {
    const connection = ++count;
    let received = '';
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (identity !== undefined) names.push(String((socket as unknown as { servername: unknown }).servername));
    socket.on('data', (piece) => {
      received += piece.toString('latin1');
      all += piece.toString('latin1');
      behave(socket, received, connection);
    });
    behave(socket, '', connection);
  };
  const server: Server = identity === undefined ? createServer(onSocket) : createTlsServer({ ...identity }, onSocket);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => count,
    received: () => all,
    serverNames: () => names,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Whether a whole request is there: its headers, and as much body as its content-length says. */
export function isWhole(received: string): boolean {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, end))?.[1] ?? '0';
  return received.length >= end + 4 + Number(length);
}

/** Answers every whole request with the same bytes. */
export function answering(bytes: string | Uint8Array): Behaviour {
  let from = new Map<number, number>();
  return (socket, received, connection) => {
    const start = from.get(connection) ?? 0;
    if (received === '' || !isWhole(received.slice(start))) return;
    from = new Map(from).set(connection, received.length);
    socket.write(bytes);
  };
}
