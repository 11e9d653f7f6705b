import type { HttpLimits } from './limits.ts';

/** The parts of a request that its head is judged by, as Node's `IncomingMessage` has them. */
export interface RawHead {
  readonly httpVersion: string;
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[];
}

/** A request that came in one piece and has nothing unusual about it. */
export interface PlainRequest extends RawHead {
  readonly body: Buffer;
}

const requestLine = /^(GET|POST) ([!-~]+) HTTP\/1\.1$/;
const fieldLine = /^([A-Za-z0-9-]+): ?([!-~](?:[ -~]*[!-~])?)$/;
/** With one of these a request is no plain one, whatever it says. */
const unusual: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'trailer',
  'te',
  'http2-settings',
]);

/**
 * Reads bytes that are exactly one request: a GET without a body, or a POST with all of the body that its length says,
 * and nothing behind it. Undefined for everything else, good or bad: that is for Node's parser and the checks behind it.
 * What is taken here is taken by those too, and read the same way; the head is still to be checked.
 */
export function readPlainRequest(
  bytes: Buffer,
  limits: Pick<HttpLimits, 'headBytes' | 'headers'>,
): PlainRequest | undefined {
  const text = bytes.toString('latin1', 0, Math.min(bytes.length, limits.headBytes));
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const lines = text.slice(0, end).split('\r\n');
  const first = requestLine.exec(lines[0] ?? '');
  if (first === null || lines.length - 1 > limits.headers) return undefined;
  const rawHeaders: string[] = [];
  let announced: string | undefined;
  for (let at = 1; at < lines.length; at++) {
    const field = fieldLine.exec(lines[at] ?? '');
    if (field === null) return undefined;
    const [, sent = '', value = ''] = field;
    const name = sent.toLowerCase();
    if (unusual.has(name) || (name === 'connection' && value !== 'keep-alive')) return undefined;
    if (name === 'content-length') {
      if (announced !== undefined) return undefined;
      announced = value;
    }
    rawHeaders.push(sent, value);
  }
  const [, method = '', url = ''] = first;
  const body = bytes.subarray(end + 4);
  const whole = method === 'GET' ? announced === undefined && body.length === 0 : announced === String(body.length);
  return whole ? { httpVersion: '1.1', method, url, rawHeaders, body } : undefined;
}
