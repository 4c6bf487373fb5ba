// Definitions on real partitions: tables that change their shape, or the place of their rows.

import test, { type ExecutionContext } from 'ava';
import type { DatabaseError } from '#shared/error.ts';
import { runSql } from '#test/support/run-sql.ts';
import { openTestCluster } from '#test/support/test-cluster.ts';

async function openShop(t: ExecutionContext) {
  const cluster = await openTestCluster();
  t.teardown(() => cluster.close());
  const session = cluster.session();
  const run = (sql: string) => runSql(cluster.engine, session, sql);
  await run('CREATE DATABASE shop PARTITIONS 3');
  session.database = 'shop';
  return {
    run,
    tables: () => Object.keys(cluster.context.catalog.database('shop').tables).sort(),
    rows: async (sql: string) => (await run(sql)).rows.map((row) => row.join()),
    errno: async (sql: string) => (await t.throwsAsync<DatabaseError>(run(sql)))?.errno,
  };
}

test('foreign key to a spread table: its rows move into one partition first', async (t) => {
  const { run, rows, errno } = await openShop(t);
  await run('CREATE TABLE actor (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20))');
  await run("INSERT INTO actor (name) VALUES ('a'), ('b'), ('c'), ('d'), ('it''s'), ('f')");
  const before = await rows('SELECT * FROM actor ORDER BY id');
  await run(
    `CREATE TABLE role (film INT, actor INT, PRIMARY KEY (film, actor),
      FOREIGN KEY (actor) REFERENCES actor (id) ON DELETE CASCADE)`,
  );
  t.deepEqual(await rows('SELECT * FROM actor ORDER BY id'), before);
  await run('INSERT INTO role VALUES (1, 1), (1, 2), (2, 3)');
  t.is(await errno('INSERT INTO role VALUES (9, 99)'), 1452);
  await run('DELETE FROM actor WHERE id = 1');
  t.deepEqual(await rows('SELECT film, actor FROM role ORDER BY film'), ['1,2', '2,3']);
  await run("INSERT INTO actor (name) VALUES ('g')");
  t.deepEqual(await rows("SELECT id FROM actor WHERE name = 'G'"), ['7']);
  t.is(await errno('TRUNCATE TABLE actor'), 1701);
  t.is(await errno('DROP TABLE actor'), 3730);
});

test('alter table: columns and keys change, and the rows with them', async (t) => {
  const { run, rows, tables } = await openShop(t);
  await run('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10), n INT)');
  await run("INSERT INTO t VALUES (1, '12', 5), (2, '34', 6), (3, NULL, 7)");
  await run('ALTER TABLE t MODIFY v INT, ADD COLUMN c INT NOT NULL DEFAULT 7 AFTER id, DROP n');
  t.deepEqual(await rows('SELECT * FROM t ORDER BY id'), ['1,7,12', '2,7,34', '3,7,']);
  await run('ALTER TABLE t RENAME COLUMN v TO w, ADD INDEX by_w (w), RENAME TO u');
  t.deepEqual(await rows('SELECT w + 1 FROM u WHERE w = 34'), ['35']);
  t.deepEqual(tables(), ['u']);
  await run('TRUNCATE u');
  t.deepEqual(await rows('SELECT COUNT(*) FROM u'), ['0']);
});

test('alter table: refused by the rows of one partition: nothing has changed', async (t) => {
  const { run, rows, errno } = await openShop(t);
  await run('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))');
  await run("INSERT INTO t VALUES (1, '1'), (2, '2'), (3, '3'), (4, 'x')");
  t.is(await errno('ALTER TABLE t MODIFY v INT'), 1366);
  t.is(await errno('ALTER TABLE t MODIFY id TINYINT, MODIFY v VARCHAR(0)'), 1406);
  t.deepEqual(await rows('SELECT v FROM t ORDER BY id'), ['1', '2', '3', 'x']);
  await run("INSERT INTO t VALUES (5, 'still text')");
  t.is(await errno('ALTER TABLE t ADD COLUMN e INT DEFAULT (1 + 1)'), 1235);
  await run('CREATE TABLE s (a INT, b INT, SHARD KEY (a))');
  await run('INSERT INTO s VALUES (1, 1), (2, 2), (2, 2), (3, 3)');
  t.is(await errno('ALTER TABLE s ADD UNIQUE KEY k (a, b)'), 1062);
  await run('INSERT INTO s VALUES (1, 1)');
  t.deepEqual(await rows('SELECT COUNT(*) FROM s'), ['5']);
});

