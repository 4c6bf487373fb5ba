// A leaf that comes back at another address: the copies of its reference tables follow it there.

import test from 'ava';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

test('reference: copies follow a leaf that is at another address after a restart', async (t) => {
  const cluster = await TestClusterProcess.start(t, { leaves: 3 });
  await cluster.query('CREATE DATABASE bank PARTITIONS 6');
  await cluster.query('CREATE TABLE bank.account (id INT PRIMARY KEY, kind INT)');
  await cluster.query('CREATE REFERENCE TABLE bank.fee (id INT PRIMARY KEY, v INT)');
  const rows = Array.from({ length: 30 }, (_, id) => `(${id}, 1)`);
  await cluster.query(`INSERT INTO bank.account VALUES ${rows.join()}`);
  await cluster.query('INSERT INTO bank.fee VALUES (1, 0)');
  const before = cluster.leafPorts;
  await cluster.stop();
  await cluster.start();
  t.notDeepEqual(cluster.leafPorts, before);
  await cluster.query('UPDATE bank.fee SET v = 1');
  const joined =
    'SELECT f.v, count(*) AS n FROM bank.account a JOIN bank.fee f ON f.id = a.kind GROUP BY f.v';
  await until('every copy to have the change', async () => {
    const seen = await cluster.query(joined);
    if (seen.length === 1 && seen[0]?.['v'] === 1) return true;
    throw new Error(JSON.stringify(seen));
  });
  t.pass();
});
