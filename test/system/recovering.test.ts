// A leaf that starts answers at once: its partitions are `recovering` until each of them is open.
//
// A partition's link file is replaced by a pipe: its opening waits until the test writes into it.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { encode } from '#shared/codec.ts';
import { must } from '#shared/assert.ts';
import { caughtUp, refusalOf, stateOf, type Asked, replicate } from '#test/support/follow.ts';
import { startProcessCluster } from '#test/support/process-cluster.ts';
import { until } from '#test/support/wait.ts';

/** A cluster of one leaf. */
async function startCluster(t: ExecutionContext) {
  const cluster = await startProcessCluster(t, { leaves: 1 });
  const leaf = must(cluster.leaves[0]);
  const partition = (name: string) => join(cluster.dataDir, '..', 'leaf-0', 'partitions', name);
  return { ...cluster, leaf, partition };
}

/** The opening of the partition in that directory waits until the answer is called. */
function holdOpening(directory: string): () => Promise<void> {
  const path = join(directory, 'link.msgpack');
  const kept = `${path}.kept`;
  if (existsSync(path)) renameSync(path, kept);
  execFileSync('mkfifo', [path]);
  return async () => {
    // A primary has no link: what is told of one is forgotten.
    const bytes = existsSync(kept) ? readFileSync(kept) : encode({});
    const pipe = await open(path, 'w');
    if (existsSync(kept)) renameSync(kept, path);
    else rmSync(path);
    await pipe.writeFile(bytes);
    await pipe.close();
  };
}

/** By ordinal, what SHOW PARTITIONS EXTENDED tells of each. */
async function partitionStates(cluster: Asked): Promise<Record<string, unknown>> {
  const rows = await cluster.query('SHOW PARTITIONS EXTENDED ON shop');
  return Object.fromEntries(rows.map((row) => [String(row['Ordinal']), row['State']]));
}

async function valueOf(cluster: Asked, sql: string): Promise<unknown> {
  return Object.values(must((await cluster.query(sql))[0]))[0];
}

test('recovering: told everywhere; the others serve; who asks is told to try again', async (t) => {
  t.timeout(180_000);
  const cluster = await startCluster(t);
  await cluster.query('CREATE DATABASE shop PARTITIONS 3');
  await cluster.query('CREATE TABLE shop.item (id BIGINT PRIMARY KEY, n INT)');
  const ids = Array.from({ length: 30 }, (_, index) => index + 1);
  await cluster.query(`INSERT INTO shop.item VALUES ${ids.map((id) => `(${id}, 0)`).join()}`);
  await cluster.leaf.stop('SIGKILL');
  const letGo = holdOpening(cluster.partition('shop_1'));
  const ready = cluster.leaf.start();
  await until('one partition alone to be recovering', async () => {
    const states = await partitionStates(cluster);
    const others = [states['0'], states['2'], states['null']];
    return states['1'] === 'recovering' && others.every((state) => state === 'online');
  });

  t.is(await stateOf(cluster, 'shop'), 'recovering');
  const status = await cluster.query('USING shop SHOW DATABASE STATUS');
  t.is(status.find(({ Key }) => Key === 'state')?.['Value'], 'recovering');
  const nodes = await cluster.query('SHOW CLUSTER STATUS');
  const told = nodes.find((row) => row['DATABASE_NAME'] === 'shop_1');
  t.like(told, { ROLE: 'master', STATE: 'recovering' });
  const schema = 'information_schema';
  const of = "WHERE DATABASE_NAME = 'shop'";
  const [summary] = await cluster.query(
    `SELECT * FROM ${schema}.MV_DISTRIBUTED_DATABASES_STATUS ${of}`,
  );
  t.like(summary, { SUMMARY: 'offline', ONLINE: '3', RECOVERING: '1', OFFLINE: '0' });
  t.is(
    await valueOf(cluster, `SELECT STATE FROM ${schema}.DISTRIBUTED_DATABASES ${of}`),
    'recovering',
  );
  const one = `SELECT STATE FROM ${schema}.DISTRIBUTED_PARTITIONS ${of} AND ORDINAL = 1`;
  t.is(await valueOf(cluster, one), 'recovering');
  const node = `SELECT STATE FROM ${schema}.MV_CLUSTER_STATUS WHERE DATABASE_NAME = 'shop_1'`;
  t.is(await valueOf(cluster, node), 'recovering');

  // A statement waits for a while, and is told then.
  const refused = await Promise.all(
    ids.flatMap((id) => [
      refusalOf(cluster, `SELECT * FROM shop.item WHERE id = ${id}`),
      refusalOf(cluster, `UPDATE shop.item SET n = 1 WHERE id = ${id}`),
    ]),
  );
  t.deepEqual([...new Set(refused)].toSorted(), [0, 1731]);
  t.true(refused.filter((errno) => errno === 0).length > refused.length / 3);
  const waiting = cluster.query('SELECT count(*) FROM shop.item');
  await letGo();
  t.deepEqual(Object.values(must((await waiting)[0])), ['30']);
  await ready;
  t.is(await stateOf(cluster, 'shop'), 'online');
  t.is(await refusalOf(cluster, 'DELETE FROM shop.item'), 0);
});

test('recovering: a secondary goes on where it was, and its copy is not made anew', async (t) => {
  t.timeout(180_000);
  const primary = await startCluster(t);
  const secondary = await startCluster(t);
  await primary.query('CREATE DATABASE shop PARTITIONS 2');
  await primary.query('CREATE TABLE shop.item (id BIGINT PRIMARY KEY, n INT)');
  await primary.query('INSERT INTO shop.item VALUES (1, 1), (2, 2), (3, 3), (4, 4)');
  const from = `root:'${primary.rootPassword}'@127.0.0.1:${primary.port}`;
  await replicate(secondary, `REPLICATE DATABASE shop FROM ${from}`);
  await caughtUp(secondary, 'shop');
  await secondary.leaf.stop('SIGKILL');
  await primary.query('INSERT INTO shop.item VALUES (5, 5), (6, 6), (7, 7), (8, 8)');
  const letGo = holdOpening(secondary.partition('shop_0'));
  const ready = secondary.leaf.start();
  const rowsIn = async (shown: string) =>
    (await partitionStates(secondary))['1'] === 'replicating' &&
    (await stateOf(secondary, 'shop')) === shown;
  await until('the others to follow', () => rowsIn('recovering'));
  // A promotion cannot leave one behind; nor is it to wait for ever.
  t.is(await refusalOf(secondary, 'STOP REPLICATING shop'), 1731);
  await letGo();
  await ready;
  await caughtUp(secondary, 'shop');
  t.is(await valueOf(secondary, 'SELECT count(*) FROM shop.item'), '8');
  await secondary.query('STOP REPLICATING shop');
  t.is(await stateOf(secondary, 'shop'), 'online');
});
