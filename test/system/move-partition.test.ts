// Partitions that move at the primary: its clients wait a moment, and its secondary comes after.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { replicationFailpointNames } from '#aggregator/replication/failpoint.ts';
import { must } from '#shared/assert.ts';
import { errnoOf } from '#test/support/errno-of.ts';
import { caughtUp, refusalOf, sameRows, replicate } from '#test/support/follow.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

/** The port of the leaf with the master copy; null stands for the reference partition. */
async function leafOf(cluster: TestClusterProcess, ordinal: number | null): Promise<number> {
  const rows = await cluster.query('SHOW PARTITIONS ON bank');
  const masters = rows.filter((row) => row['Role'] === 'Master');
  return Number(masters.find((row) => row['Ordinal'] === ordinal)?.['Port']);
}

/** Transfers between random accounts until it is stopped; answers how many were refused. */
function startTransfers(t: ExecutionContext, cluster: TestClusterProcess, seed: number) {
  let isOver = false;
  let count = 0;
  const refused: unknown[] = [];
  async function transfer(): Promise<void> {
    const client = await cluster.connect('root', 'secret');
    for (let round = seed; !isOver; round++) {
      const [a, b] = [(round * 7) % 16, (round * 5 + 3) % 16].toSorted((x, y) => x - y);
      try {
        await client.query('BEGIN');
        await client.query(`UPDATE bank.account SET balance = balance - 1 WHERE id = ${a}`);
        await client.query(`UPDATE bank.account SET balance = balance + 1 WHERE id = ${b}`);
        await client.query('COMMIT');
        count++;
      } catch (error) {
        if ((error as { errno?: number }).errno !== 1213) refused.push(error);
        if (isOver) break;
        await client.query('ROLLBACK');
      }
    }
    client.destroy();
  }
  const ended = transfer();
  t.teardown(() => {
    isOver = true;
  });
  return {
    count: () => count,
    refused,
    async stop(): Promise<void> {
      isOver = true;
      await ended;
    },
  };
}

test('move: writers go on, the sum stays, and the secondary finds the new leaf', async (t) => {
  const primary = await TestClusterProcess.start(t, { leaves: 2 });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  await primary.query('CREATE DATABASE bank PARTITIONS 4');
  await primary.query('CREATE TABLE bank.account (id INT PRIMARY KEY, balance INT NOT NULL)');
  await primary.query('CREATE REFERENCE TABLE bank.fee (id INT PRIMARY KEY, v INT)');
  await primary.query('INSERT INTO bank.fee VALUES (1, 5)');
  const ids = Array.from({ length: 16 }, (_, id) => `(${id}, 100)`);
  await primary.query(`INSERT INTO bank.account VALUES ${ids.join()}`);
  await replicate(
    secondary,
    `REPLICATE DATABASE bank FROM root:'secret'@127.0.0.1:${primary.port}`,
  );
  await caughtUp(secondary, 'bank');
  const transfers = [startTransfers(t, primary, 1), startTransfers(t, primary, 8)];
  const [first = 0, second = 0] = primary.leafPorts;
  for (const ordinal of [0, 1, 2, 3]) {
    const target = (await leafOf(primary, ordinal)) === first ? second : first;
    await primary.query(`MOVE PARTITION bank:${ordinal} TO '127.0.0.1':${target}`);
    t.is(await leafOf(primary, ordinal), target);
    const before = transfers.reduce((sum, { count }) => sum + count(), 0);
    await until('transfers to go on', () => {
      return transfers.reduce((sum, { count }) => sum + count(), 0) > before + 5;
    });
  }
  for (const transfer of transfers) await transfer.stop();
  t.deepEqual(
    transfers.flatMap(({ refused }) => refused.map(String)),
    [],
  );
  const sum = 'SELECT sum(balance) AS s, count(*) AS n FROM bank.account';
  t.deepEqual({ ...(await primary.query(sum))[0] }, { s: '1600', n: 16 });
  await sameRows(primary, secondary, 'SELECT * FROM bank.account ORDER BY id');
  await primary.query('UPDATE bank.account, bank.fee SET balance = balance + v WHERE fee.id = 1');
  await primary.query('ALTER TABLE bank.account ADD COLUMN note TEXT');
  await primary.query("UPDATE bank.account SET note = 'after the move'");
  await sameRows(primary, secondary, 'SELECT * FROM bank.account ORDER BY id');
  await primary.stop();
  await primary.start();
  await primary.query('UPDATE bank.account SET balance = 1');
  await sameRows(primary, secondary, 'SELECT * FROM bank.account ORDER BY id');
  t.is(await refusalOf(primary, "MOVE PARTITION bank:0 TO '127.0.0.1':1"), 1738);
  t.is(
    await refusalOf(primary, `MOVE PARTITION bank:9 TO '127.0.0.1':${primary.leafPorts[0]}`),
    1730,
  );
  const own = secondary.leafPorts[0];
  t.is(await refusalOf(secondary, `MOVE PARTITION bank:0 TO '127.0.0.1':${own}`), 1290);
});

