import { request as plain, type RequestOptions } from 'node:http';
import { request as secure } from 'node:https';

export interface Answered {
  /** Undefined where nobody answered. */
  readonly status: number | undefined;
  readonly text: string;
  /** Why nobody did: `ECONNREFUSED`, `timeout`. */
  readonly why: string;
}

/** One request without a proxy and without a shared connection. Never throws. */
export function ask(
  method: string,
  address: string,
  given: { readonly token?: string; readonly body?: unknown; readonly timeoutMs?: number } = {},
): Promise<Answered> {
  const { token, body, timeoutMs = 4_000 } = given;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options: RequestOptions = {
    method,
    agent: false,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    },
  };
  return new Promise((resolve) => {
    const none = (why: string): void => resolve({ status: undefined, text: '', why });
    const url = new URL(address);
    const request = (url.protocol === 'https:' ? secure : plain)(url, options, (answer) => {
      let said = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        if (said.length < 65_536) said += chunk;
      });
      answer.on('error', () => none('broken off'));
      answer.on('end', () => resolve({ status: answer.statusCode, text: said, why: '' }));
    });
    const timer = setTimeout(() => {
      none('timeout');
      request.destroy();
    }, timeoutMs);
    request.on('close', () => clearTimeout(timer));
    request.on('error', (cause: NodeJS.ErrnoException) => none(cause.code ?? cause.message));
    request.end(text);
  });
}
