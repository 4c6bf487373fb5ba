// Two clients who want what the other has, on leaves that are processes of their own: the younger
// hears of the deadlock while it waits, and the older one goes on.

import test from 'ava';
import type mysql from 'mysql2/promise';
import { partitionOfSlot, slotOf } from '#shared/cluster/partition-hash.ts';
import { must } from '#shared/assert.ts';
import { startProcessCluster } from '#test/support/process-cluster.ts';

const PARTITIONS = 4;
const ids = Array.from({ length: 40 }, (_, id) => id);

function partitionOf(id: number): number {
  const type = { kind: 'integer', bits: 32, unsigned: false } as const;
  return partitionOfSlot(slotOf([BigInt(id)], [type]), PARTITIONS);
}

/** What locks a row, and its partition. */
const ways = [
  (id: number) => `UPDATE account SET n = n + 1 WHERE id = ${id}`,
  (id: number) => `SELECT n FROM account WHERE id = ${id} FOR UPDATE`,
];

test('deadlock: over leaves of two processes the younger hears of it at once', async (t) => {
  t.timeout(120_000);
  const cluster = await startProcessCluster(t, { leaves: 2 });
  await cluster.query(`CREATE DATABASE bank PARTITIONS ${PARTITIONS}`);
  await cluster.query('CREATE TABLE bank.account (id INT PRIMARY KEY, n INT)');
  await cluster.query(`INSERT INTO bank.account VALUES ${ids.map((id) => `(${id},0)`).join()}`);
  const partitions = await cluster.query('SHOW PARTITIONS ON bank');
  const portOf = (id: number) =>
    partitions.find(({ Ordinal }) => Number(Ordinal) === partitionOf(id))?.['Port'];
  const here = 0;
  const there = must(ids.find((id) => portOf(id) !== portOf(here)));
  const [older, younger] = [await cluster.connect('bank'), await cluster.connect('bank')];
  const run = (by: mysql.Connection, sql: string) => by.query(sql);
  for (const lock of ways) {
    for (const lastIsOlder of [true, false]) {
      for (const one of [older, younger]) await run(one, 'BEGIN');
      await run(older, lock(here));
      await run(younger, lock(there));
      const reaches = [() => run(older, lock(there)), () => run(younger, lock(here))];
      if (lastIsOlder) reaches.reverse();
      const [first, second] = reaches.map((reach) => reach());
      const [gone, waits] = lastIsOlder ? [first, second] : [second, first];
      // It does not wait for the older one's end, which comes only then.
      await t.throwsAsync(must(gone), { code: 'ER_LOCK_DEADLOCK' });
      await waits;
      await run(older, 'COMMIT');
    }
  }
  const [rows] = await older.query('SELECT SUM(n) AS n FROM account');
  t.deepEqual(rows, [{ n: '4' }]);
});
