// ALTER TABLE that changes where rows live: keys and types change, and every row is found again.

import test, { type ExecutionContext } from 'ava';
import type { DatabaseError } from '#shared/error.ts';
import { runSql } from '#test/support/run-sql.ts';
import { openTestCluster } from '#test/support/test-cluster.ts';

async function openShop(t: ExecutionContext) {
  const cluster = await openTestCluster();
  t.teardown(() => cluster.close());
  const session = cluster.session();
  const run = (sql: string) => runSql(cluster.engine, session, sql);
  await run('CREATE DATABASE shop PARTITIONS 4');
  session.database = 'shop';
  return {
    run,
    spread: (table: string) => {
      const found = cluster.context.catalog.database('shop').tables[table];
      return `${found?.spread} ${found?.shardKey.join()}`.trim();
    },
    rows: async (sql: string) => (await run(sql)).rows.map((row) => row.join()),
    refusal: async (sql: string) => {
      const error = await t.throwsAsync<DatabaseError>(run(sql));
      return `${error?.errno}`;
    },
    message: async (sql: string) => (await t.throwsAsync(run(sql)))?.message,
  };
}

const ids = Array.from({ length: 40 }, (_, index) => index + 1);

test('alter moves: keys, numbers and foreign keys added after the rows, as dumps do', async (t) => {
  const { run, rows, spread, refusal, message } = await openShop(t);
  await run("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'");
  await run('CREATE TABLE author (id INT NOT NULL, name VARCHAR(50) NOT NULL)');
  await run(`INSERT INTO author VALUES (0, 'nobody'), ${ids.map((id) => `(${id}, 'a${id}')`)}`);
  await run('CREATE TABLE book (id INT NOT NULL, author_id INT, title VARCHAR(50))');
  await run(`INSERT INTO book VALUES ${ids.map((id) => `(${id}, ${id % 7}, 'it''s')`)}`);
  await run('ALTER TABLE author ADD PRIMARY KEY (id), ADD KEY by_name (name)');
  await run('ALTER TABLE book ADD PRIMARY KEY (id), ADD KEY author_id (author_id)');
  t.is(spread('author'), 'sharded id');
  for (const id of [0, 1, 17, 40]) {
    t.deepEqual(await rows(`SELECT id FROM author WHERE id = ${id}`), [`${id}`]);
  }
  t.is(await refusal("INSERT INTO author VALUES (17, 'again')"), '1062');
  await run('ALTER TABLE author MODIFY id INT NOT NULL AUTO_INCREMENT');
  await run("INSERT INTO author (name) VALUES ('next')");
  // The rows had hidden numbers of the same sequence before, and one more of them.
  t.deepEqual(await rows("SELECT id FROM author WHERE name = 'next'"), ['42']);
  t.deepEqual(await rows("SELECT id FROM author WHERE name = 'nobody'"), ['0']);
  await run('ALTER TABLE book MODIFY id INT NOT NULL AUTO_INCREMENT, AUTO_INCREMENT = 100');
  await run("INSERT INTO book (author_id, title) VALUES (NULL, 'no author'), (99, 'lost')");
  t.deepEqual(await rows('SELECT id FROM book WHERE id > 40 ORDER BY id'), ['100', '101']);

  const key = 'CONSTRAINT by_author FOREIGN KEY (author_id) REFERENCES author (id)';
  t.regex(String(await message(`ALTER TABLE book ADD ${key}`)), /CONSTRAINT `by_author` FOREIGN/);
  t.is(await refusal(`ALTER TABLE book ADD ${key}`), '1452');
  t.is(spread('author'), 'sharded id', 'taken back');
  t.is(spread('book'), 'sharded id');
  t.deepEqual(await rows('SELECT COUNT(*) FROM author JOIN book ON author.id = author_id'), ['40']);
  await run("DELETE FROM book WHERE title = 'lost'");
  await run(`ALTER TABLE book ADD ${key} ON DELETE CASCADE`);
  t.is(spread('author'), 'single');
  t.is(spread('book'), 'single');
  t.is(await refusal("INSERT INTO book VALUES (7000, 99, 'x')"), '1452');
  await run('DELETE FROM author WHERE id = 3');
  t.deepEqual(await rows('SELECT COUNT(*) FROM book WHERE author_id = 3'), ['0']);
  await run('ALTER TABLE book DROP FOREIGN KEY by_author');
  t.is(spread('book'), 'single', 'it stays where it is');
  await run("INSERT INTO book VALUES (7000, 99, 'x')");
});

test('alter moves: another type of the shard key, and every row is found by it', async (t) => {
  const { run, rows, spread, refusal } = await openShop(t);
  await run('CREATE TABLE t (id INT PRIMARY KEY, v INT)');
  await run(`INSERT INTO t VALUES ${ids.map((id) => `(${id}, ${id * 2})`)}`);
  await run('ALTER TABLE t MODIFY id VARCHAR(20)');
  for (const id of ids)
    t.deepEqual(await rows(`SELECT v FROM t WHERE id = '${id}'`), [`${id * 2}`]);
  await run("INSERT INTO t VALUES ('Ab', 0)");
  t.deepEqual(await rows("SELECT v FROM t WHERE id = 'aB'"), ['0']);
  await run('ALTER TABLE t MODIFY id VARCHAR(20) COLLATE utf8mb4_bin');
  t.deepEqual(await rows("SELECT v FROM t WHERE id = 'Ab'"), ['0']);
  t.deepEqual(await rows("SELECT v FROM t WHERE id = 'aB'"), []);
  t.is(await refusal('ALTER TABLE t MODIFY id INT'), '1366');
  await run("DELETE FROM t WHERE id = 'Ab'");
  await run('ALTER TABLE t CHANGE id number DECIMAL(10,2) NOT NULL');
  for (const id of ids)
    t.deepEqual(await rows(`SELECT v FROM t WHERE number = ${id}`), [`${id * 2}`]);
  t.is(spread('t'), 'sharded number');
});

