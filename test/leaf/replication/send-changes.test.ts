// What a log's end has changed, told to who keeps it before it is taken back.

import test from 'ava';
import { sendChanges } from '#leaf/replication/send-changes.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import type { LSN } from '#shared/log/lsn.ts';
import { createTestPartition, insertOf, tagOf } from '#test/support/test-partition.ts';

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
