// A database that is being made is `pending`: who would write waits, and then it is online.

import test from 'ava';
import { must } from '#shared/assert.ts';
import { stateOf } from '#test/support/follow.ts';
import { startProcessCluster } from '#test/support/process-cluster.ts';
import { until } from '#test/support/wait.ts';

test('pending: a database whose leaf has not made its partitions yet', async (t) => {
  const cluster = await startProcessCluster(t, { leaves: 1 });
  const query = async (sql: string) => {
    const connection = await cluster.open();
    try {
      return (await connection.query(sql))[0] as Record<string, unknown>[];
    } finally {
      connection.destroy();
    }
  };
  const asked = { query };
  const leaf = must(cluster.leaves[0]);
  leaf.signal('SIGSTOP');
  const made = query('CREATE DATABASE shop PARTITIONS 2');
  await until('it to be made', async () => (await stateOf(asked, 'shop')) === 'pending');
  // Who would write waits for its turn.
  const filled = query('CREATE TABLE shop.item (id INT PRIMARY KEY)');
  leaf.signal('SIGCONT');
  await made;
  t.is(await stateOf(asked, 'shop'), 'online');
  await filled;
  await query('INSERT INTO shop.item VALUES (1)');
});
