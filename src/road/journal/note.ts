import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { Hash } from './tree.ts';

/** The signature type of Ed25519, https://c2sp.org/signed-note. */
const ed25519 = Buffer.from([0x01]);

/** Signs checkpoints under one name with one Ed25519 key. */
export interface CheckpointSigner {
  /** The log's identity and the key's name. */
  readonly origin: string;
  /** The public key as `<name>+<key id, hex>+<base64>`, the form in which verifiers are given it. */
  readonly verifierKey: string;
  /** A C2SP tlog-checkpoint: origin, size and root as a signed note. */
  sign(size: number, root: Hash): string;
}

/** Throws TypeError for a key that is not a private Ed25519 key, and for an origin that cannot be a key's name. */
export function checkpointSigner(origin: string, key: KeyObject): CheckpointSigner {
  if (key.type !== 'private' || key.asymmetricKeyType !== 'ed25519') {
    throw new TypeError('checkpoints are signed with a private Ed25519 key');
  }
  if (!/^[^\s+\p{Cc}\p{Z}]{1,255}$/u.test(origin) || !origin.isWellFormed()) {
    throw new TypeError(`origin \`${origin}\` cannot be a key name; use no spaces and no \`+\``);
  }
  const publicKey = Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url');
  const keyId = createHash('sha256').update(`${origin}\n`).update(ed25519).update(publicKey).digest().subarray(0, 4);
  const verifierKey = `${origin}+${keyId.toString('hex')}+${Buffer.concat([ed25519, publicKey]).toString('base64')}`;
  return Object.freeze({
    origin,
    verifierKey,
    sign(size: number, root: Hash): string {
      const text = `${origin}\n${size}\n${root.toString('base64')}\n`;
      const signature = sign(null, Buffer.from(text), key);
      return `${text}\n— ${origin} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;
    },
  });
}
