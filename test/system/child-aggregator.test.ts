// A child aggregator with real processes: the same answers as at the master, and rows while the
// master is dead; several processes on one port.

import test from 'ava';
import { once } from 'node:events';
import type mysql from 'mysql2/promise';
import { startChild } from '#test/support/child-process.ts';
import { startProcessCluster } from '#test/support/process-cluster.ts';
import { until } from '#test/support/wait.ts';

type Rows = readonly Readonly<Record<string, unknown>>[];

async function query(connection: mysql.Connection, sql: string): Promise<Rows> {
  const [rows] = await connection.query(sql);
  return rows as Rows;
}

test('child aggregator: definitions made at either are there at both at once', async (t) => {
  const cluster = await startProcessCluster(t, { leaves: 1 });
  const { port } = await startChild(t, cluster);
  const [atMaster, atChild] = [await cluster.connect(), await cluster.connect(undefined, port)];
  await atChild.query('CREATE DATABASE shop PARTITIONS 2');
  await atChild.query('USE shop');
  await atChild.query('CREATE TABLE item (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20))');
  await atChild.query("INSERT INTO item (name) VALUES ('a'), ('b')");
  await atMaster.query('USE shop');
  await atMaster.query("INSERT INTO item (name) VALUES ('c')");
  await atMaster.query('ALTER TABLE item ADD COLUMN price INT DEFAULT 7');
  await until('the child to know the column', async () => {
    try {
      return (await query(atChild, 'SELECT price FROM item'))[0]?.['price'] === 7;
    } catch {
      return false;
    }
  });
  const sql = 'SELECT name, price FROM item ORDER BY name';
  const expected = ['a', 'b', 'c'].map((name) => ({ name, price: 7 }));
  t.deepEqual(await query(atChild, sql), expected);
  t.deepEqual(await query(atMaster, sql), expected);
  const ids = await query(atMaster, 'SELECT COUNT(DISTINCT id) AS n FROM item');
  t.is(Number(ids[0]?.['n']), 3);
});

test('child aggregator: accounts, warnings, KILL and the state of the cluster', async (t) => {
  const cluster = await startProcessCluster(t, { leaves: 1 });
  const { port } = await startChild(t, cluster);
  const [atMaster, atChild] = [await cluster.connect(), await cluster.connect(undefined, port)];
  await atChild.query("CREATE DATABASE d PARTITIONS 1; CREATE USER u IDENTIFIED BY 'secret'");
  await atChild.query('CREATE DATABASE IF NOT EXISTS d');
  const [warning] = await query(atChild, 'SHOW WARNINGS');
  t.is(Number(warning?.['Code']), 1007);
  t.is((await query(atMaster, 'SHOW GRANTS FOR u')).length, 1);
  const shown = await query(atChild, 'SHOW AGGREGATORS');
  t.deepEqual(
    shown.map((row) => [Number(row['Port']), Number(row['Master_Aggregator'])]),
    [
      [cluster.port, 1],
      [port, 0],
    ],
  );
  const error = await t.throwsAsync(atChild.query("SET PASSWORD FOR nobody = 'x'"));
  t.is((error as unknown as { errno: number }).errno, 1133);

  const victim = await cluster.open('d', port);
  const id = victim.threadId ?? 0;
  const ended = once(victim, 'end');
  await atMaster.query(`KILL ${id}`);
  await ended;
  const unknown = await t.throwsAsync(atMaster.query(`KILL ${id}`));
  t.is((unknown as unknown as { errno: number }).errno, 1094);
});

test("child aggregator: user locks are the cluster's, and end with their child", async (t) => {
  const cluster = await startProcessCluster(t, { leaves: 1 });
  const child = await startChild(t, cluster);
  const atMaster = await cluster.connect();
  const [atChild, other] = [
    await cluster.connect(undefined, child.port),
    await cluster.connect(undefined, child.port),
  ];
  const lock = async (connection: mysql.Connection, sql: string) =>
    Number((await query(connection, `SELECT ${sql} AS v`))[0]?.['v']);
  t.is(await lock(atChild, "GET_LOCK('migrations', 10)"), 1);
  t.is(await lock(atMaster, "GET_LOCK('migrations', 0)"), 0);
  t.is(await lock(atMaster, "IS_USED_LOCK('migrations')"), atChild.threadId);
  t.is(await lock(atChild, "RELEASE_LOCK('migrations')"), 1);
  t.is(await lock(atMaster, "GET_LOCK('migrations', 0)"), 1);
  const granted = lock(atChild, "GET_LOCK('migrations', -1)");
  t.is(await lock(other, "IS_FREE_LOCK('migrations')"), 0);
  t.is(await lock(atMaster, 'RELEASE_ALL_LOCKS()'), 1);
  t.is(await granted, 1);
  await child.child.stop('SIGKILL');
  t.is(await lock(atMaster, "GET_LOCK('migrations', -1)"), 1, 'a dead child lets go');
});

