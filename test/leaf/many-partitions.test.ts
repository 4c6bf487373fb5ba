// A leaf with 64 partitions: made, written, found again, and dropped.

import test from 'ava';
import { PartitionSet } from '#leaf/partition-set.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import {
  accountTable,
  createAccount,
  insertOf,
  rowsOf,
  testEnvironment,
} from '#test/support/test-partition.ts';

const COUNT = 64;

test('many partitions: 64 side by side, all there after a restart', async (t) => {
  const directory = temporaryDirectory(t);
  const listener = { opened: async () => undefined, closing: async () => undefined };
  const keys = Array.from({ length: COUNT }, (_, ordinal) => ({ database: 'shop', ordinal }));
  const identity = { role: 'primary', durability: 'sync', origin: 'test' } as const;
  const change = { version: 1, sqlite: [createAccount], put: [accountTable], drop: [] };
  const first = new PartitionSet(directory, testEnvironment(), listener);
  await first.open();
  await Promise.all(keys.map((key) => first.create(key, identity)));
  await Promise.all(keys.map((key) => first.find(key).define(change)));
  await Promise.all(keys.map((key) => first.find(key).write(insertOf(key.ordinal, 7))));
  await first.close();
  const again = new PartitionSet(directory, testEnvironment(), listener);
  t.teardown(() => again.close());
  await again.open();
  t.is(again.list('shop').length, COUNT);
  for (const key of keys) t.deepEqual(await rowsOf(again.find(key)), [[key.ordinal, 7]]);
  await Promise.all(keys.map((key) => again.drop(key)));
  t.is(again.list('shop').length, 0);
});
