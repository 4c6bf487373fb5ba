// Accounts and grants as clients make, use and lose them.

import test from 'ava';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';

const cluster = clusterOfFile(test, [
  'CREATE DATABASE shop',
  'CREATE DATABASE other',
  'CREATE TABLE shop.users (id INT PRIMARY KEY, name VARCHAR(50))',
  'CREATE TABLE shop.orders (id INT PRIMARY KEY, user_id INT)',
  'CREATE TABLE other.t (id INT PRIMARY KEY)',
  "INSERT INTO shop.users VALUES (1, 'ann')",
]);

const denied = '1142 42000';

test('an account may do what it was granted, and nothing else', async (t) => {
  const root = await cluster().connect();
  await root.rows("CREATE USER reader IDENTIFIED BY 'pw'");
  const reader = await cluster().connect('reader', 'pw');
  t.is(await reader.failure('SELECT * FROM shop.users'), denied);
  t.is(await reader.failure('USE shop'), '1044 42000');
  await root.rows('GRANT SELECT ON shop.users TO reader');
  t.deepEqual(await reader.rows('SELECT * FROM shop.users'), [['1', 'ann']]);
  for (const sql of [
    'SELECT * FROM shop.orders',
    'SELECT * FROM shop.users u JOIN shop.orders o ON o.user_id = u.id',
    'SELECT * FROM shop.users WHERE id IN (SELECT user_id FROM shop.orders)',
    'SELECT (SELECT COUNT(*) FROM shop.orders)',
    'SELECT * FROM (SELECT * FROM shop.orders) o',
    'WITH users AS (SELECT * FROM shop.orders) SELECT * FROM users',
    'SELECT * FROM shop.users UNION SELECT * FROM other.t, shop.users',
    'EXPLAIN SELECT * FROM shop.orders',
    'SELECT * FROM shop.users FOR UPDATE',
    "INSERT INTO shop.users VALUES (2, 'x')",
    'INSERT INTO shop.users SELECT * FROM shop.users',
    "REPLACE INTO shop.users VALUES (2, 'x')",
    "UPDATE shop.users SET name = 'x'",
    'DELETE FROM shop.users',
    'TRUNCATE shop.users',
    'DROP TABLE shop.users',
    'ALTER TABLE shop.users ADD x INT',
    'CREATE INDEX i ON shop.users (name)',
    'CREATE TABLE shop.mine (id INT PRIMARY KEY)',
    'RENAME TABLE shop.users TO shop.people',
    'SHOW CREATE TABLE shop.orders',
    'DESCRIBE shop.orders',
    'SHOW INDEX FROM other.t',
  ]) {
    t.is(await reader.failure(sql), denied, sql);
  }
  for (const sql of ['SHOW TABLES FROM other', 'DROP DATABASE shop', 'CREATE DATABASE mine']) {
    t.is(await reader.failure(sql), '1044 42000', sql);
  }
  await reader.close();
  await root.close();
});

test('a WITH of the name of a table hides it only where it is in scope', async (t) => {
  const root = await cluster().connect();
  await root.rows("CREATE USER cte IDENTIFIED BY 'pw'");
  const client = await cluster().connect('cte', 'pw');
  const hidden = 'WITH users AS (SELECT 1 AS a) SELECT * FROM users';
  t.is(await client.failure(hidden), 'ok');
  t.is(await client.failure(`SELECT * FROM (${hidden}) x, shop.users`), denied);
  await client.close();
  await root.close();
});

test('what only administrators do is denied with the privilege it takes', async (t) => {
  const root = await cluster().connect();
  await root.rows("CREATE USER plain IDENTIFIED BY 'pw'");
  const plain = await cluster().connect('plain', 'pw');
  for (const sql of [
    'SET GLOBAL wait_timeout = 5',
    "CREATE USER more IDENTIFIED BY 'x'",
    'DROP USER root',
    "ALTER USER root IDENTIFIED BY 'x'",
    "SET PASSWORD FOR root = 'x'",
    'SHOW GRANTS FOR root',
    'SHOW LEAVES',
    'SHOW REPLICATION STATUS',
    'STOP REPLICATING shop',
    'FLUSH PRIVILEGES',
  ]) {
    t.is(await plain.failure(sql), '1227 42000', sql);
  }
  t.is(await plain.failure("REPLICATE DATABASE d FROM u:'p'@h:1"), '1044 42000');
  t.is(await plain.failure('SHOW REPLICATION SOURCE FOR shop'), '1044 42000');
  t.is(await plain.failure('GRANT SELECT ON shop.* TO plain'), '1044 42000');
  t.deepEqual(await plain.column('SHOW DATABASES'), ['information_schema', 'performance_schema']);
  t.deepEqual(await plain.rows('SELECT * FROM information_schema.tables'), []);
  t.deepEqual(await plain.rows('SELECT * FROM information_schema.leaves'), []);
  t.deepEqual(await plain.column('SELECT user FROM information_schema.processlist'), ['plain']);
  t.deepEqual(await plain.column('SHOW GRANTS'), ['GRANT USAGE ON *.* TO `plain`@`%`']);
  t.is(await plain.failure("SET PASSWORD = 'other'"), 'ok');
  await plain.close();
  await t.throwsAsync(cluster().connect('plain', 'pw'));
  await (await cluster().connect('plain', 'other')).close();
  await root.close();
});

