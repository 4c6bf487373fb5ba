// Verdicts are forgotten when nobody can ask for them any more, and not before.

import { planVersion } from '#shared/cluster/plan-version.ts';
import test from 'ava';
import { ForgetVerdicts } from '#aggregator/transaction/forget-verdicts.ts';
import { must } from '#shared/assert.ts';
import type { LeafService } from '#shared/wire/message.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import { runSql } from '#test/support/run-sql.ts';
import { until } from '#test/support/wait.ts';
import { openTestCluster } from '#test/support/test-cluster.ts';

const EVERY_ROW = { kind: 'rows', sql: 'UPDATE "t" SET "v" = ?', rows: [[7n]] } as const;

test('verdicts: forgotten when all partitions have been seen after them', async (t) => {
  let leaf: LeafService | null = null;
  const cluster = await openTestCluster({ wrap: (inner) => (leaf = inner) });
  t.teardown(() => cluster.close());
  const ask = must<LeafService>(leaf);
  const session = cluster.session();
  const run = (sql: string) => runSql(cluster.engine, session, sql);
  await run('CREATE DATABASE shop PARTITIONS 3');
  session.database = 'shop';
  await run('CREATE TABLE t (id INT PRIMARY KEY, v INT)');
  await run('INSERT INTO t VALUES (1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1), (8, 1)');
  const catalogVersion = planVersion(cluster.context.catalog.database('shop'));

  const forgetting = new ForgetVerdicts(cluster.context, 0);
  async function verdicts(): Promise<unknown[]> {
    const counts: unknown[] = [];
    for (const ordinal of [0, 1, 2]) {
      const sql = 'SELECT COUNT(*) FROM _twinleaf_verdicts';
      const request = {
        key: { database: 'shop', ordinal },
        catalogVersion,
        transaction: null,
        statement: { sql, parameters: [] },
        columns: [],
        ...{ forUpdate: false, lockWaitTimeoutMs: 1000 },
      };
      for await (const batch of ask.stream('read', request))
        counts.push(rowsOfBatch(batch)[0]?.[0]);
    }
    return counts;
  }
  async function round(): Promise<void> {
    const statuses = async () => {
      const { partitions } = await ask.call('partitionStatus', { database: null });
      return partitions.every(({ late = null }) => late === null) && partitions;
    };
    await forgetting.round(await until('all verdicts on disk', statuses), 0);
  }

  await run('UPDATE t SET v = v + 1');
  await run('UPDATE t SET v = v + 1');
  const tag = { id: 'gone-1', startedAt: 1n, joined: false };
  for (const ordinal of [1, 2]) {
    const key = { database: 'shop', ordinal };
    const locks = { lockWaitTimeoutMs: 1000, foreignKeyChecks: true };
    await ask.call('write', {
      key,
      catalogVersion,
      transaction: tag,
      steps: [EVERY_ROW],
      ...locks,
    });
    await ask.call('prepare', { key, transactionId: tag.id, participants: [1, 2] });
  }
  const first = { key: { database: 'shop', ordinal: 1 }, transactionId: tag.id };
  await ask.call('decide', { ...first, verdict: 'commit' });
  t.deepEqual(await verdicts(), [3, 4, 3]);
  await round();
  t.deepEqual(await verdicts(), [3, 4, 3], 'one round knows nothing of what was before it');
  await round();
  t.deepEqual(await verdicts(), [0, 1, 3], 'partition 2 holds its lock, and may ask partition 1');
  t.is(await cluster.transactions.recovery.run(0), 1);
  const { rows } = await run('SELECT COUNT(*) FROM t WHERE v = 7');
  t.true(Number(rows[0]?.[0]) > 0, 'it is told that it was committed');
  await round();
  await round();
  t.deepEqual(await verdicts(), [0, 0, 0]);
});
