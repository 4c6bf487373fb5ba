// Damaged files are found at the start and named; nothing of them is served, and a copy of what
// another holds begins anew.

import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { checkFile } from '#leaf/partition/check-file.ts';
import { Partition } from '#leaf/partition/partition.ts';
import { DatabaseError } from '#shared/error.ts';
import {
  createTestPartition,
  insertOf,
  rowsOf,
  testDirectory,
  testEnvironment,
  testPlace,
  writeOf,
} from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';

/** Rows in groups of ten: a record each. */
async function fill(partition: Partition, rows: number): Promise<void> {
  for (let first = 0; first < rows; first += 10) {
    const ids = Array.from({ length: 10 }, (_, index) => first + index);
    await Promise.all(ids.map((id) => partition.write(insertOf(id, id))));
  }
}

/** A partition of a few pages and segments, closed. */
async function atRest(t: ExecutionContext, rows = 400): Promise<string> {
  const directory = testDirectory(t);
  const environment = testEnvironment({ segmentBytesMax: 2 * 1024 });
  const partition = await createTestPartition(directory, { environment });
  await fill(partition, rows);
  await partition.close();
  return directory;
}

async function reopen(directory: string): Promise<Partition> {
  return Partition.open(testPlace(directory), testEnvironment());
}

/** Writes garbage over bytes in the middle of a file. */
function damage(path: string, offset: number, bytes = 64): void {
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, Buffer.alloc(bytes, 0xa5), 0, bytes, offset);
  closeSync(descriptor);
}

function reasonOf(partition: Partition): string {
  return partition.failure?.message ?? '';
}

const faults: readonly (readonly [string, (directory: string) => void, RegExp])[] = [
  ['a damaged page', (at) => damage(join(at, 'data.sqlite'), 2 * 4096), /data\.sqlite is damaged/],
  ['a damaged header', (at) => damage(join(at, 'data.sqlite'), 0), /data\.sqlite is damaged/],
  ['a missing file', (at) => rmSync(join(at, 'data.sqlite')), /data\.sqlite is missing/],
  [
    'an empty file',
    (at) => truncateSync(join(at, 'data.sqlite')),
    /data\.sqlite is no partition's/,
  ],
  ['a missing log', (at) => rmSync(join(at, 'log'), { recursive: true }), /its log is missing/],
  [
    'a damaged newest segment',
    (at) => damage(newestSegment(at), 300),
    /log segment \d+\.log is damaged at offset \d+, record \d+/,
  ],
  ['no newest segment', (at) => rmSync(newestSegment(at)), /record \d+ was written/],
];

function newestSegment(directory: string): string {
  let number = 1;
  const path = (of: number) => join(directory, 'log', `${String(of).padStart(10, '0')}.log`);
  while (existsSync(path(number + 1))) number += 1;
  return path(number);
}

for (const [name, spoil, sentence] of faults) {
  test(`damage: ${name} of a primary is named, refused, and left as it is`, async (t) => {
    const directory = await atRest(t);
    spoil(directory);
    const partition = await reopen(directory);
    t.regex(reasonOf(partition), sentence);
    t.regex(reasonOf(partition), /shop_0.*[Rr]estore it from a backup/);
    t.is(partition.status().state, 'unrecoverable');
    t.is(partition.status().role, 'primary');
    await t.throwsAsync(async () => partition.write(insertOf(9999, 1)), {
      instanceOf: DatabaseError,
    });
    await t.throwsAsync(rowsOf(partition), { message: sentence });
    await partition.close();
    const again = await reopen(directory);
    t.regex(reasonOf(again), sentence, 'the next start finds it as well');
    await again.close();
  });
}

test('damage: an old segment is left behind, and what it held is not sent', async (t) => {
  const directory = await atRest(t);
  const oldest = join(directory, 'log', '0000000001.log');
  damage(oldest, 200);
  const partition = await reopen(directory);
  t.is(partition.failure, null);
  await until('the segment to be left behind', () => partition.log.firstLsn > 1n);
  t.is((await rowsOf(partition)).length, 400);
  await partition.maintain();
  t.false(existsSync(oldest));
  t.true(existsSync(join(directory, 'log', 'damaged')));
  await partition.write(insertOf(1000, 1));
  await partition.close();
  const again = await reopen(directory);
  t.is(again.failure, null);
  t.is((await rowsOf(again)).length, 401);
  await again.close();
});

