import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityIn, kitFor, needed, readText, wayFrom } from './backup-store.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { progressLine } from '../terminal/progress.ts';
import type { DrillRecord } from '../../contract/backup-state.ts';

/** A rehearsal: restores to a throw-away server, looks at all of it, signs what it found and hands that to the daemon. */
export const drill: Run = async (invocation) => {
  const { out } = invocation;
  const submitted = invocation.text('submit');
  if (submitted !== undefined) {
    const record = await submit(invocation, JSON.parse(readText(submitted)));
    out.show({ drill: record }, () => out.line(`drill ${record.id} is on the journal`));
    return record.good ? exitCode.done : exitCode.failed;
  }
  const kit = await kitFor(invocation);
  const programs = invocation.text('postgres-bin');
  const offline = await import('../../daemon/backup/offline.ts');
  const bar = progressLine(out);
  const place = mkdtempSync(join(tmpdir(), 'holdpoint-drill-'));
  // As root the server is another account's, which passes through.
  chmodSync(place, 0o711);
  const signed = await offline
    .drillByKit({
      way: wayFrom(invocation, kit),
      identity: identityIn(readText(needed(invocation, 'identity'))),
      runner: readText(needed(invocation, 'runner')),
      folder: join(place, 'drill'),
      assertions: invocation
        .list('assert')
        .map((file) => ({ database: invocation.text('database') ?? 'postgres', sql: readText(file) })),
      progress: ({ stage, done, of }) => bar.tell(stage, done, of),
      ...(programs === undefined ? {} : { programs: [programs] }),
    })
    .finally(() => {
      bar.end();
      rmSync(place, { recursive: true, force: true });
    });
  const { report } = signed;
  const file = invocation.text('out');
  if (file === undefined) await submit(invocation, signed);
  else writeFileSync(file, JSON.stringify(signed), { mode: 0o600, flag: 'wx' });
  out.show(signed, () => {
    out.line(
      [report.good ? 'good' : 'danger', report.good ? 'GOOD' : 'NOT GOOD'],
      ` drill of ${report.backup ?? 'no copy'}`,
    );
    for (const text of report.problems) out.line(['danger', `  ${text}`]);
    for (const text of report.notes) out.line(`  not looked at: ${text}`);
    if (report.rto !== undefined) out.line(`  back in ${(report.rto / 1000).toFixed(1)} s (RTO)`);
    if (report.rpo !== undefined) out.line(`  at most ${(report.rpo / 1000).toFixed(1)} s lost (RPO)`);
    out.line(`  ${report.tables.length} tables, ${report.checked.constraints} constraints looked at`);
  });
  return report.good ? exitCode.done : exitCode.failed;
};

async function submit(invocation: Invocation, signed: unknown): Promise<DrillRecord> {
  const { drill: record } = await invocation.api().post<{ drill: DrillRecord }>('/v1/drills', signed);
  return record;
}
