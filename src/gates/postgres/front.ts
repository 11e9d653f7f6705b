import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import type { PostgresLimits } from './parts.ts';
import { refusalFrame } from './says.ts';
import {
  BrokenFrame,
  clientBounds,
  type Frame,
  Framer,
  FrameReader,
  frame as build,
  int32,
  saying,
} from '../../contract/postgres/frames.ts';
import { refusalIn, refuse, type Refusal } from '../../model/refusal.ts';

const sslRequest = 80_877_103;
const gssRequest = 80_877_104;
const cancelRequest = 80_877_102;

/** Who stands behind a client's socket. */
export interface Behind {
  /** The start-up packet came. Throws `Refused`. */
  greet(packet: Frame): Promise<void>;
  /** The password came. Throws `Refused`. */
  admit(password: string): Promise<void>;
  /** One message of a client that is signed in. Whatever it throws ends the connection. */
  take(message: Frame): Promise<void> | undefined;
  /** A message that belongs to what `take` is waiting for: the data of a COPY. True when it was taken. */
  during(message: Frame): boolean;
  cancel(key: string): void;
  /** The client is slow, or keeps up again. */
  slow(isSlow: boolean): void;
  gone(): void;
}

/** The client's side of the wire: encryption, framing, the order in which messages are worked on, and answers as fast as it takes them. */
export class Front {
  #socket: Socket;
  readonly #limits: PostgresLimits;
  readonly #behind: Behind;
  readonly #trust: SecureContext | undefined;
  readonly #framer = new Framer(clientBounds, true);
  readonly #inbox: Frame[] = [];
  #waiting = 0;
  #state: 'start' | 'password' | 'open' | 'over' = 'start';
  #pumping = false;
  #slow = false;
  #out: Uint8Array[] = [];
  #timer: NodeJS.Timeout;
  readonly #data = (chunk: Buffer): void => this.#read(chunk);

  constructor(socket: Socket, behind: Behind, limits: PostgresLimits, tls: { key: string; cert: string } | undefined) {
    this.#socket = socket;
    this.#behind = behind;
    this.#limits = limits;
    this.#trust = tls === undefined ? undefined : createSecureContext({ ...tls, minVersion: 'TLSv1.2' });
    this.#timer = setTimeout(() => this.#socket.destroy(), limits.signIn);
    socket.setNoDelay(true);
    this.#listenTo(socket);
  }

