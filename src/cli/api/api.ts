import { request as requestPlain, type IncomingMessage, type RequestOptions } from 'node:http';
import { refusalIn } from './refusal.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';

const longestAnswer = 256 * 1024 * 1024;

/** The daemon's HTTP API, spoken to with one token. Refusals are thrown as `Complaint` with the refusal's own words. */
export class Api {
  readonly #base: URL;
  readonly #token: string | undefined;

  /** Throws `Complaint` for an address to which a token must not be sent in the clear. */
  constructor(address: string, token?: string) {
    this.#base = baseOf(address);
    this.#token = token;
  }

  get address(): string {
    return this.#base.origin;
  }

  async get<T>(path: string, options: { readonly timeoutMs?: number } = {}): Promise<T> {
    return this.#json<T>(await this.#send('GET', path, undefined, options.timeoutMs ?? 10_000));
  }

  async post<T>(path: string, body: unknown = {}): Promise<T> {
    // An act may wait for the far side: the daemon bounds that itself.
    return this.#json<T>(await this.#send('POST', path, JSON.stringify(body), 300_000));
  }

  /** The lines of a long act's answer, each JSON, as they come. */
  async *lines<T>(path: string, body: unknown = {}): AsyncGenerator<T> {
    const answer = await this.#send('POST', path, JSON.stringify(body), 0);
    if (answer.statusCode !== 200) await this.#json(answer);
    let rest = '';
    for await (const chunk of answer) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line) as T;
    }
  }

  /** The bytes of an answer as they come. Ends when the daemon ends it, throws when the line breaks. */
  async *stream(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const answer = await this.#send('GET', path, undefined, 0, signal);
    if (answer.statusCode !== 200) await this.#json(answer);
    try {
      for await (const chunk of answer) yield chunk as Buffer;
    } catch (cause) {
      if (signal?.aborted === true) return;
      throw this.#unreachable(cause);
    }
  }

  async #json<T>(answer: IncomingMessage): Promise<T> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of answer) {
        size += (chunk as Buffer).length;
        if (size > longestAnswer) throw new RangeError('the answer is too long');
        chunks.push(chunk as Buffer);
      }
    } catch (cause) {
      throw this.#unreachable(cause);
    }
    let value: unknown;
    try {
      value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    } catch (cause) {
      throw new Complaint(
        `what answers at ${this.address} is no holdpoint daemon`,
        'look at what listens there; `holdpoint status` says where the daemon should be',
        { exit: exitCode.unavailable, cause },
      );
    }
    const status = answer.statusCode ?? 0;
    const isProblem = (answer.headers['content-type'] ?? '').includes('problem+json');
    if (isProblem || status < 200 || status > 299) throw refusalIn(value, status);
    return value as T;
  }

  async #send(
    method: string,
    path: string,
    body: string | undefined,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    // Not the shared agent: that one may be told by the environment to go through a proxy.
    const options: RequestOptions = {
      method,
      agent: false,
      headers: {
        host: this.#base.host,
        accept: 'application/json',
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
      ...(timeoutMs === 0 ? {} : { timeout: timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    };
    const url = new URL(path, this.#base);
    const open = this.#base.protocol === 'https:' ? (await import('node:https')).request : requestPlain;
    return new Promise((resolve, reject) => {
      const request = open(url, options, resolve);
      request.on('timeout', () => request.destroy(new Error('no answer in time')));
      request.on('error', (cause) => reject(this.#unreachable(cause)));
      request.end(body);
    });
  }

  #unreachable(cause: unknown): Complaint {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    return new Complaint(
      `the daemon does not answer at ${this.address}${code}`,
      'start it with `holdpoint up`; nothing gets past the gates while it is down',
      { exit: exitCode.unavailable, cause },
    );
  }
}

function baseOf(address: string): URL {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw misused(`\`${address}\` is no address of a daemon`, 'give HOLDPOINT_URL like http://localhost:7777');
  }
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local)) {
    throw misused(
      `\`${address}\` would send the token in the clear`,
      'use https for a daemon on another machine, or a tunnel to http://localhost',
    );
  }
  return url;
}
