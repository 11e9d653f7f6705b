import type { HttpMessage } from '../../model/http-message.ts';
import type { Head } from './head.ts';

/** Request headers that survive, sorted; everything else of the client's ends here, credentials and cookies included. */
const survivors = ['accept', 'content-type', 'user-agent'] as const;

/** The request as it will be judged, digested, shown and sent: `path` includes the query, `body` is uncompressed. */
export function messageOf(head: Head, origin: string, path: string, body: Uint8Array): HttpMessage {
  const headers: (readonly [string, string])[] = [];
  for (const name of survivors) {
    const value = name === 'content-type' ? head.contentType?.value : head.headers.get(name);
    if (value !== undefined && value !== '') headers.push([name, value]);
  }
  return { protocol: 'http', method: head.method, origin, path, headers, body };
}
