// The system variables that clients read or set, with MySQL 8's defaults where we have no own.
//
// `effective` says which ones change what we do; the others are there because drivers, ORMs and
// dumps name them. Those whose other values would have to change an answer are pinned.

import type { VariableDefinition, VariableType, VariableValue } from './system-variable.ts';

/** What only the running process knows. */
export interface ServerFacts {
  readonly version: string;
  readonly hostname: string;
  readonly port: number;
  /** The file of its UNIX socket; absent or null: there is none. */
  readonly socket?: string | null;
  /** The cluster's id in the form of a UUID. */
  readonly serverUuid: string;
  readonly dataDirectory: string;
  readonly maxConnections: number;
  /** Paths of PEM files; absent or null: no TLS. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string | null } | null;
}

const defaultSqlMode =
  'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,' +
  'ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';

type Scope = VariableDefinition['scope'];
type Options = {
  readonly scope?: Scope;
  readonly readOnly?: boolean;
  readonly pinned?: boolean;
};

function define(
  name: string,
  type: VariableType,
  value: VariableValue,
  options: Options = {},
): VariableDefinition {
  const { scope = 'both', readOnly = false, pinned = false } = options;
  return { name, type, value, scope, readOnly, pinned };
}

const global = { scope: 'global' } as const;
const pinned = { pinned: true } as const;
const pinnedGlobal = { scope: 'global', pinned: true } as const;
const fixed = { scope: 'global', readOnly: true } as const;

function flag(name: string, on: boolean, options: Options = {}): VariableDefinition {
  return define(name, { kind: 'boolean' }, on ? 1n : 0n, options);
}

function integer(
  name: string,
  value: number,
  range: readonly [min: number, max: number] = [0, Number.MAX_SAFE_INTEGER],
  options: Options = {},
): VariableDefinition {
  const [min, max] = range;
  const type = { kind: 'integer', min: BigInt(min), max: BigInt(max) } as const;
  return define(name, type, BigInt(value), options);
}

function text(name: string, value: string | null, options: Options = {}): VariableDefinition {
  return define(name, { kind: 'text', nullable: value === null }, value, options);
}

function choice(
  name: string,
  value: string,
  members: readonly string[],
  options: Options = {},
): VariableDefinition {
  return define(name, { kind: 'choice', members }, value, options);
}

const YEAR_S = 31_536_000;
const GIB = 1024 ** 3;
const TIMESTAMP = { kind: 'double', min: 0, max: 4_294_967_295 } as const;

/** They change what the session does. */
function effective(server: ServerFacts): VariableDefinition[] {
  return [
    flag('autocommit', true),
    define('sql_mode', { kind: 'sqlMode' }, defaultSqlMode),
    define('time_zone', { kind: 'timeZone' }, 'SYSTEM'),
    define('character_set_client', { kind: 'charset' }, 'utf8mb4'),
    define('character_set_connection', { kind: 'charset' }, 'utf8mb4'),
    define('character_set_results', { kind: 'charset' }, 'utf8mb4'),
    define('collation_connection', { kind: 'collation' }, 'utf8mb4_general_ci'),
    define('transaction_isolation', { kind: 'isolation' }, 'READ-COMMITTED'),
    define('tx_isolation', { kind: 'isolation' }, 'READ-COMMITTED'),
    flag('transaction_read_only', false),
    flag('tx_read_only', false),
    flag('foreign_key_checks', true),
    flag('sql_safe_updates', false, pinned),
    flag('sql_notes', true),
    integer('innodb_lock_wait_timeout', 50, [1, 1_073_741_824]),
    integer('lock_wait_timeout', YEAR_S, [1, YEAR_S]),
    integer('wait_timeout', 28_800, [1, YEAR_S]),
    integer('interactive_timeout', 28_800, [1, YEAR_S]),
    integer('net_read_timeout', 30, [1, YEAR_S]),
    integer('net_write_timeout', 60, [1, YEAR_S]),
    integer('max_execution_time', 0, [0, 0xffff_ffff]),
    integer('max_allowed_packet', 64 * 1024 ** 2, [1024, GIB]),
    integer('group_concat_max_len', 1024, [4, Number.MAX_SAFE_INTEGER]),
    integer('div_precision_increment', 4, [0, 30], pinned),
    integer('sql_select_limit', Number.MAX_SAFE_INTEGER, undefined, pinned),
    integer('cte_max_recursion_depth', 1000, [0, 0xffff_ffff]),
    flag('local_infile', false, global),
    integer('connect_timeout', 10, [2, YEAR_S], global),
    integer('max_connections', server.maxConnections, [1, 100_000], global),
    integer('max_connect_errors', 100, undefined, global),
    integer('last_insert_id', 0, undefined, { scope: 'session' }),
    integer('identity', 0, undefined, { scope: 'session' }),
    integer('insert_id', 0, undefined, { scope: 'session', pinned: true }),
  ];
}

/** Facts about this server, which nobody sets. */
function facts(server: ServerFacts): VariableDefinition[] {
  const tls = server.tls ?? null;
  return [
    text('version', server.version, fixed),
    text('version_comment', 'Twinleaf', fixed),
    text('version_compile_machine', process.arch, fixed),
    text('version_compile_os', process.platform, fixed),
    text('license', 'Apache-2.0', fixed),
    text('hostname', server.hostname, fixed),
    integer('port', server.port, [0, 65_535], fixed),
    text('socket', server.socket ?? '', fixed),
    text('datadir', server.dataDirectory, fixed),
    text('basedir', '', fixed),
    text('tmpdir', '/tmp', fixed),
    text('server_uuid', server.serverUuid, fixed),
    integer('server_id', 1, [0, 0xffff_ffff], fixed),
    text('pid_file', '', fixed),
    integer('lower_case_table_names', 0, [0, 2], fixed),
    flag('lower_case_file_system', false, fixed),
    text('system_time_zone', new Intl.DateTimeFormat().resolvedOptions().timeZone, fixed),
    text('character_set_system', 'utf8mb3', fixed),
    text('character_set_filesystem', 'binary'),
    text('character_sets_dir', '', fixed),
    text('have_ssl', tls === null ? 'DISABLED' : 'YES', fixed),
    text('have_openssl', tls === null ? 'DISABLED' : 'YES', fixed),
    text('have_compress', 'YES', fixed),
    text('have_query_cache', 'NO', fixed),
    text('have_profiling', 'NO', fixed),
    text('have_symlink', 'DISABLED', fixed),
    text('have_geometry', 'NO', fixed),
    text('have_rtree_keys', 'NO', fixed),
    text('have_statement_timeout', 'YES', fixed),
    text('have_dynamic_loading', 'NO', fixed),
    flag('performance_schema', false, fixed),
    flag('log_bin', false, fixed),
    flag('skip_networking', false, fixed),
    flag('skip_name_resolve', true, fixed),
    flag('skip_show_database', false, fixed),
    flag('large_files_support', true, fixed),
    flag('innodb_read_only', false, fixed),
    integer('protocol_version', 10, [10, 10], fixed),
    integer('innodb_page_size', 16_384, [4096, 65_536], fixed),
    text('innodb_version', server.version, fixed),
    text('bind_address', '*', fixed),
    text('secure_file_priv', '', fixed),
    text('plugin_dir', '', fixed),
    text('authentication_policy', '*,,', fixed),
    text('default_authentication_plugin', 'caching_sha2_password', fixed),
    text('ssl_ca', tls?.ca ?? '', fixed),
    text('ssl_cert', tls?.cert ?? '', fixed),
    text('ssl_key', tls?.key ?? '', fixed),
    text('tls_version', tls === null ? '' : 'TLSv1.2,TLSv1.3', fixed),
    integer('pseudo_thread_id', 0, undefined, { scope: 'session' }),
    integer('warning_count', 0, undefined, { scope: 'session', readOnly: true }),
    integer('error_count', 0, undefined, { scope: 'session', readOnly: true }),
  ];
}

const trackedVariables =
  'time_zone,autocommit,character_set_client,character_set_results,character_set_connection';

/** Taken and given back, because tools set them. */
function remembered(): VariableDefinition[] {
  return [
    define('character_set_server', { kind: 'charset' }, 'utf8mb4', pinned),
    define('character_set_database', { kind: 'charset' }, 'utf8mb4'),
    define('collation_server', { kind: 'collation' }, 'utf8mb4_general_ci', pinned),
    define('collation_database', { kind: 'collation' }, 'utf8mb4_general_ci'),
    define('default_collation_for_utf8mb4', { kind: 'collation' }, 'utf8mb4_general_ci'),
    flag('unique_checks', true),
    flag('sql_auto_is_null', false, pinned),
    flag('sql_big_selects', true),
    flag('sql_quote_show_create', true),
    flag('sql_warnings', false),
    flag('sql_log_bin', true),
    flag('sql_log_off', false),
    flag('sql_buffer_result', false),
    flag('sql_generate_invisible_primary_key', false),
    flag('sql_require_primary_key', false, pinned),
    flag('explicit_defaults_for_timestamp', true, pinned),
    flag('big_tables', false),
    flag('low_priority_updates', false),
    flag('new', false),
    flag('profiling', false, pinned),
    flag('read_only', false, pinnedGlobal),
    flag('super_read_only', false, pinnedGlobal),
    flag('event_scheduler', false, pinnedGlobal),
    flag('general_log', false, pinnedGlobal),
    flag('slow_query_log', false, pinnedGlobal),
    flag('log_bin_trust_function_creators', false, global),
    flag('offline_mode', false, pinnedGlobal),
    flag('print_identified_with_as_hex', false),
    flag('show_create_table_verbosity', false),
    flag('show_old_temporals', false),
    flag('innodb_strict_mode', true),
    flag('innodb_file_per_table', true, global),
    flag('innodb_table_locks', true),
    flag('keep_files_on_create', false),
    flag('old_alter_table', false),
    flag('session_track_schema', true),
    flag('session_track_state_change', false),
    flag('session_track_gtids', false, pinned),
  ];
}

/** More of the same: sizes, limits and names. */
function rememberedSizes(): VariableDefinition[] {
  return [
    choice('session_track_transaction_info', 'OFF', ['OFF', 'STATE', 'CHARACTERISTICS'], pinned),
    text('session_track_system_variables', trackedVariables),
    choice('completion_type', 'NO_CHAIN', ['NO_CHAIN', 'CHAIN', 'RELEASE'], pinned),
    choice('binlog_format', 'ROW', ['MIXED', 'STATEMENT', 'ROW']),
    choice('gtid_mode', 'OFF', ['OFF', 'OFF_PERMISSIVE', 'ON_PERMISSIVE', 'ON'], pinnedGlobal),
    text('gtid_executed', '', fixed),
    text('gtid_purged', '', global),
    text('gtid_next', 'AUTOMATIC', { scope: 'session', pinned: true }),
    choice('query_cache_type', 'OFF', ['OFF', 'ON', 'DEMAND']),
    integer('query_cache_size', 0, undefined, global),
    integer('query_cache_limit', 0, undefined, global),
    choice('default_storage_engine', 'InnoDB', ['InnoDB', 'MyISAM', 'MEMORY']),
    choice('default_tmp_storage_engine', 'InnoDB', ['InnoDB', 'MyISAM', 'MEMORY']),
    choice('internal_tmp_mem_storage_engine', 'TempTable', ['MEMORY', 'TempTable']),
    text('storage_engine', 'InnoDB'),
    text('optimizer_switch', 'index_merge=on,mrr=on,semijoin=on,derived_merge=on'),
    text('optimizer_trace', 'enabled=off,one_line=off'),
    integer('optimizer_search_depth', 62, [0, 62]),
    integer('optimizer_prune_level', 1, [0, 1]),
    text('init_connect', '', pinnedGlobal),
    text('init_file', '', fixed),
    text('lc_messages', 'en_US'),
    text('lc_time_names', 'en_US', pinned),
    text('debug', ''),
    text('ft_boolean_syntax', '+ -><()~*:""&|', global),
    text('character_set_dir', '', fixed),
    choice('block_encryption_mode', 'aes-128-ecb', ['aes-128-ecb', 'aes-256-cbc'], pinned),
    integer('auto_increment_increment', 1, [1, 65_535], pinned),
    integer('auto_increment_offset', 1, [1, 65_535], pinned),
    integer('information_schema_stats_expiry', 86_400, [0, YEAR_S]),
    integer('net_buffer_length', 16_384, [1024, 1_048_576]),
    integer('net_retry_count', 10),
    integer('max_join_size', Number.MAX_SAFE_INTEGER),
    integer('max_heap_table_size', 16_777_216),
    integer('tmp_table_size', 16_777_216),
    integer('max_sort_length', 1024, [4, 8_388_608]),
    integer('max_length_for_sort_data', 4096),
    integer('max_error_count', 1024, [0, 65_535]),
    integer('max_sp_recursion_depth', 0, [0, 255]),
    integer('max_user_connections', 0, undefined, pinned),
    integer('max_prepared_stmt_count', 16_382, [0, 1_048_576], global),
    integer('max_points_in_geometry', 65_536),
  ];
}

/** The sizes of buffers that are not there. */
function rememberedBuffers(): VariableDefinition[] {
  return [
    integer('sort_buffer_size', 262_144),
    integer('join_buffer_size', 262_144),
    integer('read_buffer_size', 131_072),
    integer('read_rnd_buffer_size', 262_144),
    integer('bulk_insert_buffer_size', 8_388_608),
    integer('myisam_sort_buffer_size', 8_388_608),
    integer('key_buffer_size', 8_388_608, undefined, global),
    integer('innodb_buffer_pool_size', 134_217_728, undefined, global),
    integer('innodb_log_buffer_size', 16_777_216, undefined, global),
    integer('innodb_flush_log_at_trx_commit', 1, [0, 2], global),
    integer('innodb_autoinc_lock_mode', 2, [0, 2], fixed),
    integer('innodb_ft_min_token_size', 3, [0, 16], fixed),
    integer('sync_binlog', 1, undefined, global),
    integer('binlog_expire_logs_seconds', 2_592_000, undefined, global),
    integer('expire_logs_days', 0, undefined, global),
    integer('thread_cache_size', 9, undefined, global),
    integer('thread_stack', 1_048_576, undefined, fixed),
    integer('table_open_cache', 4000, undefined, global),
    integer('table_definition_cache', 2000, undefined, global),
    integer('open_files_limit', 65_535, undefined, fixed),
    integer('back_log', 151, undefined, fixed),
    integer('long_query_time', 10),
    integer('ft_min_word_len', 4, undefined, fixed),
    integer('default_week_format', 0, [0, 7], pinned),
    integer('eq_range_index_dive_limit', 200),
    integer('rand_seed1', 0, undefined, { scope: 'session' }),
    integer('rand_seed2', 0, undefined, { scope: 'session' }),
    define('timestamp', TIMESTAMP, 0, { scope: 'session', pinned: true }),
    flag('updatable_views_with_limit', true),
    flag('end_markers_in_json', false),
    flag('windowing_use_high_precision', true),
    flag('require_secure_transport', false, pinnedGlobal),
    flag('partial_revokes', false, pinnedGlobal),
    flag('activate_all_roles_on_login', false, pinnedGlobal),
    flag('enforce_gtid_consistency', false, pinnedGlobal),
  ];
}

/** Every system variable by its name. */
export function systemVariableTable(server: ServerFacts): ReadonlyMap<string, VariableDefinition> {
  const all = [
    ...effective(server),
    ...facts(server),
    ...remembered(),
    ...rememberedSizes(),
    ...rememberedBuffers(),
  ];
  return new Map(all.map((definition) => [definition.name, definition]));
}
