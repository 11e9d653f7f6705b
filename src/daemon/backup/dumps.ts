import type { BackupPlan } from './config.ts';
import { milliseconds } from '../config-words.ts';
import type { BackupRecord } from '../../contract/backup-state.ts';

/** A database that is dumped now, with the milliseconds until it is; the one that waited for longest first. */
export interface DueDump {
  readonly database: string;
  readonly wait: number;
}

/** Of a plan with `dumps`; undefined for one without. */
export function nextDump({ dumps }: BackupPlan, records: readonly BackupRecord[], now: number): DueDump | undefined {
  const due = (dumps?.databases ?? []).map((database) => {
    // One that was begun under a clock that was ahead would put off the next until it is right.
    const begun = records
      .filter((one) => one.database === database)
      .map((one) => Date.parse(one.startedAt ?? ''))
      .filter((at) => at <= now + 60_000);
    const every = milliseconds(dumps?.every ?? '24h');
    return { database, wait: Math.max(...begun, -Infinity) + every - now };
  });
  return due.toSorted((one, other) => one.wait - other.wait)[0];
}
