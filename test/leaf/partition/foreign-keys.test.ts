// Foreign keys hold where a client writes, can be off for a task, and are never checked by replay.

import test, { type ExecutionContext } from 'ava';
import type { Partition } from '#leaf/partition/partition.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { DatabaseError } from '#shared/error.ts';
import {
  accountTable,
  createTestPartition,
  insertOf,
  rowsOf,
  tagOf,
  writeOf,
} from '#test/support/test-partition.ts';

const transfer: TableDefinition = {
  ...accountTable,
  id: 2,
  name: 'transfer',
  foreignKeys: [
    {
      name: 'transfer_account',
      columns: ['balance'],
      referencedTable: 'account',
      referencedColumns: ['id'],
      onDelete: 'cascade',
      onUpdate: 'cascade',
    },
  ],
};

const createTransfer = `CREATE TABLE transfer (id INTEGER PRIMARY KEY,
  balance INTEGER REFERENCES account (id) ON DELETE CASCADE ON UPDATE CASCADE)`;

async function withTransfers(t: ExecutionContext): Promise<Partition> {
  const partition = await createTestPartition(t);
  await partition.define({ version: 2, sqlite: [createTransfer], put: [transfer], drop: [] });
  return partition;
}

const at2 = { catalogVersion: 2 };
const transferOf = (id: number, account: number) => ({
  ...writeOf('INSERT INTO transfer (id, balance) VALUES (?, ?)', [BigInt(id), BigInt(account)]),
  ...at2,
});
const transfers = 'SELECT id, balance FROM transfer ORDER BY id';

test('foreign keys: tasks with and without checks that wait together do not mix', async (t) => {
  const partition = await withTransfers(t);
  const settled = await Promise.allSettled([
    partition.write(transferOf(1, 77)),
    partition.write({ ...transferOf(2, 77), foreignKeyChecks: false }),
    partition.write(transferOf(3, 77)),
    partition.write({ ...insertOf(1, 1), ...at2 }),
    partition.write(transferOf(4, 1)),
  ]);
  t.deepEqual(
    settled.map(({ status }) => status),
    ['rejected', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  t.deepEqual(await rowsOf(partition, transfers, at2), [
    [2, 77],
    [4, 1],
  ]);
  await partition.close();
});

test('foreign keys: a cascade is in the log, and a follower ends with the same rows', async (t) => {
  const partition = await withTransfers(t);
  await partition.write({ ...insertOf(1, 1), ...at2 });
  await partition.write(transferOf(5, 1));
  await partition.write({ ...transferOf(6, 404), foreignKeyChecks: false });
  await partition.write({ ...writeOf('UPDATE account SET id = 9'), ...at2 });
  t.deepEqual(await rowsOf(partition, transfers, at2), [
    [5, 9],
    [6, 404],
  ]);
  await partition.write({ ...writeOf('DELETE FROM account'), ...at2 });
  t.deepEqual(await rowsOf(partition, transfers, at2), [[6, 404]]);
  const follower = await createTestPartition(t, { role: 'secondary' });
  await follower.applyFrames(partition.log.read(0n, 1e6));
  t.deepEqual(await follower.checksum(), await partition.checksum());
  await follower.close();
  await partition.close();
});

test('foreign keys: a transaction keeps the checks that it began with', async (t) => {
  const partition = await withTransfers(t);
  const tag = tagOf('t', 1);
  await partition.write({ ...transferOf(1, 404), transaction: tag, foreignKeyChecks: false });
  const joined = { ...tag, joined: true };
  const second = { ...transferOf(2, 404), transaction: joined };
  const error = await t.throwsAsync(partition.write(second));
  t.true(error instanceof DatabaseError && error.is('unsupported'));
  await partition.commit('t');
  t.deepEqual(await rowsOf(partition, transfers, at2), [[1, 404]]);
  await partition.close();
});

test('foreign keys: a table is rebuilt without its rows counting as deleted', async (t) => {
  const partition = await withTransfers(t);
  await partition.write({ ...insertOf(1, 1), ...at2 });
  await partition.write(transferOf(5, 1));
  const sqlite = [
    'CREATE TABLE rebuilt (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, note TEXT)',
    'INSERT INTO rebuilt SELECT id, balance, NULL FROM account',
    'DROP TABLE account',
    'ALTER TABLE rebuilt RENAME TO account',
  ];
  await partition.define({ version: 3, sqlite, put: [accountTable], drop: [] });
  const at3 = { catalogVersion: 3 };
  t.deepEqual(await rowsOf(partition, transfers, at3), [[5, 1]]);
  const bad = { version: 4, sqlite: ['DROP TABLE transfer', 'nonsense'], put: [], drop: [] };
  await t.throwsAsync(partition.define(bad), { instanceOf: DatabaseError });
  t.is(partition.schema().version, 3);
  await t.throwsAsync(partition.write({ ...transferOf(6, 404), ...at3 }));
  await partition.write({ ...writeOf('DELETE FROM account'), ...at3 });
  t.deepEqual(await rowsOf(partition, transfers, at3), []);
  await partition.close();
});
