// Clusters that follow each other in every shape: several, in chains, both ways, within one.

import test from 'ava';
import { caughtUp, refusalOf, sameRows, stateOf, replicate } from '#test/support/follow.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

const all = (database: string) => `SELECT * FROM ${database}.item ORDER BY id`;

test('topologies: several secondaries, a chain, both ways, a copy within', async (t) => {
  const a = await TestClusterProcess.start(t, { leaves: 1 });
  const b = await TestClusterProcess.start(t, { leaves: 3 });
  const c = await TestClusterProcess.start(t, { leaves: 2 });
  const from = ({ port }: TestClusterProcess) => `FROM root:'secret'@127.0.0.1:${port}`;
  // a → b and a → c, each at its own pace; b → a with another database; a copy within a.
  await a.query('CREATE DATABASE shop PARTITIONS 5');
  await b.query('CREATE DATABASE bank PARTITIONS 2');
  await a.query('CREATE TABLE shop.item (id BIGINT AUTO_INCREMENT PRIMARY KEY, v TEXT)');
  await b.query('CREATE TABLE bank.item (id BIGINT AUTO_INCREMENT PRIMARY KEY, v TEXT)');
  const insert = (database: string, v: string) =>
    `INSERT INTO ${database}.item (v) VALUES ('${v}'), ('${v}'), ('${v}'), ('${v}'), ('${v}')`;
  await a.query(insert('shop', 'first'));
  await b.query(insert('bank', 'first'));
  await replicate(b, `REPLICATE DATABASE shop ${from(a)}`);
  await replicate(c, `REPLICATE DATABASE shop ${from(a)}`);
  await replicate(a, `REPLICATE DATABASE bank ${from(b)}`);
  await replicate(a, `REPLICATE DATABASE shop_copy ${from(a)}/shop`);
  // A secondary of a secondary, on the server that follows the other way, too.
  await caughtUp(c, 'shop');
  await replicate(b, `REPLICATE DATABASE shop_of_c ${from(c)}/shop`);
  const copies = [
    [b, 'shop'],
    [c, 'shop'],
    [a, 'shop_copy'],
    [b, 'shop_of_c'],
  ] as const;
  for (const [cluster, database] of copies) await caughtUp(cluster, database);
  await caughtUp(a, 'bank');
  await c.query('PAUSE REPLICATING shop');
  await a.query(insert('shop', 'while c waits'));
  await b.query(insert('bank', 'second'));
  await sameRows(a, b, all('shop'));
  await sameRows(b, a, all('bank'));
  t.is((await c.query(all('shop'))).length, 5);
  t.is((await b.query(all('shop_of_c'))).length, 5);
  const kept = await a.query("SHOW REPLICAS WHERE `Database` = 'shop'");
  t.is(new Set(kept.map((row) => String(row['Follower']).split('/')[0])).size, 3);
  t.true(kept.some((row) => row['Connected'] === 'no' && Number(row['Bytes_Kept']) > 0));
  t.is(await refusalOf(a, insert('bank', 'x')), 1290);
  t.is(await refusalOf(b, insert('shop', 'x')), 1290);
  await c.query('CONTINUE REPLICATING shop');
  const rows = JSON.stringify(await a.query(all('shop')));
  for (const [cluster, database] of copies) {
    await until(`${database} to have all`, async () => {
      return JSON.stringify(await cluster.query(all(database))) === rows;
    });
  }
  // The end of the chain is promoted; the others follow as before.
  await b.query('STOP REPLICATING shop_of_c');
  await b.query(insert('shop_of_c', 'own'));
  await a.query('ALTER TABLE shop.item ADD COLUMN extra INT DEFAULT 4');
  await a.query(insert('shop', 'later'));
  await sameRows(a, b, all('shop'));
  await sameRows(a, c, all('shop'));
  t.is((await b.query(all('shop_of_c'))).length, 15);
  t.is(await stateOf(b, 'shop_of_c'), 'online');
  // A middle link goes over to another primary: c follows b, which was promoted, by difference.
  await b.query('STOP REPLICATING shop');
  await b.query(insert('shop', 'at b'));
  await replicate(c, `REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL ${from(b)}`);
  await sameRows(b, c, all('shop'));
  t.false((await c.list('SHOW DATABASES')).includes('shop_rescued'));
});
