import { type KeyRing, lockOf, newRing, openedRing, ringKey, ringRecord } from './key-ring.ts';
import type { Candidate, KeySource } from './wrapping-key.ts';
import { VaultFault } from './vault-fault.ts';
import { type Store, StoreConflict, type StoredRecord } from '../../contract/store.ts';

/** The keys of the vault in a store, by the first source that has one that fits; of a new vault where there is none. */
export async function unlockOrMake(store: Store, sources: readonly KeySource[]): Promise<KeyRing> {
  const record = await store.get('settings', ringKey);
  if (record !== undefined) return unlock(record, sources);
  const [entry] = await store.find('vault', { limit: 1 });
  const [source] = sources;
  if (entry !== undefined || source === undefined)
    throw new VaultFault('damaged', 'the record of the vault key is gone');
  return make(store, source, sources);
}

async function make(store: Store, source: KeySource, sources: readonly KeySource[]): Promise<KeyRing> {
  const first = await source.first();
  const ring = newRing(first.key, first.derivation);
  try {
    await store.transact((tx) => tx.insert('settings', ringKey, ringRecord(ring)));
    return ring;
  } catch (error) {
    // Somebody else made it at the same moment: theirs counts.
    const other = error instanceof StoreConflict ? await store.get('settings', ringKey) : undefined;
    if (other === undefined) throw error;
    return unlock(other, sources);
  }
}

/** The keys in a stored ring. Throws `VaultFault`. */
export async function unlock(record: StoredRecord, sources: readonly KeySource[]): Promise<KeyRing> {
  const { derivation } = lockOf(record);
  const faults: unknown[] = [];
  for (const source of sources) {
    try {
      const ring = await openedBy(await source.candidates(derivation), record);
      if (ring !== undefined) return ring;
    } catch (fault) {
      faults.push(fault);
    }
  }
  const [fault] = faults;
  // What a source said is more use than that none fitted.
  if (fault instanceof VaultFault) throw fault;
  const tried = sources.map((source) => source.where).join(', ');
  throw new VaultFault(
    'locked',
    `the vault does not open with the ${tried}`,
    fault === undefined ? {} : { cause: fault },
  );
}

async function openedBy(candidates: readonly Candidate[], record: StoredRecord): Promise<KeyRing | undefined> {
  for (const candidate of candidates) {
    const ring = openedRing(record, candidate.key);
    if (ring === undefined) continue;
    await candidate.adopt();
    return ring;
  }
  return undefined;
}
