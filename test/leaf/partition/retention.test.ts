// A log keeps what followers need, up to its limits: one that is dead never fills the disk.

import test from 'ava';
import { Partition } from '#leaf/partition/partition.ts';
import { realClock } from '#shared/clock.ts';
import { HybridClock } from '#shared/log/hybrid-clock.ts';
import {
  createTestPartition,
  insertOf,
  rowsOf,
  testDirectory,
  testEnvironment,
  testPlace,
} from '#test/support/test-partition.ts';

const dead = 'other/shop_0';

async function insert(partition: Partition, first: number, count: number): Promise<void> {
  for (let id = first; id < first + count; id += 1) await partition.write(insertOf(id, id));
}

test('retention: a follower that would need too many bytes is let go; the log stays', async (t) => {
  const retention = { keptBytesMin: 0, logSizeBytesMax: 6000, ageMsMax: 1e12 };
  const environment = testEnvironment({ retention, segmentBytesMax: 1000 });
  const directory = testDirectory(t);
  const partition = await createTestPartition(directory, { environment });
  await partition.followers.register(dead, 5n);
  await insert(partition, 0, 40);
  await partition.maintain();
  t.true(partition.log.firstLsn <= 6n, 'what it needs is kept within the limit');
  t.is(partition.followers.find(dead)?.letGo, '');
  for (let first = 40; first < 400; first += 40) {
    await insert(partition, first, 40);
    await partition.maintain();
    // A segment may be longer than its limit by a record, and the newest is never dropped.
    t.true(partition.log.sizeBytes < 6000 + 2 * 1200, String(partition.log.sizeBytes));
  }
  t.regex(partition.followers.find(dead)?.letGo ?? '', /more than the 6000 bytes/);
  t.true(partition.log.firstLsn > 6n);
  await partition.close();
  const again = await Partition.open(testPlace(directory), environment);
  t.regex(again.followers.find(dead)?.letGo ?? '', /bytes/, 'it is known after a restart');
  t.is((await rowsOf(again)).length, 400);
  // It comes again, from a snapshot: from there on the log keeps records for it as before.
  t.true(await again.followers.register(dead, again.log.tail.lsn));
  t.is(again.followers.find(dead)?.letGo, '');
  await again.close();
});

test('retention: a follower that would need too old records is let go', async (t) => {
  let laterMs = 0;
  const clock = { ...realClock, now: () => realClock.now() + laterMs };
  const retention = { keptBytesMin: 0, logSizeBytesMax: 1e12, ageMsMax: 3_600_000 };
  const more = { clock, hybridClock: new HybridClock(clock) };
  const environment = testEnvironment({ retention, segmentBytesMax: 500, ...more });
  const partition = await createTestPartition(t, { environment });
  await partition.followers.register(dead, 5n);
  await insert(partition, 0, 40);
  laterMs = 1_800_000;
  await insert(partition, 40, 40);
  await partition.maintain();
  t.is(partition.followers.find(dead)?.letGo, '');
  laterMs = 4_000_000;
  await insert(partition, 80, 1);
  await partition.maintain();
  t.regex(partition.followers.find(dead)?.letGo ?? '', /older than 1 hours/);
  t.true(partition.log.firstLsn > 40n);
  await partition.close();
});
