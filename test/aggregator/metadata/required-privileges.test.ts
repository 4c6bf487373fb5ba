// What each kind of statement needs, as lines of `privileges @ database.table`.

import test from 'ava';
import { requiredPrivileges } from '#aggregator/metadata/required-privileges.ts';
import { defaultParserOptions, parseStatements } from '#aggregator/parser/parser.ts';

function needs(sql: string): string[] {
  const [parsed] = parseStatements(sql, defaultParserOptions);
  if (parsed === undefined) throw new Error('no statement');
  const lines = requiredPrivileges(parsed.statement, 'd').map(
    ({ anyOf, database, table }) => `${anyOf.join('|')} @ ${database ?? '*'}.${table ?? '*'}`,
  );
  return [...new Set(lines)].sort();
}

const cases: readonly (readonly [sql: string, needs: readonly string[]])[] = [
  ['SELECT 1', []],
  ["EXPLAIN REPLICATE DATABASE s FROM u:'p'@h", ['CREATE DATABASE|CLUSTER @ s.*']],
  ['EXPLAIN STOP REPLICATING s', ['SHOW METADATA|CLUSTER|SUPER @ *.*']],
  ['FLUSH TABLES WITH READ ONLY', ['RELOAD|SUPER @ *.*']],
  ["MOVE PARTITION s:1 TO 'h':1", ['CLUSTER|SUPER @ *.*']],
  ["REMOVE LEAF 'h':1", ['CLUSTER|SUPER @ *.*']],
  ['REBALANCE PARTITIONS ON s', ['CLUSTER|SUPER @ *.*']],
  ['SELECT * FROM t, e.u', ['SELECT @ d.t', 'SELECT @ e.u']],
  ['SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u)', ['SELECT @ d.t', 'SELECT @ d.u']],
  ['SELECT 1 FROM t ORDER BY (SELECT a FROM u)', ['SELECT @ d.t', 'SELECT @ d.u']],
  ['WITH c AS (SELECT * FROM t) SELECT * FROM c', ['SELECT @ d.t']],
  ['WITH t AS (SELECT 1) SELECT * FROM d.t', ['SELECT @ d.t']],
  // In its own query a name of WITH is the table's still, and so is that of one behind it.
  ['WITH t AS (SELECT * FROM t) SELECT * FROM T', ['SELECT @ d.t']],
  ['WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM b', ['SELECT @ d.b']],
  ['WITH RECURSIVE t AS (SELECT 1 UNION SELECT * FROM t) SELECT * FROM t', []],
  ['SELECT * FROM (WITH c AS (SELECT 1) SELECT * FROM c) d, c', ['SELECT @ d.c']],
  ['INSERT INTO t WITH u AS (SELECT * FROM u) SELECT * FROM u', ['INSERT @ d.t', 'SELECT @ d.u']],
  [
    'WITH u AS (SELECT * FROM u) UPDATE t SET a = 1 WHERE b IN (SELECT b FROM u)',
    ['SELECT @ d.t', 'SELECT @ d.u', 'UPDATE @ d.t'],
  ],
  [
    'WITH c AS (SELECT 1 b) DELETE FROM t WHERE b IN (SELECT b FROM c)',
    ['DELETE @ d.t', 'SELECT @ d.t'],
  ],
  ['SELECT * FROM t FOR UPDATE', ['SELECT @ d.t', 'UPDATE|DELETE|LOCK TABLES @ d.t']],
  ['INSERT INTO t VALUES (1)', ['INSERT @ d.t']],
  ['INSERT INTO t SELECT * FROM u', ['INSERT @ d.t', 'SELECT @ d.u']],
  ['INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 2', ['INSERT @ d.t', 'UPDATE @ d.t']],
  ['REPLACE INTO t VALUES (1)', ['DELETE @ d.t', 'INSERT @ d.t']],
  ['UPDATE t SET a = 1', ['UPDATE @ d.t']],
  ['UPDATE t SET a = b', ['SELECT @ d.t', 'UPDATE @ d.t']],
  ['UPDATE t SET a = 1 WHERE b = 2', ['SELECT @ d.t', 'UPDATE @ d.t']],
  ['UPDATE t x JOIN u SET x.a = 1', ['SELECT @ d.t', 'SELECT @ d.u', 'UPDATE @ d.t']],
  ['UPDATE t JOIN u SET a = 1', ['SELECT @ d.t', 'SELECT @ d.u', 'UPDATE @ d.t', 'UPDATE @ d.u']],
  ['DELETE FROM t', ['DELETE @ d.t']],
  ['DELETE x FROM t x JOIN u', ['DELETE @ d.t', 'SELECT @ d.t', 'SELECT @ d.u']],
  ['CREATE TABLE n (a INT REFERENCES p (id))', ['CREATE @ d.n', 'REFERENCES @ d.p']],
  ['CREATE TABLE n LIKE t', ['CREATE @ d.n', 'SELECT @ d.t']],
  ['CREATE TABLE n AS SELECT * FROM t', ['CREATE @ d.n', 'INSERT @ d.n', 'SELECT @ d.t']],
  ['ALTER TABLE t ADD a INT', ['ALTER @ d.t']],
  ['ALTER TABLE t RENAME u', ['ALTER @ d.t', 'CREATE @ d.u', 'DROP @ d.t', 'INSERT @ d.u']],
  ['DROP TABLE t, e.u', ['DROP @ d.t', 'DROP @ e.u']],
  ['TRUNCATE t', ['DROP @ d.t']],
  ['CREATE INDEX i ON t (a)', ['INDEX @ d.t']],
  ['CREATE DATABASE n', ['CREATE|CREATE DATABASE @ n.*']],
  ['DROP DATABASE n', ['DROP|DROP DATABASE @ n.*']],
  ['EXPLAIN DELETE FROM t', ['DELETE @ d.t']],
  ['SET @a = (SELECT a FROM t)', ['SELECT @ d.t']],
  ['SET GLOBAL autocommit = 1', ['SUPER|SYSTEM_VARIABLES_ADMIN @ *.*']],
  ['SET autocommit = 1', []],
  ["SET PASSWORD = 'x'", []],
  ["SET PASSWORD FOR u = 'x'", ['CREATE USER @ *.*']],
  ['SHOW TABLES', ['ANY|SHOW METADATA|CLUSTER|SUPER @ d.*']],
  ['SHOW VARIABLES WHERE (SELECT 1 FROM t)', ['SELECT @ d.t']],
  ['SHOW GRANTS', []],
  ['SHOW GRANTS FOR u', ['CREATE USER|SUPER @ *.*']],
  ['DESCRIBE t', ['ANY @ d.t']],
  ['BEGIN', []],
  ["BACKUP DATABASE d TO '/x'", ['BACKUP|SUPER @ d.*']],
  ['LOCK TABLES t READ', ['LOCK TABLES @ d.t', 'SELECT @ d.t']],
  ['ANALYZE TABLE t', ['INSERT @ d.t', 'SELECT @ d.t']],
  ['DO (SELECT a FROM t)', ['SELECT @ d.t']],
];

for (const [sql, wanted] of cases) {
  test(`needs: ${sql}`, (t) => {
    t.deepEqual(needs(sql), [...wanted].sort());
  });
}
