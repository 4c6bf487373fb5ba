// Definitions that have many rows to copy: in workers, and with the promises of any definition.

import test, { type ExecutionContext } from 'ava';
import { must } from '#shared/assert.ts';
import { realClock } from '#shared/clock.ts';
import { DatabaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { Failpoint, FailpointName } from '#leaf/partition/failpoint.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { WorkerPool } from '#leaf/worker/worker-pool.ts';
import { quietLogger } from '#test/support/quiet-logger.ts';
import {
  accountTable,
  addNote,
  createTestPartition,
  fillOf,
  insertOf,
  rowsOf,
  testEnvironment,
} from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';

/** More rows than are copied on the event loop. */
const ROWS = 20_000;
const LOG_BYTES_MAX = 2 ** 26;
const [before, after] = [
  [7, 7],
  [7, 7, '7'],
] as const;

/** Two partitions of one leaf, of which the first is large, and a secondary of it. */
async function world(t: ExecutionContext) {
  const { logger } = quietLogger();
  const pool = new WorkerPool({ size: 1, clock: realClock, logger });
  const places = { at: (() => undefined) as Failpoint };
  const failpoint: Failpoint = (name) => places.at(name);
  const environment = testEnvironment({ workers: pool, failpoint });
  const primary = await createTestPartition(t, { environment });
  const secondary = await createTestPartition(t, { role: 'secondary', environment });
  const other = await createTestPartition(t, { environment });
  t.teardown(async () => {
    for (const partition of [primary, secondary, other]) await partition.close();
    await pool.close();
  });
  await primary.write(fillOf(ROWS));
  await other.write(insertOf(7, 70));
  const signal = (name: NodeJS.Signals): void => {
    process.kill(must(pool.processIds()[0]), name);
  };
  /** Does something once, where a crash could be. */
  const once = (place: FailpointName, action: () => void): void => {
    places.at = (name) => {
      if (name !== place) return;
      places.at = () => undefined;
      action();
    };
  };
  return { pool, primary, secondary, other, signal, once };
}

function accountOf(partition: Partition, catalogVersion: number): Promise<Row[]> {
  return rowsOf(partition, 'SELECT * FROM account WHERE id = 7', { catalogVersion });
}

const isMismatch = (error: unknown): boolean =>
  error instanceof DatabaseError && error.is('catalogMismatch');

test('a large definition: others are answered while it runs, and nobody sees half', async (t) => {
  const { pool, primary, other, signal } = await world(t);
  const { lsn } = primary.log.tail;
  await until('the worker to be idle', () => pool.busy === 0);
  // It goes no further until it is let: what is answered meanwhile is answered before its end.
  signal('SIGSTOP');
  const defined = primary.define(addNote);
  await until('the worker to be at it', () => pool.busy > 0);
  t.is(primary.schema().version, 1);
  t.deepEqual(await accountOf(other, 1), [[7, 70]]);
  await other.write(insertOf(8, 80));
  t.deepEqual(await accountOf(primary, 1), [before]);
  const written = primary.write({ ...insertOf(ROWS + 1, 1), catalogVersion: 2 });
  signal('SIGCONT');
  await defined;
  await written;
  t.is(primary.schema().version, 2);
  t.is(primary.log.tail.lsn, lsn + 2n);
  t.deepEqual(primary.replay, primary.log.tail);
  t.deepEqual(await accountOf(primary, 2), [after]);
  t.true(isMismatch(await t.throwsAsync(accountOf(primary, 1))));
});

test('a large definition that is followed: others are answered while it runs', async (t) => {
  const { pool, primary, secondary, other, signal, once } = await world(t);
  await primary.define(addNote);
  await primary.write({ ...insertOf(ROWS + 1, 1), catalogVersion: 2 });
  const filled = primary.log.tail.lsn - 2n;
  const log = primary.log.read(0n, LOG_BYTES_MAX);
  await until('the worker to be idle', () => pool.busy === 0);
  signal('SIGSTOP');
  const ran = { define: false };
  once('after-define', () => (ran.define = true));
  const followed = secondary.applyFrames(log);
  await until('the worker to be at it', () => pool.busy > 0);
  t.false(ran.define);
  t.deepEqual(await accountOf(other, 1), [[7, 70]]);
  await other.write(insertOf(8, 80));
  t.is(secondary.replay.lsn, filled, 'what comes before it is visible');
  t.is(secondary.schema().version, 1);
  signal('SIGCONT');
  await followed;
  t.true(ran.define);
  t.deepEqual(secondary.replay, primary.log.tail);
  await secondary.markProvisioned();
  t.deepEqual(await secondary.checksum(), await primary.checksum());
  t.deepEqual(await accountOf(secondary, 2), [after]);
});

test('while a worker commits a definition, reads wait until it is known', async (t) => {
  const { primary, other, signal, once } = await world(t);
  const stopped = Promise.withResolvers<void>();
  once('before-commit', () => {
    signal('SIGSTOP');
    stopped.resolve();
  });
  const defined = primary.define(addNote);
  await stopped.promise;
  const answered = { old: false };
  const old = t.throwsAsync(async () => {
    try {
      await accountOf(primary, 1);
    } finally {
      answered.old = true;
    }
  });
  t.deepEqual(await accountOf(other, 1), [[7, 70]]);
  await other.write(insertOf(8, 80));
  t.false(answered.old);
  signal('SIGCONT');
  t.true(isMismatch(await old));
  await defined;
  t.deepEqual(await accountOf(primary, 2), [after]);
});

test('a large definition whose worker ends has not happened, and can be told again', async (t) => {
  const { pool, primary, signal } = await world(t);
  const { tail } = primary.log;
  await until('the worker to be idle', () => pool.busy === 0);
  signal('SIGSTOP');
  const defined = primary.define(addNote);
  await until('the worker to be at it', () => pool.busy > 0);
  signal('SIGKILL');
  const error = await t.throwsAsync(defined);
  t.true(error instanceof DatabaseError && error.is('workerLost') && error.retry, String(error));
  t.deepEqual(primary.log.tail, tail);
  t.deepEqual(await accountOf(primary, 1), [before]);
  await primary.define(addNote);
  t.deepEqual(await accountOf(primary, 2), [after]);
});

test('a large definition whose worker ends before its COMMIT is replayed', async (t) => {
  const { primary, signal, once } = await world(t);
  once('before-commit', () => signal('SIGKILL'));
  const error = await t.throwsAsync(primary.define(addNote));
  t.true(error instanceof DatabaseError && error.is('commitUnknown'));
  await until('the partition to be online', () => primary.status().state === 'online');
  t.is(primary.schema().version, 2);
  t.deepEqual(await accountOf(primary, 2), [after]);
});

test('a large definition that rows refuse names them and changes nothing', async (t) => {
  const { primary, pool } = await world(t);
  await primary.write({ ...insertOf(ROWS + 1, 1) });
  const sqlite = ['CREATE UNIQUE INDEX "account.balance" ON account (balance)'];
  const change = { version: 2, sqlite, put: [accountTable], drop: [] };
  const error = await t.throwsAsync(primary.define(change));
  t.true(error instanceof DatabaseError && error.is('duplicateEntry'), String(error));
  t.is(pool.size, 1);
  t.is(primary.schema().version, 1);
  await primary.write(insertOf(ROWS + 2, 2));
});

test('a definition of few rows takes no worker', async (t) => {
  const { pool, primary, other, signal } = await world(t);
  await until('the worker to be idle', () => pool.busy === 0);
  signal('SIGSTOP');
  await other.define(addNote);
  t.deepEqual(await accountOf(other, 2), [[7, 70, '7']]);
  // A new table beside a large one.
  const name = 'fresh';
  const sqlite = ['CREATE TABLE fresh (id INTEGER PRIMARY KEY)'];
  await primary.define({ version: 2, sqlite, put: [{ ...accountTable, name }], drop: [] });
  t.is(primary.schema().version, 2);
  signal('SIGCONT');
});

test('to alter one of very many tables takes a worker, to make another one does not', async (t) => {
  const { logger } = quietLogger();
  const workers = new WorkerPool({ size: 1, clock: realClock, logger });
  const partition = await createTestPartition(t, { environment: testEnvironment({ workers }) });
  t.teardown(async () => {
    await partition.close();
    await workers.close();
  });
  const tables = Array.from({ length: 600 }, (_, id) => ({ ...accountTable, name: `t${id}` }));
  const sqlite = ['CREATE TABLE t1 (id INTEGER PRIMARY KEY)'];
  await partition.define({ version: 2, sqlite, put: tables, drop: [] });
  t.is(workers.size, 0);
  await partition.define({ ...addNote, version: 3 });
  t.is(workers.size, 1);
  t.is(partition.schema().tables.length, 601);
});
