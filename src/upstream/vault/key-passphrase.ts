import { argon2, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Derivation, KeySource, NextKey } from './wrapping-key.ts';
import { keyOf } from './sealing.ts';
import { VaultFault } from './vault-fault.ts';

/** RFC 9106, section 4, second recommendation. Memory in KiB. */
const recommended = { memory: 65_536, passes: 3, parallelism: 4 } as const;

const shortest = 12;

/**
 * A key out of a passphrase (argon2id). `ask` is called each time a key is needed; what it gives is not kept. The salt
 * and the costs are kept with the ciphertext.
 */
export function keyPassphrase(ask: () => Promise<string>): KeySource {
  const fresh = async (): Promise<NextKey> => {
    const passphrase = await ask();
    if (passphrase.length < shortest) {
      throw new VaultFault('bad-key', `a passphrase has at least ${shortest} characters; take several words`);
    }
    const derivation = { kind: 'passphrase', salt: randomBytes(16).toString('base64url'), ...recommended } as const;
    return { key: await derive(passphrase, derivation), derivation, settle: async () => undefined };
  };
  return Object.freeze({
    where: 'passphrase',
    candidates: async (derivation: Derivation) => [
      { key: await derive(await ask(), derivation), adopt: async () => undefined },
    ],
    first: fresh,
    next: fresh,
  });
}

async function derive(passphrase: string, derivation: Derivation): Promise<KeyObject> {
  const { salt, memory, passes, parallelism } = derivation;
  if (derivation.kind !== 'passphrase' || typeof salt !== 'string') {
    throw new VaultFault('locked', 'the vault is not locked by a passphrase; name the key source it was last given');
  }
  const parameters = {
    message: Buffer.from(passphrase.normalize('NFC')),
    nonce: Buffer.from(salt, 'base64url'),
    // Whoever can write to the store could otherwise ask for a terabyte.
    memory: bounded(memory, 8_192, 1_048_576),
    passes: bounded(passes, 1, 64),
    parallelism: bounded(parallelism, 1, 64),
    tagLength: 32,
  };
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    argon2('argon2id', parameters, (error, tag) => (error === null ? resolve(tag) : reject(error)));
  }).catch((cause: unknown) => {
    throw new VaultFault('bad-key', 'the passphrase could not be turned into a key', { cause });
  });
  return keyOf(bytes);
}

function bounded(value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw new VaultFault('damaged', 'the stored costs of the passphrase are out of bounds');
  }
  return value;
}
