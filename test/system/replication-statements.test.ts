// Each statement of replication in each state: what it does, or the number that it is refused with.

import test from 'ava';
import { errnoOf } from '#test/support/errno-of.ts';
import { caughtUp, refusalOf, sameRows, stateOf, replicate } from '#test/support/follow.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

const [unknownDatabase, exists, readOnly, alreadyReplicating, notReplicating] = [
  1049, 1007, 1290, 1769, 1793,
];
const allItems = 'SELECT * FROM shop.item ORDER BY id';

test('statements: in every state each is done, or refused with its number', async (t) => {
  const primary = await TestClusterProcess.start(t, { leaves: 1 });
  const secondary = await TestClusterProcess.start(t, { leaves: 2 });
  await primary.query('CREATE DATABASE shop PARTITIONS 2');
  await primary.query('CREATE TABLE shop.item (id INT PRIMARY KEY)');
  await primary.query('INSERT INTO shop.item VALUES (1), (2), (3)');
  const replicate = `REPLICATE DATABASE shop FROM root:'secret'@127.0.0.1:${primary.port}`;
  const expect = async (state: string, wanted: Readonly<Record<string, number>>) => {
    for (const [sql, errno] of Object.entries(wanted)) {
      t.is(await refusalOf(secondary, sql), errno, `${state}: ${sql}`);
    }
  };
  const isNow = async (state: string | undefined) => {
    await until(`it to be ${state}`, async () => (await stateOf(secondary, 'shop')) === state);
  };
  const noSecondary = {
    'PAUSE REPLICATING shop': notReplicating,
    'CONTINUE REPLICATING shop': notReplicating,
    'STOP REPLICATING shop': notReplicating,
    'STOP REPLICATING shop FORCE': notReplicating,
    'EXPLAIN STOP REPLICATING shop': notReplicating,
  };

  await expect(
    'absent',
    Object.fromEntries(Object.keys(noSecondary).map((sql) => [sql, unknownDatabase])),
  );
  await secondary.query(replicate);
  await caughtUp(secondary, 'shop');
  const following = {
    [replicate]: alreadyReplicating,
    'CREATE DATABASE shop': exists,
    'CREATE TABLE shop.other (id INT PRIMARY KEY)': readOnly,
    'ALTER TABLE shop.item ADD COLUMN v INT': readOnly,
    'TRUNCATE TABLE shop.item': readOnly,
    'DELETE FROM shop.item': readOnly,
    'EXPLAIN STOP REPLICATING shop': 0,
    'CHECK REPLICATION ON shop': 0,
  };
  await expect('replicating', { ...following, 'CONTINUE REPLICATING shop': 0 });
  await isNow('replicating');
  await expect('replicating', { 'PAUSE REPLICATING shop': 0, 'PAUSE  REPLICATING shop': 0 });
  await expect('paused', following);
  await isNow('replication paused');

  // A pause outlives a restart, and so do its rows.
  await primary.query('INSERT INTO shop.item VALUES (4)');
  await secondary.stop();
  await secondary.start();
  await isNow('replication paused');
  await until('the rows', async () => (await secondary.query(allItems)).length === 3);
  await expect('paused', { 'CONTINUE REPLICATING shop': 0 });
  await sameRows(primary, secondary, allItems);
  await isNow('replicating');

  await expect('replicating', { 'PAUSE REPLICATING shop': 0, 'STOP REPLICATING shop': 0 });
  await isNow('online');
  await expect('promoted', { ...noSecondary, [replicate]: exists });
  await secondary.stop();
  await secondary.start();
  await isNow('online');
  await expect('promoted', { ...noSecondary, 'INSERT INTO shop.item VALUES (5)': 0 });

  // It can be dropped and begun again in any of them.
  for (const before of ['', 'PAUSE REPLICATING shop', 'STOP REPLICATING shop']) {
    await secondary.query('DROP DATABASE shop');
    await isNow(undefined);
    await secondary.query(replicate);
    await caughtUp(secondary, 'shop');
    if (before !== '') await secondary.query(before);
  }
  await secondary.query('DROP DATABASE shop');
  await secondary.query(replicate);
  await secondary.query('DROP DATABASE shop');
  await isNow(undefined);
  await until('nobody to be followed by', async () => {
    return (await primary.query("SHOW REPLICAS WHERE Connected = 'yes'")).length === 0;
  });
});

