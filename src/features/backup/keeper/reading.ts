import type { Socket } from 'node:net';
import { longestKeeperHead } from '../../../contract/keeper.ts';
import { Refusal } from './directory.ts';

/** Takes heads and raw bytes off a socket in turn, never holding more than what came last. */
export class SocketReader {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #patience: number;
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  /** Announced, and not taken yet. */
  #left = 0;

  /** `patience`: milliseconds between two pieces of what was announced. */
  constructor(socket: Socket, patience: number) {
    this.#socket = socket;
    this.#patience = patience;
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** The next head's JSON; undefined where the far side has hung up between two. Waits for its first byte without end. */
  async head(): Promise<unknown> {
    if (this.#rest.length === 0 && !(await this.#more(0))) return undefined;
    const length = (await this.#exactly(4)).readUInt32BE(0);
    if (length === 0 || length > longestKeeperHead) throw new Refusal('invalid', 'this is no request');
    const text = (await this.#exactly(length)).toString();
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw new Refusal('invalid', 'this is no request', { cause: error });
    }
  }

  /** Exactly `size` raw bytes, as they come. */
  body(size: number): AsyncGenerator<Buffer> {
    this.#left = size;
    return this.#body();
  }

  /** Takes what was announced and not read, so that the next head is where one is looked for. */
  async drain(): Promise<void> {
    for await (const _ of this.#body());
  }

  async *#body(): AsyncGenerator<Buffer> {
    while (this.#left > 0) {
      if (this.#rest.length === 0 && !(await this.#more(this.#patience)))
        throw new Refusal('invalid', 'the bytes ended before there were as many as announced');
      const piece = this.#rest.subarray(0, this.#left);
      this.#rest = this.#rest.subarray(piece.length);
      this.#left -= piece.length;
      yield piece;
    }
  }

  async #exactly(length: number): Promise<Buffer> {
    while (this.#rest.length < length)
      if (!(await this.#more(this.#patience))) throw new Refusal('invalid', 'this is no request');
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }

  async #more(patience: number): Promise<boolean> {
    this.#socket.setTimeout(patience);
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
    return true;
  }
}
