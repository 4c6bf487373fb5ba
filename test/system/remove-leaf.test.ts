// REMOVE LEAF: its partitions go to the others while they are written to, and then it goes itself.

import test from 'ava';
import { errnoOf } from '#test/support/errno-of.ts';
import { caughtUp, refusalOf, sameRows, replicate } from '#test/support/follow.ts';
import { startProcessCluster } from '#test/support/process-cluster.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

type Rows = Record<string, unknown>[];

const [unknown, holds, near, last, offline] = [1738, 1772, 1749, 1758, 1802];
const sum = 'SELECT sum(balance) AS s, count(*) AS n FROM bank.account';
const joined =
  'SELECT a.id, a.balance, f.v FROM bank.account a JOIN bank.fee f ON f.id = a.kind ORDER BY a.id';

test('remove leaf: alive it is emptied first, and dead only if it holds nothing', async (t) => {
  t.timeout(300_000);
  const cluster = await startProcessCluster(t, { leaves: 3 });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  const connection = await cluster.connect();
  const query = async (sql: string) => (await connection.query(sql))[0] as Rows;
  const primary = { query };
  await query('CREATE DATABASE bank PARTITIONS 6');
  await query('CREATE TABLE bank.account (id INT PRIMARY KEY, balance INT, kind INT)');
  await query('CREATE REFERENCE TABLE bank.fee (id INT PRIMARY KEY, v INT)');
  const rows = Array.from({ length: 24 }, (_, id) => `(${id}, 100, 1)`);
  await query(`INSERT INTO bank.account VALUES ${rows.join()}`);
  await query('INSERT INTO bank.fee VALUES (1, 1)');
  const from = `FROM root:'${cluster.rootPassword}'@127.0.0.1:${cluster.port}`;
  await replicate(secondary, `REPLICATE DATABASE bank ${from}`);
  await caughtUp(secondary, 'bank');
  const placesOf = async (ordinal: string) => {
    const shown = await query('SHOW PARTITIONS ON bank');
    const masters = shown.filter((row) => row['Role'] === 'Master');
    return masters.filter((row) => String(row['Ordinal']) === ordinal).map((row) => row['Port']);
  };
  const isLeaf = async (port: unknown, state: string | undefined) => {
    const shown = await query('SHOW LEAVES');
    return shown.find((row) => row['Port'] === port)?.['State'] === state;
  };

  const processAt = (port: unknown) =>
    cluster.leaves.find(({ args }) => args.includes(String(port)));

  // The leaf with the master copy of the reference tables, while rows are written.
  const [first] = await placesOf('null');
  let isOver = false;
  let writes = 0;
  const writing = (async () => {
    const writer = await cluster.connect();
    while (!isOver) {
      await writer.query('UPDATE bank.account SET balance = balance + 1');
      await writer.query('UPDATE bank.fee SET v = v + 1');
      writes += 1;
    }
  })();
  await until('some writes', () => writes > 2);
  await query(`REMOVE LEAF '127.0.0.1':${String(first)}`);
  const before = writes;
  await until('further writes', () => writes > before + 2);
  isOver = true;
  await writing;
  t.true(await isLeaf(first, undefined), 'it is no leaf any more');
  const used = (await query('SHOW PARTITIONS ON bank')).map((row) => row['Port']);
  t.false(used.includes(first));
  t.like((await query(sum))[0], { s: String(24 * (100 + writes)) });
  t.true((await query(joined)).every((row) => row['v'] === 1 + writes));
  await sameRows(primary, secondary, joined);
  const followers = await query("SHOW REPLICAS WHERE `Database` = 'bank'");
  t.false(followers.some((row) => String(row['Follower_Leaf']).endsWith(`:${String(first)}`)));
  t.is(await refusalOf(primary, `REMOVE LEAF '127.0.0.1':${String(first)}`), unknown);

  // One that is dead and holds rows stays: only it has them.
  const leaves = (await query('SHOW LEAVES')).map((row) => row['Port']);
  const [second, third] = [leaves[0], leaves[1]];
  const process = processAt(second);
  await process?.stop('SIGKILL');
  await until('it to be seen that it is dead', () => isLeaf(second, 'offline'));
  t.is(await refusalOf(primary, `REMOVE LEAF '127.0.0.1':${String(second)}`), offline);
  t.is(await refusalOf(primary, `REMOVE LEAF '127.0.0.1':${String(second)} FORCE`), holds);
  await process?.start();
  await until('it to be back', () => isLeaf(second, 'online'));

  // One that holds copies alone may be dead.
  for (const ordinal of ['0', '1', '2', '3', '4', '5', 'reference']) {
    await query(`MOVE PARTITION bank:${ordinal} TO '127.0.0.1':${String(third)}`);
  }
  await process?.stop('SIGKILL');
  await until('it to be seen that it is dead again', () => isLeaf(second, 'offline'));
  await query(`REMOVE LEAF '127.0.0.1':${String(second)} FORCE`);
  t.true(await isLeaf(second, undefined));
  t.is(await refusalOf(primary, `REMOVE LEAF '127.0.0.1':${String(third)}`), last);
  await query('UPDATE bank.fee SET v = 7');
  await query('CREATE DATABASE later PARTITIONS 2');
  await sameRows(primary, secondary, joined);
  // A secondary's partitions cannot be moved, nor can a leaf within the aggregator's process go.
  const own = Number((await secondary.query('SHOW LEAVES'))[0]?.['Port']);
  t.is(await refusalOf(secondary, `REMOVE LEAF '127.0.0.1':${own}`), near);
  // Who was removed is not taken back with what it still has.
  const removed = processAt(first);
  await removed?.stop('SIGKILL');
  await t.throwsAsync(async () => removed?.start(), { message: /is unknown to this cluster/ });
  t.is(await errnoOf(query('DROP DATABASE bank')), 0);
});
