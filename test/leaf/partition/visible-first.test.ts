// What is durable at the primary is visible at a secondary before it is durable there, and a power
// cut that takes the end of the secondary's log takes nothing of its rows.

import test, { type ExecutionContext } from 'ava';
import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '#shared/assert.ts';
import { realClock, type Clock } from '#shared/clock.ts';
import { Partition } from '#leaf/partition/partition.ts';
import {
  createTestPartition,
  insertOf,
  rowsOf,
  tagOf,
  testDirectory,
  testEnvironment,
  testPlace,
} from '#test/support/test-partition.ts';

/** No timer fires: nothing is synced but by who asks for it. */
const clock: Clock = { ...realClock, after: () => ({ cancel: () => undefined }) };

/** A secondary that has taken `rows` rows without waiting for its disk; with its primary. */
async function following(t: ExecutionContext, rows: number) {
  const primary = await createTestPartition(t);
  for (let id = 0; id < rows; id += 1) await primary.write(insertOf(id, id));
  const directory = testDirectory(t);
  const environment = testEnvironment({ clock });
  const copy = await createTestPartition(directory, { role: 'secondary', environment });
  await copy.markProvisioned();
  await copy.takeFrames(primary.log.read(0n, 1e6));
  return { primary, copy, directory };
}

/** Takes the last bytes of the newest segment away, as a power cut does. */
function cutLog(directory: string, bytes: number): void {
  const log = join(directory, 'log');
  const path = join(log, must(readdirSync(log).sort().at(-1)));
  truncateSync(path, statSync(path).size - bytes);
}

test('a record that has come is visible, and durable when it is hardened', async (t) => {
  const { primary, copy } = await following(t, 3);
  t.is(copy.log.hardened.lsn, 0n, 'nobody has synced');
  t.is(copy.log.read(0n, 1e6).length, 0, 'nobody who follows here gets it');
  t.deepEqual(copy.replay, primary.replay);
  t.is((await rowsOf(copy)).length, 3);
  await copy.harden();
  t.deepEqual(copy.log.hardened, primary.log.tail);
  await primary.close();
  await copy.close();
});

test('a log that lost its end keeps its rows, and goes on behind them', async (t) => {
  const { primary, copy, directory } = await following(t, 20);
  await copy.close();
  cutLog(directory, 100);
  const again = await Partition.open(testPlace(directory), testEnvironment());
  t.is(again.failure, null);
  t.true(again.provisioned, 'it has not begun anew');
  t.is((await rowsOf(again)).length, 20);
  t.deepEqual(again.log.tail, primary.log.tail);
  t.is(again.log.reader.contains({ ...primary.log.tail, lsn: 2n }), 'dropped');
  await primary.write(insertOf(100, 1));
  await again.applyFrames(primary.log.read(again.log.tail.lsn, 1e6));
  t.deepEqual(await again.checksum(), await primary.checksum());
  await again.promote();
  await again.write(insertOf(101, 1));
  await primary.close();
  await again.close();
});

test('a prepared transaction that was lost with the end comes again', async (t) => {
  const { primary, copy, directory } = await following(t, 2);
  await primary.write(insertOf(100, 1, tagOf('a', 1)));
  await primary.prepare('a', [0, 1]);
  await copy.takeFrames(primary.log.read(copy.log.tail.lsn, 1e6));
  await copy.close();
  cutLog(directory, 10);
  const again = await Partition.open(testPlace(directory), testEnvironment());
  t.is(again.log.tail.lsn, primary.log.tail.lsn - 1n);
  await primary.decide('a', 'commit');
  await again.takeFrames(primary.log.read(again.log.tail.lsn, 1e6));
  t.deepEqual(await again.checksum(), await primary.checksum());
  await primary.close();
  await again.close();
});