test('rebalance: a leaf that has come gets its share, with the reference tables', async (t) => {
  const cluster = await TestClusterProcess.start(t, { leaves: 1 });
  await cluster.query('CREATE DATABASE bank PARTITIONS 4');
  await cluster.query('CREATE TABLE bank.account (id INT PRIMARY KEY, kind INT)');
  await cluster.query('CREATE REFERENCE TABLE bank.kind (id INT PRIMARY KEY, name TEXT)');
  await cluster.query("INSERT INTO bank.kind VALUES (1, 'one'), (2, 'two')");
  const rows = Array.from({ length: 40 }, (_, id) => `(${id}, ${1 + (id % 2)})`);
  await cluster.query(`INSERT INTO bank.account VALUES ${rows.join()}`);
  const joined =
    'SELECT a.id, k.name FROM bank.account a JOIN bank.kind k ON k.id = a.kind ORDER BY 1';
  const before = await cluster.query(joined);
  await cluster.stop();
  cluster.leaves = 2;
  await cluster.start();
  await until('both leaves', async () => (await cluster.query('SHOW LEAVES')).length === 2);
  await cluster.query('REBALANCE PARTITIONS ON bank');
  const ports = await Promise.all([0, 1, 2, 3].map((ordinal) => leafOf(cluster, ordinal)));
  t.is(new Set(ports).size, 2);
  t.deepEqual(await cluster.query(joined), before);
  await cluster.query("UPDATE bank.kind SET name = 'uno' WHERE id = 1");
  t.is((await cluster.query(joined)).filter((row) => row['name'] === 'uno').length, 20);
  await cluster.query('DROP DATABASE bank');
});

test('move: cut off at every step, it is taken back or finished at the next start', async (t) => {
  let place = '';
  const replicationFailpoint = (name: string) => {
    if (name === place) throw new Error(`it died at ${name}`);
  };
  const cluster = await TestClusterProcess.start(t, { leaves: 2, replicationFailpoint });
  await cluster.query('CREATE DATABASE bank PARTITIONS 2');
  await cluster.query('CREATE TABLE bank.account (id INT PRIMARY KEY, balance INT)');
  await cluster.query('INSERT INTO bank.account VALUES (1, 1), (2, 1), (3, 1), (4, 1)');
  let sum = 4;
  for (const name of replicationFailpointNames.filter((each) => each.startsWith('move-'))) {
    const before = await leafOf(cluster, 0);
    const target = cluster.leafPorts.find((port) => port !== before) ?? 0;
    const index = cluster.leafPorts.indexOf(target);
    place = name;
    await t.throwsAsync(cluster.query(`MOVE PARTITION bank:0 TO '127.0.0.1':${target}`));
    await cluster.stop();
    place = '';
    await cluster.start();
    const update = 'UPDATE bank.account SET balance = balance + 1';
    await until(`${name}: writes`, async () => (await refusalOf(cluster, update)) === 0);
    sum += 4;
    const [row] = await cluster.query('SELECT sum(balance) AS s FROM bank.account');
    t.is(Number(row?.['s']), sum, name);
    const isMoved = (await leafOf(cluster, 0)) === cluster.leafPorts[index];
    t.is(isMoved, name !== 'move-copying', name);
  }
});

test('move: the reference partition changes places with a replica, cut off or not', async (t) => {
  let place = '';
  const replicationFailpoint = (name: string) => {
    if (name === place) throw new Error(`it died at ${name}`);
  };
  const cluster = await TestClusterProcess.start(t, { leaves: 3, replicationFailpoint });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  await cluster.query('CREATE DATABASE bank PARTITIONS 3');
  await cluster.query('CREATE TABLE bank.account (id INT PRIMARY KEY, kind INT)');
  await cluster.query('CREATE REFERENCE TABLE bank.fee (id INT PRIMARY KEY, v INT)');
  await cluster.query('INSERT INTO bank.account VALUES (1, 1), (2, 1), (3, 1), (4, 1), (5, 1)');
  await cluster.query('INSERT INTO bank.fee VALUES (1, 0)');
  await replicate(
    secondary,
    `REPLICATE DATABASE bank FROM root:'secret'@127.0.0.1:${cluster.port}`,
  );
  await caughtUp(secondary, 'bank');
  let fee = 0;
  for (const name of ['move-switching', 'move-demoted', 'move-promoted', 'move-dropped', '']) {
    const before = await leafOf(cluster, null);
    const index = cluster.leafPorts.findIndex((port) => port !== before);
    const target = must(cluster.leafPorts[index]);
    place = name;
    const moved = errnoOf(cluster.query(`MOVE PARTITION bank:reference TO '127.0.0.1':${target}`));
    t.is((await moved) === 0, name === '', name);
    if (name !== '') {
      await cluster.stop();
      place = '';
      await cluster.start();
    }
    const update = 'UPDATE bank.fee SET v = v + 1';
    await until(`${name}: writes`, async () => (await refusalOf(cluster, update)) === 0);
    fee += 1;
    // Each leaf joins its rows with its own copy.
    const joined = 'SELECT a.id, f.v FROM bank.account a JOIN bank.fee f ON f.id = a.kind';
    await until(`${name}: every copy`, async () => {
      const rows = await cluster.query(joined);
      return rows.length === 5 && rows.every((row) => row['v'] === fee);
    });
    t.is(await leafOf(cluster, null), must(cluster.leafPorts[index]), name);
  }
  await sameRows(cluster, secondary, 'SELECT * FROM bank.fee');
  const copies = await cluster.query('SHOW PARTITIONS ON bank WHERE Ordinal IS NULL');
  t.is(new Set(copies.map((row) => row['Port'])).size, 3);
  t.is(copies.length, 3);
});
