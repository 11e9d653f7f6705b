import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type Cancels, Conversation } from './conversation.ts';
import { Front } from './front.ts';
import { defaultLimits, type PostgresGateParts } from './parts.ts';
import { frame, int32 } from '../../contract/postgres/frames.ts';
import type { Gate } from '../../contract/gate.ts';

export type { PostgresGateParts, SqlReader } from './parts.ts';

export interface PostgresGate extends Gate {
  readonly name: 'postgres';
  readonly port: number;
}

/**
 * Opens the PostgreSQL gate: protocol 3 towards clients, the agent token as the password, the upstream entry as the
 * database. Resolves when it listens. `close` ends every conversation; what was not committed is rolled back.
 */
export async function openPostgresGate(parts: PostgresGateParts): Promise<PostgresGate> {
  const limits = { ...defaultLimits, ...parts.limits };
  const fronts = new Set<Front>();
  const cancels = cancelKeys();
  const server = createServer({ noDelay: true, keepAlive: true }, (socket: Socket) => {
    const peer = parts.peerOf?.(socket) ?? Promise.resolve({ address: socket.remoteAddress ?? '' });
    // Asked for at once, while the connection is there; who signs in waits for it.
    peer.catch(() => undefined);
    const conversation = new Conversation(parts, peer, cancels);
    const front = new Front(socket, conversation, limits, parts.tls);
    conversation.speakThrough(front);
    fronts.add(front);
    socket.once('close', () => fronts.delete(front));
  });
  server.maxConnections = limits.connections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: parts.host, port: parts.port, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { address, port } = server.address() as AddressInfo;
  const host = address.includes(':') ? `[${address}]` : address;
  return Object.freeze({
    name: 'postgres',
    address: `postgres://${host}:${port}`,
    port,
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const front of fronts) front.close();
      await closed;
    },
  });
}

/** A client proves by its key that a cancel request is its own. */
function cancelKeys(): Cancels {
  const byKey = new Map<string, Conversation>();
  const keys = new Map<Conversation, string>();
  return {
    add(conversation, pid, minor) {
      // Clients tell their own notifications by the pid; since protocol 3.2 a key may be longer.
      const key = Buffer.concat([int32(pid), randomBytes(minor >= 2 ? 32 : 4)]);
      byKey.set(key.toString('hex'), conversation);
      keys.set(conversation, key.toString('hex'));
      return frame('K', key);
    },
    remove(conversation) {
      byKey.delete(keys.get(conversation) ?? '');
      keys.delete(conversation);
    },
    cancel: (key) => byKey.get(key)?.cancelled(),
  };
}
