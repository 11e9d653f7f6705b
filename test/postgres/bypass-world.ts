import type { TestServer } from './server.ts';

/**
 * A database full of traps that somebody planted before the agent came: all of them owned by the agent's own role, so that
 * no right of the server's stands between it and the rows.
 */
const planted = `
create table t (id int primary key, v text);
create table child (id int primary key, t_id int references t on delete cascade, n int);
create table victim (id int primary key, v text);
create table log (msg text);
create sequence counter;
create function wipe() returns int language plpgsql as $$ begin delete from t; return 1; end $$;
create function wipe_sql() returns int language sql as 'delete from t; select 1';
create function wipe_atomic() returns int language sql begin atomic delete from t; select 1; end;
create function wipe_nested() returns int language sql as 'select wipe()';
create function wipe_deep() returns int language plpgsql as $$ begin return (select wipe_nested()); end $$;
create function wipe_liar() returns int language plpgsql immutable as $$ begin perform wipe(); return 1; end $$;
create function wipe_stable() returns int language sql stable as 'select wipe()';
create function wipe_dynamic() returns int language plpgsql as $$ begin execute 'delete ' || 'from t'; return 1; end $$;
create function wipe_truncate() returns int language plpgsql as $$ begin truncate victim; return 1; end $$;
create function wipe_drop() returns int language plpgsql as $$ begin drop table victim; return 1; end $$;
create function wipe_alter() returns int language plpgsql as $$ begin alter table victim drop column v; return 1; end $$;
create function wipe_grant() returns int language plpgsql as $$ begin grant all on victim to public; return 1; end $$;
create function wipe_drop_sql() returns int language sql as 'drop table victim; select 1';
create function wipe_handler() returns int language plpgsql as $$ begin perform 1/0; return 1; exception when others then delete from t; return 2; end $$;
create function wipe_copy() returns int language plpgsql as $$ begin copy t to program 'true'; return 1; end $$;
create function wipe_sets() returns int language plpgsql as $$ begin perform set_config('default_transaction_read_only', 'off', false); return 1; end $$;
create function wipe_set_sql() returns int language sql as $$ select length(set_config('default_transaction_read_only', 'off', false)) $$;
create function wipe_hold() returns int language sql as $$ declare held cursor with hold for select wipe(); select 1 $$;
create function wipe_args(a int default wipe()) returns int language sql as 'select a';
create function wipe_variadic(variadic a int[]) returns int language plpgsql as $$ begin delete from t; return 1; end $$;
create function wipe_out(out a int, out b int) language plpgsql as $$ begin delete from t; a = 1; b = 2; end $$;
create function wipe_rows() returns setof t language plpgsql as $$ begin return query delete from t returning *; end $$;
create function wipe_row(t) returns int language plpgsql as $$ begin delete from t; return 1; end $$;
create function wipe_poly(anyelement) returns anyelement language plpgsql as $$ begin delete from t; return $1; end $$;
create function wipe_cursor() returns int language plpgsql as $$ declare c cursor for select wipe() as x; r record; begin for r in c loop null; end loop; return 1; end $$;
create function wipe_declared() returns int language plpgsql as $$ declare n int := wipe(); begin return n; end $$;
create function wipe_call() returns int language plpgsql as $$ begin call wipe_proc(); return 1; end $$;
create function wipe_dblink() returns int language plpgsql as $$ begin perform apart.dblink_exec('x', 'delete from t'); return 1; end $$;
create procedure wipe_proc() language plpgsql as $$ begin delete from t; end $$;
create procedure wipe_proc_drop() language plpgsql as $$ begin drop table victim; end $$;
create procedure wipe_proc_commit() language plpgsql as $$ begin delete from t; commit; end $$;
create procedure wipe_proc_sql() language sql as 'truncate victim';
create function wipe_state(int, int) returns int language plpgsql as $$ begin delete from t; return 1; end $$;
create aggregate wipe_sum(int) (sfunc = wipe_state, stype = int, initcond = '0');
create aggregate wipe_final(int) (sfunc = int4pl, stype = int, initcond = '0', finalfunc = abs);
create function lower(varchar) returns text language plpgsql as $$ begin delete from t; return 'x'; end $$;
create function count(t) returns bigint language plpgsql as $$ begin delete from t; return 1; end $$;
create function now(int) returns int language plpgsql as $$ begin delete from t; return 1; end $$;
create function wipe_equal(point, int) returns boolean language plpgsql as $$ begin delete from t; return true; end $$;
create operator === (leftarg = point, rightarg = int, function = wipe_equal);
create operator = (leftarg = point, rightarg = int, function = wipe_equal);
create function wipe_minus(int) returns int language plpgsql as $$ begin delete from t; return 1; end $$;
create operator @@@ (rightarg = int, function = wipe_minus);
create function wipe_check(int) returns boolean language plpgsql as $$ begin delete from t; return true; end $$;
create table with_default (id int primary key, v int default wipe());
create table with_check (id int primary key, v int, check (wipe_check(v)));
create table with_index (id int primary key, v int);
create function wipe_key(int) returns int language plpgsql immutable as $$ begin perform wipe(); return $1; end $$;
create index on with_index (wipe_key(v));
create table with_partial (id int primary key, v int);
create index on with_partial (id) where wipe_key(v) > 0;
create table with_generated (id int primary key, v int generated always as (wipe_key(1)) stored);
create function wipe_trigger() returns trigger language plpgsql as $$ begin delete from t; return new; end $$;
create function drop_trigger() returns trigger language plpgsql as $$ begin drop table victim; return new; end $$;
create function truncate_trigger() returns trigger language plpgsql as $$ begin truncate victim; return null; end $$;
create table with_row_trigger (id int primary key, v int);
create trigger a before insert or update on with_row_trigger for each row execute function wipe_trigger();
create table with_drop_trigger (id int primary key, v int);
create trigger a before insert on with_drop_trigger for each row execute function drop_trigger();
create table with_statement_trigger (id int primary key, v int);
create trigger a after insert on with_statement_trigger for each statement execute function truncate_trigger();
create table with_deferred_trigger (id int primary key, v int);
create constraint trigger a after insert on with_deferred_trigger deferrable initially deferred for each row execute function wipe_trigger();
create table with_deferred_drop (id int primary key, v int);
create constraint trigger a after insert on with_deferred_drop deferrable initially deferred for each row execute function drop_trigger();
create table with_when_trigger (id int primary key, v int);
create function nothing_trigger() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger a before insert on with_when_trigger for each row when (wipe_check(new.v)) execute function nothing_trigger();
create table with_rule (id int primary key, v int);
create rule a as on insert to with_rule do also delete from t;
create table with_policy (id int primary key, v int);
insert into with_policy values (1, 1);
alter table with_policy enable row level security; alter table with_policy force row level security;
create policy a on with_policy using (wipe_check(v)) with check (wipe_check(v));
create view wipe_view as select wipe() as n;
create view wipe_view_nested as select n + 1 as n from wipe_view;
create view t_view as select id, v from t;
create view t_view_nested as select * from t_view;
create view instead_view as select 1 as id;
create function instead_trigger() returns trigger language plpgsql as $$ begin delete from t; return new; end $$;
create trigger a instead of insert on instead_view for each row execute function instead_trigger();
create materialized view wipe_matview as select wipe_key(1) as n with no data;
create table partitioned (id int, v int) partition by range (id);
create table part_1 partition of partitioned for values from (0) to (100);
create trigger a before insert on part_1 for each row execute function wipe_trigger();
create table by_expression (id int, v int) partition by range ((wipe_key(id)));
create table by_expression_1 partition of by_expression default;
create table parent (id int);
create table heir () inherits (parent);
create function wipe_trigger_old() returns trigger language plpgsql as $$ begin delete from t; return old; end $$;
insert into heir values (1);
create trigger a before update on heir for each row execute function wipe_trigger();
create table keys (id int primary key);
create table refers (id int primary key, k int references keys on update cascade);
create trigger a before update on refers for each row execute function wipe_trigger();
create schema elsewhere;
create function elsewhere.harmless() returns int language sql as 'select 1';
create function harmless() returns int language sql as 'select wipe()';
create function path_atomic() returns int language sql set search_path = elsewhere begin atomic select public.harmless(); end;
create function path_text() returns int language plpgsql set search_path = elsewhere as $$ begin return public.harmless(); end $$;
create function path_field(r t) returns int language plpgsql set search_path = elsewhere as $$ begin return (r).gone; end $$;
create function elsewhere.gone(public.t) returns int language plpgsql as $$ begin delete from public.t; return 1; end $$;
create function row_attribute(t) returns int language plpgsql as $$ begin delete from t; return 1; end $$;
insert into t select g, 'row ' || g from generate_series(1, 5) g;
insert into child select g, g, g from generate_series(1, 5) g;
insert into victim select g, 'row ' || g from generate_series(1, 5) g;
insert into keys values (1); insert into refers values (1, null);
insert into t select g, 'row ' || g from generate_series(1, 5) g on conflict do nothing;
insert into child select g, g, g from generate_series(1, 5) g on conflict do nothing;
`;

