import { totalmem } from 'node:os';
import path from 'node:path';
import type { RestoreTarget } from './plan.ts';
import { RestoreRefused } from './restore-refused.ts';

export interface SettingWishes {
  readonly major: number;
  /** Folder of socket, rules and configuration. */
  readonly run: string;
  /** Folder of `writeSegments`. */
  readonly segments: string;
  readonly target: RestoreTarget;
  readonly timeline: number;
  /** Thrown away after use: nothing has to be durable. */
  readonly throwAway: boolean;
}

export const serverPort = 5432;

/**
 * What a restored server runs under, whatever its copied configuration says: it loads nothing, reaches nobody (no
 * subscription's worker, no standby's receiver, no archive), and answers only on a socket of ours. Given on the command
 * line, which wins over every file.
 */
export function settingsFor(wishes: SettingWishes): readonly string[] {
  const { major, run, target, timeline } = wishes;
  const settings: readonly (readonly [name: string, value: string])[] = [
    ['config_file', path.join(run, 'postgresql.conf')],
    ['hba_file', path.join(run, 'pg_hba.conf')],
    ['ident_file', path.join(run, 'pg_ident.conf')],
    ['external_pid_file', ''],
    ['listen_addresses', ''],
    ['port', String(serverPort)],
    ['unix_socket_directories', run],
    ['unix_socket_permissions', '0700'],
    ['ssl', 'off'],
    ['shared_preload_libraries', ''],
    ['session_preload_libraries', ''],
    ['local_preload_libraries', ''],
    ['archive_mode', 'off'],
    ['archive_command', ''],
    ['primary_conninfo', ''],
    ['primary_slot_name', ''],
    ['synchronous_standby_names', ''],
    ['max_logical_replication_workers', '0'],
    ['logging_collector', 'off'],
    ['log_destination', 'stderr'],
    ['log_min_messages', 'log'],
    ['log_line_prefix', ''],
    ['lc_messages', 'C'],
    ['log_timezone', 'UTC'],
    ['timezone', 'UTC'],
    ['hot_standby', 'off'],
    ['max_connections', '20'],
    ['superuser_reserved_connections', '3'],
    // As many as any server may have had open: recovery stops where there is no room for one.
    ['max_prepared_transactions', '1000'],
    ['shared_buffers', `${buffersMegabytes()}MB`],
    // Replay writes once, at its end: nothing is lost by it that is not in the store.
    ['max_wal_size', '64GB'],
    ['checkpoint_timeout', '1h'],
    ['huge_pages', 'off'],
    ['default_transaction_read_only', 'off'],
    ['restart_after_crash', 'off'],
    ['jit', 'off'],
    ['allow_system_table_mods', 'off'],
    ['ignore_invalid_pages', 'off'],
    ['ignore_checksum_failure', 'off'],
    ['zero_damaged_pages', 'off'],
    ...(major >= 15 ? ([['archive_library', '']] as const) : []),
    ...(major >= 16 ? ([['reserved_connections', '0']] as const) : []),
    ...(major >= 17
      ? ([
          ['summarize_wal', 'off'],
          ['event_triggers', 'off'],
          ['sync_replication_slots', 'off'],
        ] as const)
      : []),
    ...(major >= 18 ? ([['io_method', 'worker']] as const) : []),
    ...(wishes.throwAway
      ? ([
          ['fsync', 'off'],
          ['full_page_writes', 'off'],
          ['autovacuum', 'off'],
        ] as const)
      : []),
    ['restore_command', `cp "${copyable(wishes.segments)}/%f" "%p"`],
    ['archive_cleanup_command', ''],
    ['recovery_end_command', ''],
    ['recovery_min_apply_delay', '0'],
    ['recovery_target', ''],
    ['recovery_target_name', ''],
    ['recovery_target_xid', ''],
    // A place of the log is where the log ends that it is given.
    ['recovery_target_lsn', ''],
    // What was committed at that very moment belongs to it.
    ['recovery_target_inclusive', 'on'],
    ['recovery_target_timeline', String(timeline)],
    ['recovery_target_action', 'promote'],
    // Last: a target that is set, and then emptied by another's name, is two targets to the server.
    ['recovery_target_time', target.kind === 'time' ? momentText(target.at) : ''],
  ];
  return settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** An eighth of this machine's memory: replay goes back to the same pages again and again. */
function buffersMegabytes(): number {
  return Math.floor(Math.min(1024, Math.max(128, totalmem() / 1_048_576 / 8)));
}

function momentText(at: number): string {
  return `${new Date(at).toISOString().replace('T', ' ').replace('Z', '')}+00`;
}

/** A shell reads it, and PostgreSQL its percent signs. */
function copyable(folder: string): string {
  if (/^[A-Za-z0-9/._+@:,=-]+$/.test(folder)) return folder;
  throw new RestoreRefused('place', `\`${folder}\` has characters that no restore_command can say`, {
    hint: 'name a folder of letters, digits, dots, hyphens and underscores',
  });
}