test('damage: an old segment that is missing is left behind too', async (t) => {
  const directory = await atRest(t);
  rmSync(join(directory, 'log', '0000000002.log'));
  const partition = await reopen(directory);
  t.is(partition.failure, null);
  t.true(partition.log.firstLsn > 1n);
  await partition.maintain();
  t.false(existsSync(join(directory, 'log', '0000000001.log')));
  await partition.close();
  const again = await reopen(directory);
  t.is(again.failure, null);
  await again.close();
});

/** A secondary that has followed a primary for a while, closed; with the primary. */
async function follower(t: ExecutionContext): Promise<{ primary: Partition; directory: string }> {
  const primary = await createTestPartition(t);
  await fill(primary, 300);
  const directory = testDirectory(t);
  const copy = await createTestPartition(directory, { role: 'secondary' });
  await copy.applyFrames(primary.log.read(0n, 10_000_000));
  await copy.markProvisioned();
  await copy.close();
  return { primary, directory };
}

for (const [name, spoil] of faults) {
  test(`damage: ${name} of a secondary: it begins anew, and is whole again`, async (t) => {
    const { primary, directory } = await follower(t);
    spoil(directory);
    const copy = await reopen(directory);
    t.is(copy.failure, null, reasonOf(copy));
    t.is(copy.role, 'secondary');
    t.false(copy.provisioned);
    t.is(copy.status().state, 'provisioning');
    t.is(copy.log.tail.lsn, 0n);
    t.true(existsSync(join(directory, 'set-aside')));
    await copy.applyFrames(primary.log.read(0n, 10_000_000));
    await copy.markProvisioned();
    t.deepEqual(await copy.checksum(), await primary.checksum());
    await copy.maintain();
    t.false(existsSync(join(directory, 'set-aside')), 'what was damaged is gone by then');
    await copy.close();
    await primary.close();
  });
}

test('damage: a promoted copy is never set aside', async (t) => {
  const { primary, directory } = await follower(t);
  const copy = await reopen(directory);
  await copy.promote();
  await copy.close();
  damage(join(directory, 'data.sqlite'), 2 * 4096);
  const again = await reopen(directory);
  t.regex(reasonOf(again), /data\.sqlite is damaged/);
  t.false(existsSync(join(directory, 'set-aside')));
  await again.close();
  await primary.close();
});

test('damage: met by a statement, it stops the partition, now and after a restart', async (t) => {
  const directory = await atRest(t, 3000);
  const partition = await reopen(directory);
  // A page of rows, behind the back of connections that have not read it yet.
  const { size } = statSync(join(directory, 'data.sqlite'));
  for (let page = 5; page * 4096 < size; page += 1) {
    damage(join(directory, 'data.sqlite'), page * 4096, 4096);
  }
  t.not(checkFile(join(directory, 'data.sqlite'), 'quick'), '');
  const error = await t.throwsAsync(rowsOf(partition), { instanceOf: DatabaseError });
  t.true(error instanceof DatabaseError && error.is('partitionUnrecoverable'), error?.message);
  await until('the partition to be stopped', () => partition.failure !== null);
  t.regex(reasonOf(partition), /data\.sqlite is damaged/);
  await t.throwsAsync(async () => partition.write(writeOf('UPDATE account SET balance = 0')));
  await partition.close();
  t.regex(readFileSync(join(directory, 'damaged'), 'utf8'), /data\.sqlite is damaged/);
  const again = await reopen(directory);
  t.regex(reasonOf(again), /data\.sqlite is damaged/);
  await again.close();
});

test('damage: followers that cannot be read are forgotten, and nothing else', async (t) => {
  const directory = await atRest(t, 10);
  writeFileSync(join(directory, 'followers'), 'garbage');
  const partition = await reopen(directory);
  t.is(partition.failure, null);
  t.deepEqual(partition.followers.list(), []);
  t.is((await rowsOf(partition)).length, 10);
  await partition.close();
});
