// SLEEP() and GET_LOCK() of real clients: they hold up nobody else, and end with KILL QUERY and
// with their connections.

import test from 'ava';
import mysql from 'mysql2/promise';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';
import { errnoOf } from '#test/support/errno-of.ts';
import { until } from '#test/support/wait.ts';

const cluster = clusterOfFile(test, []);

async function connect(): Promise<mysql.Connection> {
  const client = await mysql.createConnection({
    ...{ host: '127.0.0.1', port: cluster().port, user: 'root', password: 'secret' },
  });
  client.on('error', () => undefined);
  return client;
}

async function valueOf(client: mysql.Connection, sql: string): Promise<unknown> {
  const [rows] = await client.query({ sql, rowsAsArray: true });
  return (rows as unknown as readonly (readonly unknown[])[])[0]?.[0];
}

async function underWay(watcher: mysql.Connection, id: number): Promise<void> {
  await until('the statement to run', async () => {
    const [rows] = await watcher.query<mysql.RowDataPacket[]>('SHOW PROCESSLIST');
    return rows.some((row) => row['Id'] === id && row['Command'] === 'Query');
  });
}

test.serial('SLEEP() that is killed answers 1, and the connection goes on', async (t) => {
  const [client, watcher] = [await connect(), await connect()];
  const answer = valueOf(client, 'SELECT SLEEP(100000)');
  await underWay(watcher, client.threadId);
  await watcher.query(`KILL QUERY ${client.threadId}`);
  t.is(await answer, 1);
  t.is(await valueOf(client, 'SELECT SLEEP(0.001)'), 0);
  await client.query('SET max_execution_time = 20');
  t.is(await valueOf(client, 'SELECT SLEEP(100000)'), 1);
  await client.end();
  await watcher.end();
});

test.serial('GET_LOCK() waits for another client, until that ends or it is killed', async (t) => {
  const [holder, client, watcher] = [await connect(), await connect(), await connect()];
  t.is(await valueOf(holder, "SELECT GET_LOCK('m', 10)"), 1);
  t.is(await valueOf(client, "SELECT GET_LOCK('M', 0)"), 0);
  t.is(await valueOf(client, "SELECT IS_USED_LOCK('m')"), holder.threadId);
  const killed = errnoOf(client.query("SELECT GET_LOCK('m', -1)"));
  await underWay(watcher, client.threadId);
  await watcher.query(`KILL QUERY ${client.threadId}`);
  t.is(await killed, 1317);
  const later = valueOf(client, "SELECT GET_LOCK('m', -1)");
  await underWay(watcher, client.threadId);
  holder.destroy();
  t.is(await later, 1);
  await client.query('DO RELEASE_ALL_LOCKS()');
  await client.end();
  await watcher.end();
});

test.serial('locks end with KILL, COM_CHANGE_USER and a reset; not with COMMIT', async (t) => {
  const [client, watcher] = [await connect(), await connect()];
  const isFree = (name: string) => valueOf(watcher, `SELECT IS_FREE_LOCK('${name}')`);
  await client.query('BEGIN');
  await client.query("DO GET_LOCK('a', 0), GET_LOCK('b', 0)");
  await client.query('COMMIT');
  t.is(await isFree('a'), 0);
  await client.changeUser({ user: 'root', password: 'secret' });
  t.is(await isFree('a'), 1);
  t.is(await isFree('b'), 1);
  await client.query("DO GET_LOCK('c', 0)");
  await watcher.query(`KILL ${client.threadId}`);
  await until('the lock to be free', async () => (await isFree('c')) === 1);
  await watcher.end();
});

test.serial('two clients that wait for each other: one is told, 3058', async (t) => {
  const [one, two] = [await connect(), await connect()];
  await one.query("DO GET_LOCK('a', 0)");
  await two.query("DO GET_LOCK('b', 0)");
  const waiting = valueOf(one, "SELECT GET_LOCK('b', -1)");
  await underWay(two, one.threadId);
  t.is(await errnoOf(two.query("SELECT GET_LOCK('a', -1)")), 3058);
  await two.end();
  t.is(await waiting, 1);
  await one.end();
});

test.serial('prepared statements are counted over all clients, and limited', async (t) => {
  const [client, watcher] = [await connect(), await connect()];
  const held = async () => {
    const [rows] = await watcher.query<mysql.RowDataPacket[]>(
      "SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'",
    );
    return Number(rows[0]?.['Value']);
  };
  t.is(await held(), 0);
  const statement = await client.prepare('SELECT ?');
  t.is(await held(), 1);
  await watcher.query('SET GLOBAL max_prepared_stmt_count = 1');
  t.is(await errnoOf(client.prepare('SELECT ? + 1')), 1461);
  await watcher.query('SET GLOBAL max_prepared_stmt_count = DEFAULT');
  await statement.close();
  await until('it to be closed', async () => (await held()) === 0);
  await client.prepare('SELECT ?');
  client.destroy();
  await until('the client to be gone', async () => (await held()) === 0);
  await watcher.end();
});
