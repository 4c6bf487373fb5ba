// A real process is killed at every named place; its next start finds all that was acknowledged,
// and the SQLite file is what the log leads to.

import { existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { failpointNames, type FailpointName } from '#leaf/partition/failpoint.ts';
import { PartitionSet } from '#leaf/partition-set.ts';
import {
  addNote,
  createTestPartition,
  fillOf,
  insertOf,
  rowsOf,
  testEnvironment,
} from '#test/support/test-partition.ts';
import { closeWhole, crash, crashTest, openAgain, type CrashPlace } from './crash-test.ts';

/** Places that tests of this file kill at. */
const tried = new Set<string>();

function placeTest(
  work: string,
  place: string,
  body: (t: ExecutionContext, at: CrashPlace) => Promise<void>,
): void {
  tried.add(place.split(':')[0] ?? '');
  crashTest(test, `crash ${place} of ${work}`, body);
}

const writePlaces = ['before-append', 'amid-append:4', 'after-append:3', 'after-sync:3'];
const rollPlaces = ['before-roll', 'amid-roll', 'after-roll:2'];
const checkpointPlaces = ['before-checkpoint', 'amid-checkpoint', 'after-checkpoint'];
const trimPlaces = ['before-trim', 'amid-trim', 'amid-trim:2', 'after-trim'];

for (const [work, places] of [
  ['write', [...writePlaces, ...rollPlaces, 'before-commit:5', 'after-commit:5']],
  ['transaction', ['before-append:2', 'amid-append:2', 'after-append:2', 'after-commit:2']],
  ['maintain', [...checkpointPlaces, ...trimPlaces]],
] as const) {
  for (const place of places) {
    placeTest(work, place, async (t, { root, directory }) => {
      const partition = await createTestPartition(directory);
      await partition.write(insertOf(1, 1));
      await partition.close();
      const acknowledged = await crash(root, work, place);
      const again = await openAgain(directory);
      const ids = (await rowsOf(again)).map(([id]) => Number(id));
      t.deepEqual(ids.slice(0, acknowledged.length + 1), [1, ...acknowledged]);
      // The one that was under way is there as its record is.
      t.true(ids.length - acknowledged.length <= 2);
      t.deepEqual(again.replay, again.log.tail);
      await again.write(insertOf(9999, 1));
      await closeWhole(t, again, directory);
    });
  }
}

const phases = ['before-prepare', 'after-prepare', 'after-decide-append', 'after-decide'] as const;
const ends = [...phases, 'after-commit'] as const;
const ofDecider = ends.map((place) => ['decide', place, [0, 1]] as const);
const ofOther = ends.map((place) => ['hearVerdict', place, [1, 0]] as const);
for (const [work, place, participants] of [...ofDecider, ...ofOther]) {
  placeTest(work, place, async (t, { root, directory }) => {
    await (await createTestPartition(directory)).close();
    await crash(root, work, place);
    const again = await openAgain(directory);
    if (place === 'before-prepare') {
      t.is(again.status().inDoubt, null);
      t.deepEqual(await rowsOf(again), []);
      t.is(await again.verdict('t'), 'abort');
      return closeWhole(t, again, directory);
    }
    if (place === 'after-prepare') {
      t.deepEqual(again.status().inDoubt, { transactionId: 't', participants });
      t.deepEqual(await rowsOf(again), []);
      await again.decide('t', 'commit');
    }
    t.is(await again.verdict('t'), 'commit');
    t.deepEqual(await rowsOf(again), [[100, 1]]);
    await closeWhole(t, again, directory);
  });
}

for (const place of [
  'after-define',
  'before-append',
  'after-append',
  'after-sync',
  'after-commit',
]) {
  placeTest('define', place, async (t, { root, directory }) => {
    const partition = await createTestPartition(directory);
    await partition.write(insertOf(7, 7));
    await partition.close();
    await crash(root, 'define', place);
    const again = await openAgain(directory);
    const logged = place !== 'after-define' && place !== 'before-append';
    t.is(again.schema().version, logged ? 2 : 1);
    const sql = 'SELECT * FROM account';
    const rows = await rowsOf(again, sql, { catalogVersion: again.schema().version });
    t.deepEqual(rows, [logged ? [7, 7, '7'] : [7, 7]]);
    await closeWhole(t, again, directory);
  });
}

for (const place of ['after-define', 'after-append', 'after-sync', 'after-commit']) {
  placeTest('defineLarge', place, async (t, { root, directory }) => {
    const partition = await createTestPartition(directory);
    await partition.write(fillOf(6000));
    await partition.close();
    await crash(root, 'defineLarge', place);
    const again = await openAgain(directory);
    const version = place === 'after-define' ? 1 : 2;
    t.is(again.schema().version, version);
    const sql = 'SELECT * FROM account WHERE id = 6000';
    const [row] = await rowsOf(again, sql, { catalogVersion: version });
    t.deepEqual(row, version === 1 ? [6000, 6000] : [6000, 6000, '6000']);
    await closeWhole(t, again, directory);
  });
}

for (const place of ['after-append', 'after-define', 'after-sync']) {
  // Of a secondary: the rows before, the step, and what comes after it.
  placeTest('followLarge', place, async (t, { root, directory }) => {
    const source = await createTestPartition(t);
    await source.write(fillOf(6000));
    await source.define(addNote);
    await source.write({ ...insertOf(6001, 1), catalogVersion: 2 });
    writeFileSync(join(root, 'frames'), source.log.read(0n, 1_000_000));
    await (await createTestPartition(directory, { role: 'secondary' })).close();
    await crash(root, 'followLarge', place);
    const again = await openAgain(directory);
    t.deepEqual(again.log.tail, source.log.tail);
    t.deepEqual(again.replay, source.log.tail);
    await again.markProvisioned();
    t.deepEqual(await again.checksum(), await source.checksum());
    await closeWhole(t, again, directory);
    await source.close();
  });
}

function setAt(root: string): PartitionSet {
  const nobody = { opened: async () => undefined, closing: async () => undefined };
  return new PartitionSet(root, testEnvironment(), nobody);
}

for (const place of ['amid-create', 'before-create-name', 'after-create-name', 'after-define']) {
  placeTest('create', place, async (t, { root }) => {
    await crash(root, 'create', place);
    const partitions = setAt(root);
    await partitions.open();
    const named = place === 'after-create-name' || place === 'after-define';
    t.deepEqual(
      partitions.list(null).map(({ name }) => name),
      named ? ['shop_1'] : [],
    );
    t.deepEqual(readdirSync(root), named ? ['shop_1'] : []);
    const identity = { role: 'primary', durability: 'sync', origin: 'test' } as const;
    await partitions.create({ database: 'shop', ordinal: 1 }, identity);
    t.is(partitions.find({ database: 'shop', ordinal: 1 }).log.tail.lsn, 1n);
    await partitions.close();
  });
}

for (const place of ['before-drop-name', 'after-drop-name'] as const) {
  placeTest('drop', place, async (t, { root, directory }) => {
    await (await createTestPartition(directory)).close();
    await crash(root, 'drop', place);
    const partitions = setAt(root);
    await partitions.open();
    t.is(partitions.list(null).length, place === 'before-drop-name' ? 1 : 0);
    await partitions.drop({ database: 'shop', ordinal: 0 });
    t.deepEqual(readdirSync(root), []);
    await partitions.close();
  });
}

for (const place of [
  'amid-append',
  'after-append',
  'after-sync',
  'before-commit',
  'after-commit',
]) {
  placeTest('follow', place, async (t, { root, directory }) => {
    const source = await createTestPartition(t);
    for (let id = 0; id < 20; id += 1) await source.write(insertOf(id, id));
    const frames = source.log.read(0n, 1_000_000);
    writeFileSync(join(root, 'frames'), frames);
    await (await createTestPartition(directory, { role: 'secondary' })).close();
    await crash(root, 'follow', place);
    const again = await openAgain(directory);
    const { lsn } = again.log.tail;
    if (place === 'amid-append') await again.applyFrames(source.log.read(lsn, 1_000_000));
    t.deepEqual(again.log.tail, source.log.tail);
    await again.markProvisioned();
    t.deepEqual(await again.checksum(), await source.checksum());
    await closeWhole(t, again, directory);
    await source.close();
  });
}

for (const place of [
  'after-snapshot-ready',
  'after-log-removed',
  'after-log-reset',
  'after-file-replaced',
]) {
  placeTest('install', place, async (t, { root, directory }) => {
    await (await createTestPartition(directory, { role: 'secondary' })).close();
    await crash(root, 'install', place);
    const partitions = setAt(root);
    await partitions.open();
    const again = partitions.find({ database: 'shop', ordinal: 0 });
    const source = await openAgain(join(root, 'source', 'shop_0'));
    t.is(again.role, 'secondary');
    t.deepEqual(again.log.tail, source.log.tail);
    t.deepEqual(await again.checksum(), await source.checksum());
    t.false(again.provisioned);
    await partitions.close();
    await source.close();
  });
}

for (const place of ['after-promote-append', 'after-sync'] as const) {
  placeTest('promote', place, async (t, { root, directory }) => {
    const source = await createTestPartition(t);
    await source.write(insertOf(1, 1));
    const copy = await createTestPartition(directory, { role: 'secondary' });
    await copy.applyFrames(source.log.read(0n, 1_000_000));
    await copy.markProvisioned();
    await copy.close();
    await crash(root, 'promote', place);
    const again = await openAgain(directory);
    t.is(again.role, 'secondary');
    await again.promote();
    t.is(again.role, 'primary');
    t.true(again.log.tail.term > 1);
    await again.write(insertOf(2, 2));
    t.deepEqual(await rowsOf(again), [
      [1, 1],
      [2, 2],
    ]);
    await closeWhole(t, again, directory);
    await source.close();
  });
}

placeTest('rewind', 'amid-rewind', async (t, { root, directory }) => {
  const partition = await createTestPartition(directory);
  for (let id = 0; id < 10; id += 1) await partition.write(insertOf(id, id));
  const { tail } = partition.log;
  await partition.close();
  await crash(root, 'rewind', 'amid-rewind');
  const again = await openAgain(directory);
  t.is(again.log.tail.lsn, tail.lsn + 1n, 'what was taken back is replayed');
  t.true(await again.rewindTo(tail.lsn));
  t.deepEqual(again.log.tail, tail);
  t.is((await rowsOf(again)).length, 10);
  await closeWhole(t, again, directory);
});

for (const place of ['amid-set-aside', 'after-set-aside', 'after-log-removed']) {
  placeTest('begin', place, async (t, { root, directory }) => {
    const source = await createTestPartition(t);
    await source.write(insertOf(1, 1));
    const copy = await createTestPartition(directory, { role: 'secondary' });
    await copy.applyFrames(source.log.read(0n, 1_000_000));
    await copy.close();
    truncateSync(join(directory, 'data.sqlite'), 5000);
    await crash(root, 'begin', place);
    const again = await openAgain(directory);
    t.is(again.role, 'secondary');
    t.is(again.log.tail.lsn, 0n);
    t.true(existsSync(join(directory, 'set-aside', 'data.sqlite')));
    t.true(existsSync(join(directory, 'set-aside', 'log')));
    await again.applyFrames(source.log.read(0n, 1_000_000));
    await again.markProvisioned();
    t.deepEqual(await again.checksum(), await source.checksum());
    await closeWhole(t, again, directory);
    await source.close();
  });
}

test('every place has its test', (t) => {
  const untried = failpointNames.filter((name: FailpointName) => !tried.has(name));
  t.deepEqual(untried, []);
});
