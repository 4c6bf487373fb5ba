// A partition keeps what it has acknowledged, whole, over groups, transactions and restarts.

import test from 'ava';
import { Partition } from '#leaf/partition/partition.ts';
import { realClock } from '#shared/clock.ts';
import { DatabaseError } from '#shared/error.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import {
  createTestPartition,
  insertOf,
  rowsOf,
  tagOf,
  testDirectory,
  testEnvironment,
  testPlace,
  writeOf,
} from '#test/support/test-partition.ts';

test('partition: what was written is read, and read again after a restart', async (t) => {
  const directory = testDirectory(t);
  const partition = await createTestPartition(directory);
  const results = await partition.write(insertOf(1, 10));
  t.deepEqual(results, [{ changes: 1, changesPerRow: [], rows: [] }]);
  t.deepEqual(await rowsOf(partition), [[1, 10]]);
  t.is(partition.status().state, 'online');
  t.is(partition.status().catalogVersion, 1);
  await partition.close();
  const again = await Partition.open(testPlace(directory), testEnvironment());
  t.deepEqual(await rowsOf(again), [[1, 10]]);
  t.is(again.schema().tables[0]?.name, 'account');
  t.is(again.replay.lsn, 3n);
  await again.close();
});

test('group commit: who waits together is one record, and a bad one harms none', async (t) => {
  // A group is cut after some time, which may pass at any line on a busy machine.
  const clock = { ...realClock, monotonicMs: () => 0 };
  const partition = await createTestPartition(t, { environment: testEnvironment({ clock }) });
  const before = partition.log.tail.lsn;
  const tasks = [1, 2, 2, 3, 4].map((id) => partition.write(insertOf(id, id)));
  const settled = await Promise.allSettled(tasks);
  t.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  const refused = settled[2];
  t.true(refused?.status === 'rejected' && refused.reason instanceof DatabaseError);
  if (refused?.status === 'rejected') {
    const { message } = refused.reason as DatabaseError;
    t.is(message, "Duplicate entry '2' for key 'account.PRIMARY'");
  }
  t.is((await rowsOf(partition)).length, 4);
  t.true(partition.log.tail.lsn - before <= 2n);
  await partition.close();
});

test('group commit: a group that changes nothing writes no record', async (t) => {
  const partition = await createTestPartition(t);
  const { lsn } = partition.log.tail;
  await partition.write(writeOf('UPDATE account SET balance = 0 WHERE id = 77'));
  t.is(partition.log.tail.lsn, lsn);
  await partition.close();
});

test('task: all steps succeed or none has happened; an old plan is refused', async (t) => {
  const partition = await createTestPartition(t);
  const good = { kind: 'statement', sql: 'DELETE FROM account', parameters: [], returning: false };
  const sql = 'INSERT INTO account (id, balance) VALUES (?, ?)';
  const rows = [
    [1n, 1n],
    [2n, -1n],
  ];
  await partition.write(insertOf(9, 9));
  const steps = [good, { kind: 'rows', sql, rows }] as never;
  await t.throwsAsync(partition.write({ ...insertOf(0, 0), steps }), { instanceOf: DatabaseError });
  t.deepEqual(await rowsOf(partition), [[9, 9]]);
  const error = await t.throwsAsync(partition.write({ ...insertOf(1, 1), catalogVersion: 2 }));
  t.true(error instanceof DatabaseError && error.is('catalogMismatch'));
  const returning = { ...good, sql: 'DELETE FROM account RETURNING id', returning: true } as never;
  const [result] = await partition.write({ ...insertOf(0, 0), steps: [returning] });
  t.deepEqual(result, { changes: 1, changesPerRow: [], rows: [[9]] });
  await partition.close();
});

