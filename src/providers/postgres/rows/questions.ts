/** What the capture of rows asks. As in `questions`, everything is named with its schema. */
export const undoQuestions = Object.freeze({
  /** The next multixact there will be, and whether a transaction that writes is open already: then it is too late to ask. */
  multixact: `SELECT pg_catalog.pg_backend_pid()::pg_catalog.text,
      (pg_catalog.mxid_age('1'::pg_catalog.xid)::pg_catalog.int8 + 1)::pg_catalog.text,
      (pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL)::pg_catalog.text, pg_catalog.current_setting('track_counts')`,

  /**
   * How the second line reads and writes values: the same whenever it is asked. Without BYPASSRLS a table with row security is
   * an error then, where it would silently be short. Compiling our question about tables takes a server with jit seconds.
   */
  undoSession: `SELECT pg_catalog.set_config('row_security', 'off', false), pg_catalog.set_config('search_path', 'pg_catalog', false),
      pg_catalog.set_config('lock_timeout', '1s', false), pg_catalog.set_config('datestyle', 'ISO, YMD', false),
      pg_catalog.set_config('intervalstyle', 'postgres', false), pg_catalog.set_config('timezone', 'UTC', false),
      pg_catalog.set_config('extra_float_digits', '3', false), pg_catalog.set_config('bytea_output', 'hex', false),
      pg_catalog.set_config('lc_monetary', 'C', false), pg_catalog.set_config('xmloption', 'content', false),
      pg_catalog.set_config('jit', 'off', false)`,

  /**
   * What the session of the transaction has set, and `user` where it acts as somebody else: under the same the way back runs
   * later. What every session is given anyway is left out, and how values are written.
   */
  sessionSettings: `SELECT s.name, pg_catalog.current_setting(s.name) FROM pg_catalog.pg_settings s WHERE s.source IN ('session', 'client')
      AND pg_catalog.lower(s.name) NOT IN ('client_encoding', 'default_transaction_read_only', 'standard_conforming_strings', 'synchronous_commit',
        'session_replication_role', 'lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'application_name',
        'transaction_read_only', 'transaction_isolation', 'transaction_deferrable', 'transaction_timeout', 'idle_session_timeout',
        'default_transaction_isolation', 'default_transaction_deferrable',
        'datestyle', 'intervalstyle', 'timezone', 'lc_monetary', 'xmloption', 'extra_float_digits', 'bytea_output', 'jit')
    UNION ALL SELECT 'user', '' WHERE current_user <> session_user`,

  /** For as long as a rehearsal lasts, as the settings of a Plan that puts back; whoever waits for a lock waits in vain. */
  rehearsalValues: `SELECT pg_catalog.set_config('datestyle', 'ISO, YMD', true), pg_catalog.set_config('intervalstyle', 'postgres', true),
      pg_catalog.set_config('timezone', 'UTC', true), pg_catalog.set_config('lc_monetary', 'C', true), pg_catalog.set_config('xmloption', 'content', true),
      pg_catalog.set_config('statement_timeout', '15s', true), pg_catalog.set_config('lock_timeout', '500ms', true)`,

  /** For as long as a rehearsal lasts, as `undoSession`: values are looked at in the same way. */
  rehearsalLook: `SELECT pg_catalog.set_config('search_path', 'pg_catalog', true), pg_catalog.set_config('datestyle', 'ISO, YMD', true),
      pg_catalog.set_config('intervalstyle', 'postgres', true), pg_catalog.set_config('timezone', 'UTC', true),
      pg_catalog.set_config('extra_float_digits', '3', true), pg_catalog.set_config('bytea_output', 'hex', true),
      pg_catalog.set_config('lc_monetary', 'C', true), pg_catalog.set_config('xmloption', 'content', true),
      pg_catalog.set_config('jit', 'off', true), pg_catalog.set_config('lock_timeout', '500ms', true)`,

  /**
   * Tables by oid ($1): ordinary permanent ones that hold rows themselves, and whether somebody's own code would run when
   * they are read by a role that sees everything. Fit is none whose values do not read back as they were written. Last: whether a constraint on it can be deferred, and whether anything could
   * keep the asking role from deleting rows that it added, and what the server makes by itself.
   */
  undoTables: `SELECT c.oid::pg_catalog.text, n.nspname::pg_catalog.text, c.relname::pg_catalog.text,
      (c.relkind = 'r' AND c.relpersistence IN ('p', 'u') AND c.oid::pg_catalog.int8 >= 16384 AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        AND (SELECT m.amname FROM pg_catalog.pg_am m WHERE m.oid = c.relam) = 'heap'
        AND NOT EXISTS (WITH RECURSIVE y(oid) AS (
            SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            UNION SELECT z.part FROM y JOIN pg_catalog.pg_type t ON t.oid = y.oid CROSS JOIN LATERAL (SELECT t.typelem UNION SELECT t.typbasetype
              UNION SELECT b.atttypid FROM pg_catalog.pg_attribute b WHERE b.attrelid = t.typrelid AND b.attnum > 0 AND NOT b.attisdropped) z(part) WHERE z.part <> 0)
          SELECT 1 FROM y WHERE y.oid IN ('xml'::pg_catalog.regtype, 'regproc'::pg_catalog.regtype, 'regprocedure'::pg_catalog.regtype, 'regoper'::pg_catalog.regtype, 'regoperator'::pg_catalog.regtype))
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_depend d ON d.objid = i.indexrelid
          WHERE i.indrelid = c.oid AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid::pg_catalog.int8 >= 16384)
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_depend d ON d.objid = s.oid
          WHERE s.stxrelid = c.oid AND d.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
            AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid::pg_catalog.int8 >= 16384))::pg_catalog.text,
      pg_catalog.pg_relation_size(c.oid)::pg_catalog.text,
      (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, pg_catalog.format_type(a.atttypid, -1), a.attidentity = 'a') ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')::pg_catalog.text,
      (SELECT pg_catalog.json_agg(a.attname ORDER BY k.place)
        FROM (SELECT i.indkey, i.indnkeyatts FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
              AND i.indpred IS NULL AND i.indexprs IS NULL
              AND NOT EXISTS (SELECT 1 FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY u(attnum, place)
                JOIN pg_catalog.pg_attribute b ON b.attrelid = c.oid AND b.attnum = u.attnum
                WHERE u.place <= i.indnkeyatts AND (NOT b.attnotnull OR b.attgenerated <> ''))
              ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1) x
        CROSS JOIN LATERAL pg_catalog.unnest(x.indkey::pg_catalog.int2[]) WITH ORDINALITY k(attnum, place)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE k.place <= x.indnkeyatts)::pg_catalog.text,
      (SELECT pg_catalog.count(*) FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND (i.indisunique OR i.indisexclusion))::pg_catalog.text,
      (SELECT pg_catalog.json_agg(DISTINCT k.conrelid::pg_catalog.text) FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.confrelid IN (
        SELECT c.oid UNION SELECT pg_catalog.pg_partition_ancestors(c.oid)::pg_catalog.oid))::pg_catalog.text,
      EXISTS (SELECT 1 FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D')::pg_catalog.text, c.relrowsecurity::pg_catalog.text,
      EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.condeferrable AND (k.conrelid = c.oid OR k.confrelid = c.oid))::pg_catalog.text,
      (c.relhasrules OR c.relrowsecurity OR EXISTS (SELECT 1 FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D') OR EXISTS (SELECT 1 FROM pg_catalog.pg_publication)
        OR NOT pg_catalog.has_table_privilege(c.oid, 'DELETE') OR NOT pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE'))::pg_catalog.text,
      (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, pg_catalog.format_type(a.atttypid, -1), false) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = 's')::pg_catalog.text
    FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) e JOIN pg_catalog.pg_class c ON c.oid::pg_catalog.text = e
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY c.oid`,

  /** Whether there is a schema of that name ($1), and which of these names ($2) are taken in it. */
  beside: `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace n WHERE n.nspname::pg_catalog.text = $1::pg_catalog.text)::pg_catalog.text,
      (SELECT pg_catalog.json_agg(c.relname) FROM pg_catalog.json_array_elements_text($2::pg_catalog.json) e
        JOIN pg_catalog.pg_class c ON c.relname::pg_catalog.text = e JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname::pg_catalog.text = $1::pg_catalog.text)::pg_catalog.text`,

  /** Foreign keys to these tables ($1) by which rows go or change along, with their columns. */
  followers: `SELECT t.oid::pg_catalog.text, n.nspname::pg_catalog.text, c.relname::pg_catalog.text,
      (k.confdeltype IN ('c', 'n', 'd'))::pg_catalog.text, (k.confupdtype IN ('c', 'n', 'd'))::pg_catalog.text,
      (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(f.attname, r.attname, f.atttypid::pg_catalog.int8 < 16384 AND r.atttypid::pg_catalog.int8 < 16384))
        FROM ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey)) p(here, there)
        JOIN pg_catalog.pg_attribute f ON f.attrelid = k.conrelid AND f.attnum = p.here
        JOIN pg_catalog.pg_attribute r ON r.attrelid = k.confrelid AND r.attnum = p.there)::pg_catalog.text
    FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) e JOIN pg_catalog.pg_class t ON t.oid::pg_catalog.text = e
    JOIN pg_catalog.pg_constraint k ON k.contype = 'f' AND k.conparentid = 0 AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
      AND k.confrelid IN (SELECT t.oid UNION SELECT pg_catalog.pg_partition_ancestors(t.oid)::pg_catalog.oid)
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY t.oid, k.oid`,
} as const);
