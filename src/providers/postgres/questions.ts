import { objectQuestions } from './objects/questions.ts';
import { roleQuestions } from './role-questions.ts';
import { undoQuestions } from './rows/questions.ts';
import type { Statement } from '../../languages/sql/index.ts';

/**
 * Every look-up of this provider: constants, so that `read` knows its own. Everything in them is named with its schema,
 * types and functions included; operators are PostgreSQL's own as long as pg_catalog is searched first, which `session`
 * makes sure of before any of the others is asked.
 */
export const questions = Object.freeze({
  ...roleQuestions,
  ...undoQuestions,
  ...objectQuestions,

  /** Which transaction is open: no other has had this process and this beginning. In bytes, for its look is a setting's. */
  opened: `SELECT pg_catalog.pg_backend_pid()::pg_catalog.text, pg_catalog.encode(pg_catalog.timestamptz_send(pg_catalog.now()), 'hex')`,

  session: `SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(true))::pg_catalog.text, current_user::pg_catalog.text`,

  relations: `SELECT a.i::pg_catalog.text, c.oid::pg_catalog.text, c.relkind::pg_catalog.text, n.nspname::pg_catalog.text,
      c.relname::pg_catalog.text, (c.oid::pg_catalog.int8 < 16384)::pg_catalog.text,
      CASE WHEN c.relkind IN ('v', 'm') AND c.oid::pg_catalog.int8 >= 16384 THEN pg_catalog.pg_get_viewdef(c.oid) END,
      c.reltuples::pg_catalog.int8::pg_catalog.text, c.relpersistence::pg_catalog.text
    FROM (SELECT o.ordinality AS i, o.value->>0 AS s, o.value->>1 AS name
          FROM pg_catalog.json_array_elements($1::pg_catalog.json) WITH ORDINALITY o) a
    CROSS JOIN LATERAL (
      SELECT r.oid, r.relkind, r.relname, r.relnamespace, r.reltuples, r.relpersistence
      FROM pg_catalog.pg_class r JOIN pg_catalog.pg_namespace m ON m.oid = r.relnamespace
      LEFT JOIN pg_catalog.json_array_elements_text($2::pg_catalog.json) WITH ORDINALITY p(s, rank) ON p.s = m.nspname
      WHERE r.relname = a.name AND CASE WHEN a.s IS NULL THEN p.rank IS NOT NULL
        WHEN a.s = 'pg_temp' THEN m.oid = pg_catalog.pg_my_temp_schema() ELSE m.nspname = a.s END
      ORDER BY p.rank LIMIT 1) c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`,

  functions: `SELECT a.i::pg_catalog.text, f.oid::pg_catalog.text
    FROM (SELECT o.ordinality AS i, o.value->>0 AS s, o.value->>1 AS name
          FROM pg_catalog.json_array_elements($1::pg_catalog.json) WITH ORDINALITY o) a
    JOIN pg_catalog.pg_proc f ON f.proname = a.name
    JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
    WHERE CASE WHEN a.s IS NULL THEN n.nspname IN (SELECT p FROM pg_catalog.json_array_elements_text($2::pg_catalog.json) p)
      WHEN a.s = 'pg_temp' THEN n.oid = pg_catalog.pg_my_temp_schema() ELSE n.nspname = a.s END`,

  operators: `SELECT DISTINCT o.oprcode::pg_catalog.oid::pg_catalog.text
    FROM (SELECT e.value->>0 AS s, e.value->>1 AS name FROM pg_catalog.json_array_elements($1::pg_catalog.json) e) a
    JOIN pg_catalog.pg_operator o ON o.oprname = a.name
    JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
    WHERE o.oid::pg_catalog.int8 >= 16384 AND
      CASE WHEN a.s IS NULL THEN n.nspname IN (SELECT p FROM pg_catalog.json_array_elements_text($2::pg_catalog.json) p)
      ELSE n.nspname = a.s END`,

  types: `SELECT t.oid::pg_catalog.text, t.typtype::pg_catalog.text, t.typinput::pg_catalog.oid::pg_catalog.text,
      (SELECT pg_catalog.json_agg(pg_catalog.pg_get_expr(k.conbin, 0)) FROM pg_catalog.pg_constraint k
        WHERE k.contypid = t.oid)::pg_catalog.text,
      (SELECT pg_catalog.json_agg(m.oid::pg_catalog.text) FROM (SELECT t.typbasetype UNION SELECT t.typelem
          UNION SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
          UNION SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid OR r.rngmultitypid = t.oid) m(oid)
        WHERE m.oid::pg_catalog.int8 >= 16384)::pg_catalog.text
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE t.oid::pg_catalog.int8 >= 16384 AND (t.oid::pg_catalog.text IN (SELECT x FROM pg_catalog.json_array_elements_text($3::pg_catalog.json) x)
      OR EXISTS (SELECT 1 FROM pg_catalog.json_array_elements($1::pg_catalog.json) e WHERE t.typname = e.value->>1 AND
        CASE WHEN e.value->>0 IS NULL THEN n.nspname IN (SELECT p FROM pg_catalog.json_array_elements_text($2::pg_catalog.json) p)
        WHEN e.value->>0 = 'pg_temp' THEN n.oid = pg_catalog.pg_my_temp_schema() ELSE n.nspname = e.value->>0 END))`,

  definitions: `SELECT f.oid::pg_catalog.text, n.nspname::pg_catalog.text, f.proname::pg_catalog.text,
      (f.oid::pg_catalog.int8 < 16384 OR f.prolang = 12 AND f.prosrc IN ('range_constructor2', 'range_constructor3',
        'multirange_constructor0', 'multirange_constructor1', 'multirange_constructor2'))::pg_catalog.text, l.lanname::pg_catalog.text, f.provolatile::pg_catalog.text, f.prosecdef::pg_catalog.text,
      (SELECT c.value FROM pg_catalog.unnest(f.proconfig) c(value) WHERE c.value LIKE 'search_path=%' LIMIT 1),
      (SELECT x.extname::pg_catalog.text FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = f.oid AND d.deptype = 'e' LIMIT 1),
      CASE WHEN f.prokind IN ('f', 'p') AND f.oid::pg_catalog.int8 >= 16384 AND l.lanname IN ('sql', 'plpgsql') THEN pg_catalog.pg_get_functiondef(f.oid) END,
      f.prokind::pg_catalog.text,
      (SELECT pg_catalog.json_agg(s.p::pg_catalog.oid::pg_catalog.text) FROM pg_catalog.pg_aggregate g
        CROSS JOIN LATERAL (VALUES (g.aggtransfn), (g.aggfinalfn), (g.aggcombinefn), (g.aggmtransfn), (g.aggminvtransfn), (g.aggmfinalfn)) s(p)
        WHERE g.aggfnoid = f.oid AND s.p::pg_catalog.oid <> 0)::pg_catalog.text,
      pg_catalog.pg_get_userbyid(f.proowner)::pg_catalog.text,
      (f.proconfig IS NOT NULL AND EXISTS (SELECT 1 FROM pg_catalog.unnest(f.proconfig) c(value) WHERE c.value NOT LIKE 'search_path=%'))::pg_catalog.text,
      (f.prosqlbody IS NOT NULL)::pg_catalog.text
    FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = f.prolang
    WHERE f.oid::pg_catalog.text IN (SELECT x FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) x)`,

  /**
   * Code of somebody's that runs wherever a value of its type turns up, even while a statement is only parsed: casts, and
   * what domains and ranges are made with.
   */
  planted: `SELECT k.castfunc::pg_catalog.oid::pg_catalog.text FROM pg_catalog.pg_cast k
    WHERE k.oid::pg_catalog.int8 >= 16384 AND k.castfunc <> 0
    UNION SELECT f.oid::pg_catalog.text FROM pg_catalog.pg_depend d
      LEFT JOIN pg_catalog.pg_operator o ON d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid = d.refobjid
      JOIN pg_catalog.pg_proc f ON f.oid = CASE WHEN d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass THEN d.refobjid ELSE o.oprcode::pg_catalog.oid END
    WHERE d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass)
      AND f.prolang <> 12 AND d.refobjid::pg_catalog.int8 >= 16384 AND d.deptype = 'n'
      AND (d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
          AND EXISTS (SELECT 1 FROM pg_catalog.pg_type t WHERE t.oid = d.objid AND t.typtype IN ('d', 'r', 'm'))
        OR d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
          AND EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.oid = d.objid AND k.contypid <> 0))`,

  eventTriggers: `SELECT e.evtfoid::pg_catalog.text FROM pg_catalog.pg_event_trigger e WHERE e.evtenabled <> 'D'`,

  attached: `WITH RECURSIVE reached(oid) AS (
      SELECT x::pg_catalog.oid FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) x
      UNION
      SELECT y.oid FROM reached r CROSS JOIN LATERAL (
        SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = r.oid
        UNION ALL SELECT i.inhparent FROM pg_catalog.pg_inherits i WHERE i.inhrelid = r.oid
        UNION ALL SELECT k.conrelid FROM pg_catalog.pg_constraint k WHERE k.confrelid = r.oid AND k.contype = 'f'
          AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd') OR $2::pg_catalog.text = 'truncate')) y(oid))
    SELECT 'table', r.oid::pg_catalog.text, n.nspname || '.' || c.relname, c.relkind::pg_catalog.text
      FROM reached r JOIN pg_catalog.pg_class c ON c.oid = r.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    UNION ALL SELECT 'function', t.tgfoid::pg_catalog.text, NULL, NULL FROM reached r JOIN pg_catalog.pg_trigger t ON t.tgrelid = r.oid
      WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
    UNION ALL SELECT 'rule', r.oid::pg_catalog.text, NULL, NULL FROM reached r JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid WHERE w.ev_type <> '1'
    UNION ALL SELECT 'text', NULL, pg_catalog.pg_get_expr(d.adbin, d.adrelid), NULL FROM reached r JOIN pg_catalog.pg_attrdef d ON d.adrelid = r.oid
    UNION ALL SELECT 'text', NULL, pg_catalog.pg_get_expr(k.conbin, k.conrelid), NULL FROM reached r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid AND k.conbin IS NOT NULL
    UNION ALL SELECT 'texts', NULL, pg_catalog.pg_get_expr(i.indexprs, i.indrelid), NULL FROM reached r JOIN pg_catalog.pg_index i ON i.indrelid = r.oid AND i.indexprs IS NOT NULL
    UNION ALL SELECT 'text', NULL, pg_catalog.pg_get_expr(i.indpred, i.indrelid), NULL FROM reached r JOIN pg_catalog.pg_index i ON i.indrelid = r.oid AND i.indpred IS NOT NULL
    UNION ALL SELECT 'texts', NULL, pg_catalog.pg_get_expr(k.partexprs, k.partrelid), NULL FROM reached r JOIN pg_catalog.pg_partitioned_table k ON k.partrelid = r.oid AND k.partexprs IS NOT NULL
    UNION ALL SELECT 'texts', NULL, pg_catalog.pg_get_expr(e.stxexprs, e.stxrelid), NULL FROM reached r JOIN pg_catalog.pg_statistic_ext e ON e.stxrelid = r.oid AND e.stxexprs IS NOT NULL
    UNION ALL SELECT 'text', NULL, pg_catalog.pg_get_triggerdef(t.oid), 'trigger' FROM reached r JOIN pg_catalog.pg_trigger t ON t.tgrelid = r.oid
      WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgqual IS NOT NULL
    UNION ALL SELECT 'type', a.atttypid::pg_catalog.text, NULL, NULL FROM reached r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid
      WHERE a.attnum > 0 AND NOT a.attisdropped AND a.atttypid::pg_catalog.int8 >= 16384`,

  /** What reading a table evaluates, or only folds while it plans: policies, and the expressions of indexes, checks and partitions. */
  planned: `WITH RECURSIVE reached(oid) AS (
      SELECT x::pg_catalog.oid FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) x
      UNION SELECT i.inhrelid FROM reached r JOIN pg_catalog.pg_inherits i ON i.inhparent = r.oid)
    SELECT pg_catalog.pg_get_expr(p.polqual, p.polrelid) FROM pg_catalog.pg_policy p JOIN reached r ON r.oid = p.polrelid
      JOIN pg_catalog.pg_class c ON c.oid = p.polrelid AND c.relrowsecurity WHERE p.polqual IS NOT NULL
    UNION SELECT pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) FROM pg_catalog.pg_policy p JOIN reached r ON r.oid = p.polrelid
      JOIN pg_catalog.pg_class c ON c.oid = p.polrelid AND c.relrowsecurity WHERE p.polwithcheck IS NOT NULL
    UNION SELECT pg_catalog.pg_get_expr(k.conbin, k.conrelid) FROM pg_catalog.pg_constraint k JOIN reached r ON r.oid = k.conrelid WHERE k.conbin IS NOT NULL
    UNION SELECT pg_catalog.pg_get_expr(i.indexprs, i.indrelid) FROM pg_catalog.pg_index i JOIN reached r ON r.oid = i.indrelid WHERE i.indexprs IS NOT NULL
    UNION SELECT pg_catalog.pg_get_expr(i.indpred, i.indrelid) FROM pg_catalog.pg_index i JOIN reached r ON r.oid = i.indrelid WHERE i.indpred IS NOT NULL
    UNION SELECT pg_catalog.pg_get_expr(t.partexprs, t.partrelid) FROM pg_catalog.pg_partitioned_table t JOIN reached r ON r.oid = t.partrelid WHERE t.partexprs IS NOT NULL
    UNION SELECT pg_catalog.pg_get_expr(e.stxexprs, e.stxrelid) FROM pg_catalog.pg_statistic_ext e JOIN reached r ON r.oid = e.stxrelid WHERE e.stxexprs IS NOT NULL`,

  children: `WITH RECURSIVE reached(oid) AS (
      SELECT x::pg_catalog.oid FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) x
      UNION SELECT i.inhrelid FROM reached r JOIN pg_catalog.pg_inherits i ON i.inhparent = r.oid)
    SELECT c.relkind::pg_catalog.text FROM reached r JOIN pg_catalog.pg_class c ON c.oid = r.oid WHERE c.relkind = 'f' LIMIT 1`,

  attributes: `SELECT f.oid::pg_catalog.text FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
    WHERE f.oid::pg_catalog.int8 >= 16384 AND f.pronargs = 1
      AND f.proname IN (SELECT x FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) x)
      AND n.nspname IN (SELECT p FROM pg_catalog.json_array_elements_text($2::pg_catalog.json) p)`,

  dependents: `WITH RECURSIVE hangs(classid, objid) AS (
      SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, x::pg_catalog.oid FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) x
      UNION
      SELECT d.classid, d.objid FROM hangs h JOIN pg_catalog.pg_depend d ON d.refclassid = h.classid AND d.refobjid = h.objid
      WHERE d.deptype IN ('n', 'a', 'i') AND d.classid <> 'pg_catalog.pg_attrdef'::pg_catalog.regclass)
    SELECT DISTINCT CASE WHEN h.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        THEN (SELECT 'view ' || w.ev_class::pg_catalog.regclass::pg_catalog.text FROM pg_catalog.pg_rewrite w WHERE w.oid = h.objid)
        ELSE pg_catalog.pg_describe_object(h.classid, h.objid, 0) END
    FROM hangs h WHERE h.objid::pg_catalog.text NOT IN (SELECT x FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) x)
      AND h.classid <> 'pg_catalog.pg_type'::pg_catalog.regclass
    LIMIT 1000`,

  /** Columns of the primary key, where reading them runs no code but PostgreSQL's own and is allowed. */
  keys: `SELECT c.oid::pg_catalog.text, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, a.attname::pg_catalog.text,
      pg_catalog.pg_relation_size(c.oid)::pg_catalog.text,
      (pg_catalog.has_table_privilege(c.oid, 'SELECT') AND NOT c.relrowsecurity AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute x
        WHERE x.attrelid = c.oid AND x.attnum > 0 AND NOT x.attisdropped AND x.atttypid::pg_catalog.int8 >= 16384
          AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type y WHERE y.oid = x.atttypid AND y.typtype = 'e')))::pg_catalog.text,
      (SELECT y.typtype = 'e' OR y.typname IN ('bool', 'int2', 'int4', 'int8', 'numeric', 'oid', 'uuid', 'text', 'varchar', 'bpchar', 'char', 'name', 'inet', 'cidr', 'macaddr')
        FROM pg_catalog.pg_type y WHERE y.oid = a.atttypid)::pg_catalog.text
    FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) e JOIN pg_catalog.pg_class c ON c.oid::pg_catalog.text = e
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
    CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY k(attnum, place)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
    ORDER BY c.oid, k.place`,

  /** Of what was asked for ($2: what, schema, name; $3: the search path) that which the open transaction ($1) made. */
  made: `SELECT a.i::pg_catalog.text, m.what, m.oid::pg_catalog.text, m.kind, m.s, m.name, m.member, m.id
    FROM (SELECT o.ordinality AS i, o.value->>0 AS what, o.value->>1 AS s, o.value->>2 AS name
          FROM pg_catalog.json_array_elements($2::pg_catalog.json) WITH ORDINALITY o) a
    CROSS JOIN LATERAL (
      SELECT 'relation' AS what, c.oid, c.relkind::pg_catalog.text AS kind, n.nspname::pg_catalog.text AS s, c.relname::pg_catalog.text AS name, ''::pg_catalog.text AS member, ''::pg_catalog.text AS id
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE a.what = 'relation' AND c.relname = a.name AND (CASE WHEN a.s IS NULL THEN n.nspname IN (SELECT p FROM pg_catalog.json_array_elements_text($3::pg_catalog.json) p) ELSE n.nspname = a.s END) AND pg_catalog.age(c.xmin) <= pg_catalog.age($1::pg_catalog.text::pg_catalog.xid)
      AND pg_catalog.pg_xact_status((pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.numeric - pg_catalog.age(c.xmin))::pg_catalog.text::pg_catalog.xid8) = 'in progress'
      UNION ALL SELECT 'column', c.oid, c.relkind::pg_catalog.text, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, t.attname::pg_catalog.text, t.attnum::pg_catalog.text
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute t ON t.attrelid = c.oid
        WHERE a.what = 'column' AND c.relname = a.name AND t.attnum > 0 AND NOT t.attisdropped AND (CASE WHEN a.s IS NULL THEN n.nspname IN (SELECT p FROM pg_catalog.json_array_elements_text($3::pg_catalog.json) p) ELSE n.nspname = a.s END) AND pg_catalog.age(t.xmin) <= pg_catalog.age($1::pg_catalog.text::pg_catalog.xid)
      AND pg_catalog.pg_xact_status((pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.numeric - pg_catalog.age(t.xmin))::pg_catalog.text::pg_catalog.xid8) = 'in progress'
      UNION ALL SELECT 'constraint', c.oid, c.relkind::pg_catalog.text, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, k.conname::pg_catalog.text, k.oid::pg_catalog.text
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
        WHERE a.what = 'constraint' AND c.relname = a.name AND (CASE WHEN a.s IS NULL THEN n.nspname IN (SELECT p FROM pg_catalog.json_array_elements_text($3::pg_catalog.json) p) ELSE n.nspname = a.s END) AND pg_catalog.age(k.xmin) <= pg_catalog.age($1::pg_catalog.text::pg_catalog.xid)
      AND pg_catalog.pg_xact_status((pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.numeric - pg_catalog.age(k.xmin))::pg_catalog.text::pg_catalog.xid8) = 'in progress'
      UNION ALL SELECT 'schema', n.oid, '', '', n.nspname::pg_catalog.text, '', '' FROM pg_catalog.pg_namespace n
        WHERE a.what = 'schema' AND n.nspname = a.name AND pg_catalog.age(n.xmin) <= pg_catalog.age($1::pg_catalog.text::pg_catalog.xid)
      AND pg_catalog.pg_xact_status((pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.numeric - pg_catalog.age(n.xmin))::pg_catalog.text::pg_catalog.xid8) = 'in progress'
      UNION ALL SELECT 'type', y.oid, '', n.nspname::pg_catalog.text, y.typname::pg_catalog.text, '', ''
        FROM pg_catalog.pg_type y JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace
        WHERE a.what = 'type' AND y.typname = a.name AND (CASE WHEN a.s IS NULL THEN n.nspname IN (SELECT p FROM pg_catalog.json_array_elements_text($3::pg_catalog.json) p) ELSE n.nspname = a.s END) AND pg_catalog.age(y.xmin) <= pg_catalog.age($1::pg_catalog.text::pg_catalog.xid)
      AND pg_catalog.pg_xact_status((pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.numeric - pg_catalog.age(y.xmin))::pg_catalog.text::pg_catalog.xid8) = 'in progress') m`,

  /** What is there now under these oids. */
  there: `SELECT c.oid::pg_catalog.text, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, pg_catalog.pg_relation_size(c.oid)::pg_catalog.text, c.relkind::pg_catalog.text
    FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) e JOIN pg_catalog.pg_class c ON c.oid::pg_catalog.text = e
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`,

  /** What stands now under the name of each that was made ($1: what, schema, name, member), whoever made it: place, oid, id, size. */
  named: `SELECT a.i::pg_catalog.text, m.oid::pg_catalog.text, m.id, m.size::pg_catalog.text
    FROM (SELECT o.ordinality AS i, o.value->>0 AS what, o.value->>1 AS s, o.value->>2 AS name, o.value->>3 AS member
          FROM pg_catalog.json_array_elements($1::pg_catalog.json) WITH ORDINALITY o) a
    CROSS JOIN LATERAL (
      SELECT c.oid, ''::pg_catalog.text AS id, pg_catalog.pg_relation_size(c.oid) AS size
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE a.what = 'relation' AND n.nspname = a.s AND c.relname = a.name
      UNION ALL SELECT c.oid, t.attnum::pg_catalog.text, NULL
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute t ON t.attrelid = c.oid
        WHERE a.what = 'column' AND n.nspname = a.s AND c.relname = a.name AND t.attname = a.member AND t.attnum > 0 AND NOT t.attisdropped
      UNION ALL SELECT c.oid, k.oid::pg_catalog.text, NULL
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
        WHERE a.what = 'constraint' AND n.nspname = a.s AND c.relname = a.name AND k.conname = a.member
      UNION ALL SELECT n.oid, '', NULL FROM pg_catalog.pg_namespace n WHERE a.what = 'schema' AND n.nspname = a.name
      UNION ALL SELECT y.oid, '', NULL FROM pg_catalog.pg_type y JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace
        WHERE a.what = 'type' AND n.nspname = a.s AND y.typname = a.name) m`,

  constraints: 'SET CONSTRAINTS ALL IMMEDIATE',

  /**
   * Tables by our own locks, counters by oid: the view `pg_stat_xact_user_tables` walks the whole catalogue each time. Temporary
   * ones end with the session; what a row keeps out of line is part of that row.
   */
  counts: `SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.oid::pg_catalog.text, i::pg_catalog.text, u::pg_catalog.text, d::pg_catalog.text,
      c.reltuples::pg_catalog.int8::pg_catalog.text
    FROM (SELECT relation, pg_catalog.pg_stat_get_xact_tuples_inserted(relation) AS i,
            pg_catalog.pg_stat_get_xact_tuples_updated(relation) AS u, pg_catalog.pg_stat_get_xact_tuples_deleted(relation) AS d
          FROM (SELECT DISTINCT relation FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid()
                AND locktype = 'relation' AND mode NOT IN ('AccessShareLock', 'RowShareLock') OFFSET 0) l OFFSET 0) t
    JOIN pg_catalog.pg_class c ON c.oid = t.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE i + u + d > 0 AND c.relpersistence <> 't' AND c.relkind <> 't' ORDER BY n.nspname, c.relname`,

  locks: `SELECT n.nspname || '.' || c.relname, l.mode FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_class c ON c.oid = l.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
      AND l.mode IN ('AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock') ORDER BY 1, 2`,

  /** What finding out later takes: a transaction's number means nothing without the server's life that it is from. */
  transaction: `SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text,
    (SELECT c.system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system() c),
    (SELECT c.timeline_id::pg_catalog.text FROM pg_catalog.pg_control_checkpoint() c),
    (SELECT d.oid::pg_catalog.text FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()),
    (SELECT b.stats_reset::pg_catalog.text FROM pg_catalog.pg_stat_bgwriter b),
    pg_catalog.pg_backend_pid()::pg_catalog.text,
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_cursors k WHERE k.is_holdable)::pg_catalog.text,
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_class c ON l.locktype = 'relation' AND c.oid = l.relation
      WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype IN ('relation', 'object') AND l.mode = 'AccessExclusiveLock'
        AND COALESCE(c.relpersistence <> 't', true))::pg_catalog.text,
    pg_catalog.current_setting('track_counts')`,

  server: `SELECT (SELECT c.system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system() c),
    (SELECT c.timeline_id::pg_catalog.text FROM pg_catalog.pg_control_checkpoint() c),
    (SELECT d.oid::pg_catalog.text FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()),
    (SELECT b.stats_reset::pg_catalog.text FROM pg_catalog.pg_stat_bgwriter b)`,

  outcome: 'SELECT pg_catalog.pg_xact_status($1::pg_catalog.text::pg_catalog.xid8)',
} as const);

