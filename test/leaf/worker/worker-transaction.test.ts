// Large writes in workers: the same promises as any write, and nobody waits for them.

import test, { type ExecutionContext } from 'ava';
import { must } from '#shared/assert.ts';
import { DatabaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { Partition } from '#leaf/partition/partition.ts';
import type { WorkerPool } from '#leaf/worker/worker-pool.ts';
import {
  insertOf,
  readOf,
  rowsOf,
  tagOf,
  testEnvironment,
  testPlace,
  writeOf,
} from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';
import { countBegun, ROWS, workerWorld } from '#test/support/worker-world.ts';

const ADD_ONE = 'UPDATE account SET balance = balance + 1';
const SUM = 'SELECT count(*), sum(balance) FROM account';
/** Hours of work. */
const ENDLESS =
  'UPDATE account SET balance = (SELECT count(*) FROM account a, account b WHERE a.id < b.id)';

const ENDLESS_READ = `SELECT count(*) FROM account a, account b, account c
  WHERE a.id + b.id + c.id < 0`;

/** What another start finds: the file, and what the log leads to without it. */
async function reopened(t: ExecutionContext, partition: Partition, directory: string) {
  await partition.close();
  const again = await Partition.open(testPlace(directory), testEnvironment());
  t.teardown(() => again.close());
  t.is(again.failure, null);
  return again;
}

const sumAfter = (added: number): Row[] => [[ROWS, (ROWS * (ROWS + 1)) / 2 + ROWS * added]];

test('large write: one record, durable, visible, and found again', async (t) => {
  const { partition, pool, directory } = await workerWorld(t);
  const before = partition.log.tail.lsn;
  const [result] = await partition.write(writeOf(ADD_ONE));
  t.is(result?.changes, ROWS);
  t.is(pool.size, 1);
  t.is(partition.log.tail.lsn, before + 1n);
  t.deepEqual(partition.log.hardened, partition.log.tail);
  t.deepEqual(partition.replay, partition.log.tail);
  t.deepEqual(await rowsOf(partition, SUM), sumAfter(1));
  await partition.write(insertOf(ROWS + 1, 0));
  await partition.write(writeOf('DELETE FROM account WHERE id = ?', [BigInt(ROWS + 1)]));
  t.deepEqual(await rowsOf(await reopened(t, partition, directory), SUM), sumAfter(1));
});

test('large write: many short statements are one, too', async (t) => {
  const { partition, pool } = await workerWorld(t);
  const begun = countBegun(pool);
  const ids = Array.from({ length: ROWS }, (_, index) => BigInt(index + 1));
  const add = 'UPDATE account SET balance = balance + 1 WHERE id = ?';
  const steps = ids.flatMap((id) => writeOf(add, [id]).steps);
  const results = await partition.write({ ...writeOf(add), steps });
  t.true(results.length === ROWS && results.every(({ changes }) => changes === 1));
  t.is(begun(), 1);
  t.deepEqual(await rowsOf(partition, SUM), sumAfter(1));
});

test('large write: its first part begins in a worker, however short it is', async (t) => {
  const { partition, pool } = await workerWorld(t);
  const begun = countBegun(pool);
  const tag = tagOf('one', 1);
  await partition.write({ ...insertOf(ROWS + 1, 5, tag), isPart: true });
  t.is(begun(), 1);
  const next = insertOf(ROWS + 2, 5, { ...tag, joined: true });
  await partition.write({ ...next, isPart: true });
  await partition.commit('one');
  t.deepEqual(await rowsOf(partition, 'SELECT count(*) FROM account'), [[ROWS + 2]]);
});

test('large write: one that fails leaves nothing and harms no other', async (t) => {
  const { partition } = await workerWorld(t);
  const before = partition.log.tail;
  const fails = 'UPDATE account SET balance = balance - 5';
  const [failed, good] = await Promise.allSettled([
    partition.write(writeOf(fails)),
    partition.write(insertOf(ROWS + 1, 7)),
  ]);
  t.is(failed.status, 'rejected');
  t.is(good.status, 'fulfilled');
  t.is(partition.log.tail.lsn, before.lsn + 1n);
  await partition.write(writeOf('DELETE FROM account WHERE id = ?', [BigInt(ROWS + 1)]));
  t.deepEqual(await rowsOf(partition, SUM), sumAfter(0));
});

test('large write: in a transaction, with reads, savepoints, an undo', async (t) => {
  const { partition, directory } = await workerWorld(t);
  const tag = tagOf('one', 1);
  const joined = { ...tag, joined: true };
  const mine = { transaction: joined };
  await partition.write(writeOf(ADD_ONE, [], tag));
  t.deepEqual(await rowsOf(partition, SUM), sumAfter(0), 'others see nothing of it');
  t.deepEqual(await rowsOf(partition, SUM, mine), sumAfter(1));
  const savepoint = (action: 'set' | 'rollback to' | 'release') =>
    partition.savepoint({ transactionId: 'one', action, name: 'here' });
  await savepoint('set');
  await partition.write(writeOf(ADD_ONE, [], joined));
  t.deepEqual(await rowsOf(partition, SUM, mine), sumAfter(2));
  await savepoint('rollback to');
  t.deepEqual(await rowsOf(partition, SUM, mine), sumAfter(1));
  await partition.write(writeOf(ADD_ONE, [], joined));
  await partition.undoLastWrite('one');
  await t.throwsAsync(partition.write(insertOf(1, 1, joined)));
  await partition.write(insertOf(ROWS + 1, 5, joined));
  await partition.commit('one');
  const all = [[ROWS + 1, (must(sumAfter(1)[0])[1] as number) + 5]];
  t.deepEqual(await rowsOf(partition, SUM), all as Row[]);
  t.deepEqual(await rowsOf(await reopened(t, partition, directory), SUM), all as Row[]);
});

test('large write: prepared and decided, either way', async (t) => {
  const { partition, directory } = await workerWorld(t);
  for (const [id, verdict] of [
    ['kept', 'commit'],
    ['dropped', 'abort'],
  ] as const) {
    await partition.write(writeOf(ADD_ONE, [], tagOf(id, 1)));
    await partition.prepare(id, [0, 1]);
    t.is(partition.status().inDoubt?.transactionId, id);
    await partition.decide(id, verdict);
    t.deepEqual(await rowsOf(partition, SUM), sumAfter(1));
    t.is(await partition.verdict(id), verdict);
    t.deepEqual(partition.replay, partition.log.tail);
  }
  await partition.write(insertOf(ROWS + 1, 0));
  await partition.write(writeOf('DELETE FROM account WHERE id = ?', [BigInt(ROWS + 1)]));
  t.deepEqual(await rowsOf(await reopened(t, partition, directory), SUM), sumAfter(1));
});

test('large write: a transaction that became large moves, with all it has changed', async (t) => {
  const { partition, pool } = await workerWorld(t);
  await until('an idle pool', () => pool.busy === 0);
  const tag = tagOf('one', 1);
  const joined = { ...tag, joined: true };
  await partition.write(writeOf('UPDATE account SET balance = 0 WHERE id = 1', [], tag));
  await partition.write(writeOf('DELETE FROM account WHERE id = 2', [], joined));
  await partition.write(insertOf(2, 2, joined));
  await partition.write(insertOf(ROWS + 1, 9, joined));
  await partition.write(writeOf(ADD_ONE, [], joined));
  t.is(pool.size, 1);
  await partition.commit('one');
  const rows = await rowsOf(
    partition,
    `SELECT balance FROM account WHERE id IN (1, 2, 3, ${ROWS + 1})`,
  );
  t.deepEqual(rows, [[1], [3], [4], [10]]);
});

test('large write: a rollback ends it at once, and the next writer gets the lock', async (t) => {
  const { partition, pool } = await workerWorld(t);
  const endless = partition.write(writeOf(ENDLESS, [], tagOf('one', 1)));
  await until('work in a worker', () => pool.busy === 1);
  t.deepEqual(await rowsOf(partition, 'SELECT balance FROM account WHERE id = 3'), [[3]]);
  const next = partition.write(insertOf(ROWS + 1, 1));
  await partition.rollback('one');
  const error = await t.throwsAsync(endless);
  t.true(error instanceof DatabaseError);
  await next;
  t.deepEqual(await rowsOf(partition, 'SELECT max(id) FROM account'), [[ROWS + 1]]);
});

test('large read among own writes: interrupted, it takes the transaction with it', async (t) => {
  const { partition, pool } = await workerWorld(t);
  await until('an idle pool', () => pool.busy === 0);
  const tag = tagOf('one', 1);
  const joined = { ...tag, joined: true };
  await partition.write(writeOf(ADD_ONE, [], tag));
  const interruption = new AbortController();
  const sql = 'SELECT count(*) FROM account a, account b WHERE a.id < b.id';
  const rows = partition.read(readOf(sql, { transaction: joined }), interruption.signal);
  const first = rows.next();
  await until('work in a worker', () => pool.busy === 1);
  const next = partition.write(insertOf(ROWS + 1, 1));
  interruption.abort();
  t.true((await first).done);
  await next;
  const error = await t.throwsAsync(partition.commit('one'));
  t.true(error instanceof DatabaseError && error.is('deadlock'));
  await partition.write(writeOf('DELETE FROM account WHERE id = ?', [BigInt(ROWS + 1)]));
  t.deepEqual(await rowsOf(partition, SUM), sumAfter(0));
});

test('large write: its worker dies, and the partition is as before', async (t) => {
  const { partition, pool } = await workerWorld(t);
  const alone = partition.write(writeOf(ENDLESS));
  await until('work in a worker', () => pool.busy === 1);
  for (const id of pool.processIds()) process.kill(id, 'SIGKILL');
  const error = await t.throwsAsync(alone);
  t.true(error instanceof DatabaseError && error.is('workerLost'));
  const tag = tagOf('one', 1);
  await partition.write(writeOf(ADD_ONE, [], tag));
  for (const id of pool.processIds()) process.kill(id, 'SIGKILL');
  await until('no worker', () => pool.size === 0);
  const late = await t.throwsAsync(
    partition.write(insertOf(ROWS + 1, 1, { ...tag, joined: true })),
  );
  t.true(late instanceof DatabaseError);
  await partition.rollback('one');
  t.deepEqual(await rowsOf(partition, SUM), sumAfter(0));
  await partition.write(writeOf(ADD_ONE));
  t.deepEqual(await rowsOf(partition, SUM), sumAfter(1));
});

test('large write: its worker dies between log and commit: the log brings it back', async (t) => {
  let armed = false;
  const failpoint = (name: string, pool: WorkerPool): void => {
    if (!armed || name !== 'before-commit') return;
    armed = false;
    for (const id of pool.processIds()) process.kill(id, 'SIGKILL');
  };
  const { partition } = await workerWorld(t, { size: 1, failpoint });
  armed = true;
  const error = await t.throwsAsync(partition.write(writeOf(ADD_ONE)));
  t.true(error instanceof DatabaseError && error.is('commitUnknown'));
  await until('the partition', () => partition.status().state === 'online');
  t.deepEqual(await rowsOf(partition, SUM), sumAfter(1));
});

test('large write: a read that is given up between two batches holds up nobody', async (t) => {
  const { partition, pool } = await workerWorld(t, { size: 1 });
  const tag = tagOf('one', 1);
  await partition.write(writeOf(ADD_ONE, [], tag));
  const joined = { ...tag, joined: true };
  // A batch is full before the last of these rows: what is behind them takes hours.
  const sql = `SELECT id FROM account WHERE id <= 3000 UNION ALL
    SELECT count(*) FROM account a, account b, account c WHERE a.id + b.id + c.id < 0`;
  const abort = new AbortController();
  const rows = partition.read(readOf(sql, { transaction: joined }), abort.signal);
  t.false((await rows.next()).done);
  await until('the next batch to be asked for', () => pool.busy === 1);
  abort.abort();
  await rows.return();
  await until('its end', () => pool.busy === 0);
  await partition.rollback('one');
  t.deepEqual(await rowsOf(partition, SUM), sumAfter(0));
});

test('large write: its COMMIT does not wait for what others read', async (t) => {
  const { partition, pool } = await workerWorld(t, { size: 1 });
  const abort = new AbortController();
  await partition.write(writeOf(ADD_ONE, [], tagOf('one', 1)));
  const before = rowsOf(partition, ENDLESS_READ, {}, abort.signal);
  await until('work in a worker', () => pool.busy === 1);
  await partition.commit('one');
  t.is(pool.busy, 1, 'the reader goes on');
  // And one that begins when a reader has the only worker gets another.
  await partition.write(writeOf(ADD_ONE, [], tagOf('two', 2)));
  await partition.commit('two');
  abort.abort();
  t.deepEqual(await before, []);
  t.deepEqual(await rowsOf(partition, SUM), sumAfter(2));
});

test('large write: a read that is given up behind another statement never begins', async (t) => {
  const { partition, pool } = await workerWorld(t, { size: 1 });
  const file = { path: partition.filePath, partition: 'shop_0', reference: null, generation: '0' };
  const how = { foreignKeys: false, captures: false };
  const [first, second] = [await pool.begin(file, how), await pool.begin(file, how)];
  t.is(pool.size, 1, 'more transactions than workers share');
  const statement = { sql: ENDLESS_READ, parameters: [] };
  const task = { file, catalogVersion: 1, statement, columns: [], onTaken: null };
  const [mine, other] = [new AbortController(), new AbortController()];
  const ahead = first.read(task, other.signal).next();
  await until('work in a worker', () => pool.busy === 1);
  const behind = second.read(task, mine.signal).next();
  mine.abort();
  t.true((await behind).done);
  t.is(pool.busy, 1, 'the other one goes on');
  other.abort();
  t.true((await ahead).done);
  await Promise.all([first.rollback(), second.rollback()]);
  t.deepEqual(await rowsOf(partition, SUM), sumAfter(0));
});
