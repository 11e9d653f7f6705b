import { createHash, createPublicKey, hkdfSync, type KeyObject, sign } from 'node:crypto';
import { keyedHash } from './keyed-hash.ts';
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
  /**
   * HMAC-SHA256 (hex) of what the journal keeps of itself, under a key that only whoever has the signing key can derive.
   * A tenth of a signature's price; good for ourselves after a crash, and for nobody else.
   */
  vouch(state: string): string;
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
  const vouching = keyedHash(vouchingKey(key));
  return Object.freeze({
    origin,
    verifierKey,
    vouch: (state: string) => vouching(`${origin}\n${state}`),
    sign(size: number, root: Hash): string {
      const text = `${origin}\n${size}\n${root.toString('base64')}\n`;
      const signature = sign(null, Buffer.from(text), key);
      return `${text}\n— ${origin} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;
    },
  });
}

/** HKDF-SHA256 (RFC 5869) over the private key's seed. */
function vouchingKey(key: KeyObject): Uint8Array {
  const seed = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');
  const derived = hkdfSync('sha256', seed, '', 'holdpoint/journal-state/v1', 32);
  seed.fill(0);
  return new Uint8Array(derived);
}
