import { hash, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'undici';
import { defaultHttpLimits } from '../http/limits.ts';
import { poolTo } from '../http/pool.ts';
import { pathText, queryText, type S3Credential, signatureHeaders } from './sigv4.ts';
import { StoreFailed } from '../../contract/backup.ts';

export interface S3Options {
  /** Name in `holdpoint.yaml`. */
  readonly name: string;
  /** Scheme, host and port. The bucket goes into the path. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** Asked before each request, so that it is held no longer than that. */
  readonly credential: () => Promise<S3Credential> | S3Credential;
  /** The endpoint may be private or loopback, and unencrypted then. */
  readonly allowPrivate?: boolean;
  /** PEM of an authority to trust besides. */
  readonly ca?: string;
  /** Milliseconds since the epoch; the system's unless given. */
  readonly now?: () => number;
  /** Tries of what may be tried again; 5 unless said. */
  readonly tries?: number;
  /** Milliseconds of the first pause between two; 200 unless said. */
  readonly pause?: number;
  /** Milliseconds until the answer begins; 60,000 unless said. */
  readonly patience?: number;
}

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD';
  /** Undefined for the bucket itself. */
  readonly key?: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Uint8Array;
  /** Bytes of the answer at most. */
  readonly most?: number;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
  readonly body: Buffer;
  /** `NoSuchKey`, `SlowDown`, …; empty where the answer names none. */
  readonly code: string;
}

export interface S3Client {
  /** One request, sent once. Throws `StoreFailed` where no whole answer came. */
  once(request: S3Request): Promise<S3Answer>;
  /** The same, said again where that is safe and might help. Only for what may happen twice. */
  again(request: S3Request): Promise<S3Answer>;
  close(): Promise<void>;
}

const empty = new Uint8Array();
const largestAnswer = 16 * 1024 * 1024;

export function openS3Client(options: S3Options): S3Client {
  const { endpoint, bucket, region, now = Date.now, tries = 5, pause = 200, patience = 60_000 } = options;
  const limits = { ...defaultHttpLimits, connections: 8, headersTimeout: patience, bodyTimeout: patience };
  const route = { name: options.name, address: new URL(endpoint).origin, allowPrivate: options.allowPrivate === true };
  const pool: Pool = poolTo({ ...route, ...(options.ca === undefined ? {} : { ca: options.ca }) }, limits, undefined);
  const { host } = new URL(endpoint);

  const once: S3Client['once'] = async ({
    method,
    key,
    query = [],
    headers = {},
    body = empty,
    most = largestAnswer,
  }) => {
    const path = pathText(key === undefined ? [bucket] : [bucket, key]);
    const payload = hash('sha256', body, 'hex');
    const signing = { method, path, query, headers: { host, ...headers }, payload };
    const signed = signatureHeaders(signing, await options.credential(), region, now());
    const asked = query.length === 0 ? path : `${path}?${queryText(query)}`;
    try {
      const answer = await pool.request({
        method,
        path: asked,
        headers: { ...signing.headers, ...signed },
        body:
          body.length === 0 && (method === 'GET' || method === 'HEAD' || method === 'DELETE')
            ? null
            : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
        signal: AbortSignal.timeout(patience + 10_000 + Math.ceil(body.length / 50)),
      });
      const bytes = await whole(answer.body, most);
      const announced = answer.headers['content-length'];
      if (method !== 'HEAD' && typeof announced === 'string' && Number(announced) !== bytes.length)
        throw new Error('the answer was cut off');
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: bytes,
        code: codeIn(answer.statusCode, bytes),
      };
    } catch (error) {
      throw new StoreFailed(`the object store at \`${host}\` does not answer`, { cause: withoutHeaders(error) });
    }
  };

  const again: S3Client['again'] = async (request) => {
    for (let left = tries, wait = pause; ; left--, wait *= 2) {
      const last = left <= 1;
      try {
        const answer = await once(request);
        if (last || !isPassing(answer)) return answer;
      } catch (error) {
        if (last || !(error instanceof StoreFailed)) throw error;
      }
      // Not all at the same moment: whoever throttled us throttled others too.
      await sleep(randomInt(Math.ceil(wait / 2), wait + 1));
    }
  };

  return Object.freeze({ once, again, close: async () => pool.destroy() });
}

/** What may be gone a moment later. */
function isPassing({ status, code }: S3Answer): boolean {
  return status >= 500 || status === 429 || status === 408 || code === 'RequestTimeout' || code === 'SlowDown';
}

async function whole(body: AsyncIterable<Uint8Array>, most: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > most) throw new RangeError('the answer is larger than any may be');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function codeIn(status: number, body: Buffer): string {
  if (status < 300) return '';
  return /<Code>([A-Za-z0-9.]{1,80})<\/Code>/.exec(body.subarray(0, 4096).toString())?.[1] ?? '';
}

/** An error of the client library may carry the request, signature and all. */
function withoutHeaders(error: unknown): Error {
  return new Error(error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 200) : 'unknown');
}
