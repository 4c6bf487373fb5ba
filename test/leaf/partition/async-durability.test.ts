// WITH ASYNC DURABILITY: answered when written, and sent on only when it is on disk.

import test from 'ava';
import { countFrames } from '#shared/log/log-frame.ts';
import { createTestPartition, insertOf, rowsOf } from '#test/support/test-partition.ts';

test('async durability: a write is answered and visible before it is on disk', async (t) => {
  const partition = await createTestPartition(t, { durability: 'async' });
  t.teardown(() => partition.close());
  await partition.maintain();
  const { hardened } = partition.log;
  for (let id = 1; id <= 20; id += 1) await partition.write(insertOf(id, id));
  t.deepEqual(partition.log.hardened, hardened, 'nobody has waited for the disk');
  t.is(partition.log.tail.lsn, hardened.lsn + 20n);
  t.is((await rowsOf(partition)).length, 20);
  await partition.maintain();
  t.deepEqual(partition.log.hardened, partition.log.tail);
});

test('async durability: a follower gets only what is on disk, and soon', async (t) => {
  const partition = await createTestPartition(t, { durability: 'async' });
  t.teardown(() => partition.close());
  await partition.maintain();
  const { log } = partition;
  const from = log.tail.lsn;
  await partition.write(insertOf(1, 1));
  t.is(log.read(from, 1024 * 1024).length, 0, 'it is written, and not on disk');
  const stop = new AbortController();
  let received = from;
  const following = (async () => {
    while (received < from + 200n) {
      await log.waitAfter(received, stop.signal);
      received += BigInt(countFrames(log.read(received, 1024)));
      t.true(received <= log.hardened.lsn);
    }
  })();
  for (let id = 2; id <= 200; id += 1) await partition.write(insertOf(id, id));
  await following;
  stop.abort();
  t.is(received, log.tail.lsn);
});
