import type { VaultEntry } from '../../contract/api.ts';
import { createHmac, type KeyObject } from 'node:crypto';
import type { KeyRing } from './key-ring.ts';
import { OpenedCredential } from './opened-credential.ts';
import { seal, unseal } from './sealing.ts';
import { VaultFault } from './vault-fault.ts';
import type { StoredRecord } from '../../contract/store.ts';
import { canonicalJson } from '../../model/json.ts';

/** What a caller hands in. The secret goes no further than the ciphertext. */
export interface EntryDraft {
  readonly name: string;
  readonly provider: string;
  readonly environment: string;
  readonly kind: string;
  readonly reach: 'all' | 'environment';
  readonly secret: string;
  readonly note: string;
}

const longestSecret = 16_384;

/** An entry and what else rests of it: the mark by which its secret is known again, and the ciphertext. */
export function entryRecord(ring: KeyRing, marking: KeyObject, draft: EntryDraft, addedAt: string): StoredRecord {
  checkDraft(draft);
  const { name, provider, environment, kind, reach, note, secret } = draft;
  const place = { name, provider, environment, kind, reach };
  const mark = markOf(marking, secret);
  return {
    ...place,
    note,
    addedAt,
    mark,
    dataId: ring.dataId,
    sealed: seal(ring.data, Buffer.from(secret), aboutOf(place, ring.dataId)),
  };
}

/** The same entry under other keys. Throws `VaultFault` (`damaged`). */
export function resealed(record: StoredRecord, from: KeyRing, to: KeyRing): StoredRecord {
  const secret = secretBytes(record, from);
  const sealed = seal(to.data, secret, aboutOf(placeOf(record), to.dataId));
  secret.fill(0);
  return { ...record, dataId: to.dataId, sealed };
}

/** Throws `VaultFault` (`damaged`). */
export function entryOf(record: StoredRecord): VaultEntry {
  const { addedAt, note } = record;
  if (typeof addedAt !== 'string' || typeof note !== 'string') throw damaged();
  return Object.freeze({ ...placeOf(record), note, fingerprint: markIn(record).slice(0, 8), addedAt });
}

/** The mark of the secret in an entry, hex. Throws `VaultFault` (`damaged`). */
export function markIn(record: StoredRecord): string {
  const { mark } = record;
  if (typeof mark !== 'string' || !/^[0-9a-f]{64}$/.test(mark)) throw damaged();
  return mark;
}

/** Which data key an entry is sealed under. */
export function dataIdIn(record: StoredRecord): string {
  const { dataId } = record;
  if (typeof dataId !== 'string') throw damaged();
  return dataId;
}

/** The credential in an entry that has to be of this name. Throws `VaultFault` (`damaged`). */
export function credentialOf(record: StoredRecord, name: string, ring: KeyRing): OpenedCredential {
  const place = placeOf(record);
  if (place.name !== name) throw damaged();
  const bytes = secretBytes(record, ring);
  const credential = new OpenedCredential(place.kind, bytes.toString('utf8'));
  bytes.fill(0);
  return credential;
}

/** HMAC-SHA256 of a secret, hex. */
export function markOf(marking: KeyObject, secret: string): string {
  return createHmac('sha256', marking).update(secret).digest('hex');
}

type Place = Pick<VaultEntry, 'name' | 'provider' | 'environment' | 'kind' | 'reach'>;

function secretBytes(record: StoredRecord, ring: KeyRing): Buffer {
  if (dataIdIn(record) !== ring.dataId) throw damaged();
  return unseal(ring.data, record['sealed'], aboutOf(placeOf(record), ring.dataId));
}

/** Whoever edits the store can't make one environment's credential another's, or a narrow one wide. */
function aboutOf(place: Place, dataId: string): string {
  return canonicalJson([
    'holdpoint/vault-entry/v1',
    place.name,
    place.provider,
    place.environment,
    place.kind,
    place.reach,
    dataId,
  ]);
}

function placeOf(record: StoredRecord): Place {
  const { name, provider, environment, kind, reach } = record;
  const text =
    typeof name === 'string' &&
    typeof provider === 'string' &&
    typeof environment === 'string' &&
    typeof kind === 'string';
  if (!text || (reach !== 'all' && reach !== 'environment')) throw damaged();
  return { name, provider, environment, kind, reach };
}

function checkDraft(draft: EntryDraft): void {
  const slug = /^[a-z][a-z0-9-]{0,39}$/;
  for (const part of [draft.name, draft.provider, draft.environment, draft.kind]) {
    if (!slug.test(part))
      throw new VaultFault('bad-entry', 'a name in the vault is lower-case letters, digits and dashes, at most 40');
  }
  const { secret } = draft;
  if (secret.length === 0 || secret.length > longestSecret)
    throw new VaultFault('bad-entry', 'the secret is empty or too long');
  if (secret !== secret.trim() || secret.includes('\0') || !secret.isWellFormed()) {
    throw new VaultFault('bad-entry', 'the secret begins or ends with white space, or holds what no credential does');
  }
}

function damaged(): VaultFault {
  return new VaultFault('damaged', 'a vault entry cannot be read: it was changed, moved or cut');
}
