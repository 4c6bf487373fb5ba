// A leaf with a damaged partition starts, serves the others, and says what is wrong and what to do.

import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { NodeProcess } from '#test/support/node-process.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

async function rowsOf(connection: Connection, sql: string): Promise<RowDataPacket[]> {
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  return rows;
}

test('damaged partition: isolated, named by statements and by SHOW', async (t) => {
  t.timeout(120_000);
  const [port = 0, leafPort = 0] = await freePorts(2);
  const dataDir = join(temporaryDirectory(t), 'data');
  const ports = ['--port', String(port), '--leaf-port', String(leafPort), '--leaves', '1'];
  const node = new NodeProcess(['start', '--data-dir', dataDir, ...ports]);
  t.teardown(() => node.stop('SIGKILL'));
  const connect = async (): Promise<Connection> => {
    const connection = await mysql.createConnection({ host: '127.0.0.1', port, user: 'root' });
    t.teardown(() => connection.destroy());
    return connection;
  };
  await node.start();
  const before = await connect();
  await before.query('CREATE DATABASE shop PARTITIONS 3');
  await before.query('CREATE TABLE shop.item (id BIGINT PRIMARY KEY, name VARCHAR(20))');
  const ids = Array.from({ length: 60 }, (_, index) => index + 1);
  await before.query(`INSERT INTO shop.item VALUES ${ids.map((id) => `(${id}, 'x')`).join()}`);
  before.destroy();
  t.is(await node.stop(), 0);

  const file = join(dataDir, 'leaf-1', 'partitions', 'shop_1', 'data.sqlite');
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(4096, 0xa5), 0, 4096, 4096);
  closeSync(descriptor);

  await node.start();
  const after = await connect();
  const answers = await Promise.all(
    ids.map(async (id) => {
      const connection = after;
      try {
        return (await rowsOf(connection, `SELECT name FROM shop.item WHERE id = ${id}`)).length;
      } catch (error) {
        return error as Error & { errno: number };
      }
    }),
  );
  const found = answers.filter((answer) => answer === 1);
  const errors = answers.filter((answer) => typeof answer !== 'number');
  t.true(found.length > 20 && errors.length > 5);
  t.is(found.length + errors.length, ids.length);
  for (const error of errors) {
    t.is(error.errno, 1733);
    t.regex(error.message, /shop_1 .*data\.sqlite is damaged.*Restore it from a backup/);
  }
  await t.throwsAsync(after.query('SELECT COUNT(*) FROM shop.item'), { message: /shop_1/ });
  const partitions = await rowsOf(after, 'SHOW PARTITIONS EXTENDED ON shop');
  const damaged = partitions.find((row) => row['Ordinal'] === 1);
  t.is(damaged?.['State'], 'unrecoverable');
  t.regex(String(damaged?.['Last_Error']), /data\.sqlite is damaged/);
  t.is(partitions.filter((row) => row['State'] === 'online').length, partitions.length - 1);
  const nodes = await rowsOf(after, 'SHOW CLUSTER STATUS');
  const named = nodes.filter((row) => row['STATE'] === 'unrecoverable');
  t.deepEqual(
    named.map((row) => row['DATABASE_NAME'] as unknown),
    ['shop_1'],
  );
  t.regex(String(named[0]?.['DETAILS']), /data\.sqlite is damaged/);
  // The way out without a backup: the database can be dropped, with what is damaged.
  await after.query('DROP DATABASE shop');
  await after.query('CREATE DATABASE shop PARTITIONS 3');
  t.is(await node.stop(), 0);
});
