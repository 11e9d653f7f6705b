import type { BackupKeys } from './keys.ts';
import type { BackupStore } from '../../contract/backup.ts';
import type { BackupRecord } from '../../contract/backup-state.ts';
import { type Clock, isoTime } from '../../contract/clock.ts';
import type { Store, StoredRecord } from '../../contract/store.ts';
import { type BackupManifest, readManifest } from '../../features/backup/manifest.ts';
import type { WrittenBackup } from '../../features/backup/write-base.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Journal } from '../../road/journal/journal.ts';

export interface CopiesParts {
  /** The upstream that is copied. */
  readonly name: string;
  readonly stores: readonly BackupStore[];
  readonly keys: BackupKeys;
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly diagnose: (where: string, cause: unknown) => void;
}

/** What the copy before says: whose chunks may be used again, and what a chain of copies continues. */
export interface Earlier {
  readonly earlier?: readonly BackupManifest[];
  readonly previous?: BackupManifest['previous'];
}

/** The daemon's own account of the copies of one upstream. */
export class Copies {
  readonly #parts: CopiesParts;

  constructor(parts: CopiesParts) {
    this.#parts = parts;
  }

  async all(): Promise<readonly BackupRecord[]> {
    const { store, name } = this.#parts;
    const found = await store.find('backups', { where: { name } });
    return found.map(({ record }) => record as unknown as BackupRecord);
  }

  /** The last of that cluster, or of that database’s dumps, which nobody can have deleted yet. */
  async before(of: { readonly system?: string; readonly database?: string }): Promise<Earlier> {
    const { clock, diagnose, keys, stores } = this.#parts;
    const last = (await this.all())
      .filter((one) => one.database === of.database && Date.parse(one.keptUntil) > clock.now())
      .filter((one) => of.system === undefined || one.system === of.system)
      .toSorted((one, other) => one.id.localeCompare(other.id))
      .at(-1);
    const [first] = stores;
    if (last?.manifest === undefined || first === undefined) return {};
    const { key, sha256, versions } = last.manifest;
    const previous = { backup: last.id, sha256, keptUntil: last.keptUntil };
    try {
      const bytes = await first.get({ key, version: versions[first.name] ?? '' });
      return { previous, earlier: [readManifest(bytes, keys.verifying)] };
    } catch (cause) {
      // Everything is put again then.
      diagnose('backups', cause);
      return { previous };
    }
  }

  /** One that every store has, and that is not whole before it has its log. */
  async take(written: WrittenBackup): Promise<void> {
    const record = this.recordOf(written);
    await this.#parts.store.transact((tx) => tx.put('backups', record.id, record as unknown as StoredRecord));
  }

  /** From here on it counts, and the journal says so. */
  async count(record: BackupRecord): Promise<BackupRecord> {
    const { store, journal } = this.#parts;
    const whole = { ...record, state: 'whole' as const };
    await store.transact(async (tx) => {
      await tx.put('backups', whole.id, whole as unknown as StoredRecord);
      await journal.append(tx, { kind: 'backed-up', body: backedUp(whole) });
    });
    return whole;
  }

  recordOf({ manifest, key, versions, sha256 }: WrittenBackup): BackupRecord {
    const { name, stores, clock } = this.#parts;
    const { backup: id, keptUntil, cluster, startLsn, endLsn, startedAt, finishedAt, plainSize, database } = manifest;
    return {
      id,
      name,
      state: 'incomplete',
      // A dump is the moment at which it was begun.
      restorableTo: database === undefined ? isoTime(clock.now()) : startedAt,
      keptUntil,
      stores: stores.map((one) => one.name),
      system: cluster.system,
      timeline: cluster.timeline,
      ...(database === undefined ? {} : { database }),
      ...(startLsn === undefined ? {} : { startLsn }),
      ...(endLsn === undefined ? {} : { endLsn }),
      startedAt,
      finishedAt,
      plainSize,
      manifest: { key, sha256, versions },
    };
  }
}

/** What the journal says of a copy. */
function backedUp({
  name,
  id: backup,
  database,
  manifest,
  startLsn,
  endLsn,
  keptUntil,
  stores,
}: BackupRecord): JsonObject {
  return {
    name,
    backup,
    ...(database === undefined ? {} : { database }),
    ...(manifest === undefined ? {} : { manifest: manifest.sha256 }),
    ...(startLsn === undefined ? {} : { startLsn }),
    ...(endLsn === undefined ? {} : { endLsn }),
    keptUntil,
    stores,
  };
}