/** Code that hangs on types, and so is reached by whatever meets a value of them. */
const plantedTypes = `
create type pair as (a int, b int);
create function wipe_cast(int) returns pair language plpgsql as $$ begin delete from t; return row(1, 2); end $$;
create cast (int as pair) with function wipe_cast(int) as assignment;
create domain trap as int check (wipe_check(value));
create domain trap_default as int default wipe();
create type trap_row as (a trap);
create table holds_trap (id int primary key, a trap);
create table holds_row (id int primary key, a trap_row);
create table holds_default (id int primary key, a trap_default);
create table holds_pair (id int primary key, a pair);
insert into holds_trap values (1, null);
reset role;
create type trap_range;
create function trap_canonical(trap_range) returns trap_range language internal immutable as 'int4range_canonical';
create type trap_range as range (subtype = int4, canonical = trap_canonical);
create or replace function trap_canonical(trap_range) returns trap_range language plpgsql immutable as $$ begin perform wipe(); return $1; end $$;
alter function trap_canonical(trap_range) owner to agent;
insert into t select g, 'row ' || g from generate_series(1, 5) g on conflict do nothing;
insert into child select g, g, g from generate_series(1, 5) g on conflict do nothing;
`;

/** What only a superuser can plant. */
const byHuman = `
create function wipe_definer() returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin delete from public.t; return 1; end $$;
create function on_ddl() returns event_trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin delete from public.t; end $$;
create schema apart; create extension dblink schema apart; create extension postgres_fdw schema apart; create extension file_fdw schema apart;
revoke execute on all functions in schema apart from public;
create server loop foreign data wrapper postgres_fdw options (host '127.0.0.1', port '$PORT', dbname 'work');
create user mapping for agent server loop options (user 'agent', password 'secret');
create foreign table far (id int, v text) server loop options (schema_name 'public', table_name 't');
create server files foreign data wrapper file_fdw;
grant select, insert, update, delete on far to agent; grant usage on foreign server loop to agent; grant usage on schema apart to agent;
create function c_code(int) returns int language internal as 'int4abs';
select lo_create(4242); grant all on large object 4242 to agent; alter large object 4242 owner to agent;
`;