test('create and drop: IF EXISTS notes, IF NOT EXISTS keeps, a bad name is refused', async (t) => {
  const { run, tables, errno } = await openShop(t);
  await run('CREATE TABLE t (id INT PRIMARY KEY)');
  t.is(await errno('CREATE TABLE t (id INT)'), 1050);
  await run('CREATE TABLE IF NOT EXISTS t (other INT)');
  await run('CREATE TABLE copy LIKE t');
  t.deepEqual(tables(), ['copy', 't']);
  t.is(await errno('DROP TABLE t, missing'), 1051);
  await run('DROP TABLE IF EXISTS t, missing');
  t.deepEqual(tables(), ['copy']);
  t.is(await errno('CREATE DATABASE shop'), 1007);
  t.is(await errno('CREATE DATABASE mysql'), 1007);
  t.is(await errno('CREATE DATABASE big PARTITIONS 5000'), 1235);
  await run('DROP DATABASE shop');
  t.is(await errno('SELECT * FROM shop.copy'), 1049);
});

test('create and alter: zero dates as defaults, where the sql_mode takes them', async (t) => {
  const { run, rows, errno } = await openShop(t);
  const column = "DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00'";
  t.is(await errno(`CREATE TABLE t (id INT PRIMARY KEY, at ${column})`), 1067);
  await run("SET sql_mode = 'NO_ENGINE_SUBSTITUTION'");
  await run(`CREATE TABLE t (id INT PRIMARY KEY, at ${column})`);
  await run('INSERT INTO t (id) VALUES (1)');
  await run(`ALTER TABLE t ADD until ${column}`);
  t.deepEqual(await rows('SELECT * FROM t'), ['1,0000-00-00 00:00:00,0000-00-00 00:00:00']);
  await run('SET sql_mode = DEFAULT');
  t.is(await errno(`ALTER TABLE t ADD more ${column}`), 1067);
});

test('a table may be called as what every object of the language has', async (t) => {
  const { run, rows, tables, errno } = await openShop(t);
  for (const name of ['constructor', 'toString', 'hasOwnProperty']) {
    t.is(await errno(`SELECT * FROM ${name}`), 1146);
    t.is(await errno(`INSERT INTO ${name} VALUES (1)`), 1146);
    t.is(await errno(`DROP TABLE ${name}`), 1051);
    t.is(await errno(`DROP VIEW ${name}`), 1051);
    t.is(await errno(`ALTER TABLE ${name} ADD a INT`), 1146);
    await run(`CREATE TABLE ${name} (id INT PRIMARY KEY)`);
    await run(`INSERT INTO ${name} VALUES (1)`);
    t.deepEqual(await rows(`SELECT * FROM ${name}`), ['1']);
  }
  t.is(await errno('CREATE TABLE `__proto__` (id INT)'), 1103);
  t.is(await errno('SELECT * FROM `__proto__`'), 1146);
  t.is(await errno('DROP TABLE `__proto__`'), 1051);
  t.deepEqual(tables(), ['constructor', 'hasOwnProperty', 'toString']);
});

test('create table … select: refused rows take the table away, autocommit or not', async (t) => {
  const { run, rows, tables, errno } = await openShop(t);
  await run('SET autocommit = 0');
  t.is(await errno('CREATE TABLE a (id INT PRIMARY KEY) SELECT 1 AS id UNION ALL SELECT 1'), 1062);
  t.deepEqual(tables(), []);
  await run('CREATE TABLE a (id INT PRIMARY KEY) SELECT 1 AS id');
  await run('ROLLBACK');
  t.deepEqual(await rows('SELECT * FROM a'), ['1']);
});
