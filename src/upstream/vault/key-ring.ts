import { type KeyObject, randomBytes } from 'node:crypto';
import type { Derivation } from './wrapping-key.ts';
import { derivedKey, keyId, keyOf, newKey, seal, unseal } from './sealing.ts';
import { VaultFault } from './vault-fault.ts';
import type { StoredRecord } from '../../contract/store.ts';
import { canonicalJson, type JsonObject } from '../../model/json.ts';

const schema = 'holdpoint/vault-key/v1';

/** Where the ring rests, in the `settings` collection. */
export const ringKey = 'vault-key';

/** The keys of an opened vault. */
export interface KeyRing {
  /** Comes from the key source; wraps the data key and nothing else. */
  readonly wrapping: KeyObject;
  readonly derivation: Derivation;
  /** Seals the entries; another one after each rotation. */
  readonly data: KeyObject;
  readonly dataId: string;
  /** Stays for the life of the installation: fingerprints and what others seal hang on it. */
  readonly installation: KeyObject;
}

export function newRing(wrapping: KeyObject, derivation: Derivation): KeyRing {
  return { wrapping, derivation, data: newKey(), dataId: newDataId(), installation: newKey() };
}

/** Another wrapping key and another data key; the installation's stays. */
export function renewedRing(ring: KeyRing, wrapping: KeyObject, derivation: Derivation): KeyRing {
  return { ...ring, wrapping, derivation, data: newKey(), dataId: newDataId() };
}

/** Key for HMACs over secrets: fingerprints mean nothing outside this installation and cannot be guessed at. */
export function markingKey(ring: KeyRing): KeyObject {
  return derivedKey(ring.installation, 'holdpoint/fingerprint/v1');
}

/** Key for what other rooms keep sealed (before-images, the proxy's authority). */
export function sealingKey(ring: KeyRing): KeyObject {
  return derivedKey(ring.installation, 'holdpoint/sealer/v1');
}

/** The ring as it rests: the data key sealed under the wrapping key, the installation's under the data key. */
export function ringRecord(ring: KeyRing): StoredRecord {
  const head = headOf(keyId(ring.wrapping), ring.derivation, ring.dataId);
  const about = canonicalJson(head);
  return {
    ...head,
    data: seal(ring.wrapping, ring.data.export(), about),
    installation: seal(ring.data, ring.installation.export(), about),
  };
}

/** The id of the wrapping key that a stored ring asks for, and how it is derived. Throws `VaultFault` (`damaged`). */
export function lockOf(record: StoredRecord): {
  readonly wrappingId: string;
  readonly derivation: Derivation;
  readonly dataId: string;
} {
  const { wrapping, derivation, dataId } = record;
  if (
    record['schema'] !== schema ||
    typeof wrapping !== 'string' ||
    typeof dataId !== 'string' ||
    !isDerivation(derivation)
  ) {
    throw new VaultFault('damaged', 'the record of the vault key cannot be read');
  }
  return { wrappingId: wrapping, derivation, dataId };
}

/** The ring, if this key wraps it; undefined if another one does. Throws `VaultFault` (`damaged`). */
export function openedRing(record: StoredRecord, wrapping: KeyObject): KeyRing | undefined {
  const { wrappingId, derivation, dataId } = lockOf(record);
  if (keyId(wrapping) !== wrappingId) return undefined;
  const about = canonicalJson(headOf(wrappingId, derivation, dataId));
  const data = keyOf(unseal(wrapping, record['data'], about));
  const installation = keyOf(unseal(data, record['installation'], about));
  return { wrapping, derivation, data, dataId, installation };
}

function headOf(wrapping: string, derivation: Derivation, dataId: string): JsonObject {
  return { schema, wrapping, derivation, dataId };
}

function newDataId(): string {
  return randomBytes(8).toString('hex');
}

function isDerivation(value: unknown): value is Derivation {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  return value.kind === 'file' || value.kind === 'passphrase' || value.kind === 'command';
}
