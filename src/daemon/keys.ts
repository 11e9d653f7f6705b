import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';
import type { Signer } from '../contract/api.ts';
import { textIn, type Store } from '../contract/store.ts';
import { refuse } from '../model/refusal.ts';
import type { Sealer } from '../road/undo/images.ts';
import type { Signers } from '../road/signing/signers.ts';
import type { Enrolment } from './api/context.ts';
import { sealedText } from './sealed-text.ts';

/** The Ed25519 key that signs checkpoints: made once, sealed in the Store. */
export async function journalKey(store: Store, sealer: Sealer): Promise<KeyObject> {
  const pem = await sealedText(store, sealer, 'journal.key', () => {
    const { privateKey } = generateKeyPairSync('ed25519', {
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    return privateKey;
  });
  return createPrivateKey(pem);
}

/** A stable name for this installation, in checkpoints. */
export async function installationId(store: Store): Promise<string> {
  const stored = await store.get('settings', 'installation');
  if (stored !== undefined) return textIn(stored, 'id');
  const id = randomBytes(8).toString('hex');
  await store.transact((tx) => tx.put('settings', 'installation', { id }));
  return id;
}

const hash = (code: string): Buffer => createHash('sha256').update(code).digest();

/** A fresh one-time code for the first signer; undefined when somebody is enrolled already. Five wrong tries end it. */
export async function openEnrolment(
  store: Store,
  signers: Signers,
): Promise<{ readonly code: string | undefined; readonly enrolment: Enrolment }> {
  const code = (await signers.list()).length > 0 ? undefined : randomBytes(9).toString('base64url');
  let good = code === undefined ? undefined : hash(code);
  let wrong = 0;
  return {
    code,
    enrolment: {
      async enrol(asked): Promise<Signer> {
        if (good === undefined || !timingSafeEqual(good, hash(asked.code))) {
          wrong += 1;
          if (wrong >= 5) good = undefined;
          throw refuse(
            'DENIED',
            'this is not the one-time code that `holdpoint up` printed',
            'start the daemon again for a fresh code; later signers are added by an existing one',
          );
        }
        good = undefined;
        return store.transact(async (tx) => {
          if ((await tx.find('signers', { limit: 1 })).length > 0)
            throw refuse('DENIED', 'a signer is enrolled already', 'ask them to add you: holdpoint signer add');
          return signers.add(tx, { name: asked.name, kind: 'ed25519', publicKey: asked.publicKey, addedBy: 'first' });
        });
      },
    },
  };
}
