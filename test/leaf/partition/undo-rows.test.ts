// Records are taken back in a worker, long ones and prepared ones too, and what was there is there.

import test, { type ExecutionContext } from 'ava';
import type { LSN } from '#shared/log/lsn.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { undoChanges } from '#leaf/partition/undo-changes.ts';
import { WorkerPool } from '#leaf/worker/worker-pool.ts';
import { realClock } from '#shared/clock.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import { quietLogger } from '#test/support/quiet-logger.ts';
import {
  createTestPartition,
  fillOf,
  insertOf,
  LONG_ROWS,
  rowsOf,
  tagOf,
  testEnvironment,
  writeOf,
} from '#test/support/test-partition.ts';
import { countBegun } from '#test/support/worker-world.ts';

const SUM = 'SELECT count(*), sum(balance), sum(id * (balance % 1009)) FROM account';

/** A primary, and how many transactions were begun in workers. */
async function world(t: ExecutionContext, withWorkers: boolean) {
  const pool = new WorkerPool({ size: 1, clock: realClock, logger: quietLogger().logger });
  const environment = testEnvironment({ workers: withWorkers ? pool : null });
  const partition = await createTestPartition(t, { environment });
  t.teardown(async () => {
    await partition.close();
    await pool.close();
  });
  return { partition, begun: countBegun(pool) };
}

/** Some of every kind; answers what was there after each record. */
async function history(partition: Partition): Promise<Map<LSN, Row[]>> {
  const seen = new Map<LSN, Row[]>();
  const note = async () => seen.set(partition.log.tail.lsn, await rowsOf(partition, SUM));
  await note();
  const short = async (id: number): Promise<void> => {
    await partition.write(insertOf(id, id));
    await note();
    await partition.write(writeOf('UPDATE account SET balance = 7 WHERE id = ?', [BigInt(id)]));
    await note();
  };
  await short(1_000_001);
  await partition.write(fillOf(LONG_ROWS));
  await note();
  await short(1_000_002);
  for (const [id, verdict, lastVerdict] of [
    ['short', 'commit', 'abort'],
    ['long', 'abort', 'commit'],
  ] as const) {
    const one = writeOf('UPDATE account SET balance = balance + 1 WHERE id < 9', [], tagOf(id, 1));
    await partition.write(one);
    await partition.prepare(id, [0, 1]);
    await note();
    await partition.decide(id, verdict);
    await note();
    const all = writeOf('UPDATE account SET balance = balance + 2', [], tagOf(`${id} all`, 1));
    await partition.write(all);
    await partition.prepare(`${id} all`, [0, 1]);
    await note();
    await partition.decide(`${id} all`, lastVerdict);
    await note();
  }
  await partition.write(writeOf('DELETE FROM account WHERE id % 2 = 0'));
  await note();
  await short(1_000_003);
  return seen;
}

for (const withWorkers of [true, false]) {
  const where = withWorkers ? 'in a worker' : 'in turns';
  test(`undo: every record is taken back ${where}, down to the first`, async (t) => {
    const { partition, begun } = await world(t, withWorkers);
    const seen = await history(partition);
    const before = begun();
    await partition.demote();
    let steps = 0;
    for (const [lsn, rows] of [...seen].reverse().slice(1)) {
      if (lsn >= partition.log.tail.lsn) continue;
      t.true(await partition.rewindTo(lsn));
      steps += 1;
      t.is(partition.log.tail.lsn, lsn);
      t.deepEqual(await rowsOf(partition, SUM), rows, `back at ${lsn}`);
    }
    t.true(steps > 12, `${steps} steps`);
    t.is(begun() - before, withWorkers ? steps : 0);
  });
}

test('undo: a record that is longer than what is taken back at a time', async (t) => {
  const { partition, begun } = await world(t, true);
  await partition.write(insertOf(1_000_001, 1));
  const { lsn } = partition.log.tail;
  await partition.write(fillOf(300_000));
  t.true(partition.log.reader.bytesAfter(lsn) > 4 * 1024 * 1024);
  const before = begun();
  await partition.demote();
  t.true(await partition.rewindTo(lsn));
  t.is(begun() - before, 1);
  t.deepEqual(await rowsOf(partition), [[1_000_001, 1]]);
});

test('undo: far back in one go, past what is in doubt', async (t) => {
  const { partition } = await world(t, true);
  const seen = await history(partition);
  await partition.demote();
  const [first = 0n] = seen.keys();
  t.true(await partition.rewindTo(first));
  t.deepEqual(await rowsOf(partition, SUM), seen.get(first));
  t.is(partition.status().inDoubt, null);
});

test('undo: rows far apart that have exchanged unique values', (t) => {
  const file = openWithFunctions(':memory:');
  t.teardown(() => file.close());
  file.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER UNIQUE, s TEXT)');
  const count = 30_000;
  const numbers = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)';
  const fill = `INSERT INTO t ${numbers} SELECT i, i, printf('%040d', i) FROM n`;
  file.run(fill, [BigInt(count)]);
  const told = (): unknown => file.all('SELECT sum(id * n), max(length(s)) FROM t');
  const before = told();
  const capture = file.capture();
  file.run("UPDATE t SET s = s || 'x'");
  file.run('UPDATE t SET n = -n WHERE id IN (1, ?)', [BigInt(count)]);
  file.run('UPDATE t SET n = ? + n WHERE n < 0', [BigInt(count + 1)]);
  const changes = capture.changeset();
  capture.close();
  t.true(changes.length > 2 * 1024 * 1024, 'more than one window');
  t.notDeepEqual(told(), before);
  undoChanges(file, changes, 'test');
  t.deepEqual(told(), before);
});
