import type { Step } from './reading.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { Measurement, Resolution } from '../../contract/provider.ts';
import { digestOf } from '../../model/digest.ts';
import {
  type PostgresMessage,
  postgresAnswer,
  postgresLookup,
  type PostgresTarget,
} from '../../model/postgres-message.ts';

/** Deferred constraints and their triggers run now, before anybody judges. */
const constraints = 'SET CONSTRAINTS ALL IMMEDIATE';

/** Tables by our own locks, counters by oid: the view `pg_stat_xact_user_tables` walks the whole catalogue each time. */
const counts = `SELECT n.nspname, c.relname, c.oid::text, i::text, u::text, d::text
  FROM (SELECT relation, pg_catalog.pg_stat_get_xact_tuples_inserted(relation) AS i,
          pg_catalog.pg_stat_get_xact_tuples_updated(relation) AS u, pg_catalog.pg_stat_get_xact_tuples_deleted(relation) AS d
        FROM (SELECT DISTINCT relation FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid()
              AND locktype = 'relation' AND mode NOT IN ('AccessShareLock', 'RowShareLock') OFFSET 0) l OFFSET 0) t
  JOIN pg_catalog.pg_class c ON c.oid = t.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE i + u + d > 0 ORDER BY n.nspname, c.relname`;

/** What finding out later takes: a transaction's number means nothing without the server's life that it is from. */
const identity = `SELECT pg_catalog.pg_current_xact_id_if_assigned()::text,
  (SELECT system_identifier::text FROM pg_catalog.pg_control_system()),
  (SELECT timeline_id::text FROM pg_catalog.pg_control_checkpoint()),
  (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
  (SELECT stats_reset::text FROM pg_catalog.pg_stat_bgwriter),
  pg_catalog.pg_backend_pid()::text`;

/** Rows by table, as the open transaction itself counts them: cascades and triggers included. */
export interface TableCount {
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** What the open transaction really did. */
export function* measured(target: PostgresMessage, _steps: readonly Step[], found: Resolution): Looking<Measurement> {
  yield* ask(target, constraints, 'deferred constraints');
  const tables = (yield* ask(target, counts, 'rows by table')).map(
    ([schema, name, , inserted, updated, deleted]): TableCount => ({
      table: `${schema}.${name}`,
      inserted: Number(inserted),
      updated: Number(updated),
      deleted: Number(deleted),
    }),
  );
  const [transaction, system, timeline, database, generation, pid] =
    (yield* ask(target, identity, 'the transaction'))[0] ?? [];
  const rows = tables.reduce((sum, one) => sum + one.inserted + one.updated + one.deleted, 0);
  return {
    facts: tables.map((one) => ({ label: one.table, value: sayCount(one), tone: 'plain', source: 'measured' })),
    hashes: tables.map((one) => digestOf('holdpoint/postgres-count/v1', { ...one })),
    rows,
    intent: {
      transaction: transaction ?? null,
      system: system ?? null,
      timeline: timeline ?? null,
      database: database ?? null,
      generation: generation ?? null,
      pid: pid ?? null,
    },
    actions: found.actions,
  };
}

function sayCount({ inserted, updated, deleted }: TableCount): string {
  const parts = [
    [deleted, 'deleted'],
    [updated, 'changed'],
    [inserted, 'added'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} rows ${what}`)
    .join(', ');
}

/** Rows of a question of ours. Throws when the server did not answer it. */
export function* ask(
  target: PostgresTarget,
  text: string,
  purpose: string,
  ...values: readonly (string | null)[]
): Looking<readonly (readonly (string | null)[])[]> {
  const { rows, error } = postgresAnswer(yield { message: postgresLookup(target, text, ...values), purpose });
  if (error !== undefined) throw new Error(`the server did not answer (${purpose}): ${error.code}`);
  return rows;
}
