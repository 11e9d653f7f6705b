/** Bounds of one exchange with an HTTP upstream. Bytes and milliseconds. */
export interface HttpLimits {
  /** Of the answer's body, before and after decompression. */
  readonly answerBytes: number;
  /** Name, connection and TLS, each. */
  readonly dialTimeout: number;
  /** From the request's first byte to the end of the answer's headers. */
  readonly headersTimeout: number;
  /** Between two pieces of the answer's body. */
  readonly bodyTimeout: number;
  /** From asking for a connection to the answer's last byte: a far side that drips stays within the two above for ever. */
  readonly wholeTimeout: number;
  /** Connections to one route; more exchanges than that wait for one. */
  readonly connections: number;
  /**
   * How long an idle connection is kept when the far side does not say. Kept short: a write that meets the far side's
   * own closing has an unknown outcome.
   */
  readonly keepAlive: number;
}

export const defaultHttpLimits: HttpLimits = Object.freeze({
  answerBytes: 16 * 1024 * 1024,
  dialTimeout: 10_000,
  headersTimeout: 60_000,
  bodyTimeout: 30_000,
  wholeTimeout: 120_000,
  connections: 128,
  keepAlive: 15_000,
});
