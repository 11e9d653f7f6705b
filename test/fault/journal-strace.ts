import { spawnSync } from 'node:child_process';

/** Why strace cannot be used here; undefined when it can. */
export function straceMissing(): string | undefined {
  const tried = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']);
  if (tried.error !== undefined) return 'strace is not installed';
  return tried.status === 0 ? undefined : 'strace is not allowed to trace here';
}

export interface SyncOrder {
  /** Acknowledgements seen, syncs of the WAL seen. */
  readonly acknowledged: number;
  readonly syncs: number;
  /** Nonces acknowledged before their entry was written and synced. */
  readonly early: readonly string[];
}

/**
 * Reads a trace (`strace -f -y -s <all>`) in its order. An entry is on disk when a sync of the WAL that succeeded has
 * ended after the write that holds its nonce; an acknowledgement counts from when its write begins.
 */
export function syncOrder(trace: readonly string[]): SyncOrder {
  const pending = new Map<string, string>();
  const written = new Set<string>();
  const synced = new Set<string>();
  const early: string[] = [];
  let acknowledged = 0;
  let syncs = 0;
  for (const line of trace) {
    const [, pid = '', call = ''] = /^(\d+)\s+(.*)$/s.exec(line) ?? [];
    if (/^pwrite64\(\d+<[^>]*-wal>/.test(call))
      for (const [nonce] of call.matchAll(/\b[0-9a-f]{24}\b/g)) written.add(nonce);
    if (/^f(?:data)?sync\(\d+<[^>]*-wal>.*<unfinished/.test(call)) pending.set(pid, call);
    const whole = /^f(?:data)?sync\(\d+<[^>]*-wal>\)\s+= 0/.test(call);
    const resumed = /^<\.\.\. f(?:data)?sync resumed>.*= 0/.test(call) && pending.delete(pid);
    if (whole || resumed) {
      syncs += 1;
      for (const nonce of written) synced.add(nonce);
    }
    const [, nonce] = /^write\(1(?:<[^>]*>)?, "ack \d+ ([0-9a-f]{24})/.exec(call) ?? [];
    if (nonce === undefined) continue;
    acknowledged += 1;
    if (!synced.has(nonce)) early.push(nonce);
  }
  return { acknowledged, syncs, early };
}
