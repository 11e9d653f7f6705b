import type { OwnResult } from './wire.ts';
import { NotTheServer } from './scram.ts';
import type { ServerIdentity } from '../../contract/postgres/session.ts';

/** Asked of every connection before anything else. All of it may be read by any role. */
export const identityQuestion = `SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system()),
  (SELECT timeline_id::text FROM pg_catalog.pg_control_checkpoint()),
  (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
  (SELECT stats_reset::text FROM pg_catalog.pg_stat_bgwriter),
  current_user::text,
  pg_catalog.current_setting('server_version_num')`;

/** Throws `NotTheServer` for one that does not say who it is. */
export function identityFrom({ rows }: OwnResult, pid: number): ServerIdentity {
  const [system, timeline, database, generation, role, version] = rows[0] ?? [];
  if (!system || !timeline || !database || !generation || !role || !version)
    throw new NotTheServer('the server does not say who it is');
  return { system, timeline, database, generation, role, version: Number(version), pid };
}
