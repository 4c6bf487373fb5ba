// Short reads share a snapshot while nothing is committed: they see each commit all the same, and
// nothing that has to get at the file waits for them.

import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Partition } from '#leaf/partition/partition.ts';
import { ReferenceFile } from '#leaf/partition/reference-file.ts';
import { realClock, type Clock } from '#shared/clock.ts';
import { createStateFile, StateFile } from '#leaf/partition/state-file.ts';
import { SqliteFile } from '#shared/sqlite-file.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import {
  createTestPartition,
  insertOf,
  readOf,
  testDirectory,
  testEnvironment,
  testPlace,
  writeOf,
} from '#test/support/test-partition.ts';
import { workerWorld } from '#test/support/worker-world.ts';

/** More than enough for a snapshot to be kept. */
const READS = 12;
const COUNT = 'SELECT count(*) FROM account';

/** Nothing is looked after but by who asks for it. */
const clock: Clock = { ...realClock, after: () => ({ cancel: () => undefined }) };

function shortRead(partition: Partition, sql: string, catalogVersion = 1): readonly Row[] | null {
  const columns = [{ kind: 'integer', bits: 32, unsigned: false }] as const;
  return partition.readNow(readOf(sql, { catalogVersion, columns, mayLimit: true }));
}

/** Reads until a snapshot is kept; answers the last result's only value. */
function readOften(partition: Partition, sql = COUNT, catalogVersion = 1): unknown {
  let rows: readonly Row[] | null = null;
  for (let i = 0; i < READS; i += 1) rows = shortRead(partition, sql, catalogVersion);
  return rows?.[0]?.[0];
}

/** What the file holds without its WAL. */
function countWithoutWal(t: ExecutionContext, path: string): unknown {
  const copy = join(temporaryDirectory(t), 'data.sqlite');
  copyFileSync(path, copy);
  const file = SqliteFile.open(copy);
  const [row] = file.all(COUNT);
  file.close();
  return row?.[0];
}

test('each commit is seen by the next read', async (t) => {
  const partition = await createTestPartition(t);
  t.teardown(() => partition.close());
  for (let id = 1; id <= 5; id += 1) {
    t.is(readOften(partition), id - 1);
    await partition.write(insertOf(id, id));
    t.deepEqual(shortRead(partition, COUNT), [[id]]);
  }
});

test('a transaction that is open is not seen, and is at its end', async (t) => {
  const partition = await createTestPartition(t);
  t.teardown(() => partition.close());
  t.is(readOften(partition), 0);
  const tag = { id: 'one', startedAt: 1n, joined: false };
  await partition.write(insertOf(1, 1, tag));
  t.is(readOften(partition), 0);
  await partition.commit('one');
  t.is(readOften(partition), 1);
});

test('a definition is seen by the next read', async (t) => {
  const partition = await createTestPartition(t);
  t.teardown(() => partition.close());
  await partition.write(insertOf(7, 70));
  t.is(readOften(partition), 1);
  const sqlite = ['ALTER TABLE account ADD COLUMN note INTEGER DEFAULT 5'];
  await partition.define({ version: 2, sqlite, put: [], drop: [] });
  t.is(readOften(partition, 'SELECT note FROM account', 2), 5);
});

test('what a worker commits is seen by the next read', async (t) => {
  const { partition } = await workerWorld(t);
  t.is(readOften(partition, 'SELECT balance FROM account WHERE id = 9'), 9);
  await partition.write(writeOf('UPDATE account SET balance = balance + 1'));
  t.is(readOften(partition, 'SELECT balance FROM account WHERE id = 9'), 10);
});

test('rows of reference tables are as of their own newest commit', async (t) => {
  const environment = testEnvironment({ clock });
  const reference = await createTestPartition(t, { environment });
  t.teardown(() => reference.close());
  const place = {
    ...testPlace(testDirectory(t)),
    reference: new ReferenceFile(reference.filePath),
  };
  const identity = { role: 'primary', durability: 'sync', origin: 'test' } as const;
  const partition = await Partition.create(place, identity, environment);
  t.teardown(() => partition.close());
  for (let id = 1; id <= 3; id += 1) {
    t.is(readOften(partition, 'SELECT count(*) FROM ref.account', 0), id - 1);
    t.is(readOften(partition, 'SELECT 1', 0), 1);
    await reference.write(insertOf(id, id));
  }
});

