import { BrokenFrame, type Frame } from '../../contract/postgres/frames.ts';

const parseComplete = 0x31;
const errorResponse = 0x45;
const parameterStatus = 0x53;
const readyForQuery = 0x5a;

/** Errors and settings are small; a larger one is no message of PostgreSQL's. */
const mostWhole = 4 * 1024 * 1024;

/** Who hears what a flow brings, in the server's order. */
export interface FlowEars {
  /** Bytes for the client, as they came: views on what was read. */
  bytes(part: Buffer): void;
  /** A setting that the server reports; the client gets it as bytes as well. */
  setting(reply: Frame): void;
  /** Whether this error is shown. What comes behind one that is not is not shown either. */
  shows(error: Frame): boolean;
}

/**
 * The replies to one whole round that only reads, passed on without being cut into messages: of each only its head is
 * looked at, and errors, settings and the end are read. Nothing of a row is kept.
 */
export class Flow {
  /** The Parse of the round was taken. */
  parsed = false;
  /** The round ended, and with what. */
  ready: Frame | undefined;
  failed = false;
  readonly #ears: FlowEars;
  /** Bytes of the message under way that are still to come. */
  #coming = 0;
  #partial: Buffer | undefined;
  #hidden = false;

  constructor(ears: FlowEars) {
    this.#ears = ears;
  }

  /** Takes what came; returns what stands behind the end of the round. Throws `BrokenFrame`. */
  push(chunk: Buffer): Buffer | undefined {
    let data = chunk;
    if (this.#partial !== undefined) {
      data = Buffer.concat([this.#partial, chunk]);
      this.#partial = undefined;
    }
    const size = data.length;
    let shown = 0;
    let at = Math.min(this.#coming, size);
    this.#coming -= at;
    while (at < size) {
      const total = size - at < 5 ? 0 : data.readInt32BE(at + 1) + 1;
      const type = data[at] ?? 0;
      if (total !== 0 && total < 5) throw new BrokenFrame('a message has an impossible length');
      const read = type === errorResponse || type === parameterStatus || type === readyForQuery;
      if (read && total > mostWhole) throw new BrokenFrame('a message has an impossible length');
      if (total === 0 || (read && size - at < total)) {
        this.#partial = Buffer.from(data.subarray(at));
        break;
      }
      if (type === parseComplete) this.parsed = true;
      else if (read && !this.#hears(type, data.subarray(at, at + total))) {
        this.#show(data, shown, at);
        shown = at + total;
      }
      at += total;
      if (this.ready !== undefined) {
        this.#show(data, shown, at);
        return at < size ? data.subarray(at) : undefined;
      }
      if (at > size) {
        this.#coming = at - size;
        at = size;
      }
    }
    this.#show(data, shown, at);
    return undefined;
  }

  /** Whether the client sees it. */
  #hears(type: number, bytes: Buffer): boolean {
    if (type === readyForQuery) this.ready = { type: 'Z', bytes };
    else if (type === parameterStatus) this.#ears.setting({ type: 'S', bytes });
    else {
      this.failed = true;
      if (!this.#ears.shows({ type: 'E', bytes })) {
        this.#hidden = true;
        return false;
      }
    }
    return !(this.#hidden && type === readyForQuery);
  }

  #show(data: Buffer, from: number, to: number): void {
    if (to > from) this.#ears.bytes(from === 0 && to === data.length ? data : data.subarray(from, to));
  }
}
