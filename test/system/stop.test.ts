// A master aggregator that is told to stop does so by itself, whatever its leaves are doing.

import test, { type ExecutionContext } from 'ava';
import { must } from '#shared/assert.ts';
import { startProcessCluster, type ProcessCluster } from '#test/support/process-cluster.ts';
import { until } from '#test/support/wait.ts';

async function stopByItself(t: ExecutionContext, cluster: ProcessCluster, what: string) {
  t.is(await cluster.aggregator.stop('SIGTERM'), 0, what);
  const nets = cluster.aggregator.log.filter((line) => line.includes('held up the stop'));
  t.deepEqual(nets, [], `${what}: without the command's net`);
}

async function openTransaction(cluster: ProcessCluster): Promise<void> {
  const root = await cluster.connect('shop');
  await root.query('BEGIN');
  await root.query('UPDATE ring SET hits = hits + 1');
}

test('SIGTERM ends the aggregator with leaves there, away, and silent', async (t) => {
  t.timeout(120_000);
  const cluster = await startProcessCluster(t, { leaves: 2 });
  const root = await cluster.connect();
  await root.query('CREATE DATABASE shop PARTITIONS 4');
  await root.query('CREATE TABLE shop.ring (id INT PRIMARY KEY, hits INT)');
  await root.query('INSERT INTO shop.ring VALUES (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0)');
  const [first, second] = [must(cluster.leaves[0]), must(cluster.leaves[1])];

  await openTransaction(cluster);
  await stopByItself(t, cluster, 'all leaves there');

  await cluster.aggregator.start();
  await until('an open transaction', async () => {
    await openTransaction(cluster);
    return true;
  });
  second.signal('SIGSTOP');
  t.teardown(() => second.signal('SIGCONT'));
  await stopByItself(t, cluster, 'a leaf is silent');
  second.signal('SIGCONT');

  await cluster.aggregator.start();
  await until('an open transaction', async () => {
    await openTransaction(cluster);
    return true;
  });
  await first.stop('SIGKILL');
  await stopByItself(t, cluster, 'a leaf is away');
});
