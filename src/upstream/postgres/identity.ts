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
    pg_catalog.current_setting('client_encoding'), pg_catalog.current_setting('track_counts'))`;

/** In the order in which they are asked; `track_counts`: what the server does not count nobody could measure. */
const asPinned: readonly (readonly [setting: string, value: string])[] = [
  ['default_transaction_read_only', 'on'],
  ['standard_conforming_strings', 'on'],
  ['row_security', 'on'],
  ['synchronous_commit', 'on'],
  ['session_replication_role', 'origin'],
  ['client_encoding', 'UTF8'],
  ['track_counts', 'on'],
];

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
  if (pinned !== asPinned.map(([, value]) => value).join(' ')) throw new NotPinned(differing(pinned ?? ''));
  return { system, timeline, database, generation, role, version: Number(version), pid: Number(pid) };
}

/** Names of settings and the values they ought to have; the server's own words stay out of it. */
function differing(said: string): string {
  const values = said.split(' ');
  const wrong = asPinned.filter(([, value], at) => values[at] !== value).map(([name, value]) => `${name} = ${value}`);
  return `the server does not keep the settings that the judging relies on: ${wrong.join(', ')}`;
}