test('alter moves: primary keys go, come and change; numbers are given', async (t) => {
  const { run, rows, spread, refusal } = await openShop(t);
  await run('CREATE TABLE t (a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (a))');
  await run(`INSERT INTO t VALUES ${ids.map((id) => `(${id}, ${id % 5})`)}`);
  await run('ALTER TABLE t DROP PRIMARY KEY');
  await run('INSERT INTO t VALUES (1, 1), (1, 1)');
  t.deepEqual(await rows('SELECT COUNT(*) FROM t WHERE a = 1'), ['3']);
  t.is(await refusal('ALTER TABLE t ADD PRIMARY KEY (b, a)'), '1062');
  t.deepEqual(await rows('SELECT COUNT(*), SUM(a) FROM t'), ['42,822']);
  await run('DELETE FROM t WHERE a = 1');
  await run('INSERT INTO t VALUES (1, 1)');
  t.is(await refusal('ALTER TABLE t ADD PRIMARY KEY (b)'), '1062');
  await run('ALTER TABLE t ADD PRIMARY KEY (b, a)');
  t.deepEqual(await rows('SELECT a FROM t WHERE b = 2 AND a = 7'), ['7']);
  t.is(spread('t'), 'sharded a', 'the old shard key is part of the new key');
  await run('CREATE TABLE n (v VARCHAR(9))');
  for (const id of ids.slice(0, 9)) await run(`INSERT INTO n VALUES ('v${id}')`);
  await run('ALTER TABLE n ADD id INT AUTO_INCREMENT PRIMARY KEY FIRST');
  const numbered = ids.slice(0, 9).map((id) => `${id},v${id}`);
  t.deepEqual(await rows('SELECT * FROM n ORDER BY id'), numbered);
  await run("INSERT INTO n (v) VALUES ('next')");
  t.deepEqual(await rows("SELECT id FROM n WHERE v = 'next'"), ['10']);
  await run('CREATE TABLE z (id INT NOT NULL, KEY (id))');
  await run('INSERT INTO z VALUES (0), (0), (5)');
  await run('ALTER TABLE z MODIFY id INT NOT NULL AUTO_INCREMENT');
  t.deepEqual(await rows('SELECT id FROM z ORDER BY id'), ['5', '6', '7']);
});

test('alter moves: many rows are numbered in the order of their key', async (t) => {
  const { run, rows } = await openShop(t);
  await run('CREATE TABLE n (id INT PRIMARY KEY, a INT NULL)');
  const many = Array.from({ length: 2500 }, (_, index) => `(${3 * (2499 - index)}, NULL)`);
  await run(`INSERT INTO n VALUES ${many}, (-5, 7)`);
  await run('ALTER TABLE n MODIFY a INT NOT NULL AUTO_INCREMENT, ADD UNIQUE KEY by_a (a)');
  // Above what was given, which stays; the least key has the first number.
  t.deepEqual(await rows('SELECT count(*), sum(a = 8 + id / 3) FROM n WHERE id >= 0'), [
    '2500,2500',
  ]);
  t.deepEqual(await rows('SELECT a FROM n WHERE id = -5'), ['7']);
  await run('INSERT INTO n (id) VALUES (-6)');
  t.deepEqual(await rows('SELECT a FROM n WHERE id = -6'), ['2508']);
});

test('alter moves: a unique key that the shard key is no part of; a rename apart', async (t) => {
  const { run, rows, spread, refusal } = await openShop(t);
  await run('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))');
  await run(`INSERT INTO t VALUES ${ids.map((id) => `(${id}, 'v${id}')`)}, (99, 'V1')`);
  t.is(await refusal('ALTER TABLE t ADD UNIQUE KEY (v)'), '1062');
  t.is(spread('t'), 'sharded id');
  t.deepEqual(await rows('SELECT COUNT(*) FROM t'), ['41']);
  await run('DELETE FROM t WHERE id = 99');
  t.is(await refusal('ALTER TABLE t ADD UNIQUE KEY (v), RENAME TO u'), '1235');
  await run('ALTER TABLE t ADD UNIQUE KEY (v), MODIFY id BIGINT UNSIGNED');
  t.is(spread('t'), 'single');
  t.is(await refusal("INSERT INTO t VALUES (50, 'V7')"), '1062');
  t.deepEqual(await rows("SELECT id FROM t WHERE v = 'V7'"), ['7']);
  await run('ALTER TABLE t DROP KEY v');
  await run("INSERT INTO t VALUES (50, 'V7')");
  t.deepEqual(await rows('SELECT id FROM t WHERE id = 50'), ['50']);
});
