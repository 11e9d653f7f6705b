import type { Client } from 'pg';

/**
 * State of a server that a read must leave alone, as digests that can be compared. `session`: what the session means
 * (settings, role, prepared statements, what it listens to, its temporary sequences). `server`: sequences, slots,
 * what the planner counted of tables, other sessions, when statistics were reset and the configuration read. Advisory locks are no part of it: taking one is a
 * read here, and so are the seed of random() and what the session remembers of sequences. Nor are cursors: DECLARE … WITH HOLD
 * and CLOSE are reads, since a cursor is the session's own, ends with it, and is over a query that was proved.
 */
export interface SmallState {
  readonly session: string;
  readonly server: string;
}

/** Digest of each table, catalogues included, by its name. */
export type FullState = ReadonlyMap<string, string>;

const sessionQuestion = `SELECT pg_catalog.md5(pg_catalog.concat_ws('|',
  (SELECT pg_catalog.string_agg(name || '=' || coalesce(setting, ''), ';' ORDER BY name COLLATE "C") FROM pg_catalog.pg_show_all_settings()
     WHERE source <> 'default' AND name NOT LIKE 'transaction\\_%'),
  session_user::pg_catalog.text, current_user::pg_catalog.text,
  (SELECT pg_catalog.string_agg(p.name, ';' ORDER BY p.name COLLATE "C") FROM pg_catalog.pg_prepared_statement() p
     WHERE p.name NOT LIKE 'look-up %'),
  (SELECT pg_catalog.string_agg(l, ';' ORDER BY l COLLATE "C") FROM pg_catalog.pg_listening_channels() l),
  (SELECT pg_catalog.string_agg(s.oid || ' ' || pg_catalog.pg_sequence_last_value(s.oid), ';' ORDER BY s.oid) FROM pg_catalog.pg_class s
     WHERE s.relkind = 'S' AND s.relnamespace = pg_catalog.pg_my_temp_schema())))`;

const serverQuestion = `SELECT md5(concat_ws('|',
  (SELECT string_agg(s.oid || ' ' || coalesce(pg_sequence_last_value(s.oid), -1), ';' ORDER BY s.oid) FROM pg_class s
     WHERE s.relkind = 'S' AND s.relpersistence <> 't'),
  (SELECT string_agg(r.slot_name || coalesce(r.restart_lsn::text, '') || coalesce(r.confirmed_flush_lsn::text, ''), ';') FROM pg_replication_slots r),
  (SELECT count(*) FROM pg_stat_activity a WHERE a.backend_type = 'client backend'),
  (SELECT string_agg(coalesce(d.stats_reset::text, ''), ';') FROM pg_stat_database d),
  (SELECT num_requested FROM pg_stat_checkpointer), pg_conf_load_time(),
  (SELECT sum(hashtextextended(concat_ws(' ', c.oid, c.relpages, c.reltuples), 0)) FROM pg_class c WHERE c.relpersistence <> 't'),
  (SELECT string_agg(f, ';' ORDER BY f) FROM pg_ls_dir('.') f), (SELECT count(*) FROM pg_ls_dir('pg_wal') f WHERE f LIKE '%.backup'),
  (SELECT count(*) FROM pg_prepared_xacts)))`;

/** `session` is the one that runs what is looked at, outside a transaction; `admin` another, of a superuser. */
export async function smallState(session: Client, admin: Client): Promise<SmallState> {
  const [near, far] = await Promise.all([textOf(session, sessionQuestion), textOf(admin, serverQuestion)]);
  return { session: near, server: far };
}

async function textOf(client: Client, question: string): Promise<string> {
  const { rows } = await client.query<string[]>({ text: question, rowMode: 'array' });
  return rows[0]?.[0] ?? '';
}

/** Tables whose text is put together in one question. */
const atOnce = 60;

const tablesQuestion = `SELECT c.oid::regclass::text, c.oid::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' ORDER BY c.oid`;

/** Every row of every table, with what it is and which transaction made it. Other sessions' temporary tables can't be read. */
export async function fullState(admin: Client): Promise<FullState> {
  const { rows } = await admin.query<string[]>({ text: tablesQuestion, rowMode: 'array' });
  const names = rows.map(([name = '']) => name);
  const found = new Map<string, string>();
  for (let at = 0; at < names.length; at += atOnce)
    for (const [name, digest] of await digestsOf(admin, names.slice(at, at + atOnce))) found.set(name, digest);
  return found;
}

async function digestsOf(admin: Client, names: readonly string[]): Promise<readonly (readonly [string, string])[]> {
  try {
    return await digestsBy(admin, names, '|| t::text');
  } catch (thrown) {
    // A table that can't be shown as text (a broken type, one not filled) is known by its versions of rows alone.
    if (names.length > 1) {
      const each: (readonly [string, string])[] = [];
      for (const name of names) each.push(...(await digestsOf(admin, [name])));
      return each;
    }
    try {
      return await digestsBy(admin, names, '');
    } catch {
      return names.map((name) => [name, `not readable: ${String(thrown)}`]);
    }
  }
}

async function digestsBy(
  admin: Client,
  names: readonly string[],
  text: string,
): Promise<readonly (readonly [string, string])[]> {
  const each = names.map(
    (name, at) =>
      `SELECT ${at}, count(*) || ' ' || coalesce(sum(hashtextextended(t.ctid::text || t.xmin::text ${text}, 0)), 0) FROM ONLY ${name} t`,
  );
  const { rows } = await admin.query<[number, string]>({ text: each.join(' UNION ALL '), rowMode: 'array' });
  return rows.map(([at, digest]) => [names[at] ?? '', digest]);
}

export function differenceOf(before: FullState, after: FullState): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name));
}
