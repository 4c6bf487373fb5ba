// FLUSH TABLES WITH READ ONLY: running writes end, new ones are refused until UNLOCK TABLES.

import test from 'ava';
import { refusalOf } from '#test/support/follow.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

test('write fence: waits for writers, refuses new ones, and falls with its session', async (t) => {
  const cluster = await TestClusterProcess.start(t, { leaves: 2 });
  await cluster.query('CREATE DATABASE bank PARTITIONS 2');
  await cluster.query('CREATE TABLE bank.account (id INT PRIMARY KEY, balance INT)');
  await cluster.query('INSERT INTO bank.account VALUES (1, 1), (2, 1), (3, 1)');
  const writer = await cluster.connect('root', 'secret');
  const fencer = await cluster.connect('root', 'secret');
  t.teardown(() => {
    writer.destroy();
    fencer.destroy();
  });
  const insert = 'INSERT INTO bank.account VALUES (9, 9)';
  await writer.query('BEGIN');
  await writer.query('UPDATE bank.account SET balance = 2');
  let isUp = false;
  const raised = (async () => {
    await fencer.query('FLUSH TABLES WITH READ ONLY');
    isUp = true;
  })();
  await until('definitions to be refused', async () => {
    return (await refusalOf(cluster, 'ALTER TABLE bank.account ADD COLUMN x INT')) === 1290;
  });
  t.false(isUp, 'it waits for the open transaction');
  await writer.query('COMMIT');
  await raised;
  t.is(await refusalOf(cluster, insert), 1290);
  t.is(await refusalOf(cluster, 'UPDATE bank.account SET balance = 3'), 1290);
  t.is(await refusalOf(cluster, 'CREATE TABLE bank.more (id INT PRIMARY KEY)'), 1290);
  t.is(await refusalOf(cluster, 'SELECT * FROM bank.account'), 0);
  await writer.query('BEGIN');
  await t.throwsAsync(writer.query('DELETE FROM bank.account'), { message: /FLUSH TABLES/ });
  await writer.query('ROLLBACK');
  const [row] = await cluster.query('SELECT sum(balance) AS s, count(*) AS n FROM bank.account');
  t.deepEqual({ ...row }, { s: '6', n: 3 });
  await fencer.query('UNLOCK TABLES');
  t.is(await refusalOf(cluster, insert), 0);
  await fencer.query('FLUSH TABLES WITH READ ONLY');
  t.is(await refusalOf(cluster, 'DELETE FROM bank.account WHERE id = 9'), 1290);
  fencer.destroy();
  await until('the fence to fall', async () => {
    return (await refusalOf(cluster, 'DELETE FROM bank.account WHERE id = 9')) === 0;
  });
  // One that cannot come up in time leaves nothing behind.
  const impatient = await cluster.connect('root', 'secret');
  t.teardown(() => impatient.destroy());
  await writer.query('BEGIN');
  await writer.query('UPDATE bank.account SET balance = 4 WHERE id = 1');
  await impatient.query('SET lock_wait_timeout = 1');
  const late = await t.throwsAsync(impatient.query('FLUSH TABLES WITH READ ONLY'));
  t.is((late as { errno?: number }).errno, 1205);
  await writer.query('ROLLBACK');
  t.is(await refusalOf(cluster, 'UPDATE bank.account SET balance = 5'), 0);
});
