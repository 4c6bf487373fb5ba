// What fails after its record was appended is told as unknown, and made whole from the log.

import test from 'ava';
import { DatabaseError } from '#shared/error.ts';
import {
  createTestPartition,
  insertOf,
  rowsOf,
  testEnvironment,
} from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';

for (const failpoint of ['after-append', 'before-commit'] as const) {
  test(`failure ${failpoint}: the client is told; the partition comes back whole`, async (t) => {
    let armed = false;
    const environment = testEnvironment({
      failpoint: (name) => {
        if (armed && name === failpoint) throw new Error('the disk is gone');
      },
    });
    const partition = await createTestPartition(t, { environment });
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
