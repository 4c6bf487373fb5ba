// `twinleaf start`: one process that is a cluster, keeps what it was told, and stops cleanly.

import test, { type ExecutionContext } from 'ava';
import mysql from 'mysql2/promise';
import { join } from 'node:path';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { NodeProcess } from '#test/support/node-process.ts';
import { runTwinleaf } from '#test/support/process-cluster.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { until } from '#test/support/wait.ts';

async function startArguments(t: ExecutionContext<unknown>) {
  const [port = 0, leafPort = 0] = await freePorts(2);
  const dataDir = join(temporaryDirectory(t), 'data');
  const ports = ['--port', String(port), '--leaf-port', String(leafPort), '--leaves', '1'];
  const args = ['start', '--data-dir', dataDir, ...ports, '--root-password', 'secret'];
  return { port, dataDir, args };
}

async function connect(t: ExecutionContext<unknown>, port: number) {
  const login = { host: '127.0.0.1', port, user: 'root', password: 'secret' };
  const connection = await mysql.createConnection(login);
  connection.on('error', () => undefined);
  t.teardown(() => connection.destroy());
  return connection;
}

test('start: one ready line; SIGTERM ends it with 0; same directory, same cluster', async (t) => {
  const { port, dataDir, args } = await startArguments(t);
  const node = new NodeProcess(args);
  t.teardown(() => node.stop('SIGKILL'));
  const ready = await node.start();
  t.regex(ready, new RegExp(`^ready cluster [0-9a-f]{16} mysql 127.0.0.1:${port} `));
  const first = await connect(t, port);
  await first.query('CREATE DATABASE shop PARTITIONS 2');
  await first.query('CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(10))');
  await first.query("INSERT INTO shop.item VALUES (1, 'one'), (2, 'two'), (3, NULL)");
  t.is(await node.stop(), 0, node.log.join('\n'));
  const again = await node.start();
  t.is(again, ready);
  const second = await connect(t, port);
  const [rows] = await second.query('SELECT id, name FROM shop.item ORDER BY id');
  t.deepEqual(rows as unknown[], [
    { id: 1, name: 'one' },
    { id: 2, name: 'two' },
    { id: 3, name: null },
  ]);
  t.regex(await runTwinleaf(['token', '--data-dir', dataDir]), /^twinleaf1_/);
});

test('start: a second process on the same directory is refused, and harms nothing', async (t) => {
  const { port, dataDir, args } = await startArguments(t);
  const node = new NodeProcess(args);
  t.teardown(() => node.stop('SIGKILL'));
  await node.start();
  const ports = ['--port', '0', '--leaf-port', '0', '--root-password', 'secret'];
  const other = new NodeProcess(['start', '--data-dir', dataDir, ...ports]);
  await t.throwsAsync(other.start(), { message: /another process uses it/ });
  await until('its end', () => !other.isRunning);
  const [rows] = await (await connect(t, port)).query('SELECT 1 AS one');
  t.deepEqual(rows as unknown[], [{ one: 1 }]);
});

test('start: what was acknowledged is there after kill -9', async (t) => {
  const { port, args } = await startArguments(t);
  const node = new NodeProcess(args);
  t.teardown(() => node.stop('SIGKILL'));
  await node.start();
  const before = await connect(t, port);
  await before.query('CREATE DATABASE shop PARTITIONS 2');
  await before.query('CREATE TABLE shop.item (id INT PRIMARY KEY)');
  for (let id = 1; id <= 20; id++) await before.query('INSERT INTO shop.item VALUES (?)', [id]);
  await node.stop('SIGKILL');
  await node.start();
  const [rows] = await (await connect(t, port)).query('SELECT COUNT(*) AS n FROM shop.item');
  t.deepEqual(rows as unknown[], [{ n: 20 }]);
});

test('start: the processes beside it end with it', async (t) => {
  const { port, args } = await startArguments(t);
  const node = new NodeProcess([...args, '--processes', '3']);
  t.teardown(() => node.stop('SIGKILL'));
  await node.start();
  await (await connect(t, port)).query('CREATE DATABASE shop PARTITIONS 2');
  t.is(await node.stop(), 0, node.log.join('\n'));
  t.deepEqual(
    node.log.filter((line) => line.includes('held up the stop')),
    [],
  );
});
