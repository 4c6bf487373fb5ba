// A node whose disk fills up refuses writes with MySQL's error, reads, and goes on when it can.

import { join } from 'node:path';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { findPartitions, verifyPartition } from '#leaf/partition/verify-partition.ts';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { NodeProcess } from '#test/support/node-process.ts';
import { SmallDisk, smallDiskTest } from '#test/support/small-disk.ts';
import { until } from '#test/support/wait.ts';

const text = 'x'.repeat(1000);

/** DISK_FULL, or COMMIT_UNKNOWN: the log had room and SQLite did not. */
const fullErrors = [1021, 3100];

smallDiskTest('a node with a full disk: 1021, no half of a statement, and on again', async (t) => {
  t.timeout(120_000);
  const disk = new SmallDisk(t, 64);
  const dataDir = join(disk.path, 'data');
  const [port = 0, leafPort = 0] = await freePorts(2);
  const ports = ['--port', String(port), '--leaf-port', String(leafPort), '--leaves', '1'];
  const node = new NodeProcess(['start', '--data-dir', dataDir, ...ports]);
  t.teardown(() => node.stop('SIGKILL'));
  await node.start();
  const connection = await mysql.createConnection({ host: '127.0.0.1', port, user: 'root' });
  t.teardown(() => connection.destroy());
  await connection.query('CREATE DATABASE shop PARTITIONS 2');
  await connection.query('CREATE TABLE shop.item (id BIGINT PRIMARY KEY, name VARCHAR(2000))');
  const count = async (): Promise<number> => {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM shop.item');
    return Number(rows[0]?.['n']);
  };
  const insert = (id: number) =>
    connection.query('INSERT INTO shop.item VALUES (?, ?)', [id, text]);
  for (let id = 0; id < 50; id += 1) await insert(id);
  disk.fillUpTo(200 * 1024);
  let written = 50;
  let error: (Error & { errno: number }) | null = null;
  while (error === null) {
    try {
      await insert(written);
      written += 1;
    } catch (refused) {
      error = refused as Error & { errno: number };
    }
  }
  t.true(fullErrors.includes(error.errno), `${error.errno} ${error.message}`);
  const there = await count();
  t.true(there === written || (error.errno === 3100 && there === written + 1));
  disk.free();
  await until('writes to go on', async () => {
    await insert(100_000);
    return true;
  });
  const unknown = error.errno === 3100 ? 1 : 0;
  // Another partition may have taken that write: the one that stopped is read as it was until then.
  await until('every row', async () => (await count()) === written + unknown + 1);
  t.is(await node.stop(), 0, node.log.join('\n'));
  for (const directory of findPartitions(dataDir)) {
    const { fault } = await verifyPartition(directory, { depth: 'full', scratch: null });
    t.is(fault, '');
  }
});

/** What a start is told by a `twinleaf …` that ends at once. */
async function failedStart(node: NodeProcess): Promise<string> {
  try {
    return await node.start();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

smallDiskTest(
  'a node that starts on a full disk says so, and starts when it has room',
  async (t) => {
    t.timeout(120_000);
    const disk = new SmallDisk(t, 16);
    const [port = 0, leafPort = 0] = await freePorts(2);
    const dataDir = join(disk.path, 'data');
    const ports = ['--port', String(port), '--leaf-port', String(leafPort), '--leaves', '1'];
    const place = ['start', '--data-dir', dataDir, ...ports, '--log-level', 'error'];
    for (const isNew of [true, false]) {
      disk.fillUpTo(0);
      const node = new NodeProcess(place);
      t.teardown(() => node.stop('SIGKILL'));
      const said = await failedStart(node);
      // What is there already may leave it the room that it needs: then it starts.
      if (isNew || !said.startsWith('ready')) {
        const lines = said.split('\n').slice(1);
        t.is(lines.length, 1, said);
        t.regex(lines[0] ?? '', /^twinleaf: the disk of \S+data is full: make room there/);
      }
      await node.stop();
      disk.free();
      t.regex(await node.start(), /^ready/);
      const connection = await mysql.createConnection({ host: '127.0.0.1', port, user: 'root' });
      if (isNew) {
        await connection.query('CREATE DATABASE shop PARTITIONS 1');
        await connection.query('CREATE TABLE shop.item (id BIGINT PRIMARY KEY)');
        await connection.query('INSERT INTO shop.item VALUES (1), (2)');
      }
      const [rows] = await connection.query<RowDataPacket[]>('SELECT id FROM shop.item');
      t.is(rows.length, 2);
      connection.destroy();
      // As after a crash, which the full disk may have led to.
      await node.stop('SIGKILL');
    }
  },
);
