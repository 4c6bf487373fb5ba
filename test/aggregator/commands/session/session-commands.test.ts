// Transactions, PREPARE, KILL, USE, LOCK TABLES and what is refused by its name.

import test from 'ava';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';

const cluster = clusterOfFile(test, [
  'CREATE DATABASE shop',
  'CREATE TABLE shop.t (id INT PRIMARY KEY, a INT)',
]);

test('a transaction is visible to others when it is committed, and not before', async (t) => {
  const one = await cluster().connect('root', undefined, 'shop');
  const two = await cluster().connect('root', undefined, 'shop');
  await one.rows('BEGIN');
  await one.rows('INSERT INTO t VALUES (1, 1)');
  t.deepEqual(await one.column('SELECT COUNT(*) FROM t WHERE id < 10'), ['1']);
  t.deepEqual(await two.column('SELECT COUNT(*) FROM t WHERE id < 10'), ['0']);
  await one.rows('SAVEPOINT s');
  await one.rows('INSERT INTO t VALUES (2, 2)');
  await one.rows('ROLLBACK TO SAVEPOINT s');
  t.is(await one.failure('ROLLBACK TO nosuch'), '1305 42000');
  await one.rows('COMMIT');
  t.deepEqual(await two.column('SELECT id FROM t WHERE id < 10'), ['1']);
  await one.close();
  await two.close();
});

test('a client that goes leaves nothing of its transaction', async (t) => {
  const one = await cluster().connect('root', undefined, 'shop');
  await one.rows('START TRANSACTION');
  await one.rows('INSERT INTO t VALUES (11, 1)');
  await one.close();
  const two = await cluster().connect('root', undefined, 'shop');
  await two.rows('INSERT INTO t VALUES (11, 2)');
  t.deepEqual(await two.column('SELECT a FROM t WHERE id = 11'), ['2']);
  await two.close();
});

test('autocommit off begins a transaction, on commits it', async (t) => {
  const one = await cluster().connect('root', undefined, 'shop');
  const two = await cluster().connect('root', undefined, 'shop');
  await one.rows('SET autocommit = 0');
  await one.rows('INSERT INTO t VALUES (21, 1)');
  t.deepEqual(await two.rows('SELECT a FROM t WHERE id = 21'), []);
  await one.rows('SET autocommit = 1');
  t.deepEqual(await two.column('SELECT a FROM t WHERE id = 21'), ['1']);
  await one.close();
  await two.close();
});

test('read-only transactions refuse to write, by their own word or the next SET', async (t) => {
  const client = await cluster().connect('root', undefined, 'shop');
  await client.rows('START TRANSACTION READ ONLY');
  t.is(await client.failure('INSERT INTO t VALUES (31, 1)'), '1792 25006');
  await client.rows('ROLLBACK');
  await client.rows('SET TRANSACTION READ ONLY');
  await client.rows('BEGIN');
  t.is(await client.failure('SET TRANSACTION READ ONLY'), '1568 25001');
  t.is(await client.failure('INSERT INTO t VALUES (31, 1)'), '1792 25006');
  await client.rows('COMMIT AND CHAIN');
  t.is(await client.failure('INSERT INTO t VALUES (31, 1)'), '1792 25006');
  await client.rows('COMMIT');
  t.is(await client.failure('INSERT INTO t VALUES (31, 1)'), 'ok');
  await client.close();
});

test('PREPARE, EXECUTE and DEALLOCATE', async (t) => {
  const client = await cluster().connect('root', undefined, 'shop');
  await client.rows("PREPARE p FROM 'SELECT ? + 1, ?'");
  await client.rows("SET @x = 1, @y = 'y'");
  t.deepEqual(await client.rows('EXECUTE p USING @x, @y'), [['2', 'y']]);
  t.deepEqual(await client.rows('EXECUTE P USING @x, @nosuch'), [['2', null]]);
  t.is(await client.failure('EXECUTE p'), '1210 HY000');
  t.is(await client.failure('EXECUTE nosuch'), '1243 HY000');
  t.is(await client.failure("PREPARE p FROM 'SELEC 1'"), '1064 42000');
  t.is(await client.failure('EXECUTE p USING @x, @y'), '1243 HY000');
  await client.rows("SET @t = 'INSERT INTO t VALUES (?, 1)', @id = 41");
  await client.rows('PREPARE q FROM @t');
  await client.rows('EXECUTE q USING @id');
  t.deepEqual(await client.column('SELECT a FROM t WHERE id = 41'), ['1']);
  t.is(await client.failure("PREPARE m FROM 'SELECT 1; SELECT 2'"), '1064 42000');
  await client.rows('DROP PREPARE q');
  t.is(await client.failure('DEALLOCATE PREPARE q'), '1243 HY000');
  await client.close();
});

