import type { BackupState } from '../../contract/backup-state.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import type { Output } from '../terminal/output.ts';

/** At a glance: newest copy, where, last good drill. Exit 0 only where every one is good. */
export const status: Run = async (invocation) => {
  const { out } = invocation;
  const { backups } = await invocation.api().get<{ backups: readonly BackupState[] }>('/v1/backups');
  out.show({ backups }, () => {
    if (backups.length === 0) out.line(['danger', 'no backup is configured'], ': what is lost is lost');
    for (const one of backups) printBackup(out, one);
  });
  return exitOf(backups);
};

function exitOf(backups: readonly BackupState[]): ExitCode {
  return backups.length > 0 && backups.every((one) => one.verdict === 'good') ? exitCode.done : exitCode.failed;
}

const words: { readonly [verdict in BackupState['verdict']]: string } = {
  good: 'GOOD',
  beside: 'BESIDE THE DATA',
  'not-rehearsed': 'NOT REHEARSED',
  late: 'LATE',
  none: 'NO COPY',
};

/** One backup in a few lines; also a part of `holdpoint status`. */
export function printBackup(out: Output, one: BackupState): void {
  const tone = one.verdict === 'good' ? 'good' : one.verdict === 'not-rehearsed' ? 'warning' : 'danger';
  out.line(`  backup ${one.name} (${one.environment}): `, [tone, words[one.verdict]]);
  for (const text of one.problems) out.line([tone, `    ${text}`]);
  if (one.newest !== undefined)
    out.line(
      `    newest copy: to ${one.newest.restorableTo}, in ${one.newest.stores.join(', ')}, kept until ${one.newest.keptUntil}`,
    );
  out.line(`    meant for: ${one.stores.map(({ name, where }) => `${name} (${where})`).join(', ')}, for ${one.keep}`);
  out.line(`    last good drill: ${one.lastGoodDrill?.at ?? 'never'}`);
}
