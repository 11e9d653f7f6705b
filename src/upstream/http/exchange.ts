import { type AnswerHead, type HeaderPairs } from './answer-head.ts';
import { AnswerReader } from './answer-reader.ts';
import { decoded, encodingOf, keptPairs, withoutSecret } from './answer.ts';
import type { HttpLimits } from './limits.ts';
import { type Answer, LineBroken } from '../../contract/upstream.ts';
import type { HttpAnswer } from '../../model/http-message.ts';

/** The credential on an exchange, for finding it in the answer. */
export interface Presented {
  readonly text: string;
  readonly bytes: Buffer;
}

/** A request as bytes, head and body; one piece where it is small. */
export interface RequestBytes {
  readonly method: string;
  readonly pieces: readonly Uint8Array[];
}

/** Whoever waits for an exchange. */
export interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** What an exchange is written on; given up with it. */
export interface Carrier {
  abandon(exchange: Exchange): void;
}

/**
 * One request and its whole answer. Settles once; whatever goes wrong is a `LineBroken` that says whether the request
 * can have reached the far side: from `begin` on it can.
 */
export class Exchange {
  readonly request: RequestBytes;
  readonly #waiting: Waiting;
  readonly #presented: Presented | undefined;
  readonly #limits: HttpLimits;
  readonly #over: (exchange: Exchange) => void;
  readonly #reader: AnswerReader;
  readonly #startedAt: number;
  #carrier: Carrier | undefined;
  #settled = false;
  /** When something last happened that a limit counts from. */
  #movedAt = 0;

  /** `over` is told once, when it has settled. Times are milliseconds of `performance.now`. */
  constructor(
    request: RequestBytes,
    waiting: Waiting,
    presented: Presented | undefined,
    limits: HttpLimits,
    over: (exchange: Exchange) => void,
  ) {
    this.request = request;
    this.#waiting = waiting;
    this.#presented = presented;
    this.#limits = limits;
    this.#over = over;
    this.#reader = new AnswerReader(request.method, limits.answerBytes);
    this.#startedAt = performance.now();
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Called once, right before the first byte is written. */
  begin(carrier: Carrier): void {
    if (this.#carrier !== undefined) throw new Error('a request is written once');
    this.#carrier = carrier;
    this.#movedAt = performance.now();
  }

  /** The answer's head once it is whole with these bytes, and then they settle it; else undefined. */
  take(bytes: Buffer): AnswerHead | undefined {
    const whole = this.#reader.take(bytes);
    const { head } = this.#reader;
    if (!whole) {
      // Interim answers move nothing: a far side could send them for ever.
      if (head !== undefined) this.#movedAt = performance.now();
      return undefined;
    }
    if (head !== undefined) this.#answer(head);
    return head;
  }

  /** The far side has said its last byte. */
  end(): void {
    try {
      const { head } = this.#reader;
      if (this.#reader.end() && head !== undefined) this.#answer(head);
    } catch (cause) {
      this.fail('the line to the far side broke', cause);
    }
  }

  /** Gives up when one of its times is over. */
  check(now: number): void {
    const { wholeTimeout, headersTimeout, bodyTimeout } = this.#limits;
    const step = this.#reader.head === undefined ? headersTimeout : bodyTimeout;
    const late = now - this.#startedAt >= wholeTimeout || (this.#carrier !== undefined && now - this.#movedAt >= step);
    if (late) this.fail('the far side took too long');
  }

  fail(why: string, cause?: unknown): void {
    if (this.#settled) return;
    this.#settle();
    const sent = this.#carrier === undefined ? 'no' : 'unknown';
    this.#waiting.reject(
      new LineBroken(sent, sent === 'no' ? `${why}; nothing was sent` : why, cause === undefined ? {} : { cause }),
    );
    this.#carrier?.abandon(this);
  }

  #answer({ status, headers }: AnswerHead): void {
    const body = this.#reader.body();
    const encoding = encodingOf(headers, body.length);
    if (encoding === undefined) this.#finish(status, headers, body);
    else
      decoded(body, encoding, this.#limits.answerBytes).then(
        (plain) => this.#finish(status, headers, plain),
        (cause: unknown) => this.fail('the answer could not be decompressed', cause),
      );
  }

  #finish(status: number, headers: HeaderPairs, body: Uint8Array): void {
    if (this.#settled) return;
    this.#settle();
    const answer: HttpAnswer = { status, headers: keptPairs(headers), body };
    const presented = this.#presented;
    const content = presented === undefined ? answer : withoutSecret(answer, presented.bytes, presented.text);
    this.#waiting.resolve({ protocol: 'http', content });
  }

  #settle(): void {
    this.#settled = true;
    this.#over(this);
  }
}