  /** Told in this turn, sent together at its end. */
  say(message: Frame): void {
    const { bytes } = message;
    const last = this.#out.at(-1);
    if (last === undefined) process.nextTick(() => this.#flush());
    // What came together from the server goes on together, without a copy.
    if (last?.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset)
      this.#out[this.#out.length - 1] = Buffer.from(bytes.buffer, last.byteOffset, last.length + bytes.length);
    else this.#out.push(bytes);
  }

  /** Bytes of the server's own, as they came. */
  pass(bytes: Uint8Array): void {
    if (this.#out.length === 0) process.nextTick(() => this.#flush());
    this.#out.push(bytes);
  }

  /** Asks for the password, which the caller of `greet` wants before it goes on. */
  askPassword(): void {
    this.#state = 'password';
    this.say(build('R', int32(3)));
  }

  opened(): void {
    this.#state = 'open';
    clearTimeout(this.#timer);
  }

  end(refusal: Refusal): void {
    this.#fatal(refusalFrame(refusal, 'FATAL'));
  }

  close(): void {
    this.#over();
    this.#flush();
    this.#socket.end();
  }

  #listenTo(socket: Socket): void {
    socket.on('data', this.#data);
    socket.on('error', () => undefined);
    socket.on('drain', () => this.#drained());
    socket.on('close', () => this.#over());
  }

  #over(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    clearTimeout(this.#timer);
    this.#inbox.length = 0;
    this.#behind.gone();
  }

  #fatal(words: Frame): void {
    if (this.#state === 'over') return;
    this.say(words);
    this.close();
  }

  #flush(): void {
    const out = this.#out;
    this.#out = [];
    if (out.length === 0 || !this.#socket.writable) return;
    this.#socket.write(out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out));
    if (this.#slow || this.#socket.writableLength < this.#limits.unsent) return;
    this.#slow = true;
    this.#behind.slow(true);
  }

  #drained(): void {
    if (!this.#slow) return;
    this.#slow = false;
    this.#behind.slow(false);
  }

  #read(chunk: Buffer): void {
    try {
      for (const message of this.#framer.push(chunk)) this.#receive(message);
    } catch (cause) {
      this.#give(cause);
      return;
    }
    if (this.#waiting > this.#limits.waiting) this.#socket.pause();
    this.#pump();
  }

  #receive(message: Frame): void {
    if (this.#state === 'over') return;
    // Terminate is heard at once: a client that hangs up waits for nobody.
    if (message.type === 'X' && this.#state === 'open' && !this.#pumping) return this.close();
    if (this.#pumping && this.#inbox.length === 0 && this.#behind.during(message)) return;
    // What waits outlives the chunk that it came in.
    this.#inbox.push({ type: message.type, bytes: Buffer.from(message.bytes) });
    this.#waiting += message.bytes.length;
  }

  /** One message at a time, in order. */
  #pump(): void {
    if (this.#pumping) return;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const working = this.#attempt(next);
      if (working === undefined) continue;
      this.#pumping = true;
      working.then(
        () => this.#worked(),
        (cause: unknown) => {
          this.#pumping = false;
          this.#give(cause);
        },
      );
      return;
    }
    if (this.#state !== 'over') this.#socket.resume();
  }

  #worked(): void {
    this.#pumping = false;
    this.#pump();
  }

  #next(): Frame | undefined {
    const next = this.#inbox.shift();
    this.#waiting -= next?.bytes.length ?? 0;
    return this.#state === 'over' ? undefined : next;
  }

  /** The server waits for the data of a COPY: what of it has come already goes out. */
  copyBegan(): void {
    while (this.#inbox[0] !== undefined && this.#behind.during(this.#inbox[0])) this.#next();
  }

  /** Whatever goes wrong ends this connection, and nothing else. */
  #attempt(message: Frame): Promise<void> | undefined {
    try {
      return this.#work(message);
    } catch (cause) {
      this.#give(cause);
      return undefined;
    }
  }

  #give(cause: unknown): void {
    if (cause instanceof BrokenFrame) this.#fatal(saying({ severity: 'FATAL', code: '08P01', message: cause.message }));
    else this.end(refusalIn(cause));
  }

  #work(message: Frame): Promise<void> | undefined {
    if (this.#state === 'open') {
      if (message.type !== 'X') return this.#behind.take(message);
      this.close();
      return undefined;
    }
    if (this.#state === 'start') return this.#start(message);
    if (this.#state !== 'password' || message.type !== 'p') throw new BrokenFrame('the password was expected');
    const reader = new FrameReader(message);
    const password = reader.text();
    reader.end();
    return this.#behind.admit(password);
  }

  #start(packet: Frame): Promise<void> | undefined {
    const code = new FrameReader(packet).int32();
    if (code === sslRequest || code === gssRequest) {
      this.#answerEncryption(code === sslRequest);
      return undefined;
    }
    if (code === cancelRequest) {
      this.#behind.cancel(packet.bytes.toString('hex', 8));
      this.close();
      return undefined;
    }
    // The token would go over the line in the clear.
    if (this.#trust !== undefined && !(this.#socket instanceof TLSSocket))
      throw refuse(
        'BAD_REQUEST',
        'this gate speaks TLS alone',
        'use sslmode=require, or verify-full with its certificate',
      );
    return this.#behind.greet(packet);
  }

  /** The one byte has to be all that was sent before TLS: what a stranger put in front of it is not the client's word. */
  #answerEncryption(tls: boolean): void {
    if (this.#socket instanceof TLSSocket || this.#inbox.length > 0)
      throw new BrokenFrame('encryption was asked for twice');
    this.#framer.expectUntyped();
    if (!tls || this.#trust === undefined) {
      this.#socket.write('N');
      return;
    }
    const plain = this.#socket;
    plain.off('data', this.#data);
    plain.write('S');
    const encrypted = new TLSSocket(plain, {
      isServer: true,
      secureContext: this.#trust,
      ALPNProtocols: ['postgresql'],
    });
    this.#socket = encrypted;
    this.#listenTo(encrypted);
  }
}
