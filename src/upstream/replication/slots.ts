import type { ReplicationLine } from './replication-line.ts';
import { type Lsn, SourceFailed } from '../../contract/backup.ts';
import { lsnNumber, lsnText, segmentStart } from '../../contract/lsn.ts';
import type { Settled } from './source-identity.ts';

const slotName = /^[a-z0-9_]{1,63}$/;

/** Throws `RangeError`: the name goes into a command as it is. */
export function checkedSlot(name: string): string {
  if (!slotName.test(name)) throw new RangeError(`\`${name}\` is no name of a slot: lower case, digits, underscores`);
  return name;
}

/**
 * Makes the slot where there is none, and gives the beginning of the segment from which it keeps the log. Throws
 * `SourceFailed`: `unbounded-slot`, `wal-gone` for one that the server gave up.
 */
export async function physicalSlot(
  line: ReplicationLine,
  name: string,
  server: Settled,
  unbounded: boolean,
): Promise<{ readonly position: Lsn }> {
  if (server.slotKeepMegabytes < 0 && !unbounded)
    throw new SourceFailed('unbounded-slot', 'a slot could fill the disk of this server, because nothing bounds it', {
      hint: `ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'; SELECT pg_reload_conf()`,
    });
  const found = (await slotsNamed(line, name)) ?? (await made(line, name, server));
  if (found.type !== 'physical')
    throw new SourceFailed('failed', `slot \`${name}\` is somebody else’s: it is ${found.type}`);
  if (found.keeps === 'lost' || found.position === null)
    throw new SourceFailed('wal-gone', `the server gave up what slot \`${name}\` was to keep`, {
      hint: 'what was written since is missing: the slot is made anew and a new base backup is taken',
    });
  return { position: lsnText(segmentStart(lsnNumber(found.position), server.segmentSize)) };
}

interface Slot {
  readonly type: string;
  readonly position: Lsn | null;
  /** `wal_status`: reserved, extended, unreserved, lost. */
  readonly keeps: string | null;
}

async function slotsNamed(line: ReplicationLine, name: string): Promise<Slot | undefined> {
  const [row] = await line.rows(
    `SELECT slot_type, restart_lsn, wal_status FROM pg_catalog.pg_replication_slots WHERE slot_name = '${name}'`,
  );
  if (row === undefined) return undefined;
  const [type, position, keeps] = row;
  return { type: type ?? '', position: position ?? null, keeps: keeps ?? null };
}

async function made(line: ReplicationLine, name: string, { version }: Settled): Promise<Slot> {
  const reserve = version >= 150_000 ? '(RESERVE_WAL)' : 'RESERVE_WAL';
  await line.rows(`CREATE_REPLICATION_SLOT ${name} PHYSICAL ${reserve}`);
  const slot = await slotsNamed(line, name);
  if (slot === undefined) throw new SourceFailed('failed', `slot \`${name}\` was made and is not there`);
  return slot;
}

/** What is not there is as good as dropped. Throws `SourceFailed` (`slot-taken`) while somebody reads by it. */
export async function droppedSlot(line: ReplicationLine, name: string): Promise<void> {
  if ((await slotsNamed(line, name)) !== undefined) await line.rows(`DROP_REPLICATION_SLOT ${name}`);
}
