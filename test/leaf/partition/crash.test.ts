// Whatever step the process ends at, the partition is whole again at its next start.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Partition } from '#leaf/partition/partition.ts';
import { DatabaseError } from '#shared/error.ts';
import {
  createTestPartition,
  insertOf,
  rowsOf,
  testDirectory,
  testEnvironment,
  testPlace,
} from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';

const child = fileURLToPath(new URL('./crash-child.ts', import.meta.url));

/** Runs the child until its failpoint kills it; answers what it had printed. */
function crash(directory: string, work: string, failpoint: string, file = ''): string {
  const { stdout, stderr, signal } = spawnSync(
    process.execPath,
    [child, directory, work, failpoint, file],
    { encoding: 'utf8' },
  );
  if (signal !== 'SIGKILL') throw new Error(`the child was not killed: ${stderr}`);
  return stdout;
}

async function reopen(directory: string): Promise<Partition> {
  const partition = await Partition.open(testPlace(directory), testEnvironment());
  if (partition.failure !== null) throw partition.failure;
  return partition;
}

for (const failpoint of ['after-append', 'after-sync', 'before-commit', 'after-commit']) {
  test(`crash ${failpoint}: a group's write is there as its record is, and once`, async (t) => {
    const directory = testDirectory();
    const partition = await createTestPartition({ directory });
    await partition.write(insertOf(1, 1));
    const { lsn } = partition.log.tail;
    await partition.close();
    crash(directory, 'write', failpoint);
    const again = await reopen(directory);
    // The record was in the page cache, which a killed process leaves behind.
    t.deepEqual(await rowsOf(again), [
      [1, 1],
      [100, 100],
    ]);
    t.is(again.log.tail.lsn, lsn + 1n);
    t.deepEqual(again.replay, again.log.tail);
    await again.write(insertOf(2, 2));
    await again.close();
  });
}

for (const failpoint of ['after-prepare', 'after-decide']) {
  test(`crash ${failpoint}: prepared stays in doubt, decided is visible`, async (t) => {
    const directory = testDirectory();
    const partition = await createTestPartition({ directory });
    await partition.close();
    crash(directory, 'prepareAndDecide', failpoint);
    const again = await reopen(directory);
    if (failpoint === 'after-prepare') {
      t.deepEqual(again.status().inDoubt, { transactionId: 't', participants: [0, 1] });
      t.deepEqual(await rowsOf(again), []);
      await again.decide('t', 'commit');
    }
    t.is(again.status().inDoubt, null);
    t.deepEqual(await rowsOf(again), [[200, 1]]);
    t.is(await again.verdict('t'), 'commit');
    await again.close();
  });
}

for (const failpoint of ['after-append', 'after-sync', 'before-commit', 'after-commit']) {
  test(`crash ${failpoint}: a follower's batch is applied once`, async (t) => {
    const source = await createTestPartition();
    for (let id = 0; id < 20; id += 1) await source.write(insertOf(id, id));
    const frames = source.log.read(0n, 1_000_000);
    const directory = testDirectory();
    const follower = await createTestPartition({ directory, role: 'secondary' });
    await follower.close();
    const file = `${directory}.frames`;
    writeFileSync(file, frames);
    crash(directory, 'follow', failpoint, file);
    const again = await reopen(directory);
    t.deepEqual(again.log.tail, source.log.tail);
    await again.markProvisioned();
    t.deepEqual(await again.checksum(), await source.checksum());
    await again.close();
    await source.close();
  });
}

for (const failpoint of ['after-snapshot-ready', 'after-log-reset']) {
  test(`crash ${failpoint}: the snapshot takes its place at the next start`, async (t) => {
    const directory = testDirectory();
    const follower = await createTestPartition({ directory, role: 'secondary' });
    await follower.close();
    crash(directory, 'install', failpoint);
    const source = await reopen(`${directory}-source`);
    const again = await reopen(directory);
    t.is(again.role, 'secondary');
    t.deepEqual(again.log.tail, source.log.tail);
    t.deepEqual(await again.checksum(), await source.checksum());
    t.false(again.provisioned);
    await again.close();
    await source.close();
  });
}

for (const failpoint of ['after-append', 'before-commit'] as const) {
  test(`failure ${failpoint}: the client is told; the partition comes back whole`, async (t) => {
    let armed = false;
    const environment = testEnvironment({
      failpoint: (name) => {
        if (armed && name === failpoint) throw new Error('the disk is gone');
      },
    });
    const partition = await createTestPartition({ environment });
    await partition.write(insertOf(1, 1));
    armed = true;
    const error = await t.throwsAsync(partition.write(insertOf(2, 2)));
    t.true(error instanceof DatabaseError && error.is('commitUnknown'));
    await t.throwsAsync(partition.write(insertOf(3, 3)), { instanceOf: DatabaseError });
    t.is(partition.status().state, 'unrecoverable');
    armed = false;
    await until('the partition to be online', () => partition.status().state === 'online');
    t.deepEqual(await rowsOf(partition), [
      [1, 1],
      [2, 2],
    ]);
    await partition.write(insertOf(3, 3));
    await partition.close();
  });
}