test('transaction: reads its own writes; others do not; savepoints and undo go back', async (t) => {
  const partition = await createTestPartition(t);
  const tag = tagOf('t1', 1);
  const joined = tagOf('t1', 1, true);
  await partition.write(insertOf(1, 10, tag));
  t.deepEqual(await rowsOf(partition), []);
  t.deepEqual(await rowsOf(partition, undefined, { transaction: joined }), [[1, 10]]);
  await partition.savepoint({ transactionId: 't1', action: 'set', name: 'a' });
  await partition.write(insertOf(2, 20, joined));
  await partition.write(insertOf(3, 30, joined));
  await partition.undoLastWrite('t1');
  t.is((await rowsOf(partition, undefined, { transaction: joined })).length, 2);
  await partition.savepoint({ transactionId: 't1', action: 'rollback to', name: 'A' });
  await t.throwsAsync(partition.write(insertOf(1, 1, joined)), { message: /Duplicate entry/ });
  await partition.write(insertOf(4, 40, joined));
  await partition.savepoint({ transactionId: 't1', action: 'release', name: 'a' });
  await partition.commit('t1');
  t.deepEqual(await rowsOf(partition), [
    [1, 10],
    [4, 40],
  ]);
  await t.throwsAsync(partition.commit('t1'), { instanceOf: DatabaseError });
  await partition.close();
});

test('transaction: a result under way keeps its rows when the transaction writes', async (t) => {
  const partition = await createTestPartition(t);
  const rows = Array.from({ length: 20_000 }, (_, id) => [BigInt(id), 1n]);
  const sql = 'INSERT INTO account (id, balance) VALUES (?, ?)';
  const steps = [{ kind: 'rows', sql, rows }] as const;
  await partition.write({ ...insertOf(0, 0), transaction: tagOf('t', 1), steps });
  const transaction = tagOf('t', 1, true);
  let count = 0;
  let wrote = false;
  const statement = { sql: 'SELECT id FROM account', parameters: [] };
  const request = { catalogVersion: 1, transaction, statement, columns: [] };
  const locks = { forUpdate: false, lockWaitTimeoutMs: 1000 };
  for await (const batch of partition.read({ ...request, ...locks })) {
    count += rowsOfBatch(batch).length;
    if (wrote) continue;
    wrote = true;
    await partition.write(writeOf('DELETE FROM account', [], transaction));
  }
  t.is(count, 20_000);
  await partition.rollback('t');
  t.deepEqual(await rowsOf(partition), []);
  await partition.close();
});

test('lock: a younger transaction and an autocommit task wait, and give up in time', async (t) => {
  const partition = await createTestPartition(t);
  await partition.write(insertOf(1, 1, tagOf('old', 1)));
  const younger = { ...insertOf(2, 2, tagOf('young', 2)), lockWaitTimeoutMs: 30 };
  const first = await t.throwsAsync(partition.write(younger));
  t.true(first instanceof DatabaseError && first.is('lockWaitTimeout'));
  const alone = { ...insertOf(3, 3), lockWaitTimeoutMs: 30 };
  const second = await t.throwsAsync(partition.write(alone));
  t.true(second instanceof DatabaseError && second.is('lockWaitTimeout'));
  const waiting = partition.write(insertOf(4, 4));
  await partition.commit('old');
  await waiting;
  t.deepEqual(
    (await rowsOf(partition)).map(([id]) => id),
    [1, 4],
  );
  await partition.close();
});

test('lock: an older transaction rolls a younger holder back, which hears of it', async (t) => {
  const partition = await createTestPartition(t);
  await partition.write(insertOf(1, 1, tagOf('young', 20)));
  await partition.write(insertOf(2, 2, tagOf('old', 10)));
  const error = await t.throwsAsync(partition.write(insertOf(3, 3, tagOf('young', 20, true))));
  t.true(error instanceof DatabaseError && error.is('deadlock'));
  await partition.commit('old');
  t.deepEqual(await rowsOf(partition), [[2, 2]]);
  await partition.close();
});

test('lock: a prepared holder is not rolled back; the older one waits', async (t) => {
  const partition = await createTestPartition(t);
  await partition.write(insertOf(1, 1, tagOf('young', 20)));
  await partition.prepare('young', [0, 1]);
  const older = partition.write(insertOf(2, 2, tagOf('old', 10)));
  await partition.decide('young', 'commit');
  await older;
  await partition.commit('old');
  t.is((await rowsOf(partition)).length, 2);
  await partition.close();
});

