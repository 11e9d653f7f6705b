/**
 * Every bound of the HTTP gate in one place. Input is bounded, decisions are not timed: a wall-clock limit on a verdict
 * would swing with load. Bytes are bytes, times are milliseconds.
 */
export interface HttpLimits {
  /** Request line and headers together; more is 431. */
  readonly headBytes: number;
  /** Headers in one request; more is 431 (Node counts them and refuses by itself). */
  readonly headers: number;
  /** Characters of a request target; more is 414. */
  readonly target: number;
  /** A body, as sent and again once decompressed; more is 413. */
  readonly body: number;
  /** Bodies of all open requests together; beyond it a request is answered 503. */
  readonly buffered: number;
  /** Large answers of all connections together that were not read yet; beyond it who reads the slowest is hung up on. */
  readonly unread: number;
  /** Open connections; beyond it new ones are dropped by the kernel's and Node's own count. */
  readonly connections: number;
  /** Open CONNECT tunnels, intercepted ones included; beyond it CONNECT is answered 503. */
  readonly tunnels: number;
  /** From the first byte (or from connecting) to the end of the headers; later is 408. */
  readonly headTime: number;
  /** From the first byte to the end of the body; later is 408. */
  readonly requestTime: number;
  /** How often those two are looked at. */
  readonly checkEvery: number;
  /** An idle connection between two requests. */
  readonly keepAlive: number;
  /** A connection or tunnel on which no byte moves, an answer that nobody reads included. */
  readonly idle: number;
  /** After a refusal that left a body unread: what is still read and thrown away, so that the answer arrives. */
  readonly drainBytes: number;
  readonly drainTime: number;
  /** How long `close` waits for what is under way. */
  readonly closeGrace: number;
  /** Refusals journaled a second; the rest are counted, and the count goes into the next one. */
  readonly notesPerSecond: number;
}

export const defaultLimits: HttpLimits = Object.freeze({
  headBytes: 16_384,
  headers: 100,
  target: 8_192,
  body: 1_048_576,
  buffered: 67_108_864,
  unread: 67_108_864,
  connections: 1_024,
  tunnels: 512,
  headTime: 10_000,
  requestTime: 20_000,
  checkEvery: 500,
  keepAlive: 15_000,
  idle: 300_000,
  drainBytes: 4_194_304,
  drainTime: 1_000,
  closeGrace: 5_000,
  notesPerSecond: 10,
});
