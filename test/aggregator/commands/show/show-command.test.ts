// SHOW in all its kinds, and what tools ask information_schema.

import test from 'ava';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';

const cluster = clusterOfFile(test, [
  'CREATE DATABASE shop',
  `CREATE TABLE shop.users (
    id INT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(50) NOT NULL DEFAULT 'x',
    email VARCHAR(100) UNIQUE,
    balance DECIMAL(10,2) UNSIGNED DEFAULT 1.5,
    kind ENUM('a','bcd') COMMENT 'what',
    seen DATETIME(3) NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    KEY name_idx (name, kind)
  ) COMMENT 'people'`,
  `CREATE TABLE shop.orders (
    id BIGINT UNSIGNED PRIMARY KEY, user_id INT,
    CONSTRAINT of_user FOREIGN KEY (user_id) REFERENCES shop.users (id) ON DELETE CASCADE
  )`,
  'CREATE TABLE shop.keyless (a INT)',
]);

test('databases, tables and columns', async (t) => {
  const client = await cluster().connect('root', undefined, 'shop');
  t.deepEqual(await client.column('SHOW DATABASES'), [
    'information_schema',
    'performance_schema',
    'shop',
  ]);
  t.deepEqual(await client.column("SHOW DATABASES LIKE 'sh%'"), ['shop']);
  t.deepEqual(await client.column('SHOW TABLES'), ['keyless', 'orders', 'users']);
  t.deepEqual(await client.column("SHOW TABLES FROM shop LIKE 'u%'"), ['users']);
  t.deepEqual(await client.rows("SHOW FULL TABLES WHERE Tables_in_shop LIKE 'o%'"), [
    ['orders', 'BASE TABLE'],
  ]);
  const onUpdate = 'DEFAULT_GENERATED on update CURRENT_TIMESTAMP(3)';
  const columns = [
    ['id', 'int', 'NO', 'PRI', null, 'auto_increment'],
    ['name', 'varchar(50)', 'NO', 'MUL', 'x', ''],
    ['email', 'varchar(100)', 'YES', 'UNI', null, ''],
    ['balance', 'decimal(10,2) unsigned', 'YES', '', '1.50', ''],
    ['kind', "enum('a','bcd')", 'YES', '', null, ''],
    ['seen', 'datetime(3)', 'YES', '', 'CURRENT_TIMESTAMP(3)', onUpdate],
  ];
  for (const sql of ['SHOW COLUMNS FROM users', 'DESCRIBE users', 'EXPLAIN shop.users']) {
    t.deepEqual(await client.rows(sql), columns, sql);
  }
  t.deepEqual(await client.column("SHOW COLUMNS FROM users WHERE `Key` <> ''"), [
    'id',
    'name',
    'email',
  ]);
  t.deepEqual(await client.column('DESC users email'), ['email']);
  t.deepEqual(await client.column('SHOW FULL COLUMNS FROM keyless FROM shop'), ['a']);
  const [kind] = await client.rows("SHOW FULL COLUMNS FROM users LIKE 'kind'");
  t.deepEqual([kind?.[2], kind?.[8]], ['utf8mb4_general_ci', 'what']);
  t.is(await client.failure('SHOW COLUMNS FROM nosuch'), '1146 42S02');
  t.is(await client.failure('SHOW TABLES FROM nosuch'), '1049 42000');
  t.is(await client.failure('SHOW COLUMNS FROM users WHERE nosuch = 1'), '1054 42S22');
  await client.close();
});

