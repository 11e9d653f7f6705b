import { createHash } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type SecureContext, TLSSocket } from 'node:tls';
import type { Place, SignIn } from './place.ts';
import { NotTheServer, Scram } from './scram.ts';
import {
  cstring,
  fields,
  frame,
  type Frame,
  Framer,
  FrameReader,
  int32,
  serverBounds,
  startupFrame,
} from '../../contract/postgres/frames.ts';
import { dial, type DialOptions } from '../dial/dial.ts';

export interface SignedIn {
  readonly socket: Socket;
  /** Bytes that came behind the server's first ReadyForQuery; none from an honest server. */
  readonly framer: Framer;
  readonly pid: number;
  /** What a CancelRequest is made of, with the pid. Up to 256 bytes since protocol 3.2. */
  readonly cancelKey: Buffer;
  readonly reported: ReadonlyMap<string, string>;
}

/** The server refused the sign-in, in its own words. */
export class SignInRefused extends Error {
  override readonly name = 'SignInRefused';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const protocol3 = 196_608;
const sslRequest = 80_877_103;
const cancelRequest = 80_877_102;

/**
 * Opens a connection, encrypted unless the place says otherwise, and signs in with SCRAM-SHA-256 (PLUS where offered),
 * MD5 or a plain password, the last two on encrypted lines only. Throws `SignInRefused`, `NotTheServer` or what dialling throws.
 */
export async function signIn(
  place: Place,
  who: SignIn,
  trust: SecureContext,
  settings: ReadonlyMap<string, string>,
  options: DialOptions,
): Promise<SignedIn> {
  const parameters = new Map([['user', who.user], ['database', place.database], ...settings]);
  return signInOn(await lineTo(place, trust, options), who, parameters, options.timeout);
}

/** The same on a line that is open. Throws `SignInRefused`, `NotTheServer`, and what ends the line. */
export async function signInOn(
  socket: Socket,
  who: SignIn,
  parameters: ReadonlyMap<string, string>,
  timeout: number,
): Promise<SignedIn> {
  const timer = setTimeout(() => socket.destroy(new Error('the server did not answer the sign-in in time')), timeout);
  try {
    return await talk(socket, startupFrame(protocol3, parameters), who);
  } catch (thrown) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}

/** Asks the server to cancel what a backend runs; resolves when it has closed the line, after which the signal is out. */
export async function requestCancel(
  place: Place,
  pid: number,
  key: Uint8Array,
  trust: SecureContext,
  options: DialOptions,
): Promise<void> {
  const socket = await lineTo(place, trust, options);
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.on('error', () => undefined);
    socket.setTimeout(options.timeout, () => socket.destroy());
    socket.resume();
    socket.end(frame('', int32(cancelRequest), int32(pid), key).bytes);
  });
}

async function lineTo(place: Place, trust: SecureContext, options: DialOptions): Promise<Socket> {
  // In the clear a credential goes to private addresses only.
  const plain = await dial(place.host, place.port, place.encrypted ? options : { ...options, onlyPrivate: true });
  if (!place.encrypted) return plain;
  try {
    if ((await singleByte(plain, frame('', int32(sslRequest)).bytes)) !== 'S')
      throw new NotTheServer('the server does not speak TLS');
    return await encrypted(plain, place.host, trust);
  } catch (thrown) {
    plain.on('error', () => undefined);
    plain.destroy();
    throw thrown;
  }
}

/** Exactly one byte: what came with it in the clear would be taken for the server's own after TLS (CVE-2021-23222). */
function singleByte(socket: Socket, question: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(new NotTheServer('the server closed the line'));
    socket.once('error', reject);
    socket.once('close', closed);
    socket.once('data', (chunk: Buffer) => {
      socket.off('error', reject);
      socket.off('close', closed);
      socket.pause();
      if (chunk.length === 1) resolve(chunk.toString('latin1'));
      else reject(new NotTheServer('the server said more than it was asked'));
    });
    socket.write(question);
  });
}

function encrypted(plain: Socket, host: string, trust: SecureContext): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      socket: plain,
      secureContext: trust,
      rejectUnauthorized: true,
      ALPNProtocols: ['postgresql'],
      ...(isIP(host) === 0 ? { servername: host } : {}),
      checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** The conversation up to the first ReadyForQuery. */
