// Snapshots of a partition that is being written to, and what compacting leaves of a log.

import { readdirSync } from 'node:fs';
import test from 'ava';
import { readMeta } from '#leaf/partition/state-file.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import { createTestPartition, insertOf, rowsOf, writeOf } from '#test/support/test-partition.ts';

test('snapshot: under constant writes each ends, and holds what its position says', async (t) => {
  const partition = await createTestPartition(t);
  for (let id = 0; id < 50; id++) await partition.write(insertOf(id, 0));
  const base = partition.replay.lsn;
  let stopped = false;
  const writing = (async () => {
    const sql = 'UPDATE account SET balance = balance + 1 WHERE id = 7';
    while (!stopped) await partition.write(writeOf(sql));
  })();
  let before = 0n;
  for (let turn = 0; turn < 5; turn++) {
    const { path, position, sizeBytes } = await partition.snapshot();
    const copy = openWithFunctions(path, { readOnly: true });
    const [balance] = copy.get('SELECT balance FROM account WHERE id = 7') ?? [];
    t.is(BigInt(Number(balance)), position.lsn - base);
    t.deepEqual(readMeta(copy).applied, position);
    t.deepEqual(copy.all('PRAGMA integrity_check'), [['ok']]);
    copy.close();
    t.true(sizeBytes > 0 && position.lsn >= before);
    before = position.lsn;
  }
  stopped = true;
  await writing;
  t.true(partition.replay.lsn > before);
  await partition.close();
});

test('compact: the log goes but for what a follower needs', async (t) => {
  const partition = await createTestPartition(t);
  for (let id = 0; id < 10; id++) await partition.write(insertOf(id, id));
  await partition.followers.register('other/shop_0', 5n);
  await partition.maintain({ all: true });
  t.is(partition.log.firstLsn, 1n);
  await partition.followers.remove('other/shop_0');
  await partition.maintain({ all: true });
  t.is(partition.log.firstLsn, partition.replay.lsn + 1n);
  t.is(readdirSync(partition.log.directory).filter((name) => name.endsWith('.log')).length, 1);
  await partition.write(insertOf(10, 10));
  await partition.maintain({ all: true });
  t.is((await rowsOf(partition)).length, 11);
  await partition.close();
});
