import { tablespaceSeen } from './base-backup.ts';
import type { ReplicationLine } from './replication-line.ts';
import { type Lsn, SourceFailed, type SourceIdentity } from '../../contract/backup.ts';

/** What is true of the line at once. */
export interface Answering {
  readonly system: string;
  readonly timeline: number;
  readonly position: Lsn;
}

/** IDENTIFY_SYSTEM, or where no replication is allowed what plain SQL knows of it. Throws `SourceFailed`. */
export async function answering(line: ReplicationLine, replicates = true): Promise<Answering> {
  const asked = replicates
    ? 'IDENTIFY_SYSTEM'
    : `SELECT s.system_identifier::text, c.timeline_id::text, pg_catalog.pg_current_wal_flush_lsn()::text
        FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c`;
  const [system, timeline, position] = (await line.rows(asked))[0] ?? [];
  if (!system || !timeline || !position) throw new SourceFailed('failed', 'the server does not say who it is');
  return { system, timeline: Number(timeline), position };
}

export interface Settled {
  readonly version: number;
  readonly segmentSize: number;
  readonly slotKeepMegabytes: number;
  readonly checksums: boolean;
}

const settings = ['server_version_num', 'wal_segment_size', 'max_slot_wal_keep_size', 'data_checksums'] as const;

/** Throws `SourceFailed` for a version that is not spoken here. */
export async function settled(line: ReplicationLine): Promise<Settled> {
  const named = settings.map((name) => `'${name}'`).join(', ');
  // Values in the unit of the setting: bytes for the segment, megabytes for the slot.
  const rows = await line.rows(`SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN (${named})`);
  const found = new Map(rows.map(([name, value]) => [name ?? '', value ?? '']));
  const version = Number(found.get('server_version_num'));
  const segmentSize = Number(found.get('wal_segment_size'));
  const slotKeepMegabytes = Number(found.get('max_slot_wal_keep_size'));
  if (![version, segmentSize, slotKeepMegabytes].every(Number.isSafeInteger) || segmentSize < 1024 * 1024)
    throw new SourceFailed('failed', 'the server does not say how it keeps its log');
  if (version < 140_000 || version >= 190_000)
    throw new SourceFailed('not-supported', `PostgreSQL ${Math.floor(version / 10_000)} is not backed up`, {
      hint: '14 to 18 are',
    });
  return { version, segmentSize, slotKeepMegabytes, checksums: found.get('data_checksums') === 'on' };
}

export async function tablespacesOf(line: ReplicationLine): Promise<readonly string[]> {
  const rows = await line.rows(
    `SELECT pg_catalog.pg_tablespace_location(oid) FROM pg_catalog.pg_tablespace
      WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY oid`,
  );
  return rows.map(([location]) => location || 'in place');
}

export async function refuseTablespaces(line: ReplicationLine): Promise<void> {
  if ((await tablespacesOf(line)).length > 0) throw tablespaceSeen();
}

export async function databasesOf(line: ReplicationLine): Promise<readonly string[]> {
  const rows = await line.rows('SELECT datname FROM pg_catalog.pg_database WHERE datallowconn ORDER BY datname');
  return rows.map(([name]) => name ?? '');
}

/**
 * Extensions with their versions, database by database. A database that the role may not enter is left out: nothing is
 * known of it.
 */
export async function extensionsOf(
  databases: readonly string[],
  enter: (database: string) => Promise<ReplicationLine>,
): Promise<SourceIdentity['extensions']> {
  const found: { [database: string]: readonly string[] } = {};
  for (const database of databases) {
    let line: ReplicationLine | undefined;
    try {
      line = await enter(database);
      const rows = await line.rows('SELECT extname FROM pg_catalog.pg_extension ORDER BY extname');
      found[database] = rows.map(([name]) => name ?? '');
    } catch (thrown) {
      if (!(thrown instanceof SourceFailed) || thrown.code === 'unreachable') throw thrown;
    } finally {
      await line?.close();
    }
  }
  return found;
}
