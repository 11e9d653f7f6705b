import type { CopiersParts } from './copiers.ts';
import type { BackupDetails, DrillRecord } from '../../contract/backup-state.ts';
import type { StoredRecord } from '../../contract/store.ts';
import { DrillRefused, type DrillReport, readDrill, runnerKey } from '../../features/backup/drill/drill-report.ts';
import { refuse } from '../../model/refusal.ts';

type Parts = CopiersParts & { readonly details: (name: string) => Promise<BackupDetails | undefined> };

/** Believes a rehearsal that the runner named in the configuration signed, of a copy that is known, once. */
export async function takeDrill(value: unknown, parts: Parts): Promise<DrillRecord> {
  const { store, journal, clock, raise, config } = parts;
  const name = nameIn(value);
  const known = name === undefined ? undefined : await parts.details(name);
  const runner = name === undefined ? undefined : config().backups[name]?.runner;
  if (name === undefined || known === undefined || runner === undefined)
    throw refuse('DENIED', 'no drill of that name is awaited', 'name the runner’s key as `runner:` of the backup');
  const report = read(value, runner);
  checkTime(report, known, clock.now());
  const backup = report.backup ?? '';
  if (report.good && !known.backups.some((one) => one.id === backup))
    throw refuse('DENIED', `\`${backup}\` is no copy of ours`, 'a drill is of a copy that this installation made');
  const record: DrillRecord = { id: report.id, name, backup, good: report.good, at: report.at };
  await store.transact(async (tx) => {
    await tx.insert('drills', record.id, record as unknown as StoredRecord);
    await journal.append(tx, {
      kind: 'drilled',
      body: { ...record, problems: report.problems.slice(0, 20), rto: report.rto, rpo: report.rpo },
    });
  });
  parts.rehearsed?.note(record);
  if (!record.good)
    raise({ kind: 'drill-failed', text: `drill ${name}: ${report.problems.slice(0, 3).join('; ') || 'it failed'}` });
  return record;
}

function nameIn(value: unknown): string | undefined {
  const { report } = (value ?? {}) as { readonly report?: { readonly name?: unknown } };
  return typeof report?.name === 'string' ? report.name : undefined;
}

function read(value: unknown, runner: string): DrillReport {
  try {
    return readDrill(value, runnerKey(runner));
  } catch (error) {
    if (error instanceof DrillRefused) throw refuse('DENIED', error.message, 'hand over what `holdpoint drill` wrote');
    throw error;
  }
}

function checkTime(report: DrillReport, { state }: BackupDetails, now: number): void {
  const at = Date.parse(report.at);
  if (!(at <= now)) throw refuse('DENIED', 'this drill comes from the future', 'mind the runner’s clock');
  if (state.lastDrill !== undefined && at <= Date.parse(state.lastDrill.at))
    throw refuse('DENIED', 'a newer drill is known', 'each report counts once');
}
