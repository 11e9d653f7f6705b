import { connect, type Socket } from 'node:net';
import type { Torment } from './railway-requests.ts';

export interface GateAnswer {
  /** 0 when the line closed without one. */
  readonly status: number;
  readonly body: string;
}

/** A connection to the gate's base URL that asks one thing at a time. */
export class GateLine {
  readonly #socket: Socket;
  #got = Buffer.alloc(0);
  #tell: ((answer: GateAnswer) => void) | undefined;
  #open = true;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (bytes: Buffer) => this.#take(bytes));
    for (const event of ['end', 'error', 'close'])
      this.#socket.on(event, () => {
        this.#open = false;
        this.#answer({ status: 0, body: '' });
      });
  }

  /** Whether another request can be written. */
  get usable(): boolean {
    return this.#open;
  }

  send(torment: Torment, token: string): Promise<GateAnswer> {
    const lines = [
      `${torment.method} /railway${torment.path} HTTP/1.1`,
      'Host: localhost',
      `Authorization: Bearer ${token}`,
      ...torment.headers.map(([name, value]) => `${name}: ${value}`),
      ...(torment.method === 'GET' ? [] : [`Content-Length: ${torment.body.length}`]),
    ];
    this.#got = Buffer.alloc(0);
    const { promise, resolve } = Promise.withResolvers<GateAnswer>();
    this.#tell = resolve;
    if (!this.#open) this.#answer({ status: 0, body: '' });
    else this.#socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), torment.body]));
    return promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#got = Buffer.concat([this.#got, bytes]);
    const end = this.#got.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = this.#got.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#got.length < end + 4 + length) return;
    if (/\r\nconnection: close/i.test(head)) this.#open = false;
    this.#answer({ status: Number(head.slice(9, 12)), body: this.#got.toString('utf8', end + 4) });
  }

  #answer(answer: GateAnswer): void {
    this.#tell?.(answer);
    this.#tell = undefined;
  }
}