test('keys, table status and what makes a table again', async (t) => {
  const client = await cluster().connect('root', undefined, 'shop');
  t.deepEqual(
    (await client.rows('SHOW INDEX FROM users')).map((row) => row.slice(0, 5)),
    [
      ['users', '0', 'PRIMARY', '1', 'id'],
      ['users', '0', 'email', '1', 'email'],
      ['users', '1', 'name_idx', '1', 'name'],
      ['users', '1', 'name_idx', '2', 'kind'],
    ],
  );
  t.deepEqual(await client.column('SHOW INDEX FROM keyless'), []);
  t.deepEqual(await client.column("SHOW TABLE STATUS WHERE Comment = 'people'"), ['users']);
  for (const table of ['users', 'orders', 'keyless']) {
    const [row] = await client.rows(`SHOW CREATE TABLE ${table}`);
    t.regex(row?.[1] ?? '', new RegExp(`^CREATE TABLE \`${table}\``));
    await client.rows('CREATE DATABASE again');
    await client.rows('USE again');
    if (table === 'orders') {
      const [users] = await client.rows('SHOW CREATE TABLE shop.users');
      await client.rows(users?.[1] ?? '');
    }
    await client.rows(row?.[1] ?? '');
    t.deepEqual((await client.rows(`SHOW CREATE TABLE ${table}`))[0]?.[1], row?.[1]);
    await client.rows('DROP DATABASE again');
    await client.rows('USE shop');
  }
  const [database] = await client.rows('SHOW CREATE DATABASE IF NOT EXISTS shop');
  t.regex(database?.[1] ?? '', /CREATE DATABASE .*IF NOT EXISTS.* `shop`/);
  await client.close();
});

test('the server, its clients and their warnings', async (t) => {
  const client = await cluster().connect();
  t.deepEqual(await client.rows("SHOW VARIABLES WHERE Variable_name IN ('autocommit', 'port')"), [
    ['autocommit', 'ON'],
    ['port', '0'],
  ]);
  t.deepEqual(await client.column("SHOW SESSION VARIABLES LIKE 'sql\\_mo%'"), ['sql_mode']);
  t.deepEqual(await client.column("SHOW GLOBAL STATUS LIKE 'Twinleaf_leaves'"), [
    'Twinleaf_leaves',
  ]);
  const [id] = await client.column('SELECT CONNECTION_ID()');
  const processes = await client.rows('SHOW FULL PROCESSLIST');
  const process = processes.find((row) => row[0] === id);
  t.deepEqual(
    [process?.[1], process?.[4], process?.[7]],
    ['root', 'Query', 'SHOW FULL PROCESSLIST'],
  );
  await client.rows('SET wait_timeout = 0');
  t.deepEqual(await client.rows('SHOW COUNT(*) WARNINGS'), [['1']]);
  t.deepEqual(
    (await client.rows('SHOW WARNINGS LIMIT 1')).map((row) => row.slice(0, 2)),
    [['Warning', '1292']],
  );
  t.deepEqual(await client.rows('SHOW ERRORS'), []);
  t.deepEqual(await client.column("SHOW CHARSET LIKE 'utf8mb4'"), ['utf8mb4']);
  const collations = "SHOW COLLATION WHERE Charset = 'utf8mb4' AND `Default` = 'Yes'";
  t.deepEqual(await client.column(collations), ['utf8mb4_general_ci']);
  t.deepEqual(await client.column('SHOW ENGINES'), ['InnoDB']);
  for (const sql of [
    'SHOW TRIGGERS FROM shop',
    'SHOW EVENTS FROM shop',
    'SHOW PROCEDURE STATUS',
    "SHOW FUNCTION STATUS WHERE Db = 'shop'",
    'SHOW OPEN TABLES',
    'SHOW MASTER STATUS',
    'SHOW PROFILES',
  ]) {
    t.deepEqual(await client.rows(sql), [], sql);
  }
  for (const sql of ['SHOW PLUGINS', 'SHOW PRIVILEGES', 'SHOW LEAVES', 'SHOW PARTITIONS ON shop']) {
    t.true((await client.rows(sql)).length > 0, sql);
  }
  await client.close();
});

