import { readdirSync, readFileSync, statSync } from 'node:fs';

/** Process ids of an OS user, as `/proc` shows them (proc(5)); our own left out, and what has ended and was not waited for. */
export function processesOf(uid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && isOf(pid, uid));
}

function isOf(pid: number, uid: number): boolean {
  try {
    if (statSync(`/proc/${pid}`).uid !== uid) return false;
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
