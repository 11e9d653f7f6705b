import { readFileSync } from 'node:fs';

/** TCP state LISTEN in `/proc/net/tcp`. */
const listening = '0A';

/**
 * OS users that listen on a TCP port of this machine, from the texts of `/proc/net/tcp` and `/proc/net/tcp6` (proc(5)):
 * the second column is address and port in hex, the fourth the state, the eighth the owner.
 */
export function ownersOf(port: number, tables: readonly string[]): ReadonlySet<number> {
  const owners = new Set<number>();
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const row of tables.flatMap((table) => table.split('\n').slice(1))) {
    const columns = row.trim().split(/\s+/);
    const [, local, , state] = columns;
    const owner = Number(columns[7]);
    if (local?.endsWith(suffix) === true && state === listening && Number.isInteger(owner)) owners.add(owner);
  }
  return owners;
}

/** The same, of this machine now; empty where the system does not say. */
export function listenersOn(port: number): ReadonlySet<number> {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  });
  return ownersOf(port, tables);
}
