// Transactions of several clients, statement by statement beside MariaDB: the same answers.

import test from 'ava';
import mysql from 'mysql2/promise';
import { clusterOfFile, rootPassword } from '#test/aggregator/commands/client-cluster.ts';
import { oracleTests } from '#test/support/oracle-test.ts';

const table = 'CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL)';
const tableInnodb = `${table} ENGINE=InnoDB`;
const rows = 'INSERT INTO t VALUES (1,10),(2,20),(3,30),(4,40),(5,50),(6,60),(7,70),(8,80)';
const all = 'SELECT id, v FROM t ORDER BY id';

const cluster = clusterOfFile(test, ['CREATE DATABASE oracle PARTITIONS 4'], {});
const besideMariadb = oracleTests(test);

/** `a: SQL` in the session a; sessions begin when they are first named. */
const scripts: Readonly<Record<string, readonly string[]>> = {
  'COMMIT and ROLLBACK': [
    'a: BEGIN',
    'a: UPDATE t SET v = v + 1',
    'b: ALL',
    'a: ALL',
    'a: COMMIT',
    'b: ALL',
    'a: START TRANSACTION',
    'a: DELETE FROM t WHERE id > 3',
    'a: ROLLBACK',
    'b: ALL',
    'a: COMMIT',
    'a: ROLLBACK',
  ],
  'BEGIN commits what is open': ['a: BEGIN', 'a: DELETE FROM t WHERE id = 1', 'a: BEGIN', 'b: ALL'],
  'autocommit = 0': [
    'a: SET autocommit = 0',
    'a: SELECT @@autocommit',
    'a: UPDATE t SET v = 0 WHERE id IN (1, 2, 3)',
    'b: ALL',
    'a: ROLLBACK',
    'a: ALL',
    'a: UPDATE t SET v = 1 WHERE id = 1',
    'a: SET autocommit = 1',
    'b: ALL',
    'a: UPDATE t SET v = 2 WHERE id = 1',
    'b: ALL',
  ],
  'autocommit = 0, and setting it again commits nothing': [
    'a: SET autocommit = 0',
    'a: DELETE FROM t WHERE id = 8',
    'a: SET autocommit = 0',
    'b: ALL',
    'a: COMMIT',
    'b: ALL',
  ],
  'autocommit = 1 within BEGIN commits nothing': [
    'a: BEGIN',
    'a: DELETE FROM t WHERE id = 8',
    'a: SET autocommit = 1',
    'b: ALL',
    'a: ROLLBACK',
    'b: ALL',
  ],
  'a definition commits': [
    'a: BEGIN',
    'a: DELETE FROM t WHERE id = 1',
    'a: CREATE TABLE u (id INT PRIMARY KEY)',
    'b: ALL',
    'a: ROLLBACK',
    'b: ALL',
    'a: DROP TABLE u',
  ],
  'a definition that fails commits too': [
    'a: BEGIN',
    'a: DELETE FROM t WHERE id = 1',
    'a: DROP TABLE nowhere',
    'a: ROLLBACK',
    'b: ALL',
  ],
  'a definition that cannot be parsed commits nothing': [
    'a: BEGIN',
    'a: DELETE FROM t WHERE id = 1',
    'a: CREATE TABLE',
    'a: ROLLBACK',
    'b: ALL',
  ],
  'LOCK TABLES commits; UNLOCK TABLES alone does not': [
    'a: BEGIN',
    'a: DELETE FROM t WHERE id = 1',
    'a: UNLOCK TABLES',
    'b: ALL',
    'a: LOCK TABLES t WRITE',
    'a: UNLOCK TABLES',
    'a: ROLLBACK',
    'b: ALL',
  ],
  'accounts, TRUNCATE and RENAME commit': [
    'a: BEGIN',
    'a: DELETE FROM t WHERE id = 1',
    "a: CREATE USER IF NOT EXISTS who@localhost IDENTIFIED BY 'Secret-1'",
    'a: ROLLBACK',
    'b: ALL',
    'a: BEGIN',
    'a: DELETE FROM t WHERE id = 2',
    'a: RENAME TABLE t TO t2',
    'a: RENAME TABLE t2 TO t',
    'a: ROLLBACK',
    'b: ALL',
    'a: BEGIN',
    'a: TRUNCATE TABLE t',
    'a: ROLLBACK',
    'b: ALL',
    'a: DROP USER who@localhost',
  ],
  'a statement that fails leaves nothing of itself, and the transaction goes on': [
    'a: BEGIN',
    'a: INSERT INTO t VALUES (100, 1), (101, 1), (102, 1)',
    'a: INSERT INTO t VALUES (103, 1), (104, 1), (105, 1), (106, 1), (107, 1), (100, 9)',
    'a: ALL',
    'a: INSERT INTO t VALUES (108, NULL)',
    'a: INSERT IGNORE INTO t VALUES (100, 9), (109, 1)',
    'a: COMMIT',
    'b: ALL',
  ],
  'savepoints over partitions': [
    'a: BEGIN',
    'a: UPDATE t SET v = 1 WHERE id = 1',
    'a: SAVEPOINT one',
    'a: UPDATE t SET v = 2 WHERE id IN (2, 3, 4)',
    'a: SAVEPOINT Two',
    'a: UPDATE t SET v = 3',
    'a: ROLLBACK TO two',
    'a: ALL',
    'a: DELETE FROM t',
    'a: ROLLBACK WORK TO SAVEPOINT two',
    'a: ALL',
    'a: RELEASE SAVEPOINT one',
    'a: ROLLBACK TO two',
    'a: ROLLBACK TO one',
    'a: COMMIT',
    'b: ALL',
  ],
  'a savepoint of the same name takes the place of the old one': [
    'a: BEGIN',
    'a: SAVEPOINT s',
    'a: UPDATE t SET v = 1',
    'a: SAVEPOINT s',
    'a: UPDATE t SET v = 2',
    'a: ROLLBACK TO s',
    'a: ALL',
    'a: RELEASE SAVEPOINT s',
    'a: RELEASE SAVEPOINT s',
    'a: ROLLBACK',
    'a: ALL',
  ],
  'a savepoint outside of a transaction': [
    'a: SAVEPOINT s',
    'a: ROLLBACK TO s',
    'a: RELEASE SAVEPOINT s',
    'a: SET autocommit = 0',
    'a: SAVEPOINT s',
    'a: DELETE FROM t WHERE id = 1',
    'a: ROLLBACK TO s',
    'a: ALL',
    'a: COMMIT',
    'a: ROLLBACK TO s',
  ],
  'READ ONLY': [
    'a: START TRANSACTION READ ONLY',
    'a: ALL',
    'a: UPDATE t SET v = 1',
    'a: INSERT INTO t VALUES (9, 9)',
    'a: DELETE FROM t',
    'a: CREATE TABLE u (id INT PRIMARY KEY)',
    'a: UPDATE t SET v = 1 WHERE id = 2',
    'a: COMMIT',
    'a: UPDATE t SET v = 1 WHERE id = 1',
    'a: SET TRANSACTION READ ONLY',
    'a: BEGIN',
    'a: UPDATE t SET v = 2 WHERE id = 1',
    'a: COMMIT',
    'a: BEGIN',
    'a: UPDATE t SET v = 3 WHERE id = 1',
    'a: SET TRANSACTION READ ONLY',
    'a: SET TRANSACTION ISOLATION LEVEL READ COMMITTED',
    'a: COMMIT',
    'a: SET SESSION TRANSACTION READ ONLY',
    'a: UPDATE t SET v = 4 WHERE id = 1',
    'a: START TRANSACTION READ WRITE',
    'a: UPDATE t SET v = 5 WHERE id = 1',
    'a: COMMIT',
    'a: SET SESSION TRANSACTION READ WRITE',
    'b: ALL',
  ],
  'SET TRANSACTION for the next statement alone': [
    'a: SET TRANSACTION READ ONLY',
    'a: UPDATE t SET v = 1 WHERE id = 1',
    'a: UPDATE t SET v = 2 WHERE id = 1',
    'a: ALL',
  ],
  'COMMIT AND CHAIN, ROLLBACK AND CHAIN': [
    'a: BEGIN',
    'a: UPDATE t SET v = 1 WHERE id = 1',
    'a: COMMIT AND CHAIN',
    'a: UPDATE t SET v = 2 WHERE id = 2',
    'b: ALL',
    'a: ROLLBACK AND CHAIN',
    'a: UPDATE t SET v = 3 WHERE id = 3',
    'a: ROLLBACK',
    'b: ALL',
    'a: START TRANSACTION READ ONLY',
    'a: COMMIT AND CHAIN',
    'a: UPDATE t SET v = 1',
    'a: COMMIT AND NO CHAIN NO RELEASE',
    'a: UPDATE t SET v = 9 WHERE id = 4',
    'b: ALL',
    'a: COMMIT AND CHAIN RELEASE',
  ],
  'a lock is waited for, and the statement alone is taken back': [
    'a: BEGIN',
    'a: UPDATE t SET v = 1 WHERE id = 1',
    'b: SET innodb_lock_wait_timeout = 1',
    'b: BEGIN',
    'b: UPDATE t SET v = 5 WHERE id = 5',
    'b: UPDATE t SET v = 2 WHERE id = 1',
    'b: SELECT v FROM t WHERE id = 5',
    'b: SELECT v FROM t WHERE id = 1 FOR UPDATE',
    'a: COMMIT',
    'b: UPDATE t SET v = v + 100 WHERE id = 1',
    'b: COMMIT',
    'a: ALL',
  ],
  'SELECT … FOR UPDATE and its kin lock': [
    'b: SET innodb_lock_wait_timeout = 1',
    'a: BEGIN',
    'a: SELECT v FROM t WHERE id = 1 FOR UPDATE',
    'b: UPDATE t SET v = 2 WHERE id = 1',
    'b: SELECT v FROM t WHERE id = 1',
    'a: COMMIT',
    'a: BEGIN',
    'a: SELECT SUM(v) FROM t FOR UPDATE',
    'b: UPDATE t SET v = 3 WHERE id = 2',
    'a: ROLLBACK',
    'a: BEGIN',
    'a: SELECT v FROM t WHERE id = 1 LOCK IN SHARE MODE',
    'b: UPDATE t SET v = 2 WHERE id = 1',
    'a: ROLLBACK',
    'b: UPDATE t SET v = 4 WHERE id = 1',
    'a: BEGIN',
    'a: SELECT COUNT(*), v FROM t GROUP BY v ORDER BY v LIMIT 2 FOR UPDATE',
    'b: UPDATE t SET v = 3 WHERE id = 7',
    'a: ROLLBACK',
    'a: ALL',
  ],
  'WITH CONSISTENT SNAPSHOT and isolation levels are taken': [
    'a: START TRANSACTION WITH CONSISTENT SNAPSHOT',
    'a: ALL',
    'a: COMMIT',
    'a: SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
    'a: SELECT @@tx_isolation',
    'a: SET TRANSACTION ISOLATION LEVEL REPEATABLE READ',
    'a: SELECT @@tx_isolation',
    'a: BEGIN',
    'a: UPDATE t SET v = 1',
    'a: COMMIT',
    'b: ALL',
  ],
};

