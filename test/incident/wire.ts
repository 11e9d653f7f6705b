import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { connect as secure, createSecureContext, type SecureContext } from 'node:tls';
import type { ProxyUser } from './doors.ts';
import type { Stage } from './stage.ts';

/** Bytes to the gate and what came back, by one of the two ways in. */
export interface Wire {
  readonly name: string;
  /** Path of the GraphQL endpoint there. */
  readonly path: string;
  readonly host: string;
  /**
   * Writes the bytes; resolves with all that came until the answer was whole, the far side hung up, or nothing came for
   * `patience` milliseconds.
   */
  send(bytes: Uint8Array, patience?: number): Promise<string>;
}

/** Enough for what is refused on the wire; what is looked up at the provider wants more. */
const shortPatience = 400;

export function baseWire(stage: Stage): Wire {
  const { hostname, port, host } = new URL(stage.endpoint);
  return {
    name: 'base URL',
    path: '/railway/graphql/v2',
    host,
    send: async (bytes, patience) => exchange(await opened(hostname, Number(port)), bytes, patience),
  };
}

/** Inside a tunnel through the intercepting proxy, TLS by its own authority. */
export async function proxyWire(stage: Stage, user: ProxyUser, host: string): Promise<Wire> {
  const { hostname, port } = new URL(stage.endpoint);
  const context = createSecureContext({ ca: await readFile(stage.daemon.places.bundle, 'utf8') });
  return {
    name: `proxy, ${host}`,
    path: '/graphql/v2',
    host,
    send: async (bytes, patience) => {
      const socket = await opened(hostname, Number(port));
      await tunnelled(socket, host, user);
      return exchange(await secured(socket, host, context), bytes, patience);
    },
  };
}

/** HTTP status of the first answer that is none of 100; 0 when there is none. */
export function statusIn(text: string): number {
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  return statuses.find((status) => status >= 200) ?? 0;
}

/** Holdpoint's codes in all that came back. */
export function codesIn(text: string): readonly string[] {
  return [...text.matchAll(/"code":"(HOLDPOINT_[A-Z_]+)"/g)].map(([, code]) => code ?? '');
}

function opened(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

function tunnelled(socket: Socket, host: string, { name, token }: ProxyUser): Promise<void> {
  const credential = Buffer.from(`${name}:${token}`).toString('base64');
  socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\nProxy-Authorization: Basic ${credential}\r\n\r\n`);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', (chunk: Buffer) => {
      if (chunk.toString('latin1').startsWith('HTTP/1.1 200 ')) resolve();
      else reject(new Error(`no tunnel: ${chunk.toString('latin1').slice(0, 200)}`));
    });
  });
}

function secured(socket: Socket, host: string, secureContext: SecureContext): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const inner = secure({ socket, servername: host, secureContext });
    inner.once('secureConnect', () => resolve(inner));
    inner.once('error', reject);
  });
}

function exchange(socket: Socket, bytes: Uint8Array, patience: number = shortPatience): Promise<string> {
  return new Promise((resolve) => {
    let got = '';
    let timer: NodeJS.Timeout | undefined;
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(got);
    };
    const wait = (milliseconds: number): void => {
      clearTimeout(timer);
      timer = setTimeout(end, milliseconds);
    };
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      got += text;
      // A little longer than a whole answer takes: a second one would be the news.
      wait(isWhole(got) ? 15 : patience);
    });
    for (const event of ['error', 'end', 'close']) socket.on(event, end);
    wait(patience);
    socket.write(bytes);
  });
}

function isWhole(text: string): boolean {
  const start = text.startsWith('HTTP/1.1 100 ') ? text.indexOf('\r\n\r\n') + 4 : 0;
  const end = text.indexOf('\r\n\r\n', start);
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(start, end + 2))?.[1];
  return end !== -1 && length !== undefined && text.length >= end + 4 + Number(length);
}
