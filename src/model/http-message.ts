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

/** The content of an HTTP answer, looked at before it is believed. Throws `TypeError` for what is none. */
export function httpAnswer(answer: { readonly protocol: string; readonly content: unknown }): HttpAnswer {
  const { protocol, content } = answer;
  if (protocol !== 'http' || typeof content !== 'object' || content === null) throw new TypeError('no HTTP answer');
  const { status, headers, body } = content as { readonly [member: string]: unknown };
  if (typeof status !== 'number' || !(body instanceof Uint8Array) || !isHeaderList(headers))
    throw new TypeError('no HTTP answer');
  return { status, headers, body };
}

function isHeaderList(value: unknown): value is HttpAnswer['headers'] {
  return (
    Array.isArray(value) &&
    value.every(
      (pair: unknown) => Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string'),
    )
  );
}

/**
 * The message as it is sent, out of its stored form, in which bytes stand as base64url text. Throws `TypeError` for text
 * that is not exactly what the bytes are written as.
 */
export function httpMessageFrom(stored: Message): HttpMessage {
  const { body } = stored;
  if (body instanceof Uint8Array) return stored as HttpMessage;
  if (typeof body !== 'string') throw new TypeError('a stored http message has no body');
  const bytes = Buffer.from(body, 'base64url');
  if (bytes.toString('base64url') !== body) throw new TypeError('the body of a stored http message is not base64url');
  return { ...stored, body: new Uint8Array(bytes) } as HttpMessage;
}
