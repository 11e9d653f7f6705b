import type { Dispatcher } from 'undici';
import { decoded, encodingOf, keptHeaders, type ReceivedHeaders, withoutSecret } from './answer.ts';
import { type Answer, LineBroken } from '../../contract/upstream.ts';
import type { HttpAnswer } from '../../model/http-message.ts';

/** The credential on an exchange, for finding it in the answer. */
export interface Presented {
  readonly text: string;
  readonly bytes: Buffer;
}

/**
 * One request and its whole answer. Settles once; whatever goes wrong is a `LineBroken` that says whether the request
 * can have reached the far side: undici calls `onRequestStart` right before it writes the first byte.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: Error) => void;
  readonly #presented: Presented | undefined;
  readonly #limit: number;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #headers: ReceivedHeaders = {};
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(
    resolve: (answer: Answer) => void,
    reject: (error: Error) => void,
    presented: Presented | undefined,
    bounds: { readonly answerBytes: number; readonly wholeTimeout: number },
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#presented = presented;
    this.#limit = bounds.answerBytes;
    this.#timer = setTimeout(() => this.#giveUp('the far side took too long'), bounds.wholeTimeout);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#settled) {
      controller.abort(new Error('given up before it was sent'));
      return;
    }
    if (this.#controller !== undefined) {
      // undici puts a request back in its queue when it thinks none of it was read. Never a blind retry.
      controller.abort(new Error('a request is written once'));
      this.#break('the connection was lost');
      return;
    }
    this.#controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: ReceivedHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > this.#limit) this.#giveUp('the answer is larger than we read');
    else this.#pieces.push(piece);
  }

  onResponseEnd(): void {
    if (this.#settled) return;
    const [only] = this.#pieces;
    const body = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces, this.#length);
    const encoding = encodingOf(this.#headers, body.length);
    if (encoding === undefined) this.#finish(body);
    else
      decoded(body, encoding, this.#limit).then(
        (plain) => this.#finish(plain),
        (cause: unknown) => this.#break('the answer could not be decompressed', cause),
      );
  }

  onResponseError(_: Dispatcher.DispatchController | null, cause: Error): void {
    this.#break('the line to the far side broke', cause);
  }

  #finish(body: Uint8Array): void {
    if (this.#settled) return;
    this.#settle();
    const answer: HttpAnswer = { status: this.#status, headers: keptHeaders(this.#headers), body };
    const presented = this.#presented;
    const content = presented === undefined ? answer : withoutSecret(answer, presented.bytes, presented.text);
    this.#resolve({ protocol: 'http', content });
  }

  #giveUp(why: string): void {
    this.#break(why);
    this.#controller?.abort(new Error(why));
  }

  #break(why: string, cause?: unknown): void {
    if (this.#settled) return;
    this.#settle();
    const sent = this.#controller === undefined ? 'no' : 'unknown';
    this.#reject(
      new LineBroken(sent, sent === 'no' ? `${why}; nothing was sent` : why, cause === undefined ? {} : { cause }),
    );
  }

  #settle(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#pieces = [];
  }
}
