// The process that a test of places kills: does one kind of work until it comes to its place.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Partition } from '#leaf/partition/partition.ts';
import { PartitionSet } from '#leaf/partition-set.ts';
import { WorkerPool } from '#leaf/worker/worker-pool.ts';
import { realClock } from '#shared/clock.ts';
import { killAtPlace } from '#shared/kill-at.ts';
import { PIECE_BYTES } from '#shared/log/long-frame.ts';
import { createLogger } from '#shared/logger.ts';
import {
  accountTable,
  addNote,
  createAccount,
  createTestPartition,
  fillOf,
  FILLED_ROWS,
  insertOf,
  LONG_ROWS,
  tagOf,
  testEnvironment,
  testPlace,
  writeOf,
} from '#test/support/test-partition.ts';

const [root = '', work = '', failpoint = ''] = process.argv.slice(2);
const directory = join(root, 'shop_0');
const environment = testEnvironment({
  failpoint: killAtPlace(failpoint),
  segmentBytesMax: 2048,
  retention: { keptBytesMin: 0, logSizeBytesMax: 1_000_000, ageMsMax: 1e9 },
});

const open = (): Promise<Partition> => Partition.open(testPlace(directory), environment);

/** What is acknowledged is told to the parent, one id a line. */
async function write(): Promise<void> {
  const partition = await open();
  for (let id = 100; id < 300; id += 1) {
    await partition.write(insertOf(id, id));
    process.stdout.write(`${id}\n`);
  }
}

async function transaction(): Promise<void> {
  const partition = await open();
  for (let id = 100; ; id += 1) {
    const name = `t${id}`;
    await partition.write(insertOf(id, id, tagOf(name, id)));
    await partition.commit(name);
    process.stdout.write(`${id}\n`);
  }
}

async function twoPhases(participants: readonly number[]): Promise<void> {
  const partition = await open();
  await partition.write(insertOf(100, 1, tagOf('t', 1)));
  await partition.prepare('t', participants);
  await partition.decide('t', 'commit');
  process.stdout.write('100\n');
}

async function maintain(): Promise<void> {
  const partition = await open();
  for (let id = 100; id < 200; id += 1) {
    await partition.write(insertOf(id, id));
    process.stdout.write(`${id}\n`);
  }
  await partition.maintain();
}

async function define(): Promise<void> {
  const partition = await open();
  await partition.define(addNote);
}

async function openWithWorkers(): Promise<Partition> {
  const logger = createLogger('error', {}, () => undefined);
  const workers = new WorkerPool({ size: 1, clock: realClock, logger });
  return await Partition.open(testPlace(directory), { ...environment, workers });
}

/** Changes that are logged in pieces. */
async function writeLong(): Promise<void> {
  const partition = await openWithWorkers();
  await partition.write(fillOf(LONG_ROWS, FILLED_ROWS));
}

async function twoPhasesLong(): Promise<void> {
  const partition = await openWithWorkers();
  const { steps } = fillOf(LONG_ROWS, FILLED_ROWS);
  await partition.write({ ...insertOf(0, 0, tagOf('t', 1)), steps });
  await partition.prepare('t', [0, 1]);
  await partition.decide('t', 'commit');
}

/** A transaction that moves to a worker with its savepoints, one of which it goes back to. */
async function moved(): Promise<void> {
  const partition = await openWithWorkers();
  const joined = { ...tagOf('t', 1), joined: true };
  const savepoint = (action: 'set' | 'rollback to', name: string) =>
    partition.savepoint({ transactionId: 't', action, name });
  const addOne = writeOf('UPDATE account SET balance = balance + 1', [], joined);
  await partition.write(insertOf(900_001, 5, tagOf('t', 1)));
  await savepoint('set', 'a');
  await partition.write(insertOf(900_002, 5, joined));
  await savepoint('set', 'b');
  await partition.write(insertOf(900_003, 5, joined));
  await partition.write(addOne);
  await savepoint('rollback to', 'b');
  await partition.write(addOne);
  await partition.commit('t');
}

/** A record that comes in parts. */
async function followLong(): Promise<void> {
  const partition = await openWithWorkers();
  const frame = readFileSync(join(root, 'frames'));
  for (let offset = 0; offset < frame.length; offset += PIECE_BYTES) {
    const bytes = frame.subarray(offset, offset + PIECE_BYTES);
    await partition.applyPart({ offset, bytes, bytesTotal: frame.length });
  }
}

/** The same for a large table, in a worker. */
async function defineLarge(): Promise<void> {
  const partition = await openWithWorkers();
  const frames = join(root, 'frames');
  if (existsSync(frames)) await partition.applyFrames(readFileSync(frames));
  else await partition.define(addNote);
}

function set(): PartitionSet {
  const nobody = { opened: async () => undefined, closing: async () => undefined };
  return new PartitionSet(root, environment, nobody);
}

async function create(): Promise<void> {
  const partitions = set();
  await partitions.open();
  const identity = { role: 'primary', durability: 'sync', origin: 'test' } as const;
  const key = { database: 'shop', ordinal: 1 };
  await partitions.create(key, identity);
  const change = { version: 1, sqlite: [createAccount], put: [accountTable], drop: [] };
  await partitions.find(key).define(change);
}

async function drop(): Promise<void> {
  const partitions = set();
  await partitions.open();
  await partitions.drop({ database: 'shop', ordinal: 0 });
}

async function follow(): Promise<void> {
  const partition = await open();
  const frames = readFileSync(join(root, 'frames'));
  await partition.applyFrames(frames);
}

async function install(): Promise<void> {
  const source = await createTestPartition(join(root, 'source', 'shop_0'));
  for (let id = 0; id < 50; id += 1) await source.write(insertOf(id, id));
  const { path, position } = await source.snapshot();
  const partition = await open();
  await partition.installSnapshot(path, position);
}

async function promote(): Promise<void> {
  const partition = await open();
  await partition.promote();
}

async function rewind(): Promise<void> {
  const partition = await open();
  await partition.write(writeOf('UPDATE account SET balance = balance + 1'));
  await partition.demote();
  await partition.rewindTo(partition.log.tail.lsn - 3n);
}

/** Takes a long record back, in a worker. */
async function rewindLong(): Promise<void> {
  const partition = await openWithWorkers();
  await partition.demote();
  await partition.rewindTo(partition.log.tail.lsn - 1n);
}

const works: Record<string, () => Promise<void>> = {
  write,
  transaction,
  decide: () => twoPhases([0, 1]),
  hearVerdict: () => twoPhases([1, 0]),
  maintain,
  define,
  defineLarge,
  followLarge: defineLarge,
  writeLong,
  twoPhasesLong,
  moved,
  followLong,
  create,
  drop,
  follow,
  install,
  promote,
  rewind,
  rewindLong,
  begin: async () => void (await open()),
};
await works[work]?.();
process.exit(3);
