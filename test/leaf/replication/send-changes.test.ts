// What a log's end has changed, told to who keeps it before it is taken back.

import test from 'ava';
import { encode } from '#shared/codec.ts';
import { readChangeset } from '#shared/log/changeset.ts';
import { sendChanges } from '#leaf/replication/send-changes.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import type { LSN } from '#shared/log/lsn.ts';
import {
  createTestPartition,
  fillOf,
  insertOf,
  LONG_ROWS,
  tagOf,
} from '#test/support/test-partition.ts';

async function told(partition: Partition, lsn: LSN): Promise<readonly unknown[]> {
  const changes: unknown[] = [];
  for await (const item of sendChanges(partition, lsn)) {
    if (item.kind !== 'changes') continue;
    for (const change of item.changes) {
      changes.push([Number(change.lsn), change.transactionId, change.isDecided]);
    }
  }
  return changes;
}

test('changes: what is prepared and undecided is told, wherever it stands', async (t) => {
  const partition = await createTestPartition(t);
  t.teardown(() => partition.close());
  await partition.write(insertOf(1, 1));
  const before = partition.log.tail.lsn;
  await partition.write(insertOf(2, 2, tagOf('t', 1)));
  await partition.prepare('t', [1, 0]);
  const prepared = partition.log.tail.lsn;
  const undecided = [[Number(prepared), 't', false]];
  t.deepEqual(await told(partition, before), undecided);
  t.deepEqual(await told(partition, prepared), undecided, 'both histories have its record');
  t.deepEqual(await told(partition, prepared + 1n), []);
  await partition.decide('t', 'commit');
  const decided = partition.log.tail.lsn;
  t.deepEqual(await told(partition, prepared), [[Number(decided), 't', true]]);
  t.deepEqual(await told(partition, decided), []);
});

test('changes: a long record is told in parts, whose rows are numbered on', async (t) => {
  const partition = await createTestPartition(t);
  t.teardown(() => partition.close());
  const before = partition.log.tail.lsn;
  await partition.write(insertOf(1_000_000, 1));
  await partition.write(fillOf(3 * LONG_ROWS));
  await partition.write({ ...fillOf(2 * LONG_ROWS, 4 * LONG_ROWS), transaction: tagOf('t', 1) });
  await partition.prepare('t', [1, 0]);
  const items = await Array.fromAsync(sendChanges(partition, before));
  const parts = items.flatMap((item) => (item.kind === 'changes' ? item.changes : []));
  const records = Map.groupBy(parts, ({ lsn }) => Number(lsn - before));
  t.deepEqual([...records.keys()], [1, 2, 3]);
  t.true(parts.every(({ lsn, isDecided }) => isDecided === lsn < before + 3n));
  for (const [record, rows] of [
    [1, 1] as const,
    [2, 3 * LONG_ROWS] as const,
    [3, 2 * LONG_ROWS] as const,
  ]) {
    let told = 0;
    for (const { content } of records.get(record) ?? []) {
      if (content.kind !== 'rows') return t.fail('rows alone were changed');
      t.is(content.before ?? 0, told);
      told += [...readChangeset(content.changeset)].length;
    }
    t.is(told, rows);
  }
  t.true((records.get(2) ?? []).length > 1);
  const longest = Math.max(...items.map((item) => encode(item).length));
  t.true(longest < 3 * 1024 * 1024, `an item of ${longest} bytes`);
});