test('KILL ends a connection, its own account only without the privilege', async (t) => {
  const root = await cluster().connect();
  await root.rows("CREATE USER a IDENTIFIED BY 'pw', b IDENTIFIED BY 'pw'");
  const a = await cluster().connect('a', 'pw');
  const b = await cluster().connect('b', 'pw');
  const [idOfA] = await a.column('SELECT CONNECTION_ID()');
  t.is(await b.failure(`KILL ${idOfA}`), '1095 HY000');
  t.is(await b.failure('KILL 999999'), '1094 HY000');
  t.is(await root.failure(`KILL ${idOfA}`), 'ok');
  await t.throwsAsync(a.rows('SELECT 1'));
  t.is(await b.failure('KILL QUERY CONNECTION_ID()'), '1317 70100');
  t.is(await b.failure('SELECT 1'), 'ok');
  await b.close();
  await root.close();
});

test('USE, DO, LOCK TABLES, FLUSH, HELP, and what is refused by its name', async (t) => {
  const client = await cluster().connect();
  t.is(await client.failure('USE nosuch'), '1049 42000');
  await client.rows('USE INFORMATION_SCHEMA');
  t.deepEqual(await client.column('SELECT DATABASE()'), ['information_schema']);
  t.is(await client.failure('LOCK TABLES shop.t WRITE'), 'ok');
  t.deepEqual(
    (await client.rows('SHOW WARNINGS')).map((row) => row.slice(0, 2)),
    [['Note', '1105']],
  );
  for (const sql of ['UNLOCK TABLES', 'FLUSH TABLES', 'FLUSH PRIVILEGES', 'DO 1 + 1', "HELP 'x'"]) {
    t.is(await client.failure(sql), 'ok', sql);
  }
  for (const sql of [
    'FLUSH TABLES WITH READ LOCK',
    'CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 1',
    'CREATE PROCEDURE p() SELECT 1',
    'CREATE FUNCTION f() RETURNS INT RETURN 1',
    'CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1',
  ]) {
    t.is(await client.failure(sql), '1235 42000', sql);
  }
  for (const [sql, expected] of [
    ['SHOW CREATE VIEW shop.v', '1146 42S02'],
    ['SHOW CREATE VIEW shop.t', '1347 HY000'],
    ['SHOW CREATE PROCEDURE p', '1305 42000'],
    ['SHOW CREATE FUNCTION f', '1305 42000'],
    ['SHOW CREATE TRIGGER g', '1360 HY000'],
    ['SHOW CREATE EVENT e', '1539 HY000'],
    ['DROP VIEW shop.v', '1051 42S02'],
    ['DROP VIEW IF EXISTS shop.v', 'ok'],
    ['DROP VIEW shop.t', '1347 HY000'],
    ['DROP TRIGGER shop.g', '1360 HY000'],
    ['DROP TRIGGER IF EXISTS shop.g', 'ok'],
    ['DROP PROCEDURE shop.p', '1305 42000'],
    ['DROP PROCEDURE IF EXISTS shop.p', 'ok'],
    ['DROP FUNCTION IF EXISTS shop.f', 'ok'],
    ['DROP EVENT shop.e', '1539 HY000'],
    ['DROP EVENT IF EXISTS shop.e', 'ok'],
  ] as const) {
    t.is(await client.failure(sql), expected, sql);
  }
  t.is(await client.failure('CALL shop.nosuch()'), '1305 42000');
  await client.close();
});
