import { readFileSync } from 'node:fs';
import { Api } from '../api/api.ts';
import { Complaint } from '../complaint.ts';

/** Whether a holdpoint daemon answers there; one whose journal is not healthy answers too. */
export async function answers(address: string): Promise<boolean> {
  try {
    const { ok } = await new Api(address).get<{ ok?: unknown }>('/v1/health', { timeoutMs: 3_000 });
    return typeof ok === 'boolean';
  } catch (thrown) {
    if (thrown instanceof Complaint) return thrown.message.includes('without saying why');
    throw thrown;
  }
}

/** Whether the process still runs and is a daemon of these data: a pid is used again by others. */
export function isDaemon(pid: number, data: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    // Another user's is there all the same: above T0 whoever has no root asks about one.
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM')) return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.some((word) => /daemon[/\\]main\.[jt]s$/.test(word)) && words.includes(data);
  } catch {
    return false;
  }
}
