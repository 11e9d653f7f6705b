/**
 * What a function of PostgreSQL's own (oid below 16384) does. Immutable and stable ones change nothing: the server holds
 * them to it. Of the volatile ones only those listed here are known; the rest counts as unknown.
 * Source: pg_proc of PostgreSQL 15 and 18, looked through by hand.
 */

/** Volatile only because each call may answer otherwise, or because it asks about the session. Session-level advisory locks end with the session. */
const pure = `
  clock_timestamp timeofday random random_normal setseed gen_random_uuid uuidv4 uuidv7 pg_sleep pg_sleep_for pg_sleep_until
  txid_current txid_current_if_assigned pg_current_xact_id pg_current_xact_id_if_assigned txid_status pg_xact_status
  pg_current_snapshot txid_current_snapshot currval lastval pg_sequence_last_value pg_get_sequence_data current_query
  pg_relation_size pg_total_relation_size pg_table_size pg_indexes_size pg_database_size pg_tablespace_size
  pg_is_in_recovery pg_current_wal_lsn pg_current_wal_insert_lsn pg_current_wal_flush_lsn pg_last_wal_receive_lsn
  pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_is_wal_replay_paused pg_blocking_pids pg_safe_snapshot_blocking_pids
  pg_isolation_test_session_is_blocked pg_lock_status pg_prepared_xact pg_prepared_statement pg_cursor pg_notification_queue_usage
  pg_listening_channels pg_timezone_names pg_show_all_settings pg_get_shmem_allocations pg_control_system
  pg_control_checkpoint pg_control_recovery pg_control_init pg_jit_available pg_conf_load_time pg_trigger_depth
  pg_advisory_lock pg_advisory_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_advisory_unlock
  pg_advisory_unlock_shared pg_advisory_unlock_all pg_advisory_xact_lock pg_advisory_xact_lock_shared
  pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared pg_stat_get_xact_tuples_inserted pg_stat_get_xact_tuples_updated
  pg_stat_get_xact_tuples_deleted pg_stat_get_snapshot_timestamp pg_stat_clear_snapshot pg_available_extensions
  pg_available_extension_versions pg_column_compression pg_typeof version pg_partition_ancestors pg_partition_tree
  pg_collation_actual_version pg_database_collation_actual_version
  pg_get_multixact_members pg_get_wait_events pg_get_wal_replay_pause_state pg_get_wal_resource_managers pg_get_wal_summarizer_state
  pg_available_wal_summaries pg_get_backend_memory_contexts pg_get_loaded_modules pg_get_aios pg_get_shmem_allocations_numa
  pg_last_committed_xact pg_xact_commit_timestamp pg_xact_commit_timestamp_origin pg_current_logfile
  pg_show_replication_origin_status pg_replication_origin_progress pg_replication_origin_session_is_setup
  pg_replication_origin_session_progress pg_stat_get_backend_io pg_stat_get_backend_wal pg_stat_get_io
  pg_stat_get_recovery_prefetch pg_stat_have_stats pg_stat_force_next_flush pg_stat_get_xact_blocks_fetched
  pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time
  pg_stat_get_xact_function_total_time pg_stat_get_xact_numscans pg_stat_get_xact_tuples_fetched
  pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned
  array_sample array_shuffle bernoulli system suppress_redundant_updates_trigger tsvector_update_trigger
  tsvector_update_trigger_column lo_get lo_open lo_close lo_lseek lo_lseek64 lo_tell lo_tell64 loread
`;

/** A sequence goes on whatever becomes of the transaction; nothing is lost by it. A notification waits for the COMMIT. */
const rollsBack = 'nextval pg_notify';

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

export const pureVolatile: ReadonlySet<string> = words(pure);
export const harmlessWriters: ReadonlySet<string> = words(rollsBack);

/**
 * Some of them immutable or stable by their label, yet they run SQL text that they are given, read whatever table or view a
 * value names, or read beyond the database.
 */
export const mislabelled: ReadonlySet<string> = words(`
  query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema ts_stat ts_rewrite
  table_to_xml table_to_xml_and_xmlschema schema_to_xml schema_to_xml_and_xmlschema database_to_xml
  database_to_xml_and_xmlschema pg_read_file pg_read_binary_file pg_stat_file pg_ls_dir
`);

/** Extensions whose C functions compute and nothing else, where they are labelled immutable or stable, or listed. */
export const knownExtensions: ReadonlySet<string> = words(`
  pgcrypto uuid-ossp pg_trgm citext hstore unaccent btree_gin btree_gist fuzzystrmatch ltree intarray cube earthdistance
  isn seg postgis vector bloom
`);

/** Volatile C functions of those that only make something up. */
export const pureOfExtensions: ReadonlySet<string> = words(`
  gen_random_bytes gen_random_uuid gen_salt uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 pgp_sym_encrypt
  pgp_sym_encrypt_bytea pgp_pub_encrypt pgp_pub_encrypt_bytea
`);

/**
 * Names that are functions of PostgreSQL's own and change nothing, as far as a name can say: with them alone a SELECT is
 * tried outside a transaction first. What they really stand for is asked of the server all the same.
 */
export const commonNames: ReadonlySet<string> = words(`
  count sum min max avg array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg bool_and bool_or every
  row_number rank dense_rank lag lead first_value last_value ntile coalesce nullif greatest least now timezone date_part
  date_trunc extract age to_char to_date to_timestamp to_number length lower upper substring substr trim btrim ltrim rtrim
  replace position concat concat_ws format left right split_part regexp_replace regexp_match regexp_matches abs round ceil
  floor trunc mod power sqrt random gen_random_uuid generate_series unnest array_length cardinality array_to_string
  string_to_array array_position json_build_object jsonb_build_object json_build_array jsonb_build_array to_json to_jsonb
  row_to_json jsonb_each json_each jsonb_array_elements json_array_elements jsonb_typeof jsonb_set md5 encode decode
  version current_database current_schema current_schemas current_setting current_user session_user pg_get_expr
  pg_get_constraintdef pg_get_indexdef pg_get_viewdef pg_get_functiondef pg_get_userbyid pg_table_is_visible
  pg_type_is_visible pg_function_is_visible format_type obj_description col_description shobj_description has_table_privilege
  has_schema_privilege to_regclass to_regtype pg_encoding_to_char pg_relation_size pg_total_relation_size pg_database_size
  pg_size_pretty pg_backend_pid pg_get_serial_sequence array_to_json similar_to_escape overlay like_escape
`);
