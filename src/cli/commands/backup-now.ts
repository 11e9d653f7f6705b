import { Complaint } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { progressLine } from '../terminal/progress.ts';
import type { BackupRecord } from '../../contract/backup-state.ts';
import type { Refusal } from '../../model/refusal.ts';

type Line =
  | { readonly done: number; readonly of: number }
  | { readonly backup: BackupRecord }
  | { readonly refusal: Refusal };

/** A copy of the whole server now; ends when every store has it with all of its log. */
export const now: Run = async (invocation) => {
  const { out } = invocation;
  const bar = progressLine(out);
  const path = `/v1/backups/${encodeURIComponent(invocation.needed(0))}/now`;
  for await (const line of invocation.api().lines<Line>(path)) {
    if ('done' in line) {
      bar.tell('copy', line.done, line.of);
      continue;
    }
    bar.end();
    if ('refusal' in line) throw new Complaint(line.refusal.detail, line.refusal.hint);
    const { backup } = line;
    out.show({ backup }, () =>
      out.line(
        ['good', backup.id],
        ` to ${backup.restorableTo}, in ${backup.stores.join(', ')}, kept until ${backup.keptUntil}`,
      ),
    );
    return exitCode.done;
  }
  throw new Complaint('the daemon ended before the copy did', 'see `holdpoint backup status`');
};