test('a checkpoint moves what was written behind the snapshot', async (t) => {
  const environment = testEnvironment({ clock, startWal: async () => undefined });
  const partition = await createTestPartition(t, { environment });
  t.teardown(() => partition.close());
  for (let id = 1; id <= 4; id += 1) {
    t.is(readOften(partition), id - 1);
    await partition.write(insertOf(id, id));
    await partition.maintain();
    t.is(countWithoutWal(t, partition.filePath), id);
  }
});

test('the WAL begins anew though there were reads amid the checkpoint', async (t) => {
  const directory = testDirectory(t);
  const plain = testEnvironment();
  const salts = (): string =>
    readFileSync(join(directory, 'data.sqlite-wal')).toString('hex', 16, 24);
  let wasBegun = false;
  const reads: unknown[] = [];
  const partition: Partition = await createTestPartition(directory, {
    environment: testEnvironment({
      clock,
      checkpoint: async (path) => {
        reads.push(readOften(partition));
        return plain.checkpoint(path);
      },
      startWal: async (path) => {
        const before = salts();
        await plain.startWal(path);
        wasBegun = salts() !== before;
      },
    }),
  });
  t.teardown(() => partition.close());
  await partition.write(insertOf(1, 1));
  wasBegun = false;
  await partition.maintain();
  await nextTurn();
  t.true(wasBegun);
  t.deepEqual(reads, [1]);
});

test('while another connection may commit, no snapshot is known to be the newest', async (t) => {
  const path = join(temporaryDirectory(t), 'data.sqlite');
  createStateFile(path, { role: 'primary', durability: 'sync', origin: 'test' });
  const file = new StateFile(path, new ReferenceFile(null));
  t.teardown(() => file.close());
  t.is(file.commits, 0);
  file.begin(true);
  file.commit();
  t.is(file.commits, 1);
  await file.commitElsewhere({ position: file.meta.applied, timestamp: 1n }, async () => {
    t.is(file.commits, null);
  });
  t.is(file.commits, 2);
});

test('a partition that closes is whole in its file before that', async (t) => {
  const plain = testEnvironment();
  const counts: unknown[] = [];
  const checkpoint = async (path: string): Promise<number> => {
    const moved = await plain.checkpoint(path);
    counts.push(countWithoutWal(t, path));
    return moved;
  };
  const environment = testEnvironment({ clock, checkpoint });
  const partition = await createTestPartition(t, { environment });
  t.is(readOften(partition), 0);
  await partition.write(insertOf(1, 1));
  await partition.close();
  t.deepEqual(counts, [1]);
});

test('a statement that fails leaves the next ones as they are', async (t) => {
  const partition = await createTestPartition(t);
  t.teardown(() => partition.close());
  await partition.write(insertOf(1, 1));
  t.is(readOften(partition), 1);
  t.throws(() => shortRead(partition, 'SELECT abs(-9223372036854775807 - balance) FROM account'));
  t.throws(() => shortRead(partition, 'SELECT nothing FROM account'));
  await partition.write(insertOf(2, 2));
  t.is(readOften(partition), 2);
});

test('files that are replaced are read as they are then', async (t) => {
  const environment = testEnvironment({ clock });
  const partition = await createTestPartition(t, { environment });
  await partition.write(insertOf(1, 1));
  t.is(readOften(partition), 1);
  await partition.demote();
  t.is(readOften(partition), 1);
  await partition.promote();
  await partition.write(insertOf(2, 2));
  t.is(readOften(partition), 2);
  const path = partition.filePath;
  await partition.close();
  t.is(countWithoutWal(t, path), 2);
});
