/** Asks an administrator's own line; rows of one statement. */
export type AskServer = (text: string) => Promise<readonly (readonly (string | null)[])[]>;

/** A server and a database as its administrator sees them, before anything is made. */
export interface Survey {
  /** `server_version_num`: 180004. */
  readonly version: number;
  readonly database: string;
  readonly administrator: string;
  readonly superuser: boolean;
  readonly createsRoles: boolean;
  readonly inRecovery: boolean;
  readonly schemas: readonly Schema[];
  /** Roles of ours that are there already. */
  readonly roles: readonly OwnRole[];
  /** What everybody may call and no rollback takes back. */
  readonly open: readonly OpenFunction[];
}

export interface Schema {
  readonly name: string;
  readonly tables: number;
  /** Everybody may make things in it. */
  readonly publicCreates: boolean;
  readonly owners: readonly Owner[];
}

/** Owner of tables in a schema, or of the schema. */
export interface Owner {
  readonly name: string;
  /** A superuser, or one that may make roles or databases, replicate, or go past row security. */
  readonly strong: boolean;
  /** The administrator may act for it. */
  readonly ours: boolean;
}

export interface OwnRole {
  readonly name: string;
  /** What `connect` wrote on it; undefined for a role that it did not make. */
  readonly mark: Mark | undefined;
}

/** What `connect` leaves on the agent's role, to take back what it changed besides. */
export interface Mark {
  readonly database: string;
  readonly revoked: readonly string[];
  readonly pinned: readonly string[];
}

export interface OpenFunction {
  /** `FUNCTION public.dblink_exec(text)`, as statements have it. */
  readonly what: string;
  /** `trap`: it runs with a strong owner's rights, and finds names where its caller says. */
  readonly kind: 'beyond' | 'trap';
  readonly schema: string;
}

export const undoRole = 'holdpoint_undo';
export const backupRole = 'holdpoint_backup';
/** Begins the comment on everything that `connect` makes. */
export const markWord = 'made by holdpoint connect';

export async function surveyOf(ask: AskServer, agentRole: string): Promise<Survey> {
  const [server] = await ask(serverQuestion);
  const [version, database, administrator, superuser, createsRoles, recovery] = server ?? [];
  const schemas = (await ask(schemaQuestion)).map(([name, tables, publicCreates, owners]): Schema => ({
    name: name ?? '',
    tables: Number(tables),
    publicCreates: publicCreates === 't',
    owners: (JSON.parse(owners ?? '[]') as readonly (readonly [string, boolean, boolean])[]).map(
      ([owner, strong, ours]) => ({ name: owner, strong, ours }),
    ),
  }));
  const roles = (await ask(rolesQuestion)).flatMap(([name, comment]): OwnRole[] => {
    const mark = markIn(comment);
    const own = name === agentRole || name === undoRole || name === backupRole || mark !== undefined;
    return own && name ? [{ name, mark }] : [];
  });
  const open = (await ask(openQuestion)).map(([what, kind, schema]): OpenFunction => ({
    what: what ?? '',
    kind: kind === 'trap' ? 'trap' : 'beyond',
    schema: schema ?? '',
  }));
  return {
    version: Number(version),
    database: database ?? '',
    administrator: administrator ?? '',
    superuser: superuser === 't',
    createsRoles: createsRoles === 't',
    inRecovery: recovery === 't',
    schemas,
    roles,
    open,
  };
}

/** Throws nothing: a comment that is not ours, or was changed, marks nothing. */
function markIn(comment: string | null | undefined): Mark | undefined {
  if (!comment?.startsWith(markWord)) return undefined;
  try {
    const read = JSON.parse(comment.slice(markWord.length + 2) || '{}') as { readonly [member: string]: unknown };
    const texts = (value: unknown): readonly string[] =>
      Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
    const { database, revoked, pinned } = read;
    return {
      database: typeof database === 'string' ? database : '',
      revoked: texts(revoked),
      pinned: texts(pinned),
    };
  } catch {
    return undefined;
  }
}

const serverQuestion = `SELECT current_setting('server_version_num'), current_database(), r.rolname, r.rolsuper, r.rolcreaterole, pg_is_in_recovery()
  FROM pg_roles r WHERE r.rolname = current_user`;

const schemaQuestion = `SELECT n.nspname, (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')),
    has_schema_privilege('public', n.oid, 'CREATE'),
    (SELECT json_agg(json_build_array(o.rolname, o.rolsuper OR o.rolcreaterole OR o.rolcreatedb OR o.rolreplication OR o.rolbypassrls OR o.rolname LIKE 'pg\\_%',
        pg_has_role(o.oid, 'USAGE')) ORDER BY o.rolname)
      FROM pg_roles o WHERE o.oid = n.nspowner OR o.oid IN (SELECT c.relowner FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'S')))
  FROM pg_namespace n WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'holdpoint_trash') ORDER BY 1`;

const rolesQuestion = `SELECT r.rolname, shobj_description(r.oid, 'pg_authid') FROM pg_roles r ORDER BY 1`;

const openQuestion = `SELECT format('%s %I.%I(%s)', CASE f.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, n.nspname, f.proname, pg_get_function_identity_arguments(f.oid)),
    CASE WHEN f.oid < 16384 OR x.extname IS NOT NULL THEN 'beyond' ELSE 'trap' END, n.nspname
  FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace JOIN pg_roles o ON o.oid = f.proowner
  LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e'
  LEFT JOIN pg_extension x ON x.oid = d.refobjid AND x.extname IN ('dblink', 'adminpack')
  WHERE has_function_privilege('public', f.oid, 'EXECUTE') AND (x.extname IS NOT NULL
    OR (f.oid < 16384 AND f.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_stat_file', 'pg_ls_dir', 'lo_import', 'lo_export', 'pg_reload_conf',
      'pg_rotate_logfile', 'pg_switch_wal', 'pg_create_restore_point', 'pg_backup_start', 'pg_backup_stop', 'pg_start_backup', 'pg_stop_backup', 'pg_promote',
      'pg_wal_replay_pause', 'pg_wal_replay_resume', 'pg_replication_origin_create', 'pg_replication_origin_drop', 'pg_replication_origin_advance', 'pg_log_backend_memory_contexts'))
    OR (f.oid >= 16384 AND f.prosecdef AND (o.rolsuper OR o.rolbypassrls OR o.rolcreaterole OR o.rolreplication)
      AND NOT EXISTS (SELECT 1 FROM unnest(f.proconfig) c(value) WHERE c.value LIKE 'search_path=%'))) ORDER BY 1`;
