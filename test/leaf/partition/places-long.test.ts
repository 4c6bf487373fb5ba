// A process is killed amid records that are written and followed in pieces; nothing is half there.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { WorkerPool } from '#leaf/worker/worker-pool.ts';
import { realClock } from '#shared/clock.ts';
import { quietLogger } from '#test/support/quiet-logger.ts';
import {
  createTestPartition,
  fillOf,
  FILLED_ROWS,
  insertOf,
  LONG_ROWS,
  rowsOf,
  testEnvironment,
} from '#test/support/test-partition.ts';
import { closeWhole, crash, crashTest, openAgain } from './crash-test.ts';

const countRows = 'SELECT count(*) FROM account';

for (const place of ['amid-append', 'after-append']) {
  crashTest(test, `crash ${place} of writeLong`, async (t, { root, directory }) => {
    const partition = await createTestPartition(directory);
    await partition.write(fillOf(FILLED_ROWS));
    const { lsn } = partition.log.tail;
    await partition.close();
    await crash(root, 'writeLong', place);
    const again = await openAgain(directory);
    const isLogged = place !== 'amid-append';
    t.is(again.log.tail.lsn, isLogged ? lsn + 1n : lsn);
    t.deepEqual(again.replay, again.log.tail);
    t.deepEqual(await rowsOf(again, countRows), [[FILLED_ROWS + (isLogged ? LONG_ROWS : 0)]]);
    await again.write(insertOf(999_999, 1));
    await closeWhole(t, again, directory);
  });
}

for (const place of ['before-append', 'after-append', 'before-commit']) {
  crashTest(test, `crash ${place} of moved`, async (t, { root, directory }) => {
    const partition = await createTestPartition(directory);
    await partition.write(fillOf(FILLED_ROWS));
    const { lsn } = partition.log.tail;
    await partition.close();
    await crash(root, 'moved', place);
    const again = await openAgain(directory);
    const isLogged = place !== 'before-append';
    t.is(again.log.tail.lsn, isLogged ? lsn + 1n : lsn);
    t.deepEqual(again.replay, again.log.tail);
    const count = isLogged ? FILLED_ROWS + 2 : FILLED_ROWS;
    const sum = (FILLED_ROWS * (FILLED_ROWS + 1)) / 2 + (isLogged ? 10 + count : 0);
    t.deepEqual(await rowsOf(again, countRows), [[count]]);
    t.deepEqual(await rowsOf(again, 'SELECT sum(balance) FROM account'), [[sum]]);
    await closeWhole(t, again, directory);
  });
}

for (const place of ['after-prepare', 'after-decide-append']) {
  crashTest(test, `crash ${place} of twoPhasesLong`, async (t, { root, directory }) => {
    const partition = await createTestPartition(directory);
    await partition.write(fillOf(FILLED_ROWS));
    await partition.close();
    await crash(root, 'twoPhasesLong', place);
    const again = await openAgain(directory);
    if (place === 'after-prepare') {
      t.deepEqual(again.status().inDoubt, { transactionId: 't', participants: [0, 1] });
      t.deepEqual(await rowsOf(again, countRows), [[FILLED_ROWS]]);
      await again.decide('t', 'commit');
    }
    t.is(await again.verdict('t'), 'commit');
    t.deepEqual(await rowsOf(again, countRows), [[FILLED_ROWS + LONG_ROWS]]);
    await closeWhole(t, again, directory);
  });
}

crashTest(test, 'crash amid-rewind of rewindLong', async (t, { root, directory }) => {
  const workers = new WorkerPool({ size: 1, clock: realClock, logger: quietLogger().logger });
  const environment = testEnvironment({ workers });
  const partition = await createTestPartition(directory, { environment });
  await partition.write(fillOf(FILLED_ROWS));
  const { tail } = partition.log;
  await partition.write(fillOf(LONG_ROWS, FILLED_ROWS));
  await partition.close();
  await workers.close();
  await crash(root, 'rewindLong', 'amid-rewind');
  const again = await openAgain(directory);
  t.is(again.log.tail.lsn, tail.lsn + 1n, 'what was taken back is replayed');
  t.deepEqual(await rowsOf(again, countRows), [[FILLED_ROWS + LONG_ROWS]]);
  t.true(await again.rewindTo(tail.lsn));
  t.deepEqual(again.log.tail, tail);
  t.deepEqual(await rowsOf(again, countRows), [[FILLED_ROWS]]);
  await closeWhole(t, again, directory);
});

for (const place of ['amid-append', 'after-append', 'after-sync']) {
  crashTest(test, `crash ${place} of followLong`, async (t, { root, directory }) => {
    const workers = new WorkerPool({ size: 1, clock: realClock, logger: quietLogger().logger });
    const source = await createTestPartition(t, { environment: testEnvironment({ workers }) });
    await source.write(fillOf(FILLED_ROWS));
    const { lsn } = source.log.tail;
    await source.write(fillOf(LONG_ROWS, FILLED_ROWS));
    writeFileSync(join(root, 'frames'), source.log.read(lsn, 1));
    const secondary = await createTestPartition(directory, { role: 'secondary' });
    await secondary.applyFrames(source.log.read(0n, 4_000_000, lsn));
    t.is(secondary.log.tail.lsn, lsn);
    await secondary.close();
    await crash(root, 'followLong', place);
    const again = await openAgain(directory);
    t.is(again.log.tail.lsn, place === 'amid-append' ? lsn : lsn + 1n);
    if (place === 'amid-append') await again.applyFrames(source.log.read(lsn, 1));
    t.deepEqual(again.replay, source.log.tail);
    await again.markProvisioned();
    t.deepEqual(await again.checksum(), await source.checksum());
    await closeWhole(t, again, directory);
    await source.close();
    await workers.close();
  });
}
