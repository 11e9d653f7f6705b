import type { SettingStanding } from './statement.ts';

/** Changes how answers look, how they are planned, or how long they may take. */
const plain = `application_name bytea_output client_min_messages cursor_tuple_fraction datestyle default_statistics_target
default_text_search_config default_toast_compression effective_cache_size effective_io_concurrency enable_async_append
enable_bitmapscan enable_distinct_reordering enable_gathermerge enable_group_by_reordering enable_hashagg enable_hashjoin
enable_incremental_sort enable_indexonlyscan enable_indexscan enable_material enable_memoize enable_mergejoin enable_nestloop
enable_parallel_append enable_parallel_hash enable_partition_pruning enable_partitionwise_aggregate enable_partitionwise_join
enable_presorted_aggregate enable_self_join_elimination enable_seqscan enable_sort enable_tidscan escape_string_warning
extra_float_digits force_parallel_mode debug_parallel_query from_collapse_limit geqo geqo_effort geqo_generations geqo_pool_size
geqo_seed geqo_selection_bias geqo_threshold gin_fuzzy_search_limit gin_pending_list_limit hash_mem_multiplier icu_validation_level
intervalstyle jit jit_above_cost jit_inline_above_cost jit_optimize_above_cost join_collapse_limit lc_messages lc_monetary lc_numeric
lc_time maintenance_io_concurrency maintenance_work_mem max_parallel_maintenance_workers max_parallel_workers
max_parallel_workers_per_gather min_parallel_index_scan_size min_parallel_table_scan_size parallel_leader_participation
parallel_setup_cost parallel_tuple_cost plan_cache_mode quote_all_identifiers random_page_cost recursive_worktable_factor
seq_page_cost cpu_index_tuple_cost cpu_operator_cost cpu_tuple_cost constraint_exclusion seed synchronize_seqscans temp_buffers
timezone timezone_abbreviations trace_notify trace_sort work_mem xmlbinary xmloption compute_query_id logical_decoding_work_mem
tcp_keepalives_count tcp_keepalives_idle tcp_keepalives_interval client_connection_check_interval array_nulls`;

/** What the gate pins or mirrors, what names are resolved by, and what guards data. */
const relied = `all role session_authorization search_path standard_conforming_strings backslash_quote client_encoding
session_replication_role row_security transaction_read_only default_transaction_read_only transaction_isolation
default_transaction_isolation transaction_deferrable default_transaction_deferrable transaction session_characteristics
transaction_snapshot transaction_timeout synchronous_commit statement_timeout lock_timeout idle_in_transaction_session_timeout
idle_session_timeout deadlock_timeout track_counts track_activities track_functions check_function_bodies local_preload_libraries
session_preload_libraries dynamic_library_path extension_control_path allow_system_table_mods ignore_system_indexes
zero_damaged_pages ignore_checksum_failure ignore_invalid_pages lo_compat_privileges restrict_nonsystem_relation_kind
default_table_access_method default_tablespace temp_tablespaces temp_file_limit password_encryption scram_iterations
createrole_self_grant event_triggers transform_null_equals exit_on_error wal_compression wal_skip_threshold commit_delay
commit_siblings log_statement log_min_messages log_min_error_statement log_min_duration_statement log_duration
in_hot_standby is_superuser server_encoding server_version debug_discard_caches`;

const standings: ReadonlyMap<string, SettingStanding> = new Map([
  ...plain.split(/\s+/).map((name) => [name, 'plain'] as const),
  ...relied.split(/\s+/).map((name) => [name, 'relied'] as const),
]);

/** How far a setting goes; whatever is in no list, an extension's own included, is `unlisted`. */
export function standingOf(name: string): SettingStanding {
  return standings.get(name.toLowerCase()) ?? 'unlisted';
}
