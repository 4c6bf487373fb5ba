// The plans that a child aggregator keeps: it has them, and none serves any more when the master
// has changed what it was made for, or who may run it.

import test, { type ExecutionContext } from 'ava';
import mysql from 'mysql2/promise';
import { must } from '#shared/assert.ts';
import { startChild } from '#test/support/child-process.ts';
import { errnoOf } from '#test/support/errno-of.ts';
import { startProcessCluster, type ProcessCluster } from '#test/support/process-cluster.ts';
import { SiteProxy } from '#test/support/site-proxy.ts';
import { until } from '#test/support/wait.ts';

/** catalogMismatch, once it has been tried for a while: the child might hear of the change. */
const otherSchema = 1999;
const [unknownDatabase, unknownTable, wrongCount, denied] = [1049, 1146, 1136, 1142];
/** More than enough for the kernel to spread them over all processes. */
const CONNECTIONS_MAX = 200;

type Rows = readonly Readonly<Record<string, unknown>>[];

async function query(connection: mysql.Connection, sql: string): Promise<Rows> {
  const [rows] = await connection.query(sql);
  return rows as Rows;
}

async function hitsOf(connection: mysql.Connection): Promise<number> {
  const [row] = await query(connection, "SHOW STATUS LIKE 'Plan_cache_hits'");
  return Number(row?.['Value']);
}

async function login(t: ExecutionContext, port: number): Promise<mysql.Connection> {
  const account = { user: 'reader', password: 'secret' };
  const connection = await mysql.createConnection({ host: '127.0.0.1', port, ...account });
  connection.on('error', () => undefined);
  t.teardown(() => connection.destroy());
  return connection;
}

/** A connection to each process that listens on the port. */
async function eachProcess(
  processes: number,
  connect: () => Promise<mysql.Connection>,
): Promise<mysql.Connection[]> {
  const found = new Map<number, mysql.Connection>();
  for (let i = 0; i < CONNECTIONS_MAX && found.size < processes; i += 1) {
    const connection = await connect();
    const process = Math.floor((connection.threadId ?? 0) / 2 ** 20);
    if (found.has(process)) connection.destroy();
    else found.set(process, connection);
  }
  return [...found.values()];
}

/** Two rows in `d.t`, and one who may read them. */
async function fill(cluster: ProcessCluster): Promise<mysql.Connection> {
  const atMaster = await cluster.connect();
  await atMaster.query(
    `CREATE DATABASE d PARTITIONS 2; USE d; CREATE TABLE t (id INT PRIMARY KEY, a INT);
     INSERT INTO t VALUES (1, 10), (2, 20);
     CREATE USER reader IDENTIFIED BY 'secret'; GRANT SELECT ON d.* TO reader`,
  );
  return atMaster;
}

test('child aggregator: a plan that it keeps does not outlive what it was made for', async (t) => {
  const cluster = await startProcessCluster(t, { leaves: 1 });
  const { port } = await startChild(t, cluster);
  const atMaster = await fill(cluster);
  const atChild = await cluster.connect(undefined, port);
  const read = (id: number) => query(atChild, `SELECT * FROM d.t WHERE id = ${id}`);
  const insert = (id: number) => `INSERT INTO d.t VALUES (${id}, ${id}0)`;
  await until('the child to know the table', () => read(1));
  await atChild.query(insert(3));
  const hits = await hitsOf(atChild);
  t.deepEqual(await read(2), [{ id: 2, a: 20 }]);
  t.deepEqual(await read(3), [{ id: 3, a: 30 }]);
  await atChild.query(insert(4));
  t.true((await hitsOf(atChild)) >= hits + 3);

  await atMaster.query('ALTER TABLE d.t ADD COLUMN b INT DEFAULT 7');
  t.deepEqual(await read(4), [{ id: 4, a: 40, b: 7 }]);
  t.is(await errnoOf(atChild.query(insert(5))), wrongCount);
  await atMaster.query('ALTER TABLE d.t DROP COLUMN a');
  t.deepEqual(await read(4), [{ id: 4, b: 7 }]);

  await atMaster.query('DROP TABLE d.t');
  t.is(await errnoOf(atChild.query('SELECT * FROM d.t WHERE id = 4')), unknownTable);
  await atMaster.query('CREATE TABLE d.t (id INT PRIMARY KEY, c CHAR(3))');
  await atMaster.query("INSERT INTO d.t VALUES (4, 'new')");
  t.deepEqual(await read(4), [{ id: 4, c: 'new' }]);
  await atMaster.query('DROP DATABASE d');
  await until('the child to know that the database is gone', async () => {
    return (await errnoOf(atChild.query('SELECT * FROM d.t WHERE id = 4'))) === unknownDatabase;
  });
});

