// The engine as the front door uses it: several statements, parameters, what a session remembers.

import test from 'ava';
import type { Session } from '#aggregator/session.ts';
import { DatabaseError } from '#shared/error.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import { runSql } from '#test/support/run-sql.ts';
import { openTestCluster, type TestCluster } from '#test/support/test-cluster.ts';

let cluster: TestCluster;

const run = (session: Session, text: string, parameters: readonly SourceValue[] = []) =>
  runSql(cluster.engine, session, text, parameters);

function sessionOf(options: { readonly foundRows?: boolean } = {}): Session {
  const session = cluster.session(options);
  session.database = 'shop';
  return session;
}

const double = (value: number): SourceValue => ({
  type: { kind: 'double', unsigned: false },
  value,
});
const text = (value: string): SourceValue => ({
  type: { kind: 'string', form: 'varchar', length: 20, collation: 'utf8mb4_general_ci' },
  value,
});

test.before(async () => {
  cluster = await openTestCluster();
  const session = cluster.session();
  await run(session, 'CREATE DATABASE shop PARTITIONS 4');
  session.database = 'shop';
  await run(session, 'CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b VARCHAR(20))');
  await run(session, "INSERT INTO t VALUES (1, 10, 'one'), (2, 20, 'two'), (3, 30, 'three')");
});

test.after.always(async () => {
  await cluster.close();
});

test('engine: several statements answer one after the other, and stop at an error', async (t) => {
  const session = sessionOf();
  session.multiStatements = true;
  const seen: string[] = [];
  const results = cluster.engine.execute(session, 'SELECT 1; SELECT nothing; SELECT 3');
  const error = await t.throwsAsync(
    async () => {
      for await (const result of results) {
        seen.push(result.kind);
        if (result.kind === 'rows') for await (const batch of result.rows) seen.push(`${batch}`);
      }
    },
    { instanceOf: DatabaseError },
  );
  t.is(error?.errno, 1054);
  t.deepEqual(seen, ['rows', '1']);
});

test('engine: a second statement is refused where the client did not ask for it', async (t) => {
  const session = sessionOf();
  const error = await t.throwsAsync(run(session, 'DELETE FROM t; SELECT 2'), {
    instanceOf: DatabaseError,
  });
  t.is(error?.errno, 1064);
  t.is((await run(session, 'SELECT COUNT(*) > 2 FROM t')).rows[0]?.[0], '1');
});

test('engine: parameters name partitions, though a driver sends doubles', async (t) => {
  const session = sessionOf();
  const explained = await run(session, 'EXPLAIN SELECT b FROM t WHERE id = ?', [double(2)]);
  t.regex(String(explained.rows[0]?.[0]), /^router/);
  const answer = await run(session, 'SELECT b FROM t WHERE id = ? AND b = ?', [
    double(2),
    text('TWO'),
  ]);
  t.deepEqual(answer.rows, [['two']]);
  const limited = await run(session, 'SELECT id FROM t ORDER BY id LIMIT ?', [double(1)]);
  t.deepEqual(limited.rows, [['1']]);
});

test('engine: a missing parameter is an error', async (t) => {
  await t.throwsAsync(run(sessionOf(), 'SELECT ?'), { instanceOf: DatabaseError });
});

test('engine: prepare tells the parameters and the columns', async (t) => {
  const shape = await cluster.engine.prepare(sessionOf(), 'SELECT id, b AS x FROM t WHERE a = ?');
  t.is(shape.parameterCount, 1);
  t.deepEqual(
    shape.columns.map(({ name, originalName }) => `${name} ${originalName}`),
    ['id id', 'x b'],
  );
  const insert = await cluster.engine.prepare(sessionOf(), 'INSERT INTO t (a) VALUES (?)');
  t.deepEqual(insert, { parameterCount: 1, columns: [] });
});

test('engine: prepare refuses what cannot be resolved', async (t) => {
  await t.throwsAsync(cluster.engine.prepare(sessionOf(), 'SELECT nothing FROM t'), {
    instanceOf: DatabaseError,
  });
});

test.serial('engine: a session remembers numbers, rows found and rows changed', async (t) => {
  const session = sessionOf();
  await run(session, 'CREATE TABLE numbers (id INT AUTO_INCREMENT PRIMARY KEY, a INT)');
  await run(session, 'INSERT INTO numbers (a) VALUES (1), (2), (3)');
  t.is(session.lastInsertId, 1n);
  t.deepEqual((await run(session, 'SELECT ROW_COUNT(), LAST_INSERT_ID()')).rows, [['3', '1']]);
  await run(session, 'SELECT id FROM numbers WHERE id > 1');
  t.deepEqual((await run(session, 'SELECT FOUND_ROWS(), ROW_COUNT()')).rows, [['2', '-1']]);
  const some = 'SELECT SQL_CALC_FOUND_ROWS id FROM numbers ORDER BY id LIMIT 1, 1';
  t.deepEqual((await run(session, some)).rows, [['2']]);
  t.deepEqual((await run(session, 'SELECT FOUND_ROWS()')).rows, [['3']]);
});

