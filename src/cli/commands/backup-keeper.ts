import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { Complaint, misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';

/** A process of another OS user than the daemon's, which takes objects once and gives them back. Runs until it is told to stop. */
export const keeper: Run = async (invocation) => {
  const { out } = invocation;
  const [directory, socket] = [invocation.text('dir'), invocation.text('socket')];
  if (directory === undefined || socket === undefined)
    throw misused('--dir and --socket are needed', 'see `holdpoint backup keeper --help`');
  if (invocation.isRoot && !invocation.flag('as-root'))
    throw new Complaint(
      'a keeper that runs as root keeps nothing apart that root could not have',
      'make a user for it: useradd --system holdpoint-keeper, and start it as that user',
      { exit: exitCode.denied },
    );
  const { openKeeper } = await import('../../daemon/backup/offline.ts');
  const restoreSocket = join(resolve(directory), 'restore');
  const open = await openKeeper({
    directory: resolve(directory),
    socket: resolve(socket),
    restoreSocket,
    floor: days(invocation.duration('floor', 7 * 86_400_000)),
    ceiling: days(invocation.duration('ceiling', 400 * 86_400_000)),
    say: (text) => out.note(text),
  });
  out.show({ directory, socket, restoreSocket }, () => {
    out.line(`keeping in ${directory}; daemons put and get at ${socket}`);
    out.line(`whoever restores lists at ${restoreSocket}, as this user or root`);
  });
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await open.close();
  return exitCode.done;
};

function days(ms: number): number {
  return Math.max(1, Math.ceil(ms / 86_400_000));
}
