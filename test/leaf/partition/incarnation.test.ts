// A partition runs no task that was planned for another database of its name.

import test from 'ava';
import { Partition } from '#leaf/partition/partition.ts';
import { planVersion } from '#shared/cluster/plan-version.ts';
import { DatabaseError } from '#shared/error.ts';
import type { TransactionTag } from '#shared/wire/message.ts';
import {
  accountTable,
  createAccount,
  insertOf,
  rowsOf,
  tagOf,
  testDirectory,
  testEnvironment,
  testPlace,
} from '#test/support/test-partition.ts';

const change = { version: 1, sqlite: [createAccount], put: [accountTable], drop: [] };
const [allDone, allRefused] = [Array<string>(5).fill('done'), Array<string>(5).fill('refused')];

async function outcomeOf(task: () => Promise<unknown>): Promise<string> {
  try {
    await task();
    return 'done';
  } catch (error) {
    return error instanceof DatabaseError && error.is('catalogMismatch') ? 'refused' : `${error}`;
  }
}

/** How a task of each kind ends that was planned for this database; `id` is a row of its own. */
async function tryAll(partition: Partition, incarnation: number, id: number): Promise<string[]> {
  const catalogVersion = planVersion({ incarnation, catalogVersion: 1 });
  const sql = 'SELECT id FROM account';
  const nth = `${incarnation}-${id}`;
  const [writer, reader] = [tagOf(`w${nth}`, id), tagOf(`r${nth}`, id)];
  const locking = { catalogVersion, transaction: reader, forUpdate: true };
  const ended = (tag: TransactionTag, task: () => Promise<unknown>) => async () => {
    await task().finally(() => partition.rollback(tag.id));
  };
  const now = {
    ...{ catalogVersion, transaction: null, statement: { sql, parameters: [] }, columns: [] },
    ...{ forUpdate: false, lockWaitTimeoutMs: 100 },
  };
  const tasks = [
    () => partition.write({ ...insertOf(id, 1), catalogVersion }),
    ended(writer, () => partition.write({ ...insertOf(-id, 1, writer), catalogVersion })),
    () => rowsOf(partition, sql, { catalogVersion }),
    ended(reader, () => rowsOf(partition, sql, locking)),
    async () => partition.readNow(now),
  ];
  const outcomes: string[] = [];
  for (const task of tasks) {
    outcomes.push(await outcomeOf(task));
  }
  return outcomes;
}

test('incarnation: a plan for another database is refused, after a restart as well', async (t) => {
  const place = testPlace(testDirectory(t));
  const identity = { role: 'primary', durability: 'sync', origin: 'test', incarnation: 3 } as const;
  const partition = await Partition.create(place, identity, testEnvironment());
  await partition.define(change);
  t.deepEqual(await tryAll(partition, 3, 1), allDone);
  for (const other of [0, 2, 4]) t.deepEqual(await tryAll(partition, other, 2), allRefused);
  await partition.setIncarnation(4);
  t.deepEqual(await tryAll(partition, 3, 3), allRefused);
  t.deepEqual(await tryAll(partition, 4, 4), allDone);
  await partition.close();

  const again = await Partition.open(place, testEnvironment());
  t.deepEqual(await tryAll(again, 3, 5), allRefused);
  t.deepEqual(await tryAll(again, 4, 6), allDone);
  const catalogVersion = planVersion({ incarnation: 4, catalogVersion: 1 });
  t.deepEqual(await rowsOf(again, 'SELECT id FROM account ORDER BY id', { catalogVersion }), [
    [1],
    [4],
    [6],
  ]);
  await again.close();
});

test('incarnation: a partition that was never given one takes plans of the version', async (t) => {
  const place = testPlace(testDirectory(t));
  const identity = { role: 'primary', durability: 'sync', origin: 'test' } as const;
  const partition = await Partition.create(place, identity, testEnvironment());
  await partition.define(change);
  t.deepEqual(await tryAll(partition, 0, 1), allDone);
  t.deepEqual(await tryAll(partition, 1, 2), allRefused);
  await partition.close();
});