function talk(socket: Socket, start: Frame, who: SignIn): Promise<SignedIn> {
  return new Promise((resolve, reject) => {
    const framer = new Framer(serverBounds, false);
    const talking = new Talking(socket, who);
    const stop = (): void => void socket.off('data', read).off('error', reject).off('close', closed);
    const closed = (): void => reject(new NotTheServer('the server closed the line before the sign-in was done'));
    const read = (chunk: Buffer): void => {
      try {
        for (const one of framer.push(chunk)) {
          if (!talking.take(one)) continue;
          stop();
          socket.pause();
          resolve({ socket, framer, pid: talking.pid, cancelKey: talking.cancelKey, reported: talking.reported });
          return;
        }
      } catch (thrown) {
        stop();
        reject(thrown as Error);
      }
    };
    socket.on('data', read).on('error', reject).on('close', closed);
    socket.resume();
    socket.write(start.bytes);
  });
}

class Talking {
  readonly reported = new Map<string, string>();
  pid = 0;
  cancelKey: Buffer = Buffer.alloc(0);
  readonly #socket: Socket;
  readonly #who: SignIn;
  #scram: Scram | undefined;
  #proved = false;

  constructor(socket: Socket, who: SignIn) {
    this.#socket = socket;
    this.#who = who;
  }

  /** True for the message that ends it. */
  take(one: Frame): boolean {
    const reader = new FrameReader(one);
    switch (one.type) {
      case 'R':
        this.#authenticate(reader);
        return false;
      case 'S':
        this.reported.set(reader.text(), reader.text());
        return false;
      case 'K':
        this.pid = reader.int32();
        this.cancelKey = Buffer.from(reader.rest());
        return false;
      case 'E': {
        const said = fields(one);
        throw new SignInRefused(said.get('C') ?? '', said.get('M') ?? 'the server refused the sign-in');
      }
      case 'N':
        return false;
      case 'Z':
        return true;
      default:
        throw new NotTheServer(`the server sent \`${one.type}\` before the sign-in was done`);
    }
  }

  #authenticate(reader: FrameReader): void {
    const kind = reader.int32();
    switch (kind) {
      case 0:
        // A server that skips its own proof in the middle of SCRAM is not the one that knows the password.
        if (this.#scram !== undefined && !this.#proved) throw new NotTheServer('the server ended SCRAM too early');
        return;
      case 3:
        return this.#password(this.#who.password);
      case 5:
        return this.#password(md5Of(this.#who, reader.rest()));
      case 10:
        return this.#startScram(reader);
      case 11:
        return this.#say(Buffer.from(this.#scramBegun().prove(reader.rest().toString('utf8'))));
      case 12:
        this.#scramBegun().finish(reader.rest().toString('utf8'));
        this.#proved = true;
        return;
      default:
        throw new NotTheServer(`the server asks for a sign-in (${kind}) that is not spoken here`);
    }
  }

  #startScram(reader: FrameReader): void {
    if (this.#scram !== undefined) throw new NotTheServer('the server began SCRAM twice');
    const offered: string[] = [];
    for (let one = reader.text(); one !== ''; one = reader.text()) offered.push(one);
    const certificate = this.#socket instanceof TLSSocket ? this.#socket.getPeerCertificate().raw : undefined;
    this.#scram = new Scram(this.#who.password, certificate);
    const { mechanism, first } = this.#scram.start(offered);
    const said = Buffer.from(first);
    this.#say(Buffer.concat([cstring(mechanism), int32(said.length), said]));
  }

  #scramBegun(): Scram {
    if (this.#scram === undefined) throw new NotTheServer('the server went on with a SCRAM that was not begun');
    return this.#scram;
  }

  /** What gives the password away, or nearly so, never goes in the clear. */
  #password(text: string): void {
    if (!(this.#socket instanceof TLSSocket))
      throw new NotTheServer('the server asks for a password on a line that is not encrypted');
    this.#say(cstring(text));
  }

  #say(body: Uint8Array): void {
    this.#socket.write(frame('p', body).bytes);
  }
}

function md5Of({ user, password }: SignIn, salt: Uint8Array): string {
  const inner = createHash('md5').update(password).update(user).digest('hex');
  return `md5${createHash('md5').update(inner).update(salt).digest('hex')}`;
}