test('statements: each ends the transaction before it, and has done one row', async (t) => {
  const primary = await TestClusterProcess.start(t, { leaves: 1 });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  await primary.query('CREATE DATABASE shop WITH ASYNC DURABILITY PARTITIONS 1');
  await primary.query('CREATE TABLE shop.item (id INT PRIMARY KEY)');
  await secondary.query('CREATE DATABASE own PARTITIONS 1');
  await secondary.query('CREATE TABLE own.note (text VARCHAR(80))');
  const client = await secondary.connect('root', 'secret');
  t.teardown(() => client.destroy());
  const from = `FROM root:'secret'@127.0.0.1:${primary.port}`;
  const statements = [
    `REPLICATE DATABASE shop ${from}`,
    'PAUSE REPLICATING shop',
    'CONTINUE REPLICATING shop',
    'STOP REPLICATING shop',
    `REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL ${from}`,
  ];
  for (const [index, sql] of statements.entries()) {
    await client.query('BEGIN');
    await client.query('INSERT INTO own.note VALUES (?)', [sql.slice(0, 5)]);
    const [result] = await client.query(sql);
    t.is((result as { affectedRows?: number }).affectedRows, 1, sql);
    await client.query('ROLLBACK');
    const [count] = await secondary.query('SELECT count(*) AS n FROM own.note');
    t.is(Number(count?.['n']), index + 1, sql);
    if (sql.startsWith('REPLICATE') || sql.startsWith('CONTINUE'))
      await caughtUp(secondary, 'shop');
  }
  // A secondary has its primary's durability, and is backed up at its primary.
  const [durability] = await secondary.query(
    "USING shop SHOW DATABASE STATUS WHERE `Key` = 'durability'",
  );
  t.is(durability?.['Value'], 'async');
  t.is(await refusalOf(secondary, "BACKUP DATABASE shop TO 'dir'"), 1235);
  await t.throwsAsync(secondary.query('INSERT INTO shop.item VALUES (1)'), {
    message: new RegExp(`read-only secondary of 127\\.0\\.0\\.1:${primary.port}/shop`),
  });
});

test('statements: who has no right to one is refused, and nothing is done', async (t) => {
  const primary = await TestClusterProcess.start(t, { leaves: 1 });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  await primary.query('CREATE DATABASE shop PARTITIONS 1');
  const from = `FROM root:'secret'@127.0.0.1:${primary.port}`;
  await secondary.query("CREATE USER guest IDENTIFIED BY 'pw'");
  await secondary.query("CREATE USER maker IDENTIFIED BY 'pw'");
  await secondary.query("CREATE USER keeper IDENTIFIED BY 'pw'");
  await secondary.query('GRANT CREATE DATABASE ON *.* TO maker');
  await secondary.query('GRANT CLUSTER ON *.* TO keeper');
  const [guest, maker, keeper] = [
    await secondary.connect('guest', 'pw'),
    await secondary.connect('maker', 'pw'),
    await secondary.connect('keeper', 'pw'),
  ];
  t.teardown(() => [guest, maker, keeper].forEach((client) => client.destroy()));
  const [denied, lacking] = [1044, 1227];
  t.is(await errnoOf(guest.query(`REPLICATE DATABASE shop ${from}`)), denied);
  t.is(await errnoOf(guest.query(`EXPLAIN REPLICATE DATABASE shop ${from}`)), denied);
  await replicate(maker, `REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  for (const sql of [
    'PAUSE REPLICATING shop',
    'CONTINUE REPLICATING shop',
    'STOP REPLICATING shop',
    'STOP REPLICATING shop FORCE',
    'EXPLAIN STOP REPLICATING shop',
    'CHECK REPLICATION ON shop',
    'SHOW REPLICATION STATUS',
    'SHOW REPLICAS',
  ]) {
    t.is(await errnoOf(guest.query(sql)), lacking, sql);
    t.is(await errnoOf(maker.query(sql)), lacking, sql);
  }
  t.is(await stateOf(secondary, 'shop'), 'replicating');
  for (const verb of ['PAUSE', 'CONTINUE', 'STOP']) await keeper.query(`${verb} REPLICATING shop`);
  t.is(await stateOf(secondary, 'shop'), 'online');
});