test('nobody gives away what they do not have', async (t) => {
  const root = await cluster().connect();
  await root.rows("CREATE USER giver IDENTIFIED BY 'pw', taker IDENTIFIED BY 'pw'");
  await root.rows('GRANT SELECT, INSERT ON shop.* TO giver WITH GRANT OPTION');
  const giver = await cluster().connect('giver', 'pw');
  t.is(await giver.failure('GRANT SELECT ON shop.users TO taker'), 'ok');
  t.is(await giver.failure('GRANT UPDATE ON shop.users TO taker'), denied);
  t.is(await giver.failure('GRANT ALL ON shop.* TO taker'), '1044 42000');
  t.is(await giver.failure('GRANT SELECT ON *.* TO taker'), '1045 28000');
  t.deepEqual(await root.column('SHOW GRANTS FOR taker'), [
    'GRANT USAGE ON *.* TO `taker`@`%`',
    'GRANT SELECT ON `shop`.`users` TO `taker`@`%`',
  ]);
  await root.rows('REVOKE GRANT OPTION ON shop.* FROM giver');
  t.is(await giver.failure('GRANT SELECT ON shop.users TO taker'), denied);
  await giver.close();
  await root.close();
});

test('a grant is taken back at once, and a dropped account may do nothing more', async (t) => {
  const root = await cluster().connect();
  await root.rows("CREATE USER brief IDENTIFIED BY 'pw'");
  await root.rows('GRANT ALL PRIVILEGES ON shop.* TO brief');
  const brief = await cluster().connect('brief', 'pw');
  t.is(await brief.failure('SELECT * FROM shop.users'), 'ok');
  await root.rows('REVOKE SELECT ON shop.* FROM brief');
  t.is(await brief.failure('SELECT * FROM shop.users'), denied);
  t.is(await root.failure('REVOKE SELECT ON other.* FROM brief'), '1141 42000');
  await root.rows('GRANT SELECT ON shop.* TO brief');
  await root.rows('DROP USER brief');
  t.is(await brief.failure('SELECT * FROM shop.users'), denied);
  await t.throwsAsync(cluster().connect('brief', 'pw'));
  await brief.close();
  await root.close();
});

test('database names in grants are patterns', async (t) => {
  const root = await cluster().connect();
  await root.rows('CREATE DATABASE team_a');
  await root.rows('CREATE DATABASE teamxa');
  await root.rows("CREATE USER wild IDENTIFIED BY 'pw', tame IDENTIFIED BY 'pw'");
  await root.rows('GRANT SELECT ON `team_a`.* TO wild');
  await root.rows('GRANT SELECT ON `team\\_a`.* TO tame');
  const wild = await cluster().connect('wild', 'pw');
  const tame = await cluster().connect('tame', 'pw');
  t.is(await wild.failure('USE teamxa'), 'ok');
  t.is(await tame.failure('USE teamxa'), '1044 42000');
  t.is(await tame.failure('USE team_a'), 'ok');
  await wild.close();
  await tame.close();
  await root.close();
});

test('the account statements answer wrong names as MySQL does', async (t) => {
  const root = await cluster().connect();
  const failures: readonly (readonly [string, string])[] = [
    ["CREATE USER twice IDENTIFIED BY 'x'", 'ok'],
    ["CREATE USER twice IDENTIFIED BY 'x'", '1396 HY000'],
    ["CREATE USER IF NOT EXISTS twice IDENTIFIED BY 'x'", 'ok'],
    ["CREATE USER new1, twice IDENTIFIED BY 'x'", '1396 HY000'],
    ['DROP USER new1', '1396 HY000'],
    ['DROP USER IF EXISTS new1', 'ok'],
    ["ALTER USER nobody IDENTIFIED BY 'x'", '1396 HY000'],
    ["SET PASSWORD FOR nobody = 'x'", '1133 42000'],
    ['RENAME USER twice TO once', 'ok'],
    ['RENAME USER twice TO once', '1396 HY000'],
    ['GRANT SELECT ON shop.* TO nobody', '1410 42000'],
    ['GRANT RELOAD ON shop.* TO once', '1221 HY000'],
    ['GRANT RELOAD ON shop.users TO once', '1144 42000'],
    ['GRANT NOSUCH ON *.* TO once', '1235 42000'],
    ['GRANT SELECT (id) ON shop.users TO once', '1235 42000'],
    ["CREATE USER h IDENTIFIED WITH sha256_password BY 'x'", '1235 42000'],
    ["CREATE USER h IDENTIFIED WITH caching_sha2_password AS '$A$005$x'", '1827 HY000'],
  ];
  for (const [sql, failure] of failures) t.is(await root.failure(sql), failure, sql);
  await root.close();
});

test('an account made from the hash of another server logs in', async (t) => {
  const root = await cluster().connect();
  // SELECT PASSWORD('secret') of MariaDB.
  const hash = '*14E65567ABDB5135D0CFD9A70B3032C179A49EE7';
  await root.rows(`CREATE USER moved IDENTIFIED WITH mysql_native_password AS '${hash}'`);
  const moved = await cluster().connect('moved', 'secret');
  t.deepEqual(await moved.column('SELECT CURRENT_USER()'), ['moved@%']);
  await moved.close();
  await t.throwsAsync(cluster().connect('moved', 'wrong'));
  await root.close();
});

test('the most specific host decides which account a client is', async (t) => {
  const root = await cluster().connect();
  await root.rows("CREATE USER two@'%' IDENTIFIED BY 'far', two@localhost IDENTIFIED BY 'near'");
  await root.rows("CREATE USER three@'10.%' IDENTIFIED BY 'x'");
  const near = await cluster().connect('two', 'near');
  t.deepEqual(await near.column('SELECT CURRENT_USER()'), ['two@localhost']);
  await near.close();
  await t.throwsAsync(cluster().connect('two', 'far'));
  await t.throwsAsync(cluster().connect('three', 'x'));
  await root.close();
});
