// A follower fed by frames is the primary's prefix: same log byte for byte, same rows.

import { join } from 'node:path';
import test from 'ava';
import { Partition } from '#leaf/partition/partition.ts';
import type { Snapshot } from '#leaf/partition/snapshot.ts';
import { DatabaseError } from '#shared/error.ts';
import { FrameError } from '#shared/log/log-frame.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
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

/** Sends the follower all it lacks, in batches of about `bytesMax`. */
async function feed(source: Partition, follower: Partition, bytesMax = 1000): Promise<void> {
  for (;;) {
    const frames = source.log.read(follower.log.tail.lsn, bytesMax);
    if (frames.length === 0) return;
    await follower.applyFrames(frames);
  }
}

test('follower: has the same log and rows, through definitions and verdicts', async (t) => {
  const source = await createTestPartition(t);
  for (let id = 0; id < 100; id += 1) await source.write(insertOf(id, id));
  await source.write(writeOf('UPDATE account SET balance = balance + 1 WHERE id < 50'));
  await source.write(writeOf('DELETE FROM account WHERE id % 7 = 0'));
  await source.write(insertOf(1000, 1, tagOf('a', 1)));
  await source.prepare('a', [0, 1]);
  await source.decide('a', 'commit');
  await source.write(insertOf(1001, 1, tagOf('b', 1)));
  await source.prepare('b', [0, 1]);
  await source.decide('b', 'abort');
  const add = 'ALTER TABLE account ADD COLUMN note TEXT';
  await source.define({ version: 2, sqlite: [add], put: [], drop: [] });
  const follower = await createTestPartition(t, { role: 'secondary' });
  t.is(follower.status().state, 'provisioning');
  const refused = await t.throwsAsync(rowsOf(follower));
  t.true(refused instanceof DatabaseError && refused.is('databaseProvisioning'));
  await feed(source, follower);
  await follower.markProvisioned();
  t.is(follower.status().state, 'replicating');
  t.deepEqual(follower.log.tail, source.log.tail);
  t.deepEqual(follower.log.read(0n, 1e6), source.log.read(0n, 1e6));
  t.deepEqual(await follower.checksum(), await source.checksum());
  t.is(follower.schema().version, 2);
  await follower.promote();
  t.is(await follower.verdict('a'), 'commit');
  await source.close();
  await follower.close();
});

test('follower: checks are those of its primary, and its own once it is promoted', async (t) => {
  const source = await createTestPartition(t);
  await t.throwsAsync(source.write(insertOf(1, -1)), { message: /balance >= 0/ });
  await source.write(insertOf(1, 1));
  const follower = await createTestPartition(t, { role: 'secondary' });
  await feed(source, follower);
  await follower.promote();
  await t.throwsAsync(follower.write(insertOf(2, -1)), { message: /balance >= 0/ });
  await follower.write(insertOf(2, 2));
  t.deepEqual(await rowsOf(follower), [
    [1, 1],
    [2, 2],
  ]);
  await source.close();
  await follower.close();
});

test('follower: prepared is invisible till its verdict, over a restart', async (t) => {
  const source = await createTestPartition(t);
  const directory = testDirectory(t);
  let follower = await createTestPartition(directory, { role: 'secondary' });
  await follower.markProvisioned();
  await source.write(insertOf(1, 1, tagOf('a', 1)));
  await source.prepare('a', [0, 1]);
  // The decider's is on disk with its verdict: a follower has it before only by chance.
  await source.log.harden();
  await feed(source, follower);
  t.deepEqual(await rowsOf(follower), []);
  t.is(follower.status().inDoubt?.transactionId, 'a');
  t.is(follower.replay.lsn, follower.log.tail.lsn - 1n);
  await follower.close();
  follower = await Partition.open(testPlace(directory), testEnvironment());
  await source.decide('a', 'commit');
  await feed(source, follower);
  t.deepEqual(await rowsOf(follower), [[1, 1]]);
  t.deepEqual(follower.replay, source.replay);
  await source.close();
  await follower.close();
});

test('follower: frames that do not continue its log change nothing', async (t) => {
  const source = await createTestPartition(t);
  const follower = await createTestPartition(t, { role: 'secondary' });
  await source.write(insertOf(1, 1));
  const frames = source.log.read(0n, 1e6);
  await t.throwsAsync(follower.applyFrames(source.log.read(1n, 1e6)), { instanceOf: FrameError });
  await t.throwsAsync(follower.applyFrames(frames.slice(0, -1)), { instanceOf: FrameError });
  const flipped = new Uint8Array(frames);
  flipped[60] = (flipped[60] ?? 0) ^ 1;
  await t.throwsAsync(follower.applyFrames(flipped), { instanceOf: FrameError });
  t.is(follower.log.tail.lsn, 0n);
  await follower.applyFrames(frames);
  t.deepEqual(follower.replay, source.replay);
  await source.close();
  await follower.close();
});

test('follower: a change that meets other rows names them; no half is applied', async (t) => {
  const source = await createTestPartition(t);
  const directory = testDirectory(t);
  const follower = await createTestPartition(directory, { role: 'secondary' });
  await follower.markProvisioned();
  await source.write(insertOf(17, 1));
  await feed(source, follower);
  // Somebody changes the rows behind the partition's back.
  const file = openWithFunctions(join(directory, 'data.sqlite'));
  file.run('DELETE FROM account WHERE id = 17');
  file.close();
  await source.write(insertOf(18, 1));
  await source.write(writeOf('UPDATE account SET balance = balance + 1'));
  const error = await t.throwsAsync(feed(source, follower));
  t.true(error instanceof DatabaseError && error.is('partitionUnrecoverable'));
  t.regex(error?.message ?? '', /update of "account" key \(17\)/);
  await t.throwsAsync(rowsOf(follower), { message: /update of "account" key \(17\)/ });
  t.is(follower.status().state, 'unrecoverable');
  await follower.close();
  // Opened again, it is empty: reads are refused until a snapshot has come.
  const anew = await Partition.open(testPlace(directory), testEnvironment());
  t.is(anew.log.tail.lsn, 0n);
  t.is(anew.status().state, 'provisioning');
  await source.close();
  await anew.close();
});

