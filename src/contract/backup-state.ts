/**
 * What is to be said of a backup in one word. `good`: the newest copy and the last good drill are young. `not-rehearsed`: no
 * restore was tried with success for too long, or ever. `late`: the newest copy is too old. `none`: there is no copy.
 * `beside`: all is well, but every store would be lost together with the data.
 */
export type BackupVerdict = 'good' | 'beside' | 'not-rehearsed' | 'late' | 'none';

/** One copy of a server, as the Store keeps it under its id in `backups`. */
export interface BackupRecord {
  /** `bk_…` */
  readonly id: string;
  /** The upstream that it is a copy of. */
  readonly name: string;
  /** Of a logical dump: the database. Absent for a copy of the whole server. */
  readonly database?: string;
  /** `whole`: with all of the log that it needs; `incomplete`: it cannot be restored, and counts as no copy. */
  readonly state: 'whole' | 'incomplete';
  /** ISO 8601: a restore comes this far. */
  readonly restorableTo: string;
  /** ISO 8601: nobody can delete it before. */
  readonly keptUntil: string;
  /** Names of the stores in which all of it is durable. */
  readonly stores: readonly string[];
  /** `system_identifier` and timeline of the cluster. */
  readonly system?: string;
  readonly timeline?: number;
  /** The log that it needs at least. */
  readonly startLsn?: string;
  readonly endLsn?: string;
  /** ISO 8601. */
  readonly startedAt?: string;
  readonly finishedAt?: string;
  /** Bytes of the server, before compression. */
  readonly plainSize?: number;
  /** The signed manifest, as it was stored: key, hash, and its version by the store's name. */
  readonly manifest?: {
    readonly key: string;
    readonly sha256: string;
    readonly versions: { readonly [store: string]: string };
  };
}

/** One rehearsal of a restore, as the Store keeps it under its id in `drills`. */
export interface DrillRecord {
  /** `dr_…` */
  readonly id: string;
  readonly name: string;
  readonly backup: string;
  readonly good: boolean;
  readonly at: string;
}

/** What people, the alarms and every hold are told of the copies of one database. */
export interface BackupState {
  readonly name: string;
  readonly environment: string;
  readonly verdict: BackupVerdict;
  /** Sentences, worst first. Empty for `good`. */
  readonly problems: readonly string[];
  readonly keep: string;
  readonly stores: readonly { readonly name: string; readonly where: string; readonly shares: readonly string[] }[];
  /** The newest whole one whose keep time is not over. */
  readonly newest?: BackupRecord;
  /** The newest, good or bad. */
  readonly lastDrill?: DrillRecord;
  readonly lastGoodDrill?: DrillRecord;
}

/** All that is known of the copies of one database. */
export interface BackupDetails {
  readonly state: BackupState;
  readonly backups: readonly BackupRecord[];
  readonly drills: readonly DrillRecord[];
}
