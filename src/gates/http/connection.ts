import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Bearer, Peer } from '../../contract/road.ts';
import type { Judged } from './claims.ts';

/** An intercepted CONNECT: what was agreed outside, to be held against what is said inside. */
export interface Tunnel {
  readonly host: string;
  /** Whose catalogue judges what is asked here; undefined for a listed host, of which only reads pass. */
  readonly judged: Judged | undefined;
  /** The agent token of the proxy credential, as presented. */
  readonly token: string;
  readonly bearer: Bearer;
  /** The name the client gave in its TLS handshake; undefined or false when it gave none. */
  serverName(): string | false | null | undefined;
}

/** One request and its answer, however they are read and written. */
export interface Asking {
  /** Who asks, once that is known. */
  bearer: Bearer | undefined;
  /** Since handed to the road: from here on a broken connection must not be answered with "nothing was done". */
  acted: boolean;
  /** Bytes after it could not be read: it was answered outside of its response, and nothing more is done with it. */
  abandoned: boolean;
  /** An answer has begun. */
  readonly answered: boolean;
  /** Nothing can be said any more: answered, abandoned, or nobody is there. */
  readonly silent: boolean;
  /** Sends a whole answer; headers are names and values in turn, framing included, and `close` ends the connection. */
  answer(status: number, headers: readonly string[], body: Uint8Array, close: boolean): void;
}

/** One that Node's parser reads and Node's response answers. */
export interface Exchange extends Asking {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** One client connection that carries requests: a TCP one, or the TLS inside of a tunnel. */
export interface Connection {
  /** Address of the peer. */
  readonly address: string;
  /** Known soon after connecting. */
  peer: Peer | undefined;
  readonly peerRead: Promise<Peer>;
  readonly tunnel: Tunnel | undefined;
  /** The request that is being read or answered; one at a time. */
  open: Asking | undefined;
  /** After a refusal on the wire level: whatever else comes is not read as a request. */
  over: boolean;
}

export interface Connections {
  readonly of: (socket: Duplex) => Connection | undefined;
  readonly add: (socket: Duplex, address: string, peerRead: Promise<Peer>, tunnel?: Tunnel) => Connection;
  /** All that are open. */
  readonly sockets: ReadonlySet<Duplex>;
  readonly busy: () => boolean;
  /** Counts a socket as a tunnel until it closes; false when there are that many already. */
  readonly takeTunnel: (socket: Duplex, most: number) => boolean;
}

export function newConnections(): Connections {
  const known = new Map<Duplex, Connection>();
  const sockets = new Set<Duplex>();
  const tunnels = new Set<Duplex>();
  return {
    sockets,
    of: (socket) => known.get(socket),
    busy: () => [...known.values()].some((connection) => connection.open !== undefined),
    takeTunnel(socket, most) {
      if (tunnels.size >= most) return false;
      tunnels.add(socket);
      return true;
    },
    add(socket, address, peerRead, tunnel) {
      const connection: Connection = { address, peer: undefined, peerRead, tunnel, open: undefined, over: false };
      known.set(socket, connection);
      sockets.add(socket);
      socket.once('close', () => {
        known.delete(socket);
        sockets.delete(socket);
        tunnels.delete(socket);
      });
      const settle = async (): Promise<void> => {
        connection.peer = await peerRead;
      };
      settle().catch(() => socket.destroy());
      return connection;
    },
  };
}
