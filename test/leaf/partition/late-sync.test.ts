// A verdict that another partition knows is carried out before it is on disk here: what a power
// cut takes of it is written again.

import test, { type ExecutionContext } from 'ava';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PartitionEnvironment } from '#leaf/partition/partition-options.ts';
import { Partition } from '#leaf/partition/partition.ts';
import { verifyPartition } from '#leaf/partition/verify-partition.ts';
import { SyncJournal } from '#leaf/log/sync-journal.ts';
import type { Position } from '#shared/log/lsn.ts';
import { realClock, type Clock } from '#shared/clock.ts';
import type { Verdict } from '#shared/wire/message.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import {
  createTestPartition,
  insertOf,
  rowsOf,
  tagOf,
  testEnvironment,
  testPlace,
} from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';

/** Another partition decides. */
const participants = [1, 0];

const LOG_BYTES_MAX = 1024 * 1024;

/** The log of a partition ends at its `prepare`, its file holds the verdict. */
async function afterPowerCut(
  t: ExecutionContext,
  verdict: Verdict,
): Promise<{ directory: string; tail: Position }> {
  const root = temporaryDirectory(t);
  const directory = join(root, 'shop_0');
  const partition = await createTestPartition(directory);
  await partition.write(insertOf(1, 10));
  await partition.write(insertOf(2, 20, tagOf('t', 1)));
  await partition.prepare('t', participants);
  cpSync(join(directory, 'log'), join(root, 'kept'), { recursive: true });
  await partition.decide('t', verdict);
  const { tail } = partition.log;
  await partition.close();
  rmSync(join(directory, 'log'), { recursive: true });
  cpSync(join(root, 'kept'), join(directory, 'log'), { recursive: true });
  return { directory, tail };
}

for (const verdict of ['commit', 'abort'] as const) {
  test(`${verdict}: the record that was lost is written again, as it was`, async (t) => {
    const { directory, tail } = await afterPowerCut(t, verdict);
    const report = await verifyPartition(directory, { depth: 'quick', scratch: null });
    t.is(report.fault, '');
    t.regex(report.notes.join(), /lacks record \d+, a verdict/);
    const again = await Partition.open(testPlace(directory), testEnvironment());
    t.teardown(() => again.close());
    t.is(again.failure, null);
    t.deepEqual(again.log.tail, tail);
    t.deepEqual(again.log.hardened, tail);
    t.is(again.status().inDoubt, null);
    t.is(await again.verdict('t'), verdict);
    const rows = [[1, 10], ...(verdict === 'commit' ? [[2, 20]] : [])];
    t.deepEqual(await rowsOf(again), rows);
    await again.write(insertOf(3, 30));
    const secondary = await createTestPartition(t, { role: 'secondary' });
    t.teardown(() => secondary.close());
    await secondary.applyFrames(again.log.read(0n, LOG_BYTES_MAX));
    await secondary.markProvisioned();
    t.deepEqual(await rowsOf(secondary), [...rows, [3, 30]]);
  });
}

test('a log that lacks more than that is damaged', async (t) => {
  const root = temporaryDirectory(t);
  const directory = join(root, 'shop_0');
  const partition = await createTestPartition(directory);
  await partition.write(insertOf(2, 20, tagOf('t', 1)));
  cpSync(join(directory, 'log'), join(root, 'kept'), { recursive: true });
  await partition.prepare('t', participants);
  await partition.decide('t', 'commit');
  await partition.close();
  rmSync(join(directory, 'log'), { recursive: true });
  cpSync(join(root, 'kept'), join(directory, 'log'), { recursive: true });
  const again = await Partition.open(testPlace(directory), testEnvironment());
  t.teardown(() => again.close());
  t.true(again.failure?.is('partitionUnrecoverable'));
});

/** Overwrites the end of the record's frame. */
function tear(directory: string, frame: Uint8Array): void {
  const path = join(directory, 'log', '0000000001.log');
  const bytes = readFileSync(path);
  const at = bytes.indexOf(frame);
  bytes.fill(0, at + frame.length - 9, at + frame.length);
  writeFileSync(path, bytes);
}