test('child aggregator: rows are read and written while the master is dead', async (t) => {
  const cluster = await startProcessCluster(t, { leaves: 2 });
  const { port } = await startChild(t, cluster);
  const atChild = await cluster.connect(undefined, port);
  await atChild.query(
    'CREATE DATABASE d PARTITIONS 4; USE d; CREATE TABLE t (id INT PRIMARY KEY, a INT)',
  );
  await atChild.query('INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)');
  await cluster.aggregator.stop('SIGKILL');
  await atChild.query('BEGIN; UPDATE t SET a = a + 10; COMMIT');
  const late = await cluster.connect('d', port);
  const [sum] = await query(late, 'SELECT SUM(a) AS s FROM t');
  t.is(Number(sum?.['s']), 65);
  const error = await t.throwsAsync(late.query('CREATE TABLE u (a INT)'));
  t.regex(String(error?.message), /master aggregator/);
  t.deepEqual(await query(late, "SHOW TABLES LIKE 'u'"), []);
  await cluster.aggregator.start();
  await until('the master to be found again', async () => {
    try {
      await late.query('CREATE TABLE IF NOT EXISTS u (a INT)');
      return true;
    } catch {
      return false;
    }
  });
  t.is((await query(await cluster.connect('d'), "SHOW TABLES LIKE 'u'")).length, 1);
});

test('several processes on one port: clients are spread, nodes join through any', async (t) => {
  const cluster = await startProcessCluster(t, {
    leaves: 2,
    aggregatorArgs: ['--processes', '3'],
  });
  const first = await cluster.connect();
  await first.query('CREATE DATABASE d PARTITIONS 2; USE d; CREATE TABLE t (a INT PRIMARY KEY)');
  const processes = new Set<number>();
  for (let a = 0; a < 40; a++) {
    const connection = await cluster.open('d');
    await connection.query(`INSERT INTO t VALUES (${a})`);
    processes.add(Math.floor((connection.threadId ?? 0) / 2 ** 20));
    connection.destroy();
  }
  t.true(processes.size > 1, `every client reached one process of three`);
  const [count] = await query(first, 'SELECT COUNT(*) AS n FROM t');
  t.is(Number(count?.['n']), 40);
});

test('child aggregator: on either side of a replication', async (t) => {
  const [primary, secondary] = [
    await startProcessCluster(t, { leaves: 1 }),
    await startProcessCluster(t, { leaves: 1 }),
  ];
  const there = await startChild(t, primary);
  const here = await startChild(t, secondary);
  const [source, copy] = [
    await primary.connect(undefined, there.port),
    await secondary.connect(undefined, here.port),
  ];
  await source.query('CREATE DATABASE d PARTITIONS 2; USE d; CREATE TABLE t (a INT PRIMARY KEY)');
  await source.query('INSERT INTO t VALUES (1), (2), (3)');
  const password = primary.rootPassword;
  await copy.query(`REPLICATE DATABASE d FROM root:'${password}'@127.0.0.1:${there.port}`);
  const count = async (sql: string) => {
    try {
      return Number((await query(copy, sql))[0]?.['n']);
    } catch {
      return null;
    }
  };
  await until('the rows to arrive', async () => (await count('SELECT COUNT(*) n FROM d.t')) === 3);
  const [status] = await query(copy, 'SHOW REPLICATION STATUS');
  t.not(status, undefined);
  await there.child.stop('SIGKILL');
  await primary.aggregator.stop('SIGKILL');
  await secondary.aggregator.stop('SIGKILL');
  t.is(await count('SELECT COUNT(*) n FROM d.t'), 3, 'the child needs no master to read');
  await primary.aggregator.start();
  const atMaster = await primary.connect('d');
  const states = (await query(atMaster, 'SHOW AGGREGATORS')).map((row) => row['State']);
  t.deepEqual(states, ['online', 'offline'], 'the child that was killed is told');
  await atMaster.query('INSERT INTO t VALUES (4)');
  await until('a row to come while the master is dead', async () => {
    return (await count('SELECT COUNT(*) n FROM d.t')) === 4;
  });
  const refused = await t.throwsAsync(copy.query('INSERT INTO d.t VALUES (9)'));
  t.regex(String(refused?.message), /read-only/);
  await secondary.aggregator.start();
  await atMaster.query('ALTER TABLE t ADD COLUMN b INT NOT NULL DEFAULT 5');
  await until('the new column', async () => (await count('SELECT SUM(b) n FROM d.t')) === 20);
  for (const verb of ['PAUSE', 'CONTINUE', 'STOP']) await copy.query(`${verb} REPLICATING d`);
  await copy.query('INSERT INTO d.t (a) VALUES (9)');
  t.is(await count('SELECT COUNT(*) n FROM d.t'), 5);
});