test('child aggregator: a plan that it keeps serves nobody whose grant is gone', async (t) => {
  const cluster = await startProcessCluster(t, { leaves: 1 });
  const { port } = await startChild(t, cluster);
  const atMaster = await fill(cluster);
  const atChild = await cluster.connect(undefined, port);
  const reader = await until('the child to know the account', () => login(t, port));
  const sql = 'SELECT a FROM d.t WHERE id = 1';
  const refused = (errno: number) => async () => (await errnoOf(reader.query(sql))) === errno;
  await until('the child to know the grant', refused(0));
  const hits = await hitsOf(atChild);
  t.is(await errnoOf(reader.query(sql)), 0);
  t.true((await hitsOf(atChild)) > hits);
  // Who revokes at the child is answered when the child knows it.
  await atChild.query('REVOKE SELECT ON d.* FROM reader');
  t.is(await errnoOf(reader.query(sql)), denied);
  await atMaster.query('GRANT SELECT ON d.* TO reader');
  await until('the child to know the new grant', refused(0));
  await atMaster.query('REVOKE SELECT ON d.* FROM reader');
  await until('the child to know that it is revoked', refused(denied));
  await atMaster.query('GRANT SELECT ON d.t TO reader');
  await until('the child to know the last grant', refused(0));
  await atMaster.query('DROP USER reader');
  await until('the child to know that the account is gone', refused(denied));
});

test('several processes: a plan that any of them keeps is dropped by all', async (t) => {
  const processes = 3;
  const cluster = await startProcessCluster(t, {
    leaves: 1,
    aggregatorArgs: ['--processes', String(processes)],
  });
  await fill(cluster);
  const all = await eachProcess(processes, () => cluster.connect());
  t.is(all.length, processes);
  const sql = 'SELECT * FROM d.t WHERE id = 1';
  for (const [i, connection] of all.entries()) {
    await until('the process to know the table', () => query(connection, sql));
    const hits = await hitsOf(connection);
    t.deepEqual(await query(connection, sql), [{ id: 1, a: 10 }], `process ${i}`);
    t.true((await hitsOf(connection)) > hits, `process ${i}`);
  }
  const expected: Record<string, number> = { id: 1, a: 10 };
  const readers = await eachProcess(processes, () => login(t, cluster.port));
  t.is(readers.length, processes);
  for (const reader of readers) t.deepEqual(await query(reader, sql), [{ id: 1, a: 10 }]);
  for (const [i, connection] of all.entries()) {
    await connection.query(`ALTER TABLE d.t ADD COLUMN c${i} INT DEFAULT ${i}`);
    expected[`c${i}`] = i;
    for (const other of all) t.deepEqual(await query(other, sql), [expected]);
  }
  for (const reader of readers) t.deepEqual(await query(reader, sql), [expected]);
  await query(must(all[0]), 'REVOKE SELECT ON d.* FROM reader');
  for (const reader of readers) {
    await until('the process to know that it is revoked', async () => {
      return (await errnoOf(reader.query(sql))) === denied;
    });
  }
});

