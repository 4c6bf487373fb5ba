// Metadata in NATS: moved there from the file, served from there, by one master at a time.

import test from 'ava';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findNatsServer, startNatsServer } from '#test/aggregator/metadata/nats-server.ts';
import { NodeProcess } from '#test/support/node-process.ts';
import { startProcessCluster } from '#test/support/process-cluster.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { until } from '#test/support/wait.ts';

const declare = findNatsServer() === null ? test.skip : test;

declare('metadata in NATS: moved from the file, and taken over by a standby', async (t) => {
  const address = await startNatsServer(t);
  const cluster = await startProcessCluster(t, { leaves: 1 });
  const first = await cluster.connect();
  await first.query('CREATE DATABASE shop PARTITIONS 2');
  await first.query('CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)');
  await first.query('INSERT INTO shop.t (v) VALUES (1), (2)');
  await cluster.aggregator.stop('SIGTERM');

  const place = ['--port', String(cluster.port), '--metadata-nats', `nats://${address}`];
  const start = async (dataDir: string) => {
    const node = new NodeProcess(['aggregator', '--data-dir', dataDir, ...place]);
    t.teardown(() => node.stop('SIGKILL'));
    await node.start();
    return node;
  };
  /** Queries until the leaf is there again. */
  const answer = (sql: string): Promise<unknown> =>
    until(`an answer to ${sql}`, async () => {
      const connection = await cluster.open();
      try {
        return (await connection.query({ sql, rowsAsArray: true }))[0];
      } finally {
        connection.destroy();
      }
    });
  const master = await start(cluster.dataDir);
  t.deepEqual(await answer('SELECT id, v FROM shop.t ORDER BY id'), [
    [1, 1],
    [2, 2],
  ]);
  await answer('CREATE TABLE shop.u (id INT PRIMARY KEY)');
  await master.stop('SIGKILL');
  // The same directory takes over at once: nobody else can be on it.
  const again = await start(cluster.dataDir);
  t.deepEqual(await answer('SHOW TABLES IN shop'), [['t'], ['u']]);
  const standbyDir = join(temporaryDirectory(t), 'standby');
  mkdirSync(standbyDir, { mode: 0o700 });
  for (const file of ['cluster.json', 'metadata-place']) {
    cpSync(join(cluster.dataDir, file), join(standbyDir, file));
  }
  await again.stop('SIGKILL');
  const file = new NodeProcess(['aggregator', '--data-dir', cluster.dataDir, '--port', '0']);
  await t.throwsAsync(file.start(), undefined, 'without NATS it would be an empty cluster');
  await start(standbyDir);
  t.deepEqual(await answer('SHOW TABLES IN shop'), [['t'], ['u']]);
  await answer('INSERT INTO shop.t (id, v) VALUES (9, 9)');
  t.deepEqual(await answer('SELECT COUNT(*) FROM shop.t'), [['3']]);
});
