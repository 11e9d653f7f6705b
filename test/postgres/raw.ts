import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  cstring,
  fields,
  frame,
  type Frame,
  Framer,
  int16,
  int32,
  serverBounds,
  startupFrame,
} from '../../src/contract/postgres/frames.ts';
import { signIn } from '../../src/upstream/postgres/sign-in.ts';
import { trustedAuthorities } from '../../src/upstream/dial/dial.ts';

/** A client that says exactly what it is told, and keeps every reply. */
export interface RawClient {
  readonly socket: Socket;
  readonly replies: Frame[];
  send(...frames: readonly (Frame | Uint8Array)[]): void;
  /** The replies up to and with the one of this type, the n-th of them. */
  until(type: string, times?: number): Promise<readonly Frame[]>;
  readonly closed: Promise<void>;
  end(): void;
}

export function rawClient(socket: Socket, framer = new Framer(serverBounds, false)): RawClient {
  const replies: Frame[] = [];
  let wake = (): void => undefined;
  let over = false;
  socket.on('data', (chunk: Buffer) => {
    for (const one of framer.push(chunk)) replies.push({ type: one.type, bytes: Buffer.from(one.bytes) });
    wake();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    over = true;
    wake();
  });
  socket.resume();
  return {
    socket,
    replies,
    send: (...frames) => void socket.write(Buffer.concat(frames.map((one) => ('bytes' in one ? one.bytes : one)))),
    async until(type, times = 1) {
      for (;;) {
        const at = replies.flatMap((one, index) => (one.type === type ? [index] : []))[times - 1];
        if (at !== undefined) return replies.splice(0, at + 1);
        if (over) throw new Error(`closed; before that came ${replies.map(shown).join(' ')}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    closed: once(socket, 'close').then(() => undefined),
    end: () => void socket.end(),
  };
}

/** A connection to the gate at which nothing was said yet. */
export async function rawConnection(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return rawClient(socket);
}

export interface RawSignIn {
  readonly port: number;
  readonly user?: string;
  readonly password: string;
  readonly version?: number;
  readonly parameters?: readonly (readonly [string, string])[];
  readonly tls?: { readonly ca: string };
}

/** Signed in at the gate, up to its first ReadyForQuery; `greeting` is what came until then. */
export async function rawSession(options: RawSignIn): Promise<RawClient & { readonly greeting: readonly Frame[] }> {
  const plain = connect(options.port, '127.0.0.1');
  await once(plain, 'connect');
  let socket: Socket = plain;
  if (options.tls !== undefined) {
    plain.write(frame('', int32(80_877_103)).bytes);
    await once(plain, 'data');
    socket = connectTls({ socket: plain, ca: options.tls.ca, servername: 'localhost', ALPNProtocols: ['postgresql'] });
    await once(socket, 'secureConnect');
  }
  const client = rawClient(socket);
  const parameters = new Map([
    ['user', options.user ?? 'cursor'],
    ['database', 'pg-staging'],
    ...(options.parameters ?? []),
  ]);
  client.send(startupFrame(options.version ?? 196_608, parameters));
  const asked = await client.until('R');
  client.send(frame('p', cstring(options.password)));
  const greeting = [...asked, ...(await client.until('Z'))];
  return Object.assign(client, { greeting });
}

/** Signed in at the server itself, past the gate. */
export async function rawDirect(port: number, user: string, password: string): Promise<RawClient> {
  const place = { host: '127.0.0.1', port, database: 'postgres', encrypted: false, pooled: false };
  const settings = new Map([['default_transaction_read_only', 'off']]);
  const options = { allowPrivate: true, timeout: 5_000 };
  const signed = await signIn(place, { user, password }, trustedAuthorities(undefined), settings, options);
  return rawClient(signed.socket, signed.framer);
}

export const query = (text: string): Frame => frame('Q', cstring(text));
export const parse = (text: string, name = '', ...types: readonly number[]): Frame =>
  frame('P', cstring(name), cstring(text), int16(types.length), ...types.map(int32));
export const bind = (
  values: readonly (string | null)[] = [],
  name = '',
  portal = '',
  ...results: readonly number[]
): Frame =>
  frame(
    'B',
    cstring(portal),
    cstring(name),
    int16(0),
    int16(values.length),
    ...values.flatMap((one) => (one === null ? [int32(-1)] : [int32(Buffer.byteLength(one)), Buffer.from(one)])),
    int16(results.length),
    ...results.map(int16),
  );
export const describePortal = (name = ''): Frame => frame('D', Buffer.from('P'), cstring(name));
export const describeStatement = (name = ''): Frame => frame('D', Buffer.from('S'), cstring(name));
export const execute = (limit = 0, portal = ''): Frame => frame('E', cstring(portal), int32(limit));
export const closePortal = (name = ''): Frame => frame('C', Buffer.from('P'), cstring(name));
export const closeStatement = (name = ''): Frame => frame('C', Buffer.from('S'), cstring(name));
export const sync = frame('S');
export const flush = frame('H');

/** What a reply comes to in a failed comparison. */
export function shown(one: Frame): string {
  if (one.type !== 'E' && one.type !== 'N') return `${one.type}(${one.bytes.toString('latin1', 5).slice(0, 60)})`;
  const found = fields(one);
  return `${one.type}(${found.get('C') ?? ''} ${found.get('M') ?? ''})`;
}
