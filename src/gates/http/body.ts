import { isUtf8 } from 'node:buffer';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { type Encoding, type Head, tooLarge } from './head.ts';
import type { HttpLimits } from './limits.ts';
import { WireRefused } from './wire-refusal.ts';

const empty = new Uint8Array(0);

/** The body from the chunks that came, still as encoded; compares with what was announced. Throws `WireRefused`. */
export function joinBody(head: Head, chunks: readonly Buffer[], received: number): Uint8Array {
  if (head.length !== undefined && head.length !== received) {
    throw new WireRefused(400, `the body has ${received} bytes, the content length says ${head.length}`);
  }
  if (received === 0) return empty;
  const only = chunks.length === 1 ? chunks[0] : undefined;
  return only ?? Buffer.concat(chunks, received);
}

/** Takes the encoding off, within the body limit; refuses what follows the encoded stream. Throws `WireRefused`. */
export function decode(encoding: Encoding, body: Uint8Array, limits: HttpLimits): Promise<Uint8Array> {
  const options = { maxOutputLength: limits.body, rejectGarbageAfterEnd: true };
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, result: Uint8Array): void => {
      if (error === null) return resolve(result);
      const bomb = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
      reject(
        bomb ? tooLarge(limits) : new WireRefused(400, `the body is not one whole ${encoding} stream and nothing else`),
      );
    };
    switch (encoding) {
      case 'gzip':
        return gunzip(body, options, done);
      case 'deflate':
        return inflate(body, options, done);
      case 'br':
        return brotliDecompress(body, options, done);
      case 'zstd':
        return zstdDecompress(body, options, done);
      default:
        return reject(new WireRefused(415, 'the content encoding is not one that is read'));
    }
  });
}

/** Text has to be UTF-8, without NUL (parsers stop there) and without a byte order mark (some readers skip it). */
export function checkText(head: Head, body: Uint8Array): void {
  if (head.contentType?.text !== true || body.length === 0) return;
  if (!isUtf8(body)) throw new WireRefused(400, 'the body is not valid UTF-8');
  if (body.includes(0)) throw new WireRefused(400, 'the body has a NUL character');
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf)
    throw new WireRefused(400, 'the body begins with a byte order mark');
}
