// A query that would run for hours stops at the leaves, whoever stops it and how.

import test from 'ava';
import mysql from 'mysql2/promise';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';
import { errnoOf } from '#test/support/errno-of.ts';
import { until } from '#test/support/wait.ts';

const values = Array.from({ length: 3000 }, (_, n) => `(${n})`).join(',');
const cluster = clusterOfFile(test, [
  'CREATE DATABASE shop',
  'USE shop',
  'CREATE REFERENCE TABLE every (n INT PRIMARY KEY)',
  'CREATE TABLE some (n INT PRIMARY KEY)',
  `INSERT INTO every VALUES ${values}`,
  `INSERT INTO some VALUES ${values}`,
]);

const forHours =
  'SELECT COUNT(*) FROM some s, every a, every b, every c WHERE a.n + b.n + c.n < s.n';

async function connect(): Promise<mysql.Connection> {
  const client = await mysql.createConnection({
    ...{ host: '127.0.0.1', port: cluster().port, user: 'root', password: 'secret' },
    database: 'shop',
  });
  client.on('error', () => undefined);
  return client;
}

/** Waits until the statement of that connection is under way. */
async function underWay(watcher: mysql.Connection, id: number): Promise<void> {
  await until('the query to run', async () => {
    const [rows] = await watcher.query<mysql.RowDataPacket[]>('SHOW PROCESSLIST');
    return rows.some((row) => row['Id'] === id && row['Command'] === 'Query');
  });
}

test.serial('KILL QUERY stops it, and the connection goes on', async (t) => {
  const [client, watcher] = [await connect(), await connect()];
  const answer = errnoOf(client.query(forHours));
  await underWay(watcher, client.threadId);
  await watcher.query(`KILL QUERY ${client.threadId}`);
  t.is(await answer, 1317);
  const [rows] = await client.query({ sql: 'SELECT COUNT(*) FROM some', rowsAsArray: true });
  t.deepEqual(rows, [[3000]]);
  await client.end();
  await watcher.end();
});

test.serial('max_execution_time stops it', async (t) => {
  const client = await connect();
  await client.query('SET max_execution_time = 300');
  t.is(await errnoOf(client.query(forHours)), 3024);
  await client.end();
});

test.serial('a client that goes leaves nothing running: the leaf serves as before', async (t) => {
  const watcher = await connect();
  for (let client = 0; client < 8; client += 1) {
    const gone = await connect();
    void errnoOf(gone.query(forHours));
    await underWay(watcher, gone.threadId);
    gone.destroy();
  }
  await until('nobody is left', async () => {
    const [rows] = await watcher.query<mysql.RowDataPacket[]>('SHOW PROCESSLIST');
    return rows.length === 1;
  });
  const [rows] = await watcher.query({ sql: 'SELECT COUNT(*) FROM some', rowsAsArray: true });
  t.deepEqual(rows, [[3000]]);
  await watcher.end();
});
