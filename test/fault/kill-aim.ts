import { readFileSync } from 'node:fs';
import type { Double } from '../../demo/railway/double.ts';
import type { LogEntry } from '../../demo/railway/log.ts';

/** The phases of the road, by what can be seen of them from outside: the double's log and the daemon's system calls. */
export const phases = ['judge', 'measure', 'record', 'before send', 'after send', 'settle'] as const;
export type Phase = (typeof phases)[number];

/** fsync and fdatasync, then pwrite64, as numbered here. Where that is wrong the aim is worse; the evidence tells what was hit. */
const syncCalls = new Set(process.arch === 'arm64' ? ['82', '83'] : ['74', '75']);
const writingCalls = new Set([...syncCalls, process.arch === 'arm64' ? '68' : '18']);

/** The system call that a process is in (its main thread); empty when it is in none, or gone. */
function callOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/syscall`, 'latin1').split(' ', 1)[0] ?? '';
  } catch {
    return '';
  }
}

/** Waits without letting anything else run: the daemon is left alone with its disk. True when it was seen. */
function spinUntil(seen: () => boolean, atMostMs: number): boolean {
  const until = performance.now() + atMostMs;
  while (performance.now() < until) if (seen()) return true;
  return false;
}

/** Kills at once: whatever else the parent did first would be time for the daemon to go on. */
function kill(pid: number): void {
  process.kill(pid, 'SIGKILL');
}

/** Waits until the process writes to or syncs its disk. */
export function untilItWrites(pid: number): boolean {
  return spinUntil(() => writingCalls.has(callOf(pid)), 300);
}

/** Waits until a sync of the process has ended. */
export function untilItHasSynced(pid: number, atMostMs = 300): boolean {
  return spinUntil(() => syncCalls.has(callOf(pid)), atMostMs) && spinUntil(() => !syncCalls.has(callOf(pid)), 300);
}

/** Calls the listener for each entry as the double writes it; returns what ends that. */
function listenTo(double: Double, listener: (entry: LogEntry) => void): () => void {
  const log = double.log as LogEntry[];
  const push = log.push.bind(log);
  Object.defineProperty(log, 'push', {
    configurable: true,
    writable: true,
    value: (...entries: LogEntry[]) => {
      const length = push(...entries);
      entries.forEach(listener);
      return length;
    },
  });
  return () => Reflect.deleteProperty(log, 'push');
}

export interface Aim {
  readonly phase: Phase;
  readonly pid: number;
  /** How many look-ups the act asks before it is recorded, and by which name the first slow one goes. */
  readonly lookups: number;
  readonly slowLookup: string;
  readonly mutation: string;
  /** A random wait (ms) where the phase has some length. */
  readonly jitter: number;
}

/** Resolves, at the moment that the aim is at, with whether it is sure to have been there. Begins to look at once. */
export function momentOf(double: Double, aim: Aim): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  if (aim.phase === 'judge') double.fail({ next: 'slow', when: aim.slowLookup, delayMs: 400 });
  if (aim.phase === 'after send') double.fail({ next: 'slow', when: aim.mutation, delayMs: 150 });
  const effects = new Set<number>();
  let answered = 0;
  const end = (sure: boolean): void => {
    stop();
    clearTimeout(late);
    resolve(sure);
  };
  const stop = listenTo(double, (entry) => {
    if (entry.kind === 'request') {
      const isEffect = entry.operations.includes(aim.mutation);
      if (isEffect) effects.add(entry.request);
      const wanted =
        (aim.phase === 'judge' && entry.operations.includes(aim.slowLookup)) ||
        (aim.phase === 'after send' && isEffect);
      if (wanted) setTimeout(end, aim.jitter, true);
    }
    if (entry.kind !== 'response') return;
    const isEffect = effects.has(entry.request);
    if (!isEffect) answered += 1;
    // The double writes the entry first and the answer then: in the next turn it is on its way.
    if (isEffect || answered === aim.lookups) setImmediate(afterAnswer, aim, isEffect, end);
  });
  // Nothing of the kind came: better a kill at any moment than none.
  const late = setTimeout(end, 10_000, false);
  return promise;
}

function afterAnswer(aim: Aim, isEffect: boolean, end: (sure: boolean) => void): void {
  const { phase, pid, jitter } = aim;
  if (isEffect ? phase !== 'settle' : phase !== 'measure' && phase !== 'record' && phase !== 'before send') return;
  let sure = true;
  if (phase === 'record' || (phase === 'settle' && jitter === 2)) sure = untilItWrites(pid);
  if (phase === 'before send') sure = untilItHasSynced(pid);
  kill(pid);
  end(sure);
}
