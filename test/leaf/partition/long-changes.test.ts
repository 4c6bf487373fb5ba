// Changes of more than a megabyte: written, logged, sent and applied in pieces, with turns between.

import { setImmediate as turn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { must } from '#shared/assert.ts';
import { DatabaseError } from '#shared/error.ts';
import { isLongFrame, PIECE_BYTES } from '#shared/log/long-frame.ts';
import type { LSN } from '#shared/log/lsn.ts';
import { Partition } from '#leaf/partition/partition.ts';
import { sendLongRecord } from '#leaf/replication/send-long-record.ts';
import { WorkerPool } from '#leaf/worker/worker-pool.ts';
import { realClock } from '#shared/clock.ts';
import { quietLogger } from '#test/support/quiet-logger.ts';
import {
  createTestPartition,
  fillOf,
  insertOf,
  rowsOf,
  tagOf,
  testDirectory,
  testEnvironment,
  testPlace,
  writeOf,
} from '#test/support/test-partition.ts';
import { workerWorld } from '#test/support/worker-world.ts';

/** Its changes are some megabytes. */
const ROWS = 60_000;
const MORE = `
  INSERT INTO account (id, balance)
  WITH RECURSIVE n(i) AS (SELECT 1000000 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000 + ${ROWS})
  SELECT i, i FROM n`;
const SUM = 'SELECT count(*), sum(balance), sum(id) FROM account';

/** How many turns others have had when the work is done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const counting = (async () => {
    for (; !isDone; turns += 1) await turn();
  })();
  try {
    await work();
  } finally {
    isDone = true;
    await counting;
  }
  return turns;
}

/** What a link does: everything that the first has and the second lacks. Answers the parts. */
async function follow(primary: Partition, secondary: Partition): Promise<number> {
  let parts = 0;
  const { log } = primary;
  for (let lsn = secondary.log.tail.lsn; lsn < log.tail.lsn; lsn = secondary.log.tail.lsn) {
    const long = await log.reader.longAfter(lsn, log.tail.lsn);
    if (long === null) {
      await secondary.applyFrames(log.read(lsn, 1024));
      continue;
    }
    for await (const item of sendLongRecord(log, long, lsn + 1n)) {
      if (item.kind === 'record part') await secondary.applyPart(item);
      parts += 1;
    }
  }
  return parts;
}

async function secondaryOf(t: ExecutionContext, withWorkers: boolean): Promise<Partition> {
  const pool = new WorkerPool({ size: 1, clock: realClock, logger: quietLogger().logger });
  const environment = testEnvironment({ workers: withWorkers ? pool : null });
  const secondary = await createTestPartition(t, { role: 'secondary', environment });
  t.teardown(async () => {
    await secondary.close();
    await pool.close();
  });
  return secondary;
}

async function isLong({ log }: Partition, lsn: LSN): Promise<boolean> {
  const found = await log.reader.longAfter(lsn - 1n, log.tail.lsn);
  return found !== null && isLongFrame(found.bytes);
}

test('long changes: in pieces at the primary, and the same rows after a restart', async (t) => {
  const { partition, directory } = await workerWorld(t);
  const turns = await turnsDuring(() => partition.write(writeOf(MORE)));
  const { lsn } = partition.log.tail;
  t.true(await isLong(partition, lsn));
  const bytes = must(await partition.log.reader.longAfter(lsn - 1n, lsn)).bytes;
  t.true(turns >= bytes / PIECE_BYTES, `${turns} turns`);
  const rows = await rowsOf(partition, SUM);
  t.deepEqual(partition.log.hardened, partition.log.tail);
  await partition.write(insertOf(999_999, 1));
  const after = await rowsOf(partition, SUM);
  t.notDeepEqual(after, rows);
  await partition.close();
  const again = await Partition.open(testPlace(directory), testEnvironment());
  t.teardown(() => again.close());
  t.is(again.failure, null);
  t.deepEqual(await rowsOf(again, SUM), after);
});

for (const withWorkers of [true, false]) {
  const where = withWorkers ? 'in a worker' : 'on the event loop';
  test(`long changes: a secondary takes them in parts, applies them ${where}`, async (t) => {
    const { partition } = await workerWorld(t);
    const secondary = await secondaryOf(t, withWorkers);
    await partition.write(writeOf(MORE));
    await partition.write(insertOf(999_999, 1));
    await partition.write(writeOf('UPDATE account SET balance = balance + id'));
    const transaction = tagOf('t1', 1);
    await partition.write(writeOf('DELETE FROM account WHERE id % 2 = 0', [], transaction));
    await partition.prepare('t1', [0, 1]);
    let parts = 0;
    const turns = await turnsDuring(async () => {
      parts = await follow(partition, secondary);
    });
    t.true(parts > 10, `${parts} parts`);
    t.true(turns > parts);
    await secondary.markProvisioned();
    t.deepEqual(secondary.log.tail, partition.log.tail);
    t.deepEqual(await rowsOf(secondary, SUM), await rowsOf(partition, SUM), 'prepared: not seen');
    await partition.decide('t1', 'commit');
    await follow(partition, secondary);
    t.deepEqual(await rowsOf(secondary, SUM), await rowsOf(partition, SUM));
    t.deepEqual(secondary.replay, partition.replay);
  });
}

test('long changes: rows far apart that exchange unique values reach a secondary', async (t) => {
  const { partition } = await workerWorld(t);
  const secondary = await secondaryOf(t, true);
  const unique = 'CREATE UNIQUE INDEX balances ON account (balance)';
  await partition.define({ version: 2, sqlite: [unique], put: [], drop: [] });
  const atTwo = { catalogVersion: 2 };
  await partition.write({ ...writeOf(MORE), ...atTwo });
  const last = BigInt(1_000_000 + ROWS);
  const texts = [
    'UPDATE account SET balance = balance + 5000000 WHERE id > 1 AND id < ?',
    'UPDATE account SET balance = 0 WHERE id = ?',
    'UPDATE account SET balance = (SELECT id FROM account WHERE id = ?) WHERE id = 1',
    'UPDATE account SET balance = 1 WHERE id = ?',
  ];
  const steps = texts.flatMap((sql) => writeOf(sql, [last]).steps);
  await partition.write({ ...writeOf(MORE), ...atTwo, steps });
  t.true(await isLong(partition, partition.log.tail.lsn));
  await follow(partition, secondary);
  await secondary.markProvisioned();
  t.deepEqual(await rowsOf(secondary, SUM, atTwo), await rowsOf(partition, SUM, atTwo));
  const swapped = await rowsOf(secondary, 'SELECT balance FROM account WHERE id = 1', atTwo);
  t.deepEqual(swapped, [[Number(last)]]);
});

test('long changes: a record that is cut amid comes again, whole', async (t) => {
  const { partition } = await workerWorld(t);
  const secondary = await secondaryOf(t, true);
  await partition.write(writeOf(MORE));
  const lsn = partition.log.tail.lsn - 1n;
  for (let at = secondary.log.tail.lsn; at < lsn; at = secondary.log.tail.lsn) {
    await secondary.applyFrames(partition.log.read(at, 1, lsn));
  }
  const long = must(await partition.log.reader.longAfter(lsn, lsn + 1n));
  let count = 0;
  for await (const item of sendLongRecord(partition.log, long, lsn + 1n)) {
    if (item.kind === 'record part') t.false(await secondary.applyPart(item));
    count += 1;
    if (count === 3) break;
  }
  t.is(secondary.log.tail.lsn, lsn);
  await follow(partition, secondary);
  await secondary.markProvisioned();
  t.deepEqual(await rowsOf(secondary, SUM), await rowsOf(partition, SUM));
});

test('long changes: a long transaction that is prepared commits after a restart', async (t) => {
  const directory = testDirectory(t);
  const pool = new WorkerPool({ size: 1, clock: realClock, logger: quietLogger().logger });
  t.teardown(() => pool.close());
  const environment = testEnvironment({ workers: pool });
  const partition = await createTestPartition(directory, { environment });
  await partition.write(fillOf(20_000));
  await partition.write(writeOf(MORE, [], tagOf('t1', 1)));
  await partition.prepare('t1', [0, 1]);
  t.true(await isLong(partition, partition.log.tail.lsn));
  await partition.close();
  const again = await Partition.open(testPlace(directory), environment);
  t.teardown(() => again.close());
  t.deepEqual(await rowsOf(again, 'SELECT count(*) FROM account'), [[20_000]]);
  await again.decide('t1', 'commit');
  t.deepEqual(await rowsOf(again, 'SELECT count(*) FROM account'), [[20_000 + ROWS + 1]]);
});

test('long changes: more than the leaf takes are refused, and nothing stays', async (t) => {
  const pool = new WorkerPool({ size: 1, clock: realClock, logger: quietLogger().logger });
  const environment = testEnvironment({ workers: pool, transactionBytesMax: 1024 * 1024 });
  const partition = await createTestPartition(t, { environment });
  t.teardown(async () => {
    await partition.close();
    await pool.close();
  });
  await partition.write(fillOf(20_000));
  const before = partition.log.tail;
  const error = await t.throwsAsync(partition.write(writeOf(MORE)), { instanceOf: DatabaseError });
  t.true(error.is('transactionTooLarge'), error.message);
  t.deepEqual(partition.log.tail, before);
  t.deepEqual(await rowsOf(partition, 'SELECT count(*) FROM account'), [[20_000]]);
});