test('follower: refuses writes by name; promotion opens the next term, once', async (t) => {
  const source = await createTestPartition(t);
  const follower = await createTestPartition(t, { role: 'secondary' });
  await source.write(insertOf(1, 1));
  await feed(source, follower);
  const error = await t.throwsAsync(follower.write(insertOf(2, 2)));
  t.true(error instanceof DatabaseError && error.is('readOnlySecondary'));
  const position = await follower.promote();
  t.is(position.term, 2);
  t.deepEqual(await follower.promote(), position);
  await follower.write(insertOf(2, 2));
  t.is((await rowsOf(follower)).length, 2);
  await t.throwsAsync(follower.applyFrames(new Uint8Array(0)), { instanceOf: DatabaseError });
  await source.close();
  await follower.close();
});

test('promotion: a prepared transaction keeps the lock until its verdict', async (t) => {
  const source = await createTestPartition(t);
  const directory = testDirectory(t);
  let follower = await createTestPartition(directory, { role: 'secondary' });
  await source.write(insertOf(1, 1, tagOf('a', 1)));
  await source.prepare('a', [0, 1]);
  // The decider's is on disk with its verdict: a follower has it before only by chance.
  await source.log.harden();
  await feed(source, follower);
  await follower.promote();
  await follower.close();
  follower = await Partition.open(testPlace(directory), testEnvironment());
  t.is(follower.status().inDoubt?.transactionId, 'a');
  const waiting = follower.write(insertOf(2, 2));
  await follower.decide('a', 'commit');
  await waiting;
  t.is((await rowsOf(follower)).length, 2);
  await source.close();
  await follower.close();
});

test('rewind: a lost history is taken back, and the other one follows', async (t) => {
  const source = await createTestPartition(t);
  const old = await createTestPartition(t, { role: 'secondary' });
  for (let id = 0; id < 30; id += 1) await source.write(insertOf(id, id));
  await feed(source, old);
  const shared = old.log.tail;
  await old.promote();
  await old.write(writeOf('UPDATE account SET balance = 1000 WHERE id < 10'));
  await old.write(writeOf('DELETE FROM account WHERE id > 20'));
  await old.write(insertOf(500, 5));
  await source.write(insertOf(31, 31));
  await old.demote();
  t.is(old.log.reader.contains(source.log.reader.positionAt(shared.lsn + 1n)), 'different');
  t.true(await old.rewindTo(shared.lsn));
  t.deepEqual(old.log.tail, shared);
  await feed(source, old);
  t.deepEqual(await old.checksum(), await source.checksum());
  await source.close();
  await old.close();
});

test('snapshot: taken under writes it is exact, and the log goes on from it', async (t) => {
  const source = await createTestPartition(t);
  const sql = 'INSERT INTO account (id, balance) VALUES (?, ?)';
  const rows = Array.from({ length: 30_000 }, (_, id) => [BigInt(id), 1n]);
  await source.write({ ...insertOf(0, 0), steps: [{ kind: 'rows', sql, rows }] });
  let written = 0;
  /** Snapshots and the writes that were acknowledged while one was taken, at their own pace. */
  const takeUnderWrites = async (): Promise<Snapshot> => {
    for (;;) {
      const before = written;
      let taking = true;
      const taken = source.snapshot().finally(() => (taking = false));
      while (taking) {
        written += 1;
        await source.write(insertOf(100_000 + written, written));
      }
      if (written > before + 1) return taken;
      await taken;
    }
  };
  const snapshot = await takeUnderWrites();
  t.is(source.findSnapshot(snapshot.id), snapshot);
  t.true(source.log.tail.lsn > snapshot.position.lsn);
  const follower = await createTestPartition(t, { role: 'secondary' });
  await follower.installSnapshot(snapshot.path, snapshot.position);
  t.deepEqual(follower.log.tail, snapshot.position);
  await feed(source, follower, 100_000);
  t.deepEqual(await follower.checksum(), await source.checksum());
  await source.close();
  await follower.close();
});

test('retention: what the file covers and every follower has is dropped', async (t) => {
  const retention = { keptBytesMin: 0, logSizeBytesMax: 1e9, ageMsMax: 1e9 };
  const environment = testEnvironment({ retention, segmentBytesMax: 500 });
  const directory = testDirectory(t);
  const source = await createTestPartition(directory, { environment });
  for (let id = 0; id < 100; id += 1) await source.write(insertOf(id, id));
  await source.followers.register('other/shop_0', 5n);
  await source.maintain();
  t.true(source.log.firstLsn <= 6n);
  source.followers.confirm('other/shop_0', 90n);
  await source.maintain();
  t.true(source.log.firstLsn > 50n && source.log.firstLsn <= 91n);
  await source.close();
  const again = await Partition.open(testPlace(directory), environment);
  t.is(again.followers.find('other/shop_0')?.confirmed, 90n);
  t.is((await rowsOf(again)).length, 100);
  await again.close();
});
