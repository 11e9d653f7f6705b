import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { printTable } from '../terminal/table.ts';
import type { BackupDetails, BackupRecord, DrillRecord } from '../../contract/backup-state.ts';

/** Every copy of one database that the daemon knows of, newest first, and how rehearsals of them went. */
export const list: Run = async (invocation) => {
  const { out } = invocation;
  const name = invocation.needed(0);
  const details = await invocation.api().get<BackupDetails>(`/v1/backups/${encodeURIComponent(name)}`);
  const backups = details.backups.toSorted((one, other) => other.id.localeCompare(one.id));
  out.show({ ...details, backups }, () => {
    if (backups.length === 0) return out.line(['danger', `there is no copy of ${name}`], ': holdpoint backup status');
    return printTable(
      out,
      ['copy', 'state', 'begun', 'restorable to', 'kept until', 'size', 'stores', 'rehearsed'],
      backups.map((one) => [
        one.id,
        [one.state === 'whole' ? 'good' : 'warning', one.state],
        one.startedAt ?? '',
        one.state === 'whole' ? one.restorableTo : '',
        one.keptUntil,
        size(one),
        one.stores.join(', '),
        rehearsed(one, details.drills),
      ]),
    );
  });
  return exitCode.done;
};

function rehearsed({ id }: BackupRecord, drills: readonly DrillRecord[]): string {
  const last = drills.filter((one) => one.backup === id).toSorted((one, other) => other.at.localeCompare(one.at))[0];
  return last === undefined ? 'never' : `${last.good ? 'good' : 'FAILED'}, ${last.at}`;
}

function size({ plainSize }: BackupRecord): string {
  return plainSize === undefined ? '' : `${(plainSize / 1_000_000).toFixed(0)} MB`;
}
