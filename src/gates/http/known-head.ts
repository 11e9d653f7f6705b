import type { WholeRequest } from './ask-road.ts';
import type { Head } from './head.ts';

/**
 * A head that passed every check, with the agent token in it: clients send the same one again and again. All that was
 * found is a function of its bytes, the connection and what never changes while the gate is open; whether the token is
 * good is asked anew each time.
 */
export class KnownHead {
  readonly bytes: Buffer;
  readonly head: Head;
  readonly asks: Omit<WholeRequest, 'head' | 'body'>;
  readonly #whole: number;

  constructor(request: Buffer, bodyLength: number, head: Head, asks: KnownHead['asks']) {
    // A copy: what arrives is in memory that is somebody's body.
    this.bytes = Buffer.from(request.subarray(0, request.length - bodyLength));
    this.#whole = request.length;
    this.head = head;
    this.asks = asks;
  }

  /** Whether this is a request with the very same head, whole. */
  begins(request: Buffer): boolean {
    const { length } = this.bytes;
    return request.length === this.#whole && this.bytes.compare(request, 0, length, 0, length) === 0;
  }
}
