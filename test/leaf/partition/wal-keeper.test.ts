// A WAL begins anew where no event loop waits for it: never at a write of the partition's own.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { realClock, type Clock } from '#shared/clock.ts';
import { Partition } from '#leaf/partition/partition.ts';
import {
  createTestPartition,
  insertOf,
  rowsOf,
  tagOf,
  testDirectory,
  testEnvironment,
  testPlace,
} from '#test/support/test-partition.ts';

/** Nothing is looked after but by who asks for it. */
const clock: Clock = { ...realClock, after: () => ({ cancel: () => undefined }) };

/** Which WAL it is: SQLite draws its salts anew when it begins one. */
function saltsOf(directory: string): string {
  return readFileSync(join(directory, 'data.sqlite-wal')).toString('hex', 16, 24);
}

/** A partition of which is counted how often its WAL was begun for it. */
async function counted(t: ExecutionContext, options: { starts?: boolean; secondary?: boolean }) {
  const directory = testDirectory(t);
  const plain = testEnvironment();
  const count = { starts: 0 };
  const environment = testEnvironment({
    clock,
    startWal: async (path) => {
      if (options.starts === false) return;
      // As from a thread.
      await nextTurn();
      count.starts += 1;
      await plain.startWal(path);
    },
  });
  const role = options.secondary === true ? 'secondary' : 'primary';
  const partition = await createTestPartition(directory, { role, environment });
  t.teardown(() => partition.close());
  const started = async (starts: number): Promise<void> => {
    while (count.starts < starts) await nextTurn();
    await nextTurn();
  };
  return { partition, directory, environment, count, started };
}

test('the first write finds a WAL that was begun', async (t) => {
  const { partition, directory, count } = await counted(t, { secondary: true });
  t.is(count.starts, 1);
  const salts = saltsOf(directory);
  await partition.markProvisioned();
  t.is(saltsOf(directory), salts);
});

test('behind a checkpoint it is begun before the next write', async (t) => {
  const { partition, directory, started } = await counted(t, {});
  await partition.write(insertOf(1, 1));
  const before = saltsOf(directory);
  await partition.maintain();
  await started(2);
  const salts = saltsOf(directory);
  t.not(salts, before);
  await partition.write(insertOf(2, 2));
  t.is(saltsOf(directory), salts);
  t.is((await rowsOf(partition)).length, 2);
});

test('without that the next write begins it', async (t) => {
  const { partition, directory } = await counted(t, { starts: false });
  await partition.write(insertOf(1, 1));
  await partition.maintain();
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  const salts = saltsOf(directory);
  await partition.write(insertOf(2, 2));
  t.not(saltsOf(directory), salts);
});

test('while a transaction is open it goes on, and begins anew when that ends', async (t) => {
  const { partition, directory, count, started } = await counted(t, {});
  await partition.write(insertOf(1, 1));
  const tag = tagOf('one', 1);
  await partition.write(insertOf(2, 2, tag));
  const salts = saltsOf(directory);
  // The second may not be kept from what has come since the first.
  await partition.maintain();
  await partition.maintain();
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  t.is(count.starts, 1);
  await partition.write(insertOf(3, 3, tag));
  await partition.commit('one');
  t.is(saltsOf(directory), salts);
  await started(2);
  t.not(saltsOf(directory), salts);
  await partition.write(insertOf(4, 4));
  t.is((await rowsOf(partition)).length, 4);
});

test('who waits for a transaction to end does not keep the partition from closing', async (t) => {
  const { partition, directory, environment, count } = await counted(t, {});
  await partition.write(insertOf(1, 1));
  await partition.write(insertOf(2, 2, tagOf('one', 1)));
  await partition.maintain();
  await partition.close();
  t.is(count.starts, 1);
  const again = await Partition.open(testPlace(directory), environment);
  t.is((await rowsOf(again)).length, 1);
  await again.close();
});

test('at a secondary it is begun between two batches', async (t) => {
  const primary = await createTestPartition(t);
  t.teardown(() => primary.close());
  for (let id = 1; id <= 3; id += 1) await primary.write(insertOf(id, id));
  const { partition, directory, started } = await counted(t, { secondary: true });
  await partition.takeFrames(primary.log.read(0n, 1e6));
  await partition.markProvisioned();
  const before = saltsOf(directory);
  const { lsn } = partition.log.tail;
  await primary.write(insertOf(4, 4));
  const [checkpointed, applied] = [
    partition.maintain(),
    partition.takeFrames(primary.log.read(lsn, 1e6)),
  ];
  await Promise.all([checkpointed, applied]);
  await started(2);
  const salts = saltsOf(directory);
  t.not(salts, before);
  await primary.write(insertOf(5, 5));
  await partition.takeFrames(primary.log.read(lsn + 1n, 1e6));
  t.is(saltsOf(directory), salts);
  t.is((await rowsOf(partition)).length, 5);
});

test('readers at work keep the WAL; what comes goes on behind', async (t) => {
  const { partition, directory, started } = await counted(t, {});
  for (let id = 1; id <= 300; id += 1) await partition.write(insertOf(id, id));
  const salts = saltsOf(directory);
  const request = {
    catalogVersion: 1,
    transaction: null,
    statement: { sql: 'SELECT a.id FROM account AS a, account AS b', parameters: [] },
    columns: [],
    forUpdate: false,
    lockWaitTimeoutMs: 5000,
  };
  const batches = partition.read(request);
  await batches.next();
  await partition.maintain();
  await started(2);
  t.is(saltsOf(directory), salts);
  await partition.write(insertOf(301, 1));
  t.is(saltsOf(directory), salts);
  await batches.return();
  await partition.maintain();
  await started(3);
  t.not(saltsOf(directory), salts);
  t.is((await rowsOf(partition)).length, 301);
});

test('a short WAL, too, is in the file before that is closed', async (t) => {
  const plain = testEnvironment();
  let checkpoints = 0;
  const checkpoint = (path: string): Promise<number> => {
    checkpoints += 1;
    return plain.checkpoint(path);
  };
  const environment = testEnvironment({ clock, checkpoint });
  const partition = await createTestPartition(t, { environment });
  await partition.write(insertOf(1, 1));
  t.is(checkpoints, 0);
  await partition.close();
  t.is(checkpoints, 1);
});
