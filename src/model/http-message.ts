import type { Message } from './plan.ts';

/**
 * An HTTP request as judged and as sent: our canonical header list (lower-case names, sorted, no framing, no hop-by-hop),
 * the exact body bytes, and the mark where `upstream` will put the credential.
 */
export interface HttpMessage extends Message {
  readonly protocol: 'http';
  readonly method: string;
  /** `https://backboard.railway.com`: scheme, host and port as the client addressed it; the upstream entry decides where it really goes. */
  readonly origin: string;
  /** Path and query as sent, beginning with `/`. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** What came back from an HTTP upstream, whole. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}
