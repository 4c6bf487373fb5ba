// A database is dropped while one of its leaves is away: nothing of it comes back with the leaf.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { must } from '#shared/assert.ts';
import { startProcessCluster } from '#test/support/process-cluster.ts';
import { until } from '#test/support/wait.ts';

test('drop: with a leaf away, it is made anew at once, and again when all are back', async (t) => {
  t.timeout(180_000);
  const cluster = await startProcessCluster(t, { leaves: 2 });
  const { query } = cluster;
  const away = must(cluster.leaves[1]);
  const left = () => {
    return readdirSync(join(cluster.dataDir, '..', 'leaf-1', 'partitions')).filter((name) =>
      name.startsWith('shop_'),
    );
  };
  const make = async (type: string, values: string) => {
    await query('CREATE DATABASE shop PARTITIONS 4');
    await query(`CREATE TABLE shop.item (id INT PRIMARY KEY, v ${type})`);
    await query(`CREATE REFERENCE TABLE shop.kind (id INT PRIMARY KEY, v ${type})`);
    for (const table of ['item', 'kind']) {
      await query(`INSERT INTO shop.${table} VALUES ${values}`);
    }
  };
  const all = () =>
    query('SELECT id, i.v AS v, k.v AS k FROM shop.item i JOIN shop.kind k USING (id)');
  await make('INT', '(1, 10), (2, 20), (3, 30), (4, 40), (5, 50)');
  await away.stop('SIGKILL');
  t.true(left().length >= 2);

  await query('DROP DATABASE shop');
  await make('VARCHAR(10)', "(7, 'new')");
  await query('DROP DATABASE shop');
  await make('VARCHAR(10)', "(8, 'newer')");
  t.deepEqual(await all(), [{ id: 8, v: 'newer', k: 'newer' }]);
  // What the leaf has still to drop is known after a crash, too.
  await cluster.aggregator.stop('SIGKILL');
  await cluster.aggregator.start();
  await away.start();
  await until('the old partitions to be dropped', () => left().length === 0);
  await until('the rows to be there', all);
  t.deepEqual(await all(), [{ id: 8, v: 'newer', k: 'newer' }]);

  await query('DROP DATABASE shop');
  await until('both leaves to be there', async () => {
    const leaves = await query('SHOW LEAVES');
    return leaves.every(({ State }) => State === 'online');
  });
  await make('INT', '(9, 90)');
  t.deepEqual(await all(), [{ id: 9, v: 90, k: 90 }]);
  t.true(left().length >= 2);
});
