import type { OwnResult } from './wire.ts';
import { NotTheServer } from './scram.ts';
import type { ServerIdentity } from '../../contract/postgres/session.ts';

/** Asked of every connection before anything else. All of it may be read by any role. */
export const identityQuestion = `SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system()),
  (SELECT timeline_id::text FROM pg_catalog.pg_control_checkpoint()),
  (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
  (SELECT stats_reset::text FROM pg_catalog.pg_stat_bgwriter),
  current_user::text,
  pg_catalog.current_setting('server_version_num'), pg_catalog.pg_backend_pid()::text,
  pg_catalog.concat_ws(' ', pg_catalog.current_setting('default_transaction_read_only'),
    pg_catalog.current_setting('standard_conforming_strings'), pg_catalog.current_setting('row_security'),
    pg_catalog.current_setting('synchronous_commit'), pg_catalog.current_setting('session_replication_role'),
    pg_catalog.current_setting('client_encoding'))`;

const asPinned = 'on on on on origin UTF8';

/** The session would run under other settings than statements are judged by. */
export class NotPinned extends Error {
  override readonly name = 'NotPinned';
}

/** Throws `NotTheServer`, or `NotPinned`, for one that does not say who it is. */
export function identityFrom({ rows }: OwnResult): ServerIdentity {
  const [system, timeline, database, generation, role, version, pid, pinned] = rows[0] ?? [];
  if (!system || !timeline || !database || !generation || !role || !version || !pid)
    throw new NotTheServer('the server does not say who it is');
  // A pooler, or a role's own defaults, may have dropped what the start-up packet asked for.
  if (pinned !== asPinned) throw new NotPinned('the server does not keep the settings that the judging relies on');
  return { system, timeline, database, generation, role, version: Number(version), pid: Number(pid) };
}
