import { Exchange } from '../http/exchange.ts';
import { defaultHttpLimits } from '../http/limits.ts';
import { requestBytes } from '../http/request-headers.ts';
import { dialOf } from '../http/route-dial.ts';
import { Wires } from '../http/wires.ts';
import { type Answer, LineBroken } from '../../contract/upstream.ts';
import { httpAnswer } from '../../model/http-message.ts';
import type { Lookup } from '../dial/resolve.ts';

export interface PostOptions {
  readonly allowPrivate: boolean;
  /** PEM of extra authorities. */
  readonly ca?: string;
  /** In place of the system's resolver, for tests. */
  readonly lookup?: Lookup;
}

/** What the far end answers to an alarm is of no interest beyond its status. */
const limits = {
  ...defaultHttpLimits,
  answerBytes: 65_536,
  headersTimeout: 10_000,
  bodyTimeout: 10_000,
  wholeTimeout: 20_000,
  connections: 1,
};

const headers = [
  ['content-type', 'application/json'],
  ['user-agent', 'holdpoint'],
] as const;

/**
 * Posts JSON to a URL under the same rules of address, TLS and redirects as everything else; no credential of the vault
 * goes with it. Resolves on a 2xx answer, throws otherwise. Neither the error nor its cause holds the URL's path, which
 * is often a secret.
 */
export async function postTo(url: string, body: Uint8Array, options: PostOptions): Promise<void> {
  const target = URL.parse(url);
  if (target === null || target.username !== '' || target.password !== '')
    throw new LineBroken('no', 'the url to post to is not one');
  const { ca, allowPrivate, lookup } = options;
  const route = { name: target.host, address: target.origin, allowPrivate, ...(ca === undefined ? {} : { ca }) };
  const dial = dialOf(route, limits, lookup);
  const wires = new Wires(dial, limits);
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      const path = `${target.pathname}${target.search}`;
      const message = { protocol: 'http', method: 'POST', origin: target.origin, path, headers, body } as const;
      const request = requestBytes(message, dial.host, 'accept-encoding: identity\r\n');
      wires.send(new Exchange(request, { resolve, reject }, undefined, limits, (one) => wires.over(one)));
    });
    const { status } = httpAnswer(answer);
    if (status < 200 || status > 299)
      throw new LineBroken('unknown', `\`${target.host}\` answered with status ${status}`);
  } finally {
    await wires.close();
  }
}