test('a verdict that is torn before whole records takes none of them with it', async (t) => {
  const root = temporaryDirectory(t);
  const directory = join(root, 'shop_0');
  const partition = await createTestPartition(directory);
  await partition.write(insertOf(2, 20, tagOf('t', 1)));
  await partition.prepare('t', participants);
  const before = partition.log.tail.lsn;
  await partition.decide('t', 'commit');
  const verdict = partition.log.read(before, 1, before + 1n);
  const kept = join(root, 'data.sqlite');
  for (const suffix of ['', '-wal']) cpSync(join(directory, `data.sqlite${suffix}`), kept + suffix);
  await partition.write(insertOf(3, 30));
  await partition.write(insertOf(4, 40));
  await partition.close();
  for (const suffix of ['', '-wal']) cpSync(kept + suffix, join(directory, `data.sqlite${suffix}`));
  tear(directory, verdict);
  const again = await Partition.open(testPlace(directory), testEnvironment());
  t.teardown(() => again.close());
  t.is(again.failure, null);
  t.deepEqual(await rowsOf(again), [
    [2, 20],
    [3, 30],
    [4, 40],
  ]);
});

/** A partition whose log does not sync by time: the timers are the test's. */
async function withoutTimers(
  t: ExecutionContext,
  changes: Partial<PartitionEnvironment> = {},
): Promise<{ partition: Partition; timers: (() => void)[] }> {
  const root = temporaryDirectory(t);
  const journal = join(root, 'journal');
  mkdirSync(journal);
  const timers: (() => void)[] = [];
  const after: Clock['after'] = (ms, action) => {
    if (ms > 50) return realClock.after(ms, action);
    timers.push(action);
    return { cancel: () => undefined };
  };
  const environment = testEnvironment({
    clock: { ...realClock, after },
    journal: SyncJournal.open({ directory: journal, root }),
    ...changes,
  });
  const partition = await createTestPartition(join(root, 'shop_0'), { environment });
  t.teardown(() => partition.close());
  return { partition, timers };
}

test('the decider syncs its verdict before it is told, another one soon after', async (t) => {
  const { partition, timers } = await withoutTimers(t);
  const { log } = partition;
  await partition.write(insertOf(1, 10, tagOf('a', 1)));
  await partition.prepare('a', [0, 1]);
  t.true(log.hardened.lsn < log.tail.lsn, 'its prepare is worth nothing without its verdict');
  await partition.decide('a', 'commit');
  t.is(log.hardened.lsn, log.tail.lsn);
  await partition.write(insertOf(2, 20, tagOf('b', 2)));
  await partition.prepare('b', participants);
  t.is(log.hardened.lsn, log.tail.lsn);
  await partition.decide('b', 'commit');
  t.true(log.hardened.lsn < log.tail.lsn);
  t.deepEqual(await rowsOf(partition), [
    [1, 10],
    [2, 20],
  ]);
  t.is(partition.status().inDoubt, null);
  t.is(partition.status().late, 'b', 'who knows the verdict must not forget it');
  for (const timer of timers) timer();
  await until('the verdict is on disk', () => log.hardened.lsn === log.tail.lsn);
  t.is(partition.status().late, null);
  t.is(await partition.verdict('b'), 'commit');
});

test('a snapshot holds nothing that is not on disk', async (t) => {
  const { partition } = await withoutTimers(t);
  await partition.write(insertOf(2, 20, tagOf('b', 2)));
  await partition.prepare('b', participants);
  await partition.decide('b', 'commit');
  t.true(partition.log.hardened.lsn < partition.log.tail.lsn);
  const { position } = await partition.snapshot();
  t.is(partition.log.hardened.lsn, position.lsn);
});

test('a prepare of the decider whose verdict does not come is on disk all the same', async (t) => {
  const { partition, timers } = await withoutTimers(t);
  const { log } = partition;
  await partition.write(insertOf(1, 10, tagOf('a', 1)));
  await partition.prepare('a', [0, 1]);
  t.true(log.hardened.lsn < log.tail.lsn);
  for (const timer of timers) timer();
  await until('it is on disk', () => log.hardened.lsn === log.tail.lsn);
  await partition.decide('a', 'abort');
  t.is(await partition.verdict('a'), 'abort');
});

test('a verdict behind a record that is not on disk is synced before it is seen', async (t) => {
  const { partition } = await withoutTimers(t);
  const { log } = partition;
  await partition.write(insertOf(1, 10, tagOf('a', 1)));
  await partition.prepare('a', participants);
  const asked = partition.verdict('nobody knows it');
  t.true(log.hardened.lsn < log.tail.lsn);
  await partition.decide('a', 'commit');
  t.is(log.hardened.lsn, log.tail.lsn);
  t.is(await asked, 'abort');
});

test('who waits for a synchronous follower waits for no timer', async (t) => {
  const { partition, timers } = await withoutTimers(t, { followed: () => 'in step' });
  const { log } = partition;
  await partition.write(insertOf(1, 10, tagOf('a', 1)));
  await partition.prepare('a', participants);
  await partition.decide('a', 'commit');
  await until('the verdict is on disk', () => log.hardened.lsn === log.tail.lsn);
  t.deepEqual(timers, []);
});
