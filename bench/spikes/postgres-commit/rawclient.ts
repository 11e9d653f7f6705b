/** A client that sends messages as given and keeps every byte that comes back. */
import { connect, type Socket } from 'node:net';
import { Framer, cstring, fields, int32, message, startup, strings, type Frame } from './frames.ts';

export class RawClient {
  readonly #socket: Socket;
  readonly #framer = new Framer(false);
  readonly frames: Frame[] = [];
  #seen = 0;
  #wake: () => void = () => undefined;
  key: Buffer = Buffer.alloc(8);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => this.#wake());
    socket.on('data', (chunk: Buffer) => {
      this.frames.push(...this.#framer.push(chunk));
      this.#wake();
    });
  }

  static async open(port: number, user: string, token: string): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new RawClient(socket);
    socket.write(startup({ user, database: 'postgres' }));
    await client.#until((frame) => frame.type === 'R');
    if (client.frames[0]?.bytes.readInt32BE(5) === 3) socket.write(message('p', cstring(token)));
    await client.#until((frame) => frame.type === 'Z');
    const key = client.frames.find((frame) => frame.type === 'K');
    client.key = Buffer.from(key?.bytes.subarray(5) ?? []);
    return client;
  }

  async #until(wanted: (frame: Frame) => boolean): Promise<void> {
    for (;;) {
      while (this.#seen < this.frames.length) {
        const frame = this.frames[this.#seen];
        this.#seen += 1;
        if (frame !== undefined && wanted(frame)) return;
      }
      if (this.#socket.destroyed || this.#socket.readableEnded) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends all messages in one write; resolves to the answers up to the given number of ReadyForQuery, or to the end of the connection. */
  async ask(messages: readonly Buffer[], ready = 1): Promise<readonly Frame[]> {
    const from = this.frames.length;
    this.#socket.write(Buffer.concat(messages));
    for (let index = 0; index < ready; index += 1) await this.#until((frame) => frame.type === 'Z');
    return this.frames.slice(from);
  }

  cancel(port: number): void {
    const socket = connect(port, '127.0.0.1', () => socket.end(message('', int32(80_877_102), this.key)));
    socket.on('error', () => undefined).resume();
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** One word for each answer: type, with the status of Z, the SQLSTATE of E and the tag of C. */
export function said(frames: readonly Frame[]): string {
  const words = frames.map((frame) => {
    if (frame.type === 'Z') return `Z${String.fromCharCode(frame.bytes[5] ?? 0)}`;
    if (frame.type === 'E') return `E${fields(frame).get('C') ?? ''}`;
    return frame.type === 'C' ? `C(${strings(frame, 1)[0]})` : frame.type;
  });
  return words.join(' ');
}

const parameters = (values: readonly string[]): Buffer => {
  const head = Buffer.from([0, 0, 0, values.length]);
  const parts = values.map((value) => Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]));
  return Buffer.concat([head, ...parts, Buffer.from([0, 0])]);
};

/** Parse, Bind, Describe and Execute of one statement with text parameters, all names empty. */
export function extended(text: string, values: readonly string[] = []): Buffer {
  return Buffer.concat([
    message('P', cstring(''), cstring(text), Buffer.from([0, 0])),
    message('B', Buffer.alloc(2), parameters(values)),
    message('D', Buffer.from('P\0')),
    message('E', Buffer.alloc(1), int32(0)),
  ]);
}
