import { request } from 'node:http';
import { dial, dialTls, trustedAuthorities } from '../dial/dial.ts';

const timeoutMs = 10_000;

/**
 * Posts JSON to a URL that a human configured (a webhook, a witness) and resolves on any 2xx. Redirects are not
 * followed, the address is pinned, private ones only where the configuration says so.
 */
export async function postTo(
  url: string,
  body: Uint8Array,
  options: { readonly allowPrivate: boolean },
): Promise<void> {
  const { protocol, hostname, port, pathname, search, host } = new URL(url);
  const secure = protocol === 'https:';
  if (!secure && protocol !== 'http:') throw new TypeError(`\`${protocol}\` is not http or https`);
  const to = Number(port === '' ? (secure ? 443 : 80) : port);
  const how = { ...options, timeout: timeoutMs };
  const socket = secure ? await dialTls(hostname, to, trustedAuthorities(), how) : await dial(hostname, to, how);
  await new Promise<void>((resolve, reject) => {
    const asked = request(
      {
        method: 'POST',
        path: `${pathname}${search}`,
        headers: { host, 'content-type': 'application/json', 'content-length': body.length, connection: 'close' },
        createConnection: () => socket,
        timeout: timeoutMs,
      },
      (answer) => {
        answer.resume();
        answer.once('error', reject);
        answer.once('end', () => {
          const { statusCode = 0 } = answer;
          if (statusCode >= 200 && statusCode < 300) resolve();
          else reject(new Error(`${host} answered ${statusCode}`));
        });
      },
    );
    asked.once('timeout', () => asked.destroy(new Error(`${host} did not answer within ${timeoutMs / 1_000} s`)));
    asked.once('error', reject);
    asked.end(body);
  }).finally(() => socket.destroy());
}
