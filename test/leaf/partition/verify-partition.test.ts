// What `log verify` finds in a partition on disk, at rest and at work.

import { closeSync, copyFileSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { Partition } from '#leaf/partition/partition.ts';
import { findPartitions, verifyPartition } from '#leaf/partition/verify-partition.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import {
  accountTable,
  createTestPartition,
  insertOf,
  testDirectory,
  testEnvironment,
  writeOf,
} from '#test/support/test-partition.ts';

const full = { depth: 'full', scratch: null } as const;

async function filled(directory: string, segmentBytesMax = 1024): Promise<Partition> {
  const environment = testEnvironment({ segmentBytesMax });
  const partition = await createTestPartition(directory, { environment });
  for (let id = 0; id < 40; id += 1) await partition.write(insertOf(id, id));
  return partition;
}

function damage(path: string, offset: number): void {
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, Buffer.from([0xa5, 0x5a, 0xa5, 0x5a]), 0, 4, offset);
  closeSync(descriptor);
}

test('verify: a sound partition, at work and at rest; its rows are those of its log', async (t) => {
  const directory = testDirectory(t);
  const partition = await filled(directory);
  const scratch = join(dirname(directory), 'rebuilt.sqlite');
  const atWork = await verifyPartition(directory, { depth: 'full', scratch });
  t.is(atWork.fault, '');
  t.is(atWork.log?.records, 42);
  t.true((atWork.log?.segments ?? 0) > 3);
  await partition.write(writeOf('DELETE FROM account WHERE id = 7'));
  // A table of the database that lies elsewhere has no rows here to compare.
  const elsewhere = { ...accountTable, name: 'elsewhere' };
  await partition.define({ version: 2, sqlite: [], put: [elsewhere], drop: [] });
  await partition.close();
  const atRest = await verifyPartition(directory, { depth: 'quick', scratch });
  t.is(atRest.fault, '');
  t.is(atRest.log?.tail.lsn, 44n);
  t.deepEqual(readdirSync(dirname(directory)), ['shop_0'], 'nothing is left beside it');
});

test('verify: rows that the log did not write are found', async (t) => {
  const directory = testDirectory(t);
  await (await filled(directory)).close();
  const file = openWithFunctions(join(directory, 'data.sqlite'));
  file.run('UPDATE account SET balance = 1000 WHERE id = 3');
  file.close();
  t.is((await verifyPartition(directory, full)).fault, '', 'each part by itself is sound');
  const scratch = join(dirname(directory), 'rebuilt.sqlite');
  const { fault } = await verifyPartition(directory, { depth: 'full', scratch });
  t.regex(fault, /^partition shop_0: table account differs from what the log leads to/);
});

const second = '0000000002.log';
const faults: readonly (readonly [string, (log: string) => void, RegExp])[] = [
  [
    'a flipped byte',
    (log) => damage(join(log, second), 150),
    /^partition shop_0: log segment 0000000002\.log is damaged at offset \d+, record \d+: a frame/,
  ],
  ['a missing segment', (log) => rmSync(join(log, second)), /0000000002\.log .*: it is missing/],
  ['a damaged header', (log) => damage(join(log, second), 2), /0000000002\.log .* no whole header/],
  [
    'a segment in the place of another',
    (log) => copyFileSync(join(log, '0000000003.log'), join(log, second)),
    /0000000002\.log .* it goes on after record \d+ of another history/,
  ],
  ['no log', (log) => rmSync(log, { recursive: true }), /ENOENT/],
  [
    'a file of another life',
    (log) => {
      const file = openWithFunctions(join(log, '..', 'data.sqlite'));
      file.run("UPDATE _twinleaf_meta SET log_hash = x'0102030405060708'");
      file.close();
    },
    /its file and its log disagree about record 42/,
  ],
  [
    'a file that is ahead',
    (log) => {
      const file = openWithFunctions(join(log, '..', 'data.sqlite'));
      file.run('UPDATE _twinleaf_meta SET lsn = 99');
      file.close();
    },
    /its log ends at record 42, but its file holds record 99/,
  ],
  ['a damaged page', (log) => damage(join(log, '..', 'data.sqlite'), 4096), /data\.sqlite/],
];

for (const [name, spoil, sentence] of faults) {
  test(`verify: ${name} is named`, async (t) => {
    const directory = testDirectory(t);
    await (await filled(directory)).close();
    spoil(join(directory, 'log'));
    t.regex((await verifyPartition(directory, full)).fault, sentence);
  });
}

test('verify: partitions are found in a directory of any kind', async (t) => {
  const root = temporaryDirectory(t);
  const directory = join(root, 'leaf-1', 'partitions', 'shop_0');
  await (await createTestPartition(directory)).close();
  for (const path of [root, join(root, 'leaf-1'), directory]) {
    t.deepEqual(findPartitions(path), [directory]);
  }
});
