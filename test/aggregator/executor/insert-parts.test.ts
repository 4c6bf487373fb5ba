// A large INSERT is sent in parts, each a short task, and happens as a whole.

import test, { type ExecutionContext } from 'ava';
import { must } from '#shared/assert.ts';
import type { LeafCalls, LeafService } from '#shared/wire/message.ts';
import { runSql } from '#test/support/run-sql.ts';
import { openTestCluster } from '#test/support/test-cluster.ts';

type Write = LeafCalls['write']['request'];

/** Steps and rows that a task of a part holds at most. */
const STEPS_MAX = 2_000;
const ROWS_MAX = 10_000;

async function world(t: ExecutionContext, partitions: number) {
  const writes: Write[] = [];
  /** Called with each write before the leaf gets it. */
  let onWrite = async (_write: Write): Promise<void> => undefined;
  const wrap = (leaf: LeafService): LeafService => ({
    call: async (name, request, signal) => {
      if (name === 'write') {
        writes.push(request as Write);
        await onWrite(request as Write);
      }
      return leaf.call(name, request, signal);
    },
    stream: (name, request, signal) => leaf.stream(name, request, signal),
  });
  const cluster = await openTestCluster({ wrap });
  t.teardown(() => cluster.close());
  const session = cluster.session();
  const run = (sql: string) => runSql(cluster.engine, session, sql);
  await run(`CREATE DATABASE shop PARTITIONS ${partitions}`);
  session.database = 'shop';
  const taken = (): Write[] => writes.splice(0);
  const during = (action: typeof onWrite): void => {
    onWrite = action;
  };
  return { cluster, session, run, taken, during };
}

const numbered = (count: number, row: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => row(i)).join(', ');

const stepsOf = ({ steps }: Write): number =>
  steps.reduce((sum, step) => sum + (step.kind === 'rows' ? step.rows.length : 1), 0);

test('insert in parts: every task is short, and others have turns between them', async (t) => {
  const { run, taken, during } = await world(t, 2);
  await run('CREATE TABLE t (id INT PRIMARY KEY, n INT)');
  let turns = 0;
  during(
    () =>
      new Promise((resolve) => {
        setImmediate(() => {
          turns += 1;
          resolve();
        });
      }),
  );
  for (const [sql, affected, stepsMax] of [
    [`INSERT INTO t VALUES ${numbered(20_001, (i) => `(${i}, 0)`)}`, 20_001, ROWS_MAX],
    [`REPLACE INTO t VALUES ${numbered(3_500, (i) => `(${i}, 1)`)}`, 7_000, STEPS_MAX],
    [
      `INSERT INTO t VALUES ${numbered(3_500, (i) => `(${i + 20_000}, 2)`)}
       ON DUPLICATE KEY UPDATE n = VALUES(n)`,
      3_501,
      STEPS_MAX,
    ],
  ] as const) {
    taken();
    turns = 0;
    t.is((await run(sql)).affectedRows, affected);
    const writes = taken();
    t.true(writes.every((write) => write.isPart === true && stepsOf(write) <= stepsMax));
    t.true(writes.length > 4 && turns === writes.length, `${writes.length} tasks`);
  }
  const { rows } = await run('SELECT COUNT(*), SUM(n = 1), SUM(n = 2) FROM t');
  t.deepEqual(rows, [['23500', '3500', '3500']]);
});

test('insert in parts: what few rows hold much is parted, too', async (t) => {
  const { run, taken } = await world(t, 1);
  await run('CREATE TABLE t (id INT PRIMARY KEY, s MEDIUMTEXT)');
  taken();
  await run(`INSERT INTO t VALUES ${numbered(9, (i) => `(${i}, REPEAT('x', 300000))`)}`);
  t.deepEqual(taken().map(stepsOf), [3, 3, 3]);
  await run("INSERT INTO t VALUES (100, REPEAT('x', 3000000))");
  t.deepEqual(taken().map(stepsOf), [1], 'a row is never divided');
});

test('insert in parts: one that fails in its last part leaves nothing', async (t) => {
  const { run, taken } = await world(t, 2);
  await run('CREATE TABLE t (id INT PRIMARY KEY, n INT, CHECK (n < 9))');
  await run('INSERT INTO t VALUES (1, 1)');
  const failing = `REPLACE INTO t VALUES ${numbered(2_500, (i) => `(${i}, 2)`)}, (5000, 10)`;
  taken();
  await t.throwsAsync(run(failing), { message: /check/i });
  t.true(taken().length >= 6);
  t.deepEqual((await run('SELECT * FROM t')).rows, [['1', '1']]);
  await run('BEGIN');
  await run('INSERT INTO t VALUES (7000, 3)');
  await t.throwsAsync(run(failing), { message: /check/i });
  await run('INSERT INTO t VALUES (7001, 3)');
  await run('COMMIT');
  const { rows } = await run('SELECT id FROM t ORDER BY id');
  t.deepEqual(rows, [['1'], ['7000'], ['7001']]);
});

test('insert in parts: an end between two of them takes the first ones back', async (t) => {
  const { session, run, taken, during } = await world(t, 1);
  await run('CREATE TABLE t (id INT PRIMARY KEY, n INT)');
  taken();
  during(async (write) => {
    if (write.transaction?.joined === true) session.kill();
  });
  const sql = `REPLACE INTO t VALUES ${numbered(4_000, (i) => `(${i}, 2)`)}`;
  await t.throwsAsync(run(sql), { message: /interrupted/i });
  t.is(taken().length, 2, 'it ends before the third part');
  during(async () => undefined);
  t.deepEqual((await run('SELECT COUNT(*) FROM t')).rows, [['0']]);
});

test('insert in parts: the numbers are those of the statement as a whole', async (t) => {
  const { run } = await world(t, 2);
  await run('CREATE TABLE u (id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(9), UNIQUE (email))');
  await run(`INSERT INTO u (email) VALUES ${numbered(1_500, (i) => `('a${i}')`)}`);
  const answerOf = async (sql: string): Promise<string> => {
    const { affectedRows, insertId } = await run(sql);
    const last = (await run('SELECT LAST_INSERT_ID()')).rows[0]?.[0];
    return `${affectedRows} ${insertId} ${last}`;
  };
  const rows = numbered(2_500, (i) => `('a${i}')`);
  // 1,500 of its numbers went with rows that were met.
  const upsert = `INSERT INTO u (email) VALUES ${rows} ON DUPLICATE KEY UPDATE email = 'x'`;
  t.is(await answerOf(upsert.replace("'x'", 'VALUES(email)')), '1000 3001 3001');
  const last = `ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id)`;
  t.is(await answerOf(`INSERT INTO u (email) VALUES ${rows} ${last}`), '0 4000 4000');
  const ignored = numbered(12_000, (i) => `('a${i}')`);
  t.is(await answerOf(`INSERT IGNORE INTO u (email) VALUES ${ignored}`), '9500 9001 9001');
  const { rows: found } = await run("SELECT COUNT(*), MIN(id) FROM u WHERE email = 'a2500'");
  t.deepEqual(must(found[0]), ['1', '9001']);
});
