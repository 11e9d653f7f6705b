import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { clientBounds, type Frame, Framer, FrameReader, serverBounds } from '../../src/contract/postgres/frames.ts';

/**
 * What passes on a wire, seen before it goes on:
 * - `asked`: the daemon has a statement executed
 * - `answered`: the server says that one was completed
 */
export interface Passing {
  readonly at: 'asked' | 'answered';
  /** Of the statement. */
  readonly text: string;
  /** What the server called it; empty for what is only asked. */
  readonly tag: string;
  /** Every statement that this connection executed before, in order. */
  readonly before: readonly string[];
  /** Of the server's process behind this connection. */
  readonly backend: number;
}

/** Whether it goes on, or whether from here on nothing passes on that connection any more. */
export type Watcher = (passing: Passing) => 'pass' | 'hold';

/** A wire between the daemon and the server on which every statement is seen, and can be stopped, before it goes on. */
export interface WatchedWire {
  readonly port: number;
  /** Where it leads; another number leads new connections to another server. */
  server: number;
  watch: Watcher | undefined;
  /** From now on nothing passes on any connection that there is. */
  freeze(): void;
  /** Cuts every connection that there is. */
  cut(): void;
  close(): void;
}

interface Connection {
  readonly ours: Socket;
  readonly theirs: Socket;
  held: boolean;
}

export async function openWatchedWire(server: number): Promise<WatchedWire> {
  const connections = new Set<Connection>();
  const listener = createServer((ours) => {
    const connection: Connection = { ours, theirs: connect(wire.server, '127.0.0.1'), held: false };
    connections.add(connection);
    const end = (): void => {
      connection.ours.destroy();
      connection.theirs.destroy();
      connections.delete(connection);
    };
    for (const socket of [ours, connection.theirs]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', end);
    }
    join(connection, (passing) => wire.watch?.(passing) ?? 'pass');
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const wire: WatchedWire = {
    port: (listener.address() as AddressInfo).port,
    server,
    watch: undefined,
    freeze: () => {
      for (const one of connections) one.held = true;
    },
    cut: () => {
      for (const { ours, theirs } of connections) {
        ours.destroy();
        theirs.destroy();
      }
    },
    close: () => {
      wire.cut();
      listener.close();
    },
  };
  return wire;
}

/** Passes messages on, one by one, as long as the watcher lets them. */
function join(connection: Connection, watch: Watcher): void {
  const { ours, theirs } = connection;
  const statements = new Map<string, string>();
  const portals = new Map<string, string>();
  const before: string[] = [];
  /** Executed and not yet completed, in order. */
  const awaited: string[] = [];
  let backend = 0;
  const seen = (at: Passing['at'], text: string, tag = ''): boolean => {
    if (watch({ at, text, tag, before, backend }) === 'pass') return true;
    connection.held = true;
    return false;
  };
  const asked = (message: Frame): boolean => {
    const reader = message.type === '' ? undefined : new FrameReader(message);
    if (reader === undefined) return true;
    if (message.type === 'P') statements.set(reader.text(), reader.text());
    if (message.type === 'B') portals.set(reader.text(), statements.get(reader.text()) ?? '');
    if (message.type !== 'Q' && message.type !== 'E') return true;
    const text = message.type === 'Q' ? reader.text() : (portals.get(reader.text()) ?? '');
    if (!seen('asked', text)) return false;
    before.push(text);
    awaited.push(text);
    return true;
  };
  const answered = (reply: Frame): boolean => {
    if (reply.type === 'K') backend = new FrameReader(reply).int32();
    if (reply.type === 'E') awaited.length = 0;
    return reply.type !== 'C' || seen('answered', awaited.shift() ?? '', new FrameReader(reply).text());
  };
  pass(ours, theirs, new Framer(clientBounds, true), asked, connection);
  pass(theirs, ours, new Framer(serverBounds, false), answered, connection);
}

function pass(
  from: Socket,
  to: Socket,
  framer: Framer,
  may: (message: Frame) => boolean,
  connection: Connection,
): void {
  from.on('data', (chunk: Buffer) => {
    to.cork();
    for (const message of framer.push(chunk)) {
      if (connection.held || !may(message)) break;
      to.write(Buffer.from(message.bytes));
    }
    to.uncork();
  });
}