/** A child that reaches its master through a site that can be cut, and knows the table `d.t`. */
async function startRemoteChild(t: ExecutionContext, cluster: ProcessCluster, host: string) {
  const site = await SiteProxy.start(t, { host, ports: [cluster.port] });
  const { port } = await startChild(t, cluster, site.host);
  const connect = async () => cluster.connect(undefined, port);
  const atChild = await connect();
  const knows = async (column: string): Promise<void> => {
    await until(`the child to know ${column}`, () => query(atChild, `SELECT ${column} FROM d.t`));
  };
  await knows('a');
  return { site, atChild, connect, knows };
}

/** None of these was planned for what there is now, though its names and versions are the same. */
async function refusesAll(
  t: ExecutionContext,
  connect: () => Promise<mysql.Connection>,
  statements: readonly string[],
): Promise<void> {
  const errors = statements.map(async (sql) => errnoOf((await connect()).query(sql)));
  t.deepEqual(await Promise.all(errors), Array<number>(statements.length).fill(otherSchema));
}

test('child aggregator: cut off, it plans for no other database of the name', async (t) => {
  const cluster = await startProcessCluster(t, { leaves: 1 });
  const atMaster = await fill(cluster);
  const { site, atChild, connect } = await startRemoteChild(t, cluster, '127.0.0.83');
  const one = 'SELECT * FROM d.t WHERE id = 1';
  await query(atChild, one);

  site.cut();
  // The same versions as before, with other columns behind the same names.
  await atMaster.query(
    `DROP DATABASE d; CREATE DATABASE d PARTITIONS 2; USE d;
     CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(10)); INSERT INTO t VALUES (1, 'new')`,
  );
  const old = [one, 'SELECT sum(a) FROM d.t', 'INSERT INTO d.t VALUES (3, 30)', 'DELETE FROM d.t'];
  await refusesAll(t, connect, old);
  t.deepEqual(await query(atMaster, 'SELECT * FROM t'), [{ id: 1, a: 'new' }]);
  site.heal();
  await until('the child to follow again', async () => {
    const [row] = await query(atChild, one);
    return row?.['a'] === 'new';
  });
  await atChild.query("INSERT INTO d.t VALUES (3, 'three')");
});

test('child aggregator: cut off, it plans for no version that a failback took back', async (t) => {
  const [cluster, other] = await Promise.all([
    startProcessCluster(t, { leaves: 1 }),
    startProcessCluster(t, { leaves: 1 }),
  ]);
  const atMaster = await fill(cluster);
  const elsewhere = await other.connect();
  const sourceOf = ({ rootPassword, port }: ProcessCluster): string =>
    `root:'${rootPassword}'@127.0.0.1:${port}`;
  await elsewhere.query(`REPLICATE DATABASE d FROM ${sourceOf(cluster)}`);
  await until('the other cluster to have the rows', () => query(elsewhere, 'SELECT a FROM d.t'));
  await elsewhere.query('STOP REPLICATING d');
  const { site, atChild, connect, knows } = await startRemoteChild(t, cluster, '127.0.0.84');
  await atMaster.query('ALTER TABLE d.t ADD COLUMN b INT DEFAULT 5');
  await elsewhere.query("ALTER TABLE d.t ADD COLUMN b VARCHAR(10) DEFAULT 'five'");
  await knows('b');
  const sum = 'SELECT sum(b) FROM d.t';
  const one = 'SELECT * FROM d.t WHERE id = 1';
  t.deepEqual(await query(atChild, one), [{ id: 1, a: 10, b: 5 }]);

  site.cut();
  await atMaster.query(`REPLICATE DATABASE d WITH FORCE DIFFERENTIAL FROM ${sourceOf(other)}`);
  await until('it to have the version anew', async () => {
    const [row] = await query(atMaster, one);
    return row?.['b'] === 'five';
  });
  await refusesAll(t, connect, [one, sum]);
  site.heal();
  await until('the child to follow again', async () => {
    const [row] = await query(atChild, one);
    return row?.['b'] === 'five';
  });
});
