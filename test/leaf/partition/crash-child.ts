// The process that a crash test kills: opens a partition, and does its work until its failpoint.

import { readFileSync } from 'node:fs';
import { killAt } from '#leaf/partition/failpoint.ts';
import { Partition } from '#leaf/partition/partition.ts';
import { logStart } from '#shared/log/log-frame.ts';
import {
  createTestPartition,
  insertOf,
  tagOf,
  testEnvironment,
  testPlace,
} from '#test/support/test-partition.ts';

const [directory = '', work = '', failpoint = '', file = ''] = process.argv.slice(2);
const environment = testEnvironment({ failpoint: killAt(failpoint) });

/** Acknowledged writes are told to the parent, one id a line. */
async function write(): Promise<void> {
  const partition = await Partition.open(testPlace(directory), environment);
  for (let id = 100; ; id += 1) {
    await partition.write(insertOf(id, id));
    process.stdout.write(`${id}\n`);
  }
}

async function prepareAndDecide(): Promise<void> {
  const partition = await Partition.open(testPlace(directory), environment);
  await partition.write(insertOf(200, 1, tagOf('t', 1)));
  await partition.prepare('t', [0, 1]);
  await partition.decide('t', 'commit');
}

async function follow(): Promise<void> {
  const partition = await Partition.open(testPlace(directory), environment);
  await partition.applyFrames(readFileSync(file));
}

async function install(): Promise<void> {
  const source = await createTestPartition({ directory: `${directory}-source` });
  for (let id = 0; id < 50; id += 1) await source.write(insertOf(id, id));
  const { path, position } = await source.snapshot();
  const partition = await Partition.open(testPlace(directory), environment);
  if (partition.log.contains(logStart) !== 'same') throw new Error('a new secondary is empty');
  await partition.installSnapshot(path, position);
}

const works: Record<string, () => Promise<void>> = { write, prepareAndDecide, follow, install };
await works[work]?.();
process.exit(3);
