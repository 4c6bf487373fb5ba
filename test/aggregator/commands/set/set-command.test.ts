// SET in all its forms, as drivers, ORMs and dumps send them.

import test from 'ava';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';

const cluster = clusterOfFile(test, ['CREATE DATABASE shop']);

const defaultMode =
  'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,' +
  'ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';

const traditional =
  'STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,' +
  'ERROR_FOR_DIVISION_BY_ZERO,TRADITIONAL,NO_ENGINE_SUBSTITUTION';

test('each SET leaves the variable as MySQL would', async (t) => {
  const cases: readonly (readonly [set: string, select: string, value: string | null])[] = [
    ['SET autocommit = 0', '@@autocommit', '0'],
    ['SET autocommit = ON', '@@session.autocommit', '1'],
    ['SET NAMES latin1', '@@character_set_client', 'latin1'],
    ["SET NAMES 'utf8mb4' COLLATE 'utf8mb4_bin'", '@@collation_connection', 'utf8mb4_bin'],
    ['SET NAMES utf8', '@@character_set_results', 'utf8mb3'],
    ['SET NAMES DEFAULT', '@@character_set_client', 'utf8mb4'],
    ['SET CHARACTER SET utf8mb4', '@@character_set_connection', 'utf8mb4'],
    ['SET collation_connection = latin1_bin', '@@character_set_connection', 'latin1'],
    ['SET character_set_results = NULL', '@@character_set_results', null],
    ["SET sql_mode = ''", '@@sql_mode', ''],
    ["SET sql_mode = 'traditional,ansi_quotes'", '@@sql_mode', `ANSI_QUOTES,${traditional}`],
    [
      "SET sql_mode = 'ansi'",
      '@@sql_mode',
      'REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ONLY_FULL_GROUP_BY,ANSI',
    ],
    ['SET sql_mode = DEFAULT', '@@sql_mode', defaultMode],
    [
      "SET @@session.sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",
      '@@sql_mode',
      defaultMode.replace('STRICT_TRANS_TABLES', 'STRICT_TRANS_TABLES,STRICT_ALL_TABLES'),
    ],
    ["SET time_zone = '+02:00'", '@@time_zone', '+02:00'],
    ["SET TIME_ZONE = 'Europe/Vienna'", '@@time_zone', 'Europe/Vienna'],
    ['SET time_zone = default', '@@time_zone', 'SYSTEM'],
    ['SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ', '@@tx_isolation', 'READ-COMMITTED'],
    ['SET SESSION TRANSACTION READ ONLY', '@@transaction_read_only', '1'],
    ['SET SESSION TRANSACTION READ WRITE', '@@tx_read_only', '0'],
    ['SET wait_timeout = 0', '@@wait_timeout', '1'],
    ['SET foreign_key_checks = 0, unique_checks = OFF', '@@foreign_key_checks', '0'],
    ['SET foreign_key_checks = 1', '@@foreign_key_checks', '1'],
    ['SET @a = 1, @b = @a + 1.5', '@b', '2.5'],
    ["SET @a := 'x\\\\y'", '@a', 'x\\y'],
    ['SET @a = (SELECT 7)', '@a', '7'],
    ['SET @a = NULL', '@a', null],
    ['SET last_insert_id = 42', '@@last_insert_id', '42'],
    ['SET GLOBAL long_query_time = 3', '@@global.long_query_time', '3'],
    ['SET sql_select_limit = DEFAULT', '@@session.sql_safe_updates', '0'],
  ];
  const client = await cluster().connect();
  for (const [set, select, value] of cases) {
    await client.rows(set);
    t.deepEqual(await client.column(`SELECT ${select}`), [value], set);
  }
  await client.close();
});

test('what cannot be set is refused with its number', async (t) => {
  const cases: readonly (readonly [set: string, failure: string])[] = [
    ['SET nosuch = 1', '1193 HY000'],
    ['SELECT @@nosuch', '1193 HY000'],
    ["SET version = 'x'", '1238 HY000'],
    ['SET GLOBAL version = 5', '1238 HY000'],
    ['SET SESSION connect_timeout = 5', '1229 HY000'],
    ['SET GLOBAL last_insert_id = 5', '1228 HY000'],
    ['SELECT @@session.port', '1238 HY000'],
    ['SET max_allowed_packet = 5000', '1238 HY000'],
    ["SET autocommit = 'maybe'", '1231 42000'],
    ['SET autocommit = 2', '1231 42000'],
    ["SET wait_timeout = 'x'", '1232 42000'],
    ["SET sql_mode = 'NO_SUCH_MODE'", '1231 42000'],
    ["SET sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'", '1235 42000'],
    ['SET NAMES gbk', '1115 42000'],
    ['SET NAMES utf8mb4 COLLATE latin1_bin', '1253 42000'],
    ["SET collation_connection = 'nosuch'", '1273 HY000'],
    ["SET time_zone = 'Nowhere/City'", '1298 HY000'],
    ["SET time_zone = '+15:00'", '1298 HY000'],
    ['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', '1235 42000'],
    ['SET auto_increment_increment = 2', '1235 42000'],
    ['SET sql_safe_updates = 1', '1235 42000'],
    ['SET timestamp = 5', '1235 42000'],
  ];
  const client = await cluster().connect();
  for (const [set, failure] of cases) t.is(await client.failure(set), failure, set);
  await client.close();
});

test('SET GLOBAL is for later sessions, and a session keeps what it began with', async (t) => {
  const one = await cluster().connect();
  await one.rows('SET GLOBAL innodb_lock_wait_timeout = 7');
  t.deepEqual(await one.column('SELECT @@innodb_lock_wait_timeout'), ['50']);
  t.deepEqual(await one.column('SELECT @@global.innodb_lock_wait_timeout'), ['7']);
  const two = await cluster().connect();
  t.deepEqual(await two.column('SELECT @@innodb_lock_wait_timeout'), ['7']);
  await two.rows('SET GLOBAL innodb_lock_wait_timeout = DEFAULT');
  t.deepEqual(await two.column('SELECT @@innodb_lock_wait_timeout'), ['7']);
  await two.rows('SET innodb_lock_wait_timeout = DEFAULT');
  t.deepEqual(await two.column('SELECT @@innodb_lock_wait_timeout'), ['50']);
  await one.close();
  await two.close();
});
