import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { sealedText } from '../sealed-text.ts';
import type { Store } from '../../contract/store.ts';
import type { Sealer } from '../../road/undo/images.ts';

/** By which the daemon writes copies. None of them opens one. */
export interface BackupKeys {
  /** 32 bytes, under which chunks are named. */
  readonly naming: Uint8Array;
  /** Private Ed25519 key of this installation, which signs manifests and the keys of the log. */
  readonly signing: KeyObject;
  /** Its public half, and the same as base64url. */
  readonly verifying: KeyObject;
  readonly publicKey: string;
}

/** Made once, sealed in the Store. */
export async function backupKeys(store: Store, sealer: Sealer): Promise<BackupKeys> {
  const pem = await sealedText(store, sealer, 'backup.key', () => {
    const { privateKey } = generateKeyPairSync('ed25519', {
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    return privateKey;
  });
  const naming = await sealedText(store, sealer, 'backup.naming', () => randomBytes(32).toString('base64url'));
  const signing = createPrivateKey(pem);
  const verifying = createPublicKey(signing);
  const { x: publicKey = '' } = verifying.export({ format: 'jwk' });
  return Object.freeze({ naming: Buffer.from(naming, 'base64url'), signing, verifying, publicKey });
}