export type Question = keyof typeof questions;

const texts: ReadonlySet<string> = new Set(Object.values(questions));

/** Whether a look-up is one of ours: nothing else passes as one. */
export function isOurQuestion(text: string): boolean {
  return texts.has(text);
}

const ofRows: ReadonlySet<string> = new Set([
  'age',
  'mxid_age',
  'md5',
  'format',
  'num_nulls',
  'octet_length',
  'convert_to',
  'sha256',
  'encode',
  'pg_xact_status',
  'pg_current_xact_id',
  'json_array_elements',
  'json_array_elements_text',
  'count',
  'sum',
  'string_agg',
]);

/** A question about rows, whose text names the table: a read by its grammar, and nothing in it but these functions. */
export function asksAboutRows({ class: form, names, facts }: Statement): boolean {
  return (
    form === 'read-candidate' &&
    facts.rowLock === undefined &&
    names.functions.every(({ path }) => path[0] === 'pg_catalog' && ofRows.has(path.at(-1) ?? ''))
  );
}

/** Keeps others from writing to whole tables until the transaction ends, and changes nothing. */
export function locksForCopy({ kind, names, facts }: Statement): boolean {
  return (
    kind === 'LockStmt' &&
    facts.tableLock === 'exclusive' &&
    names.functions.length === 0 &&
    names.relations.every(({ path, only, role }) => role === 'lock' && only && path.length === 2)
  );
}
