export interface RoadOrder {
  /** Messages seen on their way to the provider's port, by the key in them. */
  readonly sent: readonly string[];
  /** Of these: those that began to leave before a sync of their intent had ended. */
  readonly early: readonly string[];
  readonly syncs: number;
}

export interface Wanted {
  /** Text in the message → the clearance under which it was recorded. */
  readonly clearances: ReadonlyMap<string, string>;
  /** The provider's port. */
  readonly port: number;
}

const call = /^(\d+)\s+(.*)$/s;
const walWrite = /^pwrite64\(\d+<[^>]*-wal>/;
const walSync = /^f(?:data)?sync\(\d+<[^>]*-wal>/;

/**
 * Reads a trace (`strace -f -yy -s <all>`) in its order. An intent is on disk when a sync of the WAL that succeeded has
 * ended after the write that holds its clearance; a message counts from when the call that sends it begins.
 */
export function roadOrder(trace: readonly string[], { clearances, port }: Wanted): RoadOrder {
  const syncing = new Set<string>();
  const written = new Set<string>();
  const synced = new Set<string>();
  const sent: string[] = [];
  const early: string[] = [];
  let syncs = 0;
  const toProvider = new RegExp(`^(?:write|writev|sendto|sendmsg)\\(\\d+<TCP[^>]*->[^>]*:${port}\\]>`);
  for (const line of trace) {
    const [, pid = '', text = ''] = call.exec(line) ?? [];
    if (walWrite.test(text))
      for (const clearance of clearances.values()) if (text.includes(clearance)) written.add(clearance);
    if (walSync.test(text) && text.includes('<unfinished')) syncing.add(pid);
    const whole = walSync.test(text) && text.endsWith('= 0');
    const resumed = /^<\.\.\. f(?:data)?sync resumed>.*= 0$/.test(text) && syncing.delete(pid);
    if (whole || resumed) {
      syncs += 1;
      for (const clearance of written) synced.add(clearance);
    }
    if (!toProvider.test(text)) continue;
    for (const [key, clearance] of clearances) {
      if (!text.includes(key)) continue;
      sent.push(key);
      if (!synced.has(clearance)) early.push(key);
    }
  }
  return { sent, early, syncs };
}
