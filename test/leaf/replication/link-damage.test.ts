// Damage on one end of a link: it is never sent, and a damaged copy becomes whole by itself.

import { closeSync, existsSync, openSync, statSync, truncateSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { PartitionEnvironment } from '#leaf/partition/partition-options.ts';
import { key, leafPair, TestLeaf } from '#test/support/leaf-world.ts';
import { until } from '#test/support/wait.ts';

const small = { segmentBytesMax: 2048 };

function pair(t: ExecutionContext, changes: Partial<PartitionEnvironment> = small) {
  return leafPair(t, { primary: changes, secondary: changes });
}

async function insertMany(leaf: TestLeaf, first: number, count: number): Promise<void> {
  for (let id = first; id < first + count; id += 1) await leaf.insert(id);
}

async function equal(primary: TestLeaf, secondary: TestLeaf): Promise<void> {
  await until('the secondary to be equal', async () => {
    const [theirs, ours] = [await primary.status(), await secondary.status()];
    if (ours.replay.lsn !== theirs.tail.lsn || ours.state !== 'replicating') return false;
    const [a, b] = [primary.partition, secondary.partition];
    return (
      JSON.stringify((await a.checksum()).tables) === JSON.stringify((await b.checksum()).tables)
    );
  });
}

function damage(path: string, offset: number, bytes = 64): void {
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, Buffer.alloc(bytes, 0xa5), 0, bytes, offset);
  closeSync(descriptor);
}

const directoryOf = (leaf: TestLeaf): string => dirname(leaf.partition.log.directory);

test('link: a segment that rots at the primary is not sent; a snapshot is', async (t) => {
  const { primary, secondary } = await pair(t);
  await primary.insert(1);
  await secondary.follow(primary);
  await equal(primary, secondary);
  await secondary.stop();
  await insertMany(primary, 100, 150);
  const [, second] = primary.partition.log.closedSegments();
  await primary.stop();
  damage(second?.path ?? '', 400);
  await primary.start();
  await secondary.start();
  await equal(primary, secondary);
  t.is((await secondary.rows()).length, 151);
  t.true(primary.partition.log.firstLsn > (second?.last.lsn ?? 1_000_000n));
  t.true(secondary.partition.log.firstLsn > 2n, 'a snapshot has come');
});

test('link: a copy that is damaged at the start gets a snapshot by itself', async (t) => {
  const { primary, secondary } = await pair(t);
  await insertMany(primary, 1, 60);
  await secondary.follow(primary);
  await equal(primary, secondary);
  const directory = directoryOf(secondary);
  await secondary.stop();
  truncateSync(join(directory, 'data.sqlite'), 6000);
  await secondary.start();
  await equal(primary, secondary);
  t.is((await secondary.rows()).length, 60);
  await primary.insert(1000);
  await equal(primary, secondary);
});

test('link: a copy that is found damaged at work gets a snapshot by itself', async (t) => {
  const { primary, secondary } = await pair(t);
  await insertMany(primary, 1, 150);
  await secondary.follow(primary);
  await equal(primary, secondary);
  const file = join(directoryOf(secondary), 'data.sqlite');
  // What a stopped leaf leaves behind is read from the file, and from no WAL before it.
  await secondary.stop();
  await secondary.start();
  damage(file, 4096, statSync(file).size - 4096);
  const error = await t.throwsAsync(secondary.rows());
  t.regex(error?.message ?? '', /shop_0.*(damaged|malformed)/);
  await until('what was damaged to be set aside', () =>
    existsSync(join(directoryOf(secondary), 'set-aside')),
  );
  await equal(primary, secondary);
  t.is((await secondary.rows()).length, 150);
  t.is((await secondary.status()).key.ordinal, key.ordinal);
});

test('link: who follows a copy that begins anew waits for it, and has not diverged', async (t) => {
  const { directory, network, primary, secondary } = await pair(t);
  const third = await TestLeaf.start(network, { port: 3, directory }, small);
  t.teardown(() => third.stop());
  await third.create('secondary');
  await insertMany(primary, 1, 40);
  await secondary.follow(primary);
  await equal(primary, secondary);
  await third.follow(secondary);
  await equal(secondary, third);
  const at = directoryOf(secondary);
  await secondary.stop();
  await primary.stop();
  truncateSync(join(at, 'data.sqlite'), 6000);
  await secondary.start();
  t.is((await secondary.status()).tail.lsn, 0n);
  await until('the third to have asked', async () =>
    /provisioning/.test((await third.link()).lastError),
  );
  t.not((await third.link()).state, 'diverged');
  await primary.start();
  await primary.insert(1000);
  await equal(primary, secondary);
  await equal(secondary, third);
  t.is((await third.rows()).length, 41);
});