test('engine: CLIENT_FOUND_ROWS counts what an UPDATE matched', async (t) => {
  const update = 'UPDATE t SET a = 10 WHERE id = 1';
  t.is((await run(sessionOf(), update)).affectedRows, 0);
  t.is((await run(sessionOf({ foundRows: true }), update)).affectedRows, 1);
});

test('engine: SELECT INTO fills variables', async (t) => {
  const session = sessionOf();
  await run(session, 'SELECT a, b INTO @x, @y FROM t WHERE id = 2');
  t.deepEqual((await run(session, "SELECT @x + 1, CONCAT(@y, '!')")).rows, [['21', 'two!']]);
  const error = await t.throwsAsync(run(session, 'SELECT id INTO @x FROM t'), {
    instanceOf: DatabaseError,
  });
  t.is(error?.errno, 1172);
});

test('engine: a definition commits what is open', async (t) => {
  const session = sessionOf();
  await run(session, 'BEGIN');
  await run(session, 'INSERT INTO t VALUES (50, 1, NULL)');
  await run(session, 'CREATE TABLE other (id INT PRIMARY KEY)');
  t.is(session.transaction, null);
  t.deepEqual((await run(sessionOf(), 'SELECT a FROM t WHERE id = 50')).rows, [['1']]);
  await run(session, 'DELETE FROM t WHERE id = 50');
});

test('engine: a READ ONLY transaction takes no write', async (t) => {
  const session = sessionOf();
  await run(session, 'START TRANSACTION READ ONLY');
  const error = await t.throwsAsync(run(session, 'DELETE FROM t WHERE id = 1'), {
    instanceOf: DatabaseError,
  });
  t.is(error?.errno, 1792);
  await run(session, 'ROLLBACK');
});

test('engine: a consumer that stops early frees the partitions', async (t) => {
  const session = sessionOf();
  await run(session, 'CREATE TABLE many (id INT PRIMARY KEY, pad VARCHAR(500))');
  const rows = Array.from({ length: 3000 }, (_, i) => `(${i}, REPEAT('x', 400))`);
  await run(session, `INSERT INTO many VALUES ${rows.join(', ')}`);
  for await (const result of cluster.engine.execute(session, 'SELECT * FROM many')) {
    if (result.kind !== 'rows') continue;
    for await (const batch of result.rows) {
      t.true(batch.length > 0);
      break;
    }
  }
  t.is((await run(session, 'DELETE FROM many')).affectedRows, 3000);
});

test('engine: a killed statement ends with error 1317', async (t) => {
  const session = sessionOf();
  session.beginStatement();
  const results = cluster.engine.execute(session, 'SELECT COUNT(*) FROM t x, t y, t z');
  session.kill();
  const error = await t.throwsAsync(
    async () => {
      for await (const result of results) {
        if (result.kind === 'rows') for await (const batch of result.rows) t.truthy(batch);
      }
    },
    { instanceOf: DatabaseError },
  );
  t.is(error?.errno, 1317);
});

test('engine: a statement planned before a definition is planned again', async (t) => {
  const session = sessionOf();
  await run(session, 'CREATE TABLE moving (id INT PRIMARY KEY, a INT)');
  await run(session, 'INSERT INTO moving VALUES (1, 1), (2, 2)');
  const reads = Array.from({ length: 20 }, () => run(sessionOf(), 'SELECT a FROM moving'));
  const alter = run(session, 'ALTER TABLE moving ADD COLUMN b INT DEFAULT 7');
  const answers = await Promise.all(reads);
  await alter;
  t.true(answers.every(({ rows }) => rows.length === 2));
  t.deepEqual((await run(session, 'SELECT b FROM moving WHERE id = 1')).rows, [['7']]);
});

for (const [statement, errno] of [
  ['SELECT * FROM t, LATERAL (SELECT t.a) x', 1235],
  ['WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT * FROM r', 3636],
  ['INSERT INTO t (id, a) VALUES (1, 1) ON DUPLICATE KEY UPDATE id = 9', 1235],
  ['UPDATE IGNORE t SET id = 9', 1235],
  ['SELECT * FROM', 1064],
  ['INSERT INTO nowhere VALUES (1)', 1146],
  ['SELECT 1 FROM t LIMIT -1', 1064],
] as const) {
  test(`engine: refused with ${errno}: ${statement}`, async (t) => {
    const error = await t.throwsAsync(run(sessionOf(), statement), { instanceOf: DatabaseError });
    t.is(error?.errno, errno);
  });
}
