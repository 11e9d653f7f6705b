/**
 * What a role is and may do, asked on its own session. As in `questions`, everything is named with its schema. A role is
 * told apart by its oid, which no name can shadow.
 */
export const roleQuestions = Object.freeze({
  /** The role's own attributes, and where it is. */
  role: `SELECT r.rolname::pg_catalog.text, r.rolsuper::pg_catalog.text, r.rolreplication::pg_catalog.text, r.rolbypassrls::pg_catalog.text,
      r.rolcreaterole::pg_catalog.text, r.rolcreatedb::pg_catalog.text, pg_catalog.current_database()::pg_catalog.text,
      pg_catalog.current_setting('server_version_num'), pg_catalog.pg_is_in_recovery()::pg_catalog.text,
      (SELECT pg_catalog.pg_has_role(r.oid, d.datdba, 'USAGE')::pg_catalog.text FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
    FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`,

  /** Every role that it is a member of, however far: whether that one has an attribute of its own, which grant leads there, and how. */
  memberships: `SELECT g.rolname::pg_catalog.text,
      (g.rolsuper OR g.rolreplication OR g.rolbypassrls OR g.rolcreaterole OR g.rolcreatedb)::pg_catalog.text,
      (SELECT pg_catalog.json_agg(d.rolname) FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles d ON d.oid = m.roleid
        WHERE m.member = r.oid AND (d.oid = g.oid OR pg_catalog.pg_has_role(d.oid, g.oid, 'MEMBER')))::pg_catalog.text,
      pg_catalog.pg_has_role(r.oid, g.oid, 'USAGE')::pg_catalog.text,
      CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 160000 THEN pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER')
        ELSE pg_catalog.pg_has_role(r.oid, g.oid, 'SET') END::pg_catalog.text
    FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_roles g ON g.oid <> r.oid AND pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER')
    WHERE r.rolname = current_user AND NOT r.rolsuper ORDER BY 1`,

  /**
   * Functions that it may call and that no rollback takes back: files, the server's own running, other servers; and
   * functions that run with a stronger role's rights and look names up where their caller says.
   */
  functionPowers: `SELECT CASE WHEN f.oid::pg_catalog.int8 < 16384 THEN 'server' WHEN x.extname IS NOT NULL THEN 'extension' ELSE 'trap' END,
      pg_catalog.format('%I.%I(%s)', n.nspname, f.proname, pg_catalog.pg_get_function_identity_arguments(f.oid)), o.rolname::pg_catalog.text,
      CASE f.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END
    FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace JOIN pg_catalog.pg_roles o ON o.oid = f.proowner
    LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = f.oid AND d.deptype = 'e'
    LEFT JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid AND x.extname IN ('dblink', 'adminpack')
    WHERE pg_catalog.has_function_privilege(f.oid, 'EXECUTE') AND (
      (f.oid::pg_catalog.int8 < 16384 AND n.nspname = 'pg_catalog' AND f.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_stat_file', 'pg_ls_dir',
        'lo_import', 'lo_export', 'pg_reload_conf', 'pg_rotate_logfile', 'pg_switch_wal', 'pg_create_restore_point', 'pg_backup_start',
        'pg_backup_stop', 'pg_start_backup', 'pg_stop_backup', 'pg_promote', 'pg_wal_replay_pause', 'pg_wal_replay_resume',
        'pg_replication_origin_create', 'pg_replication_origin_drop', 'pg_replication_origin_advance', 'pg_log_backend_memory_contexts'))
      OR (x.extname IS NOT NULL AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'))
      OR (f.oid::pg_catalog.int8 >= 16384 AND f.prosecdef AND o.rolname <> current_user
        AND (o.rolsuper OR o.rolbypassrls OR o.rolcreaterole OR o.rolreplication)
        AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.unnest(f.proconfig) c(value) WHERE c.value LIKE 'search_path=%')))
    ORDER BY 1, 2 LIMIT 200`,

  /** Tables of the database by what the role may do with each at once, and by what it could after SET ROLE. */
  tablePowers: `SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), c.reltuples::pg_catalog.int8::pg_catalog.text,
      (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.pg_has_role(n.nspowner, 'USAGE'))::pg_catalog.text,
      (u.may AND pg_catalog.has_table_privilege(c.oid, 'TRUNCATE'))::pg_catalog.text,
      (u.may AND pg_catalog.has_table_privilege(c.oid, 'DELETE'))::pg_catalog.text,
      (u.may AND pg_catalog.has_table_privilege(c.oid, 'UPDATE'))::pg_catalog.text,
      (u.may AND pg_catalog.has_table_privilege(c.oid, 'INSERT'))::pg_catalog.text,
      (u.may AND (pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT')))::pg_catalog.text,
      CASE WHEN u.may AND NOT pg_catalog.has_table_privilege(c.oid, 'UPDATE') AND pg_catalog.has_any_column_privilege(c.oid, 'UPDATE') THEN
        (SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'UPDATE'))::pg_catalog.text END,
      pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text, pg_catalog.pg_get_userbyid(n.nspowner)::pg_catalog.text
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE')) u(may)
    WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'
    ORDER BY c.reltuples DESC, 1 LIMIT 10000`,

  /** Databases that it may drop. */
  databases: `SELECT d.datname::pg_catalog.text FROM pg_catalog.pg_database d
    WHERE NOT d.datistemplate AND pg_catalog.pg_has_role(d.datdba, 'USAGE') ORDER BY 1 LIMIT 1000`,

  /** Functions that it may call and that run with the rights of a role whose rights it has not. */
  definers: `SELECT pg_catalog.format('%I.%I', n.nspname, f.proname), pg_catalog.pg_get_userbyid(f.proowner)::pg_catalog.text, l.lanname::pg_catalog.text,
      CASE WHEN f.prokind IN ('f', 'p') AND l.lanname IN ('sql', 'plpgsql') THEN pg_catalog.pg_get_functiondef(f.oid) END,
      (f.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype)::pg_catalog.text
    FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace JOIN pg_catalog.pg_language l ON l.oid = f.prolang
    WHERE f.prosecdef AND f.oid::pg_catalog.int8 >= 16384 AND pg_catalog.has_function_privilege(f.oid, 'EXECUTE')
      AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND NOT pg_catalog.pg_has_role(f.proowner, 'USAGE')
    ORDER BY 1 LIMIT 200`,
} as const);
