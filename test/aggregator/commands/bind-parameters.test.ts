// Parameters of prepared statements that are no queries: SET, SHOW, KILL, DO.

import test from 'ava';
import mysql from 'mysql2/promise';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';

const cluster = clusterOfFile(test, ['CREATE DATABASE shop', 'CREATE TABLE shop.item (id INT)']);

async function connect(): Promise<mysql.Connection> {
  return mysql.createConnection({
    ...{ host: '127.0.0.1', port: cluster().port, user: 'root', password: 'secret' },
    database: 'shop',
  });
}

async function rowsOf(client: mysql.Connection, sql: string): Promise<readonly unknown[]> {
  const [rows] = await client.query({ sql, rowsAsArray: true });
  return rows as unknown as readonly unknown[];
}

test.serial('SET takes parameters of every kind', async (t) => {
  const client = await connect();
  await client.execute('SET character_set_results = ?', ['latin1']);
  await client.execute('SET max_execution_time = ?, @before = @@max_execution_time', [1234]);
  t.deepEqual(await rowsOf(client, 'SELECT @@character_set_results, @@max_execution_time'), [
    ['latin1', 1234],
  ]);
  await client.execute('SET NAMES utf8mb4');
  const text = `it's "so" \\ ${'ü'.repeat(3)} ?`;
  const bytes = Buffer.from([0, 255, 39, 92]);
  const values = [text, -7, 2.5, bytes, null];
  await client.execute('SET @t = ?, @i = ? + 1, @d = ?, @b = ?, @n = ?', values);
  t.deepEqual(await rowsOf(client, 'SELECT @t, @i, @d, HEX(@b), @n'), [
    [text, -6, 2.5, '00FF275C', null],
  ]);
  await client.execute("SET sql_mode = 'NO_BACKSLASH_ESCAPES'");
  await client.execute('SET @t = CONCAT(?, ?)', [text, '\\n']);
  t.deepEqual(await rowsOf(client, 'SELECT @t'), [[`${text}\\n`]]);
  await client.end();
});

test.serial(
  'the same statement with other values, and with other statements about it',
  async (t) => {
    const client = await connect();
    for (const value of [1, 'two', null, 4]) {
      await client.execute('SET @v = ?', [value]);
      t.deepEqual(await rowsOf(client, 'SELECT @v'), [[value]]);
    }
    await client.execute('DO SLEEP(?)', [0]);
    const other = await connect();
    const ended = new Promise<void>((resolve) => other.once('error', () => resolve()));
    await client.execute('KILL ?', [other.threadId]);
    await ended;
    const [shown] = await client.execute('SHOW TABLES WHERE Tables_in_shop = ?', ['item']);
    t.is((shown as unknown[]).length, 1);
    await t.throwsAsync(client.execute('KILL ?', [0xfff_ffff]), { message: /Unknown thread id/ });
    await client.end();
  },
);
