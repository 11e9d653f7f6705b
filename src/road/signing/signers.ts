import type { Signer } from '../../contract/api.ts';
import { createPublicKey, verify } from 'node:crypto';
import { isoTime, type Clock } from '../../contract/clock.ts';
import type { JournalWriter } from '../../contract/journal.ts';
import type { Store, Transaction } from '../../contract/store.ts';
import { newId } from '../../model/identifier.ts';
import { refuse } from '../../model/refusal.ts';

export interface Signers {
  list(): Promise<readonly Signer[]>;
  get(id: string, tx?: Transaction): Promise<Signer | undefined>;
  add(tx: Transaction, signer: Omit<Signer, 'id' | 'addedAt'>): Promise<Signer>;
  remove(tx: Transaction, id: string): Promise<void>;
  /** Throws `Refused` (`DENIED`) unless the signature over the digest (hex text, UTF-8) is the enrolled signer's. */
  check(signer: string, digest: string, signature: string, tx?: Transaction): Promise<Signer>;
}

export function openSigners(parts: { store: Store; journal: JournalWriter; clock: Clock }): Signers {
  const { store, journal, clock } = parts;
  const get: Signers['get'] = async (id, tx) => (await (tx ?? store).get('signers', id)) as Signer | undefined;

  return {
    get,
    async list() {
      return (await store.find('signers')).map((found) => found.record as unknown as Signer);
    },
    async add(tx, draft) {
      const key = ed25519(draft.publicKey);
      if (key === undefined)
        throw refuse('BAD_REQUEST', 'the public key is not an Ed25519 key', 'make one with `holdpoint signer add`');
      // In its one form: the same key spelled otherwise would pass for a second person's.
      const publicKey = key.export({ type: 'spki', format: 'der' }).toString('base64url');
      const known = await tx.find('signers');
      if (known.some((found) => found.record['publicKey'] === publicKey)) {
        throw refuse('BAD_REQUEST', 'this key is enrolled already', 'list signers with `holdpoint signer list`');
      }
      const signer: Signer = { ...draft, publicKey, id: newId('sg', clock.now()), addedAt: isoTime(clock.now()) };
      await tx.insert('signers', signer.id, { ...signer });
      await journal.append(tx, {
        kind: 'signer-changed',
        principal: signer.name,
        body: { change: 'added', signer: signer.id, publicKey: signer.publicKey, addedBy: signer.addedBy },
      });
      return signer;
    },
    async remove(tx, id) {
      const signer = await get(id, tx);
      if (signer === undefined)
        throw refuse('BAD_REQUEST', `no signer \`${id}\``, 'list signers with `holdpoint signer list`');
      if ((await tx.find('signers')).length === 1) {
        throw refuse(
          'DENIED',
          'this is the only signer',
          'enrol another one first: without a signer nothing could be approved again',
        );
      }
      await tx.remove('signers', id);
      await journal.append(tx, {
        kind: 'signer-changed',
        principal: signer.name,
        body: { change: 'removed', signer: id },
      });
    },
    async check(id, digest, signature, tx) {
      const signer = await get(id, tx);
      const key = signer === undefined ? undefined : ed25519(signer.publicKey);
      const good =
        key !== undefined &&
        isSignature(signature) &&
        verify(null, Buffer.from(digest), key, Buffer.from(signature, 'base64url'));
      if (signer === undefined || !good) {
        throw refuse(
          'DENIED',
          'the signature is not by an enrolled signer over exactly this',
          'sign with a key that `holdpoint signer list` shows',
        );
      }
      return signer;
    },
  };
}

/** 64 bytes in their one base64url form: a signature that can be written in two ways could be told apart from itself. */
function isSignature(text: string): boolean {
  return /^[\w-]{86}$/.test(text) && Buffer.from(text, 'base64url').toString('base64url') === text;
}

function ed25519(spki: string): ReturnType<typeof createPublicKey> | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(spki, 'base64url'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}
