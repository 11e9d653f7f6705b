import { hash } from 'node:crypto';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { open, seal, SealBroken } from './age.ts';

/** What rests in a store: plain bytes, compressed (zstd), then sealed (age). `age -d | zstd -d` gives them back. */
export interface SealedObject {
  readonly bytes: Uint8Array;
  /** Of `bytes`, lower-case hexadecimal. */
  readonly sha256: string;
}

/** No object of ours holds more plain bytes than this. */
export const largestObject = 64 * 1024 * 1024;

/** Speed over size: a base backup should take no longer than the wire does. */
const level = 1;

/** Compression runs beside the main thread. */
export async function sealObject(plain: Uint8Array, recipients: readonly string[]): Promise<SealedObject> {
  const options = {
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    pledgedSrcSize: plain.length,
    // The whole result fits: one step in the pool instead of hundreds, and no second copy of the pieces.
    chunkSize: plain.length + Math.ceil(plain.length / 256) + 1024,
  };
  const small = await new Promise<Buffer>((resolve, reject) => {
    zstdCompress(plain, options, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
  const bytes = seal(small, recipients);
  return { bytes, sha256: hash('sha256', bytes, 'hex') };
}

/** The plain bytes. Throws `SealBroken` where they are not what was sealed, or would be more than `most`. */
export async function openObject(
  bytes: Uint8Array,
  identity: string,
  most: number = largestObject,
): Promise<Uint8Array> {
  const small = open(bytes, identity);
  return new Promise((resolve, reject) => {
    // A frame of nothing would have to be made from nothing: node takes no bound of 0.
    zstdDecompress(small, { maxOutputLength: Math.max(1, most) }, (error, result) => {
      if (error === null) resolve(result);
      else reject(new SealBroken('what was sealed does not unpack', { cause: error }));
    });
  });
}
