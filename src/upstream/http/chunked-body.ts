import { AnswerBroken, readField } from './answer-head.ts';

const longestLine = 8_192;
const longestTrailers = 16_384;

/**
 * Takes the chunked coding off (RFC 9112, section 7.1), strictly: sizes are plain hex digits without extensions, each
 * line ends in CRLF. Trailers have to be header lines, are bounded, and are dropped.
 */
export class ChunkedBody {
  readonly #piece: (piece: Buffer) => void;
  #state: 'size' | 'data' | 'after' | 'trailers' | 'done' = 'size';
  #left = 0;
  #line = '';
  #trailers = 0;

  /** `piece` is handed what the chunks hold. */
  constructor(piece: (piece: Buffer) => void) {
    this.#piece = piece;
  }

  /** How many of these bytes belong to the body; `done` says whether it is whole. Throws `AnswerBroken`. */
  take(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && this.#state !== 'done') {
      at = this.#state === 'data' ? this.#takeData(bytes, at) : this.#takeLine(bytes, at);
    }
    return at;
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  #takeData(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    if (this.#left === 0) this.#state = 'after';
    this.#piece(bytes.subarray(at, end));
    return end;
  }

  #takeLine(bytes: Buffer, at: number): number {
    const feed = bytes.indexOf(0x0a, at);
    const end = feed === -1 ? bytes.length : feed + 1;
    if (this.#line.length + end - at > longestLine) throw new AnswerBroken('a line of the chunked body is too long');
    this.#line += bytes.toString('latin1', at, end);
    if (feed === -1) return end;
    if (!this.#line.endsWith('\r\n')) throw new AnswerBroken('a line of the chunked body does not end in CRLF');
    const line = this.#line.slice(0, -2);
    this.#line = '';
    this.#read(line);
    return end;
  }

  #read(line: string): void {
    if (this.#state === 'after') {
      if (line !== '') throw new AnswerBroken('a chunk is longer than it says');
      this.#state = 'size';
    } else if (this.#state === 'size') {
      if (!/^[0-9A-Fa-f]{1,8}$/.test(line)) throw new AnswerBroken('the size of a chunk is not a plain number');
      this.#left = Number.parseInt(line, 16);
      this.#state = this.#left === 0 ? 'trailers' : 'data';
    } else if (line === '') {
      this.#state = 'done';
    } else {
      this.#trailers += line.length;
      if (this.#trailers > longestTrailers) throw new AnswerBroken('the trailers of the answer are too long');
      readField(line);
    }
  }
}
