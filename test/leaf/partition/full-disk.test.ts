// A full disk refuses writes by its own error, leaves nothing half done, and is got over.

import { join } from 'node:path';
import { Partition } from '#leaf/partition/partition.ts';
import { DatabaseError } from '#shared/error.ts';
import { SmallDisk, smallDiskTest } from '#test/support/small-disk.ts';
import { createTestPartition, rowsOf, writeOf } from '#test/support/test-partition.ts';
import { testEnvironment, testPlace } from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';

const sumSql = 'SELECT COUNT(*), SUM(balance) FROM account';

/** Inserts 200 rows in one task: several pages. */
function insertMany(first: number) {
  const sql =
    'WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199) ' +
    'INSERT INTO account SELECT ? + i, 1 FROM n';
  return writeOf(sql, [BigInt(first)]);
}

async function writeUntilFull(partition: Partition): Promise<{ rows: number; error: unknown }> {
  for (let rows = 0; ; rows += 200) {
    try {
      await partition.write(insertMany(rows));
    } catch (error) {
      return { rows, error };
    }
  }
}

/** Writes them once: an attempt whose outcome was unknown may have been one. */
async function writeWhenThereIsRoom(partition: Partition, first: number): Promise<void> {
  const there = `SELECT COUNT(*) FROM account WHERE id BETWEEN ${first} AND ${first + 199}`;
  await until('the partition to take writes', async () => {
    const [row] = await rowsOf(partition, there);
    if (Number(row?.[0]) === 0) await partition.write(insertMany(first));
    return true;
  });
}

function isUnknown(error: unknown): boolean {
  return error instanceof DatabaseError && error.is('commitUnknown');
}

const errnos = { diskFull: 1021 };

// With little room the log meets the end first or SQLite does, depending on where pages end.
for (const freeBytes of [32, 48, 64, 80, 96, 112].map((kib) => kib * 1024)) {
  smallDiskTest(`full disk, ${freeBytes} bytes left: refused, whole, got over`, async (t) => {
    const disk = new SmallDisk(t, 8);
    const directory = join(disk.path, 'shop_0');
    const environment = testEnvironment({ segmentBytesMax: 16 * 1024 });
    const partition = await createTestPartition(directory, { environment });
    disk.fillUpTo(freeBytes);
    const { rows, error } = await writeUntilFull(partition);
    t.true(error instanceof DatabaseError, String(error));
    const unknown = isUnknown(error);
    if (!unknown) t.is((error as DatabaseError).errno, errnos.diskFull);
    const there = Number((await rowsOf(partition, sumSql))[0]?.[0]);
    t.is(there, rows, 'what was there can be read meanwhile, and no half of what was refused');
    disk.free();
    await writeWhenThereIsRoom(partition, 1_000_000);
    // An unknown outcome stands in the log: it is there whole.
    const expected = rows + (unknown ? 200 : 0) + 200;
    t.deepEqual(await rowsOf(partition, sumSql), [[expected, expected]]);
    await partition.close();
    const again = await Partition.open(testPlace(directory), testEnvironment());
    t.is(again.failure, null);
    t.deepEqual(await rowsOf(again, sumSql), [[expected, expected]]);
    await again.close();
  });
}

smallDiskTest('full disk at the start: named, tried again, and online by itself', async (t) => {
  const disk = new SmallDisk(t, 8);
  const directory = join(disk.path, 'shop_0');
  const partition = await createTestPartition(directory);
  await partition.write(insertMany(0));
  await partition.close();
  disk.fillUpTo(0);
  const full = await Partition.open(testPlace(directory), testEnvironment());
  if (full.failure !== null) {
    t.is(full.failure.errno, errnos.diskFull, full.failure.message);
  } else {
    const error = await t.throwsAsync(full.write(insertMany(1000)));
    if (!isUnknown(error)) t.is((error as DatabaseError).errno, errnos.diskFull, error?.message);
  }
  disk.free();
  await writeWhenThereIsRoom(full, 1000);
  t.deepEqual(await rowsOf(full, sumSql), [[400, 400]]);
  await full.close();
});
