import type { Socket } from 'node:net';
import { AnswerBroken } from './answer-head.ts';
import type { Carrier, Exchange } from './exchange.ts';
import type { HttpLimits } from './limits.ts';

/** The far side's promise to keep an idle connection is believed for this much less (ms): it counts from its own last byte. */
const margin = 2_000;
/** Beyond it a body is not copied behind its head, but written after it. */
const copied = 65_536;

/** Whoever lends the wire. */
export interface WireOwner {
  /** Its answer was read whole, and it can carry another request. */
  free(wire: Wire): void;
  /** It is closed. */
  gone(wire: Wire): void;
}

/** One connection to a far side: one request at a time, and after anything irregular none any more. */
export class Wire implements Carrier {
  readonly #socket: Socket;
  readonly #owner: WireOwner;
  readonly #limits: HttpLimits;
  #exchange: Exchange | undefined;
  #until = Number.POSITIVE_INFINITY;

  constructor(socket: Socket, owner: WireOwner, limits: HttpLimits) {
    this.#socket = socket;
    this.#owner = owner;
    this.#limits = limits;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('end', () => this.#end());
    socket.on('error', (cause) => this.#break('the line to the far side broke', cause));
    socket.on('close', () => {
      this.#break('the line to the far side broke');
      owner.gone(this);
    });
  }

  /** Whether a request can be written now (`performance.now`). */
  usable(now: number): boolean {
    return this.#exchange === undefined && now < this.#until && this.#socket.readable && this.#socket.writable;
  }

  carry(exchange: Exchange): void {
    this.#exchange = exchange;
    exchange.begin(this);
    const { pieces } = exchange.request;
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) {
      this.#socket.write(only);
      return;
    }
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (length <= copied) {
      this.#socket.write(Buffer.concat(pieces, length));
      return;
    }
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  /** Its exchange was given up: what still comes is nobody's. */
  abandon(exchange: Exchange): void {
    if (this.#exchange !== exchange) return;
    this.#exchange = undefined;
    this.#socket.destroy();
  }

  close(): void {
    this.#until = 0;
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      // Nobody asked for it.
      this.close();
      return;
    }
    try {
      const head = exchange.take(bytes);
      if (head === undefined) return;
      this.#exchange = undefined;
      const { keepAlive } = this.#limits;
      const keeps = head.keeps === undefined ? keepAlive : Math.min(head.keeps - margin, keepAlive * 4);
      // An answer that came before its request was out leaves the rest of that in front of the next one.
      if (!head.reusable || keeps <= 0 || this.#socket.writableLength > 0) {
        this.close();
        return;
      }
      this.#until = performance.now() + keeps;
      this.#owner.free(this);
    } catch (cause) {
      this.#break(cause instanceof AnswerBroken ? cause.message : 'the answer could not be read', cause);
    }
  }

  #end(): void {
    this.#exchange?.end();
    this.#exchange = undefined;
    this.close();
  }

  #break(why: string, cause?: unknown): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.close();
    exchange?.fail(why, cause);
  }
}
