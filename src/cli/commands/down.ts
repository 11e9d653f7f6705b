import { rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Complaint, misused } from '../complaint.ts';
import { isDaemon } from '../daemon/alive.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { dataDirectories, otherInstallations, placesIn, readRunning, type Places } from '../places.ts';

const patienceMs = 10_000;

/** Stops the daemon. Agents have no other way to the far side, so it fails closed. */
export const down: Run = async (invocation) => {
  const removing = invocation.flag('removeUsers');
  if (removing && !invocation.isRoot)
    throw misused('--remove-users wants root', 'run it with sudo: sudo holdpoint down --remove-users');
  // Found once: without the record of a running daemon another data directory may be the first.
  const { places } = invocation;
  const pid = await stopped(places);
  const removed = removing ? await (await import('../daemon/accounts.ts')).removeAccounts(places.data) : [];
  invocation.out.show(
    { stopped: pid !== undefined, ...(pid === undefined ? {} : { pid }), ...(removing ? { removed } : {}) },
    () => printDown(invocation, places, pid, removed, removing),
  );
  return exitCode.done;
};

function printDown(
  { out, env }: Invocation,
  places: Places,
  pid: number | undefined,
  removed: readonly string[],
  removing: boolean,
): void {
  if (pid === undefined) out.line(`no daemon is running here (${places.data})`);
  else
    out.line(
      ['good', 'stopped'],
      `: nothing gets through the gates until \`${places.data === dataDirectories(env).service ? 'sudo ' : ''}holdpoint up\`; holds and approvals wait in ${places.data}`,
    );
  // One of each tier may be here: whoever stopped the other one believes that all is stopped.
  for (const data of otherInstallations(places, env)) {
    const other = readRunning(placesIn(data));
    if (other !== undefined && isDaemon(other.pid, data))
      out.line(['warning', `  another one is running (tier ${other.tier}): holdpoint down --data ${data}`]);
  }
  for (const line of removed) out.line(`  ${line}`);
  if (removing && removed.length === 0) out.line('  `up` made no OS users here; none was removed');
}

/** The pid of the daemon that was stopped; undefined where none ran. Throws `Complaint`. */
async function stopped(places: Places): Promise<number | undefined> {
  const running = readRunning(places);
  if (running === undefined || !isDaemon(running.pid, places.data)) return undefined;
  try {
    process.kill(running.pid, 'SIGTERM');
  } catch (cause) {
    throw new Complaint(
      'the daemon may not be stopped by this account',
      'run this as the account that started it, or with sudo',
      {
        exit: exitCode.denied,
        cause,
      },
    );
  }
  const until = Date.now() + patienceMs;
  while (isDaemon(running.pid, places.data)) {
    if (Date.now() > until) {
      throw new Complaint(
        `the daemon (pid ${running.pid}) did not stop within ${patienceMs / 1_000} s`,
        'it may be waiting for the far side; look again, or end it with: kill -9',
      );
    }
    await pause(50);
  }
  rmSync(places.running, { force: true });
  return running.pid;
}
