import type { Lsn } from '../../contract/backup.ts';
import type { BackupRecord } from '../../contract/backup-state.ts';
import type { Store, StoredRecord } from '../../contract/store.ts';
import { lsnNumber } from '../../contract/lsn.ts';

/** How much of a server's log is durable in every store, without a gap. */
export interface KeptLog {
  /** `system_identifier`. */
  readonly system: string;
  readonly slot: string;
  /** Where it begins. */
  readonly since: Lsn;
  /** The first byte that is not kept, and its timeline. */
  readonly timeline: number;
  readonly position: Lsn;
  /** ISO 8601, by the server's clock: a restore comes this far. */
  readonly restorableTo?: string;
}

const keyOf = (name: string): string => `backup.log.${name}`;

/** Undefined also where another slot was used: by another slot a person says that copying begins anew. */
export async function readKeptLog(store: Pick<Store, 'get'>, name: string, slot: string): Promise<KeptLog | undefined> {
  const stored = (await store.get('settings', keyOf(name))) as KeptLog | undefined;
  return stored?.slot === slot ? stored : undefined;
}

export async function writeKeptLog(store: Pick<Store, 'transact'>, name: string, log: KeptLog): Promise<void> {
  await store.transact((tx) => tx.put('settings', keyOf(name), { ...log } satisfies StoredRecord));
}

/** After a gap: what comes next continues nothing. */
export async function forgetKeptLog(store: Pick<Store, 'transact'>, name: string): Promise<void> {
  await store.transact((tx) => tx.remove('settings', keyOf(name)));
}

/** All that the copy needs to be consistent is there. */
export function completes(log: KeptLog, { system, startLsn, endLsn }: BackupRecord): boolean {
  if (system !== log.system || startLsn === undefined || endLsn === undefined) return false;
  return lsnNumber(log.since) <= lsnNumber(startLsn) && lsnNumber(log.position) >= lsnNumber(endLsn);
}

/** The copy with as much of the log as follows it. */
export function carriedOn(record: BackupRecord, log: KeptLog | undefined): BackupRecord {
  if (record.state !== 'whole' || log?.restorableTo === undefined || !completes(log, record)) return record;
  return log.restorableTo > record.restorableTo ? { ...record, restorableTo: log.restorableTo } : record;
}
