// A damaged file of reference tables harms its own partition, and none beside it.

import { existsSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { PartitionSet } from '#leaf/partition-set.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import {
  accountTable,
  createAccount,
  insertOf,
  rowsOf,
  testEnvironment,
} from '#test/support/test-partition.ts';

const here = { database: 'shop', ordinal: 0 };
const reference = { database: 'shop', ordinal: REFERENCE_ORDINAL };
const account = { version: 1, sqlite: [createAccount], put: [accountTable], drop: [] };

async function openSet(directory: string): Promise<PartitionSet> {
  const nobody = { opened: async () => undefined, closing: async () => undefined };
  const set = new PartitionSet(directory, testEnvironment(), nobody);
  await set.open();
  return set;
}

for (const role of ['primary', 'replica'] as const) {
  test(`reference tables: a damaged ${role} is named or begins anew; others serve`, async (t) => {
    const directory = temporaryDirectory(t);
    const set = await openSet(directory);
    const identity = { durability: 'sync', origin: 'test' } as const;
    await set.create(here, { ...identity, role: 'primary' });
    await set.find(here).define(account);
    await set.create(reference, { ...identity, role });
    await set.find(here).write(insertOf(1, 1));
    await set.close();
    truncateSync(join(directory, 'shop_reference', 'data.sqlite'), 5000);
    const again = await openSet(directory);
    t.is(again.find(here).failure, null);
    await again.find(here).write(insertOf(2, 2));
    t.is((await rowsOf(again.find(here))).length, 2);
    const joined = rowsOf(again.find(here), 'SELECT * FROM ref.country');
    await t.throwsAsync(joined, { message: /shop_reference is not online/ });
    const damaged = again.find(reference).failure;
    if (role === 'primary') t.regex(damaged?.message ?? '', /shop_reference .*data\.sqlite is dam/);
    else t.is(damaged, null);
    const aside = join(directory, 'shop_reference', 'set-aside');
    t.is(existsSync(aside), role === 'replica');
    t.false(existsSync(join(directory, 'shop_0', 'set-aside')));
    await again.close();
  });
}
