import { hash } from 'node:crypto';

/** SHA-256 reads blocks of so many bytes. */
const block = 64;

/**
 * HMAC-SHA256 (RFC 2104) of texts under one key of at most 64 bytes, hex. By Node's one-shot hash: `createHmac` costs an
 * act half as much as the signature that this stands in for.
 */
export function keyedHash(key: Uint8Array): (text: string) => string {
  if (key.length > block) throw new RangeError('a key is at most one block long');
  const padded = (byte: number): Buffer => {
    const pad = Buffer.alloc(block, byte);
    for (const [index, value] of key.entries()) pad[index] = value ^ byte;
    return pad;
  };
  const inner = padded(0x36);
  const outer = padded(0x5c);
  return (text) =>
    hash('sha256', Buffer.concat([outer, hash('sha256', Buffer.concat([inner, Buffer.from(text)]), 'buffer')]), 'hex');
}
