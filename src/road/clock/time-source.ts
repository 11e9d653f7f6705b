import { readFileSync } from 'node:fs';

/** What the machine says of time. Injected, so that tests can step it. */
export interface TimeSource {
  /** Wall clock, in ms since the epoch. Anybody with the right may step it. */
  wall(): number;
  /** Ms since boot, sleep included. Nobody can step it. */
  uptime(): number;
  /** Another one after each boot. */
  readonly bootId: string;
  /** Ms that only ever grow, cheap to read; stands still during sleep. */
  monotonic(): number;
}

/**
 * Linux: `/proc/uptime` and the kernel's boot id. Elsewhere the process's own running time stands in, each start counts
 * as a boot, and sleep looks like a step forward: that errs towards asking a human.
 */
export function machineTime(): TimeSource {
  const monotonic = (): number => performance.now();
  try {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    readUptime();
    return { wall: Date.now, uptime: readUptime, bootId, monotonic };
  } catch {
    return { wall: Date.now, uptime: monotonic, bootId: `process ${performance.timeOrigin}`, monotonic };
  }
}

function readUptime(): number {
  const [seconds] = readFileSync('/proc/uptime', 'utf8').split(' ');
  const uptime = Number(seconds) * 1_000;
  if (!Number.isFinite(uptime) || uptime <= 0) throw new TypeError('the uptime of this machine cannot be read');
  return uptime;
}
