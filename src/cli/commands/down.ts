import { rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Complaint } from '../complaint.ts';
import { isDaemon } from '../daemon/alive.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { readRunning } from '../places.ts';

const patienceMs = 10_000;

/** Stops the daemon. Agents have no other way to the far side, so it fails closed. */
export const down: Run = async (invocation) => {
  const { out, places } = invocation;
  const running = readRunning(places);
  if (running === undefined || !isDaemon(running.pid, places.data)) {
    out.show({ stopped: false }, () => out.line(`no daemon is running here (${places.data})`));
    return exitCode.done;
  }
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
  out.show({ stopped: true, pid: running.pid }, () =>
    out.line(
      ['good', 'stopped'],
      `: nothing gets through the gates until \`holdpoint up\`; holds and approvals wait in ${places.data}`,
    ),
  );
  return exitCode.done;
};
