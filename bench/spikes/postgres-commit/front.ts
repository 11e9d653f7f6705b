/** The side towards the client: framing, start-up, and the order in which answers leave. Knows nothing of transactions. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  Framer,
  errorResponse,
  int32,
  message,
  startupParameters,
  strings,
  type Frame,
  type Refusal,
} from './frames.ts';

const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;
const PROTOCOL_3_0 = 196_608;

/** What stands behind a client; `open` resolves to the settings to report, and only then do frames arrive. */
export interface Back {
  readonly open: () => Promise<readonly Frame[]>;
  readonly take: (frame: Frame) => Promise<void> | undefined;
  readonly cancel: () => void;
  readonly gone: () => void;
}

export class Front {
  readonly #socket: Socket;
  readonly #token: string;
  readonly #cancels: Map<string, Back>;
  readonly #framer = new Framer(true);
  readonly #inbox: Frame[] = [];
  #back: Back | null = null;
  #state: 'startup' | 'password' | 'open' = 'startup';
  #pumping = false;
  #out: Buffer[] = [];

  constructor(socket: Socket, token: string, cancels: Map<string, Back>) {
    this.#socket = socket;
    this.#token = token;
    this.#cancels = cancels;
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('close', () => this.#back?.gone());
  }

  attach(back: Back): void {
    this.#back = back;
  }

  say(bytes: Buffer): void {
    if (this.#out.length === 0) process.nextTick(() => this.#flush());
    this.#out.push(bytes);
  }

  fatal(refusal: Refusal): void {
    this.say(errorResponse(refusal, 'FATAL'));
    this.#flush();
    this.#socket.end();
    this.#back?.gone();
  }

  #flush(): void {
    const out = this.#out;
    this.#out = [];
    if (out.length > 0 && !this.#socket.destroyed && this.#socket.writable) this.#socket.write(Buffer.concat(out));
  }

  #receive(chunk: Buffer): void {
    try {
      this.#inbox.push(...this.#framer.push(chunk));
    } catch {
      return this.fatal({ sqlstate: '08P01', message: 'message cannot be read' });
    }
    if (this.#pumping) return;
    this.#pump().catch((cause: unknown) => {
      const detail = cause instanceof Error ? cause.message : 'unknown';
      this.fatal({ sqlstate: '08006', message: 'the connection to the server is lost', detail });
    });
  }

  /** One frame at a time; while one waits (for a judgement) the socket is paused, so that a client cannot fill our memory. */
  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      for (let frame = this.#inbox.shift(); frame !== undefined; frame = this.#inbox.shift()) {
        const waiting = this.#state === 'open' ? this.#back?.take(frame) : this.#greet(frame);
        if (waiting === undefined) continue;
        this.#socket.pause();
        await waiting;
        this.#socket.resume();
      }
    } finally {
      this.#pumping = false;
    }
  }

  #greet(frame: Frame): Promise<void> | undefined {
    if (this.#state === 'password') {
      if (frame.type === 'p' && strings(frame, 1)[0] === this.#token) return this.#open();
      this.fatal({ sqlstate: '28P01', message: 'agent token is not known', hint: 'stop and ask a human' });
      return undefined;
    }
    const code = frame.bytes.readInt32BE(4);
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      this.#socket.write('N');
      this.#framer.expectStartup();
    } else if (code === CANCEL_REQUEST) {
      this.#cancels.get(frame.bytes.toString('hex', 8))?.cancel();
      this.#socket.end();
    } else if (code !== PROTOCOL_3_0) {
      this.fatal({ sqlstate: '0A000', message: 'protocol version is not supported' });
    } else if (startupParameters(frame).has('options') || startupParameters(frame).has('replication')) {
      this.fatal({ sqlstate: '0A000', message: 'start-up options are not accepted' });
    } else {
      this.#state = 'password';
      this.#socket.write(message('R', int32(3)));
    }
    return undefined;
  }

  async #open(): Promise<void> {
    const back = this.#back;
    if (back === null) throw new Error('nothing behind the client');
    const settings = await back.open();
    const key = randomBytes(8);
    const name = key.toString('hex');
    this.#cancels.set(name, back);
    this.#socket.on('close', () => this.#cancels.delete(name));
    this.#state = 'open';
    this.say(message('R', int32(0)));
    for (const frame of settings) this.say(frame.bytes);
    this.say(message('K', key));
    this.say(message('Z', Buffer.from('I')));
  }
}
