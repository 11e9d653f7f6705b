import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomUUID,
} from 'node:crypto';
import { VaultFault } from './vault-fault.ts';

const nonceLength = 12;
const tagLength = 16;

/** 32 random bytes, where no `JSON.stringify` and no inspection finds them. */
export function newKey(): KeyObject {
  return keyOf(randomBytes(32));
}

/** Takes the bytes over: they are wiped once the key is made. */
export function keyOf(bytes: Uint8Array): KeyObject {
  if (bytes.length !== 32) throw new VaultFault('bad-key', 'a key is 32 bytes');
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

/** A key for one purpose, out of another (HKDF-SHA256, RFC 5869). */
export function derivedKey(key: KeyObject, purpose: string): KeyObject {
  return keyOf(new Uint8Array(hkdfSync('sha256', key, '', purpose, 32)));
}

/** Names a key without telling it: 16 hex characters. */
export function keyId(key: KeyObject): string {
  return createHmac('sha256', key).update('holdpoint/key-id/v1').digest('hex').slice(0, 16);
}

/**
 * AES-256-GCM under a fresh random nonce: base64url of nonce, ciphertext and tag. `about` is bound to it: whoever moves
 * the text somewhere else finds that it does not open there.
 */
export function seal(key: KeyObject, plaintext: Uint8Array, about: string): string {
  const nonce = newNonce();
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(about));
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** 96 random bits: what is random in a version 4 UUID, for which Node keeps randomness ready, without its third and fourth group. */
function newNonce(): Buffer {
  const uuid = randomUUID();
  return Buffer.from(uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(-12), 'hex');
}

/** Throws `VaultFault` (`damaged`) unless it is whole, was sealed under this key, and is about this. */
export function unseal(key: KeyObject, sealed: unknown, about: string): Buffer {
  try {
    if (typeof sealed !== 'string') throw new Error('not text');
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < nonceLength + tagLength) throw new Error('too short');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceLength), { authTagLength: tagLength });
    decipher.setAAD(Buffer.from(about));
    decipher.setAuthTag(bytes.subarray(-tagLength));
    return Buffer.concat([decipher.update(bytes.subarray(nonceLength, -tagLength)), decipher.final()]);
  } catch {
    // The cause says nothing more, and a cipher's error is no place to look for what was sealed.
    throw new VaultFault('damaged', 'a sealed record does not open: it was changed, moved or cut');
  }
}
