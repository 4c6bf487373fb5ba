// Promotion at a consistent cut: what has come by halves is taken back, and kept to be read.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { caughtUp, sameRows, replicate } from '#test/support/follow.ts';
import { SiteProxy } from '#test/support/site-proxy.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

/** A primary whose two leaves are reached through a proxy, and a secondary that follows it. */
async function throughProxy(t: ExecutionContext, host: string) {
  const primary = await TestClusterProcess.start(t, { leaves: 2, advertiseHost: host });
  const proxy = await SiteProxy.start(t, { host, ports: primary.leafPorts });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  await primary.query('CREATE DATABASE bank PARTITIONS 4');
  await primary.query('CREATE TABLE bank.account (id INT PRIMARY KEY, balance INT NOT NULL)');
  const ids = Array.from({ length: 16 }, (_, id) => `(${id}, 100)`);
  await primary.query(`INSERT INTO bank.account VALUES ${ids.join()}`);
  await replicate(
    secondary,
    `REPLICATE DATABASE bank FROM root:'secret'@127.0.0.1:${primary.port}`,
  );
  await caughtUp(secondary, 'bank');
  return { primary, proxy, secondary };
}

test('promotion: a transaction that came by halves is dropped, and kept as rows', async (t) => {
  const { primary, proxy, secondary } = await throughProxy(t, '127.0.0.31');
  const [stalled = 0] = primary.leafPorts;
  await primary.query('UPDATE bank.account SET balance = balance + 1');
  await sameRows(primary, secondary, 'SELECT * FROM bank.account ORDER BY id');
  proxy.stall(stalled);
  await primary.query('UPDATE bank.account SET balance = 0');
  await until('a half to arrive', async () => {
    const [row] = await secondary.query('SELECT count(*) AS n FROM bank.account WHERE balance = 0');
    return Number(row?.['n']) > 0;
  });
  const [torn] = await secondary.query('SELECT count(*) AS n FROM bank.account WHERE balance = 0');
  await secondary.query('STOP REPLICATING bank');
  const notes = (await secondary.query('SHOW WARNINGS')).map((row) => String(row['Message']));
  t.true(
    notes.some((note) => note.startsWith('1 transactions had not arrived whole')),
    notes.join('\n'),
  );
  const [sum] = await secondary.query('SELECT sum(balance) AS total FROM bank.account');
  t.is(Number(sum?.['total']), 16 * 101);
  const kept = await secondary.query(
    "SELECT old_values->>'$.balance' AS o, new_values->>'$.balance' AS n, reason, operation, " +
      'count(DISTINCT transaction_id) AS t FROM bank_rescued.changes GROUP BY 1, 2, 3, 4',
  );
  t.deepEqual(
    kept.map((row) => Object.values(row).map(String)),
    [['101', '0', 'promotion', 'update', '1']],
  );
  const [count] = await secondary.query('SELECT count(*) AS n FROM bank_rescued.changes');
  t.true(Number(count?.['n']) >= Number(torn?.['n']));
  proxy.flow(stalled);
});

test('promotion: what came by halves is taken back over definitions, too', async (t) => {
  const { primary, proxy, secondary } = await throughProxy(t, '127.0.0.32');
  const [stalled = 0] = primary.leafPorts;
  proxy.stall(stalled);
  await primary.query('UPDATE bank.account SET balance = 0');
  await primary.query('ALTER TABLE bank.account ADD COLUMN note VARCHAR(20) DEFAULT "new"');
  await primary.query('CREATE TABLE bank.later (id INT PRIMARY KEY)');
  await primary.query('UPDATE bank.account SET balance = 7, note = "later"');
  await until('one half to have the definitions, and the other not', async () => {
    const rows = await secondary.query('SHOW PARTITIONS EXTENDED ON bank');
    const versions = new Set(rows.map((row) => Number(row['Catalog_Version'])));
    return versions.size === 2 && versions.has(3) && versions.has(1);
  });
  await secondary.query('STOP REPLICATING bank');
  const [sum] = await secondary.query('SELECT sum(balance) AS s, count(*) AS n FROM bank.account');
  t.deepEqual({ ...sum }, { s: '1600', n: 16 });
  await secondary.query('INSERT INTO bank.account VALUES (100, 1)');
  const kept = await secondary.query(
    'SELECT operation, count(*) AS n FROM bank_rescued.changes GROUP BY 1 ORDER BY 1',
  );
  t.true(kept.some((row) => row['operation'] === 'definition'));
  t.true(kept.some((row) => row['operation'] === 'update'));
  proxy.flow(stalled);
});