interface Answerer {
  answer(session: string, sql: string): Promise<string>;
  close(): void;
}

/** Answers as one text: rows, or the number of rows changed, or the errno. */
function answerer(open: () => Promise<mysql.Connection>): Answerer {
  const sessions = new Map<string, mysql.Connection>();
  return {
    async answer(name, sql) {
      const session = sessions.get(name) ?? (await open());
      sessions.set(name, session);
      try {
        const [result] = await session.query(sql);
        if (Array.isArray(result)) return JSON.stringify(result);
        return `ok ${result.affectedRows}`;
      } catch (error) {
        return `error ${(error as { errno?: number }).errno}`;
      }
    },
    close() {
      for (const session of sessions.values()) session.destroy();
    },
  };
}

for (const [title, script] of Object.entries(scripts)) {
  besideMariadb(`transaction: ${title}`, async (t, oracle) => {
    const login = { user: 'root', database: 'oracle', rowsAsArray: true, dateStrings: true };
    const theirs = answerer(() =>
      mysql.createConnection({ ...login, socketPath: oracle.socketPath }),
    );
    const { port } = cluster();
    const place = { host: '127.0.0.1', port, password: rootPassword };
    const ours = answerer(() => mysql.createConnection({ ...login, ...place }));
    t.teardown(() => theirs.close());
    t.teardown(() => ours.close());
    for (const sql of ['DROP TABLE IF EXISTS t', 'DROP TABLE IF EXISTS u', tableInnodb, rows]) {
      await theirs.answer('root', sql);
      await ours.answer('root', sql);
    }
    for (const line of script) {
      const [session = '', text = ''] = line.split(/: (.*)/s);
      const sql = text === 'ALL' ? all : text;
      const [expected, actual] = await Promise.all([
        theirs.answer(session, sql),
        ours.answer(session, sql),
      ]);
      t.is(actual, expected, `${title}: ${line}`);
    }
  });
}
