import { AnswerBroken, type AnswerHead, readAnswerHead } from './answer-head.ts';
import { ChunkedBody } from './chunked-body.ts';

/** As much head as Node reads by itself. */
const longestHead = 16_384;
/** Interim answers (`103 Early Hints`) before the real one. */
const mostInterim = 16;
const headEnd = Buffer.from('\r\n\r\n');

/**
 * Reads the answer to one request from the pieces of a connection, whole and within bounds. Throws `AnswerBroken` for
 * whatever is not exactly one answer, bytes behind it included.
 */
export class AnswerReader {
  readonly #bodiless: boolean;
  readonly #limit: number;
  #held: Buffer | undefined;
  #interim = 0;
  #head: AnswerHead | undefined;
  #chunked: ChunkedBody | undefined;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(method: string, limit: number) {
    this.#bodiless = method === 'HEAD';
    this.#limit = limit;
  }

  /** Of the answer itself, once it has come. */
  get head(): AnswerHead | undefined {
    return this.#head;
  }

  /** Whether the answer is whole with these bytes. */
  take(bytes: Buffer): boolean {
    if (this.#head !== undefined) return this.#takeBody(this.#head, bytes);
    const known = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes]);
    const end = known.indexOf(headEnd);
    if ((end === -1 ? known.length : end) > longestHead) throw new AnswerBroken('the head of the answer is too long');
    if (end === -1) {
      this.#held = known;
      return false;
    }
    this.#held = undefined;
    const head = readAnswerHead(known.toString('latin1', 0, end), this.#bodiless);
    const rest = known.subarray(end + headEnd.length);
    if (head.status < 200) return this.#passOver(head, rest);
    this.#head = head;
    if (head.length > this.#limit) throw tooLarge();
    if (head.framing === 'chunked') this.#chunked = new ChunkedBody((piece) => this.#keep(piece));
    return this.#takeBody(head, rest);
  }

  /** Whether the answer is whole now that the far side has said its last byte. */
  end(): boolean {
    if (this.#head?.framing === 'close') return true;
    throw new AnswerBroken('the far side closed the connection before its answer was whole');
  }

  body(): Buffer {
    const [only] = this.#pieces;
    return this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces, this.#length);
  }

  #passOver(head: AnswerHead, rest: Buffer): boolean {
    this.#interim += 1;
    if (this.#interim > mostInterim || !head.reusable)
      throw new AnswerBroken('the answer before the answer is not one');
    return rest.length > 0 && this.take(rest);
  }

  #takeBody(head: AnswerHead, bytes: Buffer): boolean {
    if (this.#chunked !== undefined) {
      const taken = this.#chunked.take(bytes);
      if (taken < bytes.length) throw surplus();
      return this.#chunked.done;
    }
    if (head.framing === 'close') {
      this.#keep(bytes);
      return false;
    }
    if (this.#length + bytes.length > head.length) throw surplus();
    this.#keep(bytes);
    return this.#length === head.length;
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    if (this.#length > this.#limit) throw tooLarge();
    this.#pieces.push(piece);
  }
}

function tooLarge(): AnswerBroken {
  return new AnswerBroken('the answer is larger than we read');
}

/** Nobody asked for it: it may be meant as the answer to the next request. */
function surplus(): AnswerBroken {
  return new AnswerBroken('bytes came behind the answer');
}