test('information_schema tells tools what they ask', async (t) => {
  const client = await cluster().connect('root', undefined, 'shop');
  const cases: readonly (readonly [sql: string, rows: readonly (readonly (string | null)[])[]])[] =
    [
      [
        `SELECT table_name, table_type, engine, auto_increment, table_comment
       FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1`,
        [
          ['keyless', 'BASE TABLE', 'InnoDB', null, ''],
          ['orders', 'BASE TABLE', 'InnoDB', null, ''],
          ['users', 'BASE TABLE', 'InnoDB', '1', 'people'],
        ],
      ],
      [
        `SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale,
         datetime_precision, collation_name, column_key
       FROM information_schema.columns WHERE table_schema = 'shop' AND table_name = 'users'
       ORDER BY ordinal_position`,
        [
          ['id', 'int', null, '10', '0', null, null, 'PRI'],
          ['name', 'varchar', '50', null, null, null, 'utf8mb4_general_ci', 'MUL'],
          ['email', 'varchar', '100', null, null, null, 'utf8mb4_general_ci', 'UNI'],
          ['balance', 'decimal', null, '10', '2', null, null, ''],
          ['kind', 'enum', '3', null, null, null, 'utf8mb4_general_ci', ''],
          ['seen', 'datetime', null, null, null, '3', null, ''],
        ],
      ],
      [
        `SELECT k.constraint_name, k.column_name, k.referenced_table_name, k.referenced_column_name,
         r.delete_rule, r.update_rule
       FROM information_schema.key_column_usage k
       JOIN information_schema.referential_constraints r
         ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
       WHERE k.table_schema = 'shop'`,
        [['of_user', 'user_id', 'users', 'id', 'CASCADE', 'NO ACTION']],
      ],
      [
        `SELECT table_name, constraint_name, constraint_type
       FROM information_schema.table_constraints
       WHERE table_schema = 'shop' ORDER BY table_name, constraint_name`,
        [
          ['orders', 'of_user', 'FOREIGN KEY'],
          ['orders', 'PRIMARY', 'PRIMARY KEY'],
          ['users', 'email', 'UNIQUE'],
          ['users', 'PRIMARY', 'PRIMARY KEY'],
        ],
      ],
      [
        `SELECT schema_name, default_collation_name FROM information_schema.schemata
       WHERE schema_name = 'shop'`,
        [['shop', 'utf8mb4_general_ci']],
      ],
      [
        `SELECT role, state, num_partitions FROM information_schema.distributed_databases
       WHERE database_name = 'shop'`,
        [['primary', 'online', '2']],
      ],
      ['SELECT COUNT(*) FROM information_schema.leaves', [['1']]],
      [
        `SELECT variable_value FROM performance_schema.session_variables
         WHERE variable_name = 'port'`,
        [['0']],
      ],
    ];
  for (const [sql, rows] of cases) t.deepEqual(await client.rows(sql), rows, sql);
  for (const table of [
    'views',
    'routines',
    'triggers',
    'events',
    'parameters',
    'check_constraints',
  ]) {
    t.deepEqual(await client.rows(`SELECT * FROM information_schema.${table}`), [], table);
  }
  t.is(await client.failure('SELECT * FROM information_schema.nosuch'), '1146 42S02');
  for (const name of await client.column('SHOW TABLES FROM information_schema')) {
    t.is(await client.failure(`SELECT * FROM information_schema.${name}`), 'ok', name ?? '');
  }
  await client.close();
});

test('what drivers and tools ask of words, roles and views', async (t) => {
  const client = await cluster().connect();
  const words = await client.column(
    "SELECT WORD FROM information_schema.KEYWORDS WHERE RESERVED = 1 AND WORD LIKE 'WH%'",
  );
  t.deepEqual(words.toSorted(), ['WHEN', 'WHERE', 'WHILE']);
  for (const name of ['ENABLED_ROLES', 'APPLICABLE_ROLES', 'VIEW_TABLE_USAGE']) {
    t.deepEqual(await client.rows(`SELECT * FROM information_schema.${name}`), [], name);
  }
  for (const where of ['', "IN 'binlog.000001' FROM 4 LIMIT 0, 25"]) {
    t.deepEqual(await client.rows(`SHOW BINLOG EVENTS ${where}`), []);
  }
  const plugins = 'SELECT PLUGIN_DESCRIPTION FROM information_schema.PLUGINS';
  const methods = await client.column(`${plugins} WHERE PLUGIN_TYPE = 'AUTHENTICATION'`);
  t.is(methods.length, 2);
  t.false(methods.includes(null));
  await client.close();
});
