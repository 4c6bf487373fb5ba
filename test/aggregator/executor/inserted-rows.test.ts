// The numbers an INSERT answers with: those of rows that were put in, or of the row that was met.

import test from 'ava';
import { runSql } from '#test/support/run-sql.ts';
import { openTestCluster } from '#test/support/test-cluster.ts';

test('insert: its number and LAST_INSERT_ID() are those that MySQL gives', async (t) => {
  const cluster = await openTestCluster();
  t.teardown(() => cluster.close());
  const session = cluster.session();
  const run = (sql: string) => runSql(cluster.engine, session, sql);
  await run('CREATE DATABASE shop PARTITIONS 3');
  session.database = 'shop';
  await run('CREATE TABLE u (id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(9) UNIQUE, n INT)');
  await run('CREATE TABLE s (id INT AUTO_INCREMENT PRIMARY KEY, n INT)');
  await run('CREATE TABLE plain (id INT PRIMARY KEY, n INT)');
  /** Affected rows, the packet's number, LAST_INSERT_ID(): MariaDB's answers, but for gaps. */
  const expected: readonly (readonly [sql: string, answer: string])[] = [
    ["INSERT INTO u (email) VALUES ('a')", '1 1 1'],
    ["INSERT INTO u (email) VALUES ('b')", '1 2 2'],
    ["INSERT INTO u (email) VALUES ('A') ON DUPLICATE KEY UPDATE n = 1", '2 1 2'],
    ["INSERT INTO u (email) VALUES ('a') ON DUPLICATE KEY UPDATE n = 1", '0 0 2'],
    ["INSERT IGNORE INTO u (email) VALUES ('a')", '0 0 2'],
    ["INSERT INTO u (id, email) VALUES (70, 'q')", '1 70 2'],
    ["INSERT INTO u (email) VALUES ('c')", '1 71 71'],
    ["INSERT INTO u (id, email) VALUES (75, 'd'), (72, 'e')", '2 72 71'],
    // The first number went with the row that was met.
    ["INSERT INTO u (email) VALUES ('a'), ('f') ON DUPLICATE KEY UPDATE n = n + 1", '3 77 77'],
    ["INSERT IGNORE INTO u (email) VALUES ('a'), ('g')", '1 79 79'],
    ["REPLACE INTO u (email) VALUES ('a')", '2 80 80'],
    ['INSERT INTO s (n) VALUES (1), (2), (3), (4), (5), (6)', '6 1 1'],
    ['INSERT INTO s (n) SELECT n FROM s WHERE n < 3', '2 7 7'],
    ['INSERT INTO s VALUES (3, 1) ON DUPLICATE KEY UPDATE n = 9', '2 3 7'],
    ['INSERT INTO plain VALUES (5, 5)', '1 0 7'],
  ];
  for (const [sql, answer] of expected) {
    const { affectedRows, insertId } = await run(sql);
    const last = (await run('SELECT LAST_INSERT_ID()')).rows[0]?.[0];
    t.is(`${affectedRows} ${insertId} ${last}`, answer, sql);
  }
});
