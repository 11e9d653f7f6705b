import type { Duplex } from 'node:stream';
import type { Asking } from './connection.ts';
import type { Bearer } from '../../contract/road.ts';

/** A request that was read without Node's parser; whoever reads the connection writes its answer. */
export class PlainExchange implements Asking {
  readonly #socket: Duplex;
  readonly #answer: Asking['answer'];
  bearer: Bearer | undefined;
  acted = false;
  abandoned = false;
  answered = false;

  constructor(socket: Duplex, bearer: Bearer | undefined, answer: Asking['answer']) {
    this.#socket = socket;
    this.bearer = bearer;
    this.#answer = answer;
  }

  get silent(): boolean {
    return this.abandoned || this.answered || !this.#socket.writable;
  }

  answer(status: number, headers: readonly string[], body: Uint8Array, close: boolean): void {
    this.answered = true;
    this.#answer(status, headers, body, close);
  }
}