test('transaction: one that a restarted partition does not know may not go on', async (t) => {
  const directory = testDirectory(t);
  const partition = await createTestPartition(directory);
  await partition.write(insertOf(1, 1, tagOf('t', 1)));
  await partition.close();
  const again = await Partition.open(testPlace(directory), testEnvironment());
  const error = await t.throwsAsync(again.write(insertOf(2, 2, tagOf('t', 1, true))));
  t.true(error instanceof DatabaseError && error.is('transactionLost'));
  await t.throwsAsync(again.commit('t'), { instanceOf: DatabaseError });
  t.deepEqual(await rowsOf(again), []);
  await again.close();
});

test('prepared: found again in doubt after a restart, invisible until its verdict', async (t) => {
  const directory = testDirectory(t);
  const partition = await createTestPartition(directory);
  await partition.write(insertOf(1, 1, tagOf('t', 1)));
  await partition.prepare('t', [0, 3]);
  await partition.close();
  const again = await Partition.open(testPlace(directory), testEnvironment());
  t.deepEqual(again.status().inDoubt, { transactionId: 't', participants: [0, 3] });
  t.deepEqual(await rowsOf(again), []);
  const waiting = again.write(insertOf(2, 2));
  await again.decide('t', 'commit');
  await again.decide('t', 'commit');
  await waiting;
  t.deepEqual(await rowsOf(again), [
    [1, 1],
    [2, 2],
  ]);
  t.is(await again.verdict('t'), 'commit');
  await again.close();
  const third = await Partition.open(testPlace(directory), testEnvironment());
  t.is(await third.verdict('t'), 'commit');
  t.is(third.status().inDoubt, null);
  t.is((await rowsOf(third)).length, 2);
  await third.close();
});

test('verdict: where none is written, abort is written down and stays', async (t) => {
  const directory = testDirectory(t);
  const partition = await createTestPartition(directory);
  t.is(await partition.verdict('never seen'), 'abort');
  await partition.write(insertOf(1, 1, tagOf('t', 1)));
  await partition.prepare('t', [0, 1]);
  t.is(await partition.verdict('t'), 'abort');
  await t.throwsAsync(partition.decide('t', 'commit'), { instanceOf: DatabaseError });
  t.deepEqual(await rowsOf(partition), []);
  await partition.close();
  const again = await Partition.open(testPlace(directory), testEnvironment());
  t.is(await again.verdict('never seen'), 'abort');
  t.is(await again.verdict('t'), 'abort');
  t.is(again.status().replay.lsn, again.status().tail.lsn);
  await again.close();
});

test('read: a long result keeps its snapshot; a new one sees the newest commit', async (t) => {
  const partition = await createTestPartition(t);
  const rows = Array.from({ length: 20_000 }, (_, id) => [BigInt(id), 1n]);
  const sql = 'INSERT INTO account (id, balance) VALUES (?, ?)';
  await partition.write({ ...insertOf(0, 0), steps: [{ kind: 'rows', sql, rows }] });
  const statement = { sql: 'SELECT id, balance FROM account', parameters: [] };
  const request = { catalogVersion: 1, transaction: null, statement, columns: [] };
  const locks = { forUpdate: false, lockWaitTimeoutMs: 1000 };
  let [count, batches] = [0, 0];
  for await (const batch of partition.read({ ...request, ...locks })) {
    count += rowsOfBatch(batch).length;
    batches += 1;
    if (batches === 1) await partition.write(writeOf('DELETE FROM account'));
    t.deepEqual(await rowsOf(partition), []);
  }
  t.is(count, 20_000);
  t.true(batches > 3);
  await partition.close();
});

test('idle: a transaction that nobody uses is rolled back', async (t) => {
  const environment = testEnvironment({ idleTransactionMsMax: 20 });
  const partition = await createTestPartition(t, { environment });
  await partition.write(insertOf(1, 1, tagOf('t', 1)));
  await partition.write(insertOf(2, 2));
  t.deepEqual(await rowsOf(partition), [[2, 2]]);
  await partition.close();
});