/** Lays the traps. The agent's role signs in with the password `secret`. */
export async function plantWorld(server: TestServer): Promise<void> {
  await server.query("create role agent login password 'secret'; grant create, usage on schema public to agent");
  await server.query('create database trapped');
  await server.query('grant create on database trapped to agent');
  await server.query('grant create, usage on schema public to agent', [], 'trapped');
  await server.query(`set role agent; ${planted}`, [], 'trapped');
  await server.query(byHuman.replaceAll('$PORT', String(server.port)), [], 'trapped');
  await server.query('create database typed template trapped');
  await server.query(`set role agent; ${plantedTypes}`, [], 'typed');
}

/** What a database is made after: code on tables and in functions, or code on types as well. */
export type World = 'trapped' | 'typed';

/** The database `work`, as it was laid out. */
export async function resetWorld(server: TestServer, world: World): Promise<void> {
  await server.query('drop database if exists work with (force)');
  await server.query(`create database work template ${world}`);
  await server.query('grant create on database work to agent');
}

const stateText = `
select 'rows ' || c.oid::regclass || ' ' || md5(query_to_xml('select * from only ' || c.oid::regclass, true, false, '')::text)
  from pg_class c where c.relnamespace = any ('{public,elsewhere}'::regnamespace[]) and c.relkind = 'r'
union all select concat_ws(' ', 'class', c.oid, c.relname, c.relkind, case when c.relkind not in ('i', 'I') then c.relfilenode end, c.relowner, c.relacl, c.relrowsecurity, c.relispopulated, c.relpersistence, c.reloptions)
  from pg_class c where c.oid >= 16384 and c.relnamespace <> 'pg_toast'::regnamespace and c.relpersistence <> 't'
union all select concat_ws(' ', 'column', attrelid, attname, atttypid, attnotnull, attisdropped, attacl) from pg_attribute
  where attrelid >= 16384 and attrelid in (select oid from pg_class where relkind <> 't' and relpersistence <> 't')
union all select concat_ws(' ', 'function', oid, proname, md5(prosrc), prosecdef, proowner, proacl) from pg_proc where oid >= 16384 and pronamespace::regnamespace::text !~ '^pg_temp'
union all select concat_ws(' ', 'trigger', oid, tgname, tgenabled) from pg_trigger
union all select concat_ws(' ', 'sequence', schemaname, sequencename, last_value) from pg_sequences
union all select concat_ws(' ', 'large', loid, pageno, md5(data)) from pg_largeobject
union all select concat_ws(' ', 'large', oid, lomowner, lomacl) from pg_largeobject_metadata
union all select concat_ws(' ', 'slot', slot_name) from pg_replication_slots
union all select concat_ws(' ', 'origin', roname) from pg_replication_origin
union all select concat_ws(' ', 'role', r.oid, rolname, rolsuper, rolcreaterole, rolreplication, rolbypassrls, md5(rolpassword)) from pg_authid r
union all select concat_ws(' ', 'member', roleid, member) from pg_auth_members
union all select concat_ws(' ', 'setting', setdatabase, setrole, setconfig) from pg_db_role_setting
union all select concat_ws(' ', 'file', name, setting, error) from pg_file_settings
union all select concat_ws(' ', 'prepared', gid) from pg_prepared_xacts
union all select concat_ws(' ', 'extension', extname, extversion) from pg_extension
union all select concat_ws(' ', 'schema', oid, nspname, nspacl, nspowner) from pg_namespace where nspname !~ '^pg_(toast_)?temp'
union all select concat_ws(' ', 'database', datname, datacl, datdba, datconnlimit) from pg_database
union all select concat_ws(' ', 'event', evtname, evtenabled) from pg_event_trigger
union all select concat_ws(' ', 'statistics', datname, stats_reset) from pg_stat_database where datname = current_database()
union all select concat_ws(' ', 'publication', pubname) from pg_publication
union all select concat_ws(' ', 'policy', polname, polrelid) from pg_policy
union all select concat_ws(' ', 'cast', oid) from pg_cast where oid >= 16384
union all select concat_ws(' ', 'operator', oid) from pg_operator where oid >= 16384
union all select concat_ws(' ', 'type', oid, typname) from pg_type where oid >= 16384 and typnamespace::regnamespace::text !~ '^pg_(toast|temp)'
union all select concat_ws(' ', 'comment', objoid, description) from pg_description where objoid >= 16384
union all select concat_ws(' ', 'default', defaclrole, defaclacl) from pg_default_acl
order by 1`;

/** Everything that the database holds, line by line. */
export async function stateOf(server: TestServer): Promise<readonly string[]> {
  const { rows } = await server.query(stateText, [], 'work');
  return rows.map((row) => String(Object.values(row)[0]));
}

/** What is in the one and not in the other. */
export function changes(before: readonly string[], after: readonly string[]): readonly string[] {
  const [had, has] = [new Set(before), new Set(after)];
  return [
    ...before.filter((one) => !has.has(one)).map((one) => `- ${one}`),
    ...after.filter((one) => !had.has(one)).map((one) => `+ ${one}`),
  ];
}
