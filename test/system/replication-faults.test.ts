// Dead master aggregators, lines that break or spoil bytes, a full disk: it goes on by itself.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  caughtUp,
  refusalOf,
  replicate,
  sameRows,
  stateOf,
  type Asked,
} from '#test/support/follow.ts';
import { startProcessCluster } from '#test/support/process-cluster.ts';
import { SiteProxy } from '#test/support/site-proxy.ts';
import { SmallDisk, smallDiskTest } from '#test/support/small-disk.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

const rowsOf = (shop: string) => `SELECT id, length(v) AS n FROM ${shop}.item ORDER BY id`;

function insert(shop: string, first: number, count: number): string {
  const text = 'x'.repeat(2000);
  const rows = Array.from({ length: count }, (_, index) => `(${first + index}, '${text}')`);
  return `INSERT INTO ${shop}.item VALUES ${rows.join()}`;
}

async function makeShop(primary: Asked, shop: string): Promise<void> {
  await primary.query(`CREATE DATABASE ${shop} PARTITIONS 2`);
  await primary.query(`CREATE TABLE ${shop}.item (id BIGINT PRIMARY KEY, v LONGTEXT)`);
  await primary.query(insert(shop, 1, 300));
}

function from(primary: { readonly port: number }, password: string): string {
  return `FROM root:'${password}'@127.0.0.1:${primary.port}`;
}

function logBytes(directory: string): number {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && /\/log$/.test(file.parentPath))
    .reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}

test('faults: with both master aggregators dead, rows keep flowing', async (t) => {
  const primary = await startProcessCluster(t, { leaves: 1 });
  const secondary = await startProcessCluster(t, { leaves: 1 });
  await makeShop(primary, 'shop');
  await replicate(secondary, `REPLICATE DATABASE shop ${from(primary, primary.rootPassword)}`);
  await caughtUp(secondary, 'shop');
  const [far] = secondary.leaves;
  // What the secondary lacks when both master aggregators die must come without them.
  far?.signal('SIGSTOP');
  for (let round = 0; round < 10; round++) {
    await primary.query(insert('shop', 1000 + round * 100, 100));
  }
  await primary.aggregator.stop('SIGKILL');
  await secondary.aggregator.stop('SIGKILL');
  const directory = join(secondary.dataDir, '..', 'leaf-0', 'partitions');
  const before = logBytes(directory);
  far?.signal('SIGCONT');
  await until('the rows to flow', () => logBytes(directory) > before + 1000 * 2000);
  await secondary.aggregator.start();
  const count = 'SELECT count(*) AS n FROM shop.item';
  await until('the secondary to be asked', async () => {
    const [row] = await secondary.query(count);
    return Number(row?.['n']) === 1300;
  });
  await primary.aggregator.start();
  await until('the primary', async () => (await refusalOf(primary, insert('shop', 9000, 1))) === 0);
  await sameRows(primary, secondary, rowsOf('shop'));
  t.is(await stateOf(secondary, 'shop'), 'replicating');
});

test('faults: cut off at any time, by either side, it comes back by itself', async (t) => {
  const host = '127.0.0.61';
  const primary = await TestClusterProcess.start(t, { leaves: 2, advertiseHost: host });
  const proxy = await SiteProxy.start(t, { host, ports: primary.leafPorts });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  await makeShop(primary, 'shop');
  proxy.spoil = breakAfter(proxy, 60_000);
  await replicate(secondary, `REPLICATE DATABASE shop ${from(primary, 'secret')}`);
  await caughtUp(secondary, 'shop');
  await sameRows(primary, secondary, rowsOf('shop'));
  proxy.spoil = breakAfter(proxy, 100_000);
  await primary.query(insert('shop', 1000, 500));
  await sameRows(primary, secondary, rowsOf('shop'));
  proxy.cut();
  await secondary.query('PAUSE REPLICATING shop');
  await primary.query(insert('shop', 2000, 50));
  await secondary.query('CONTINUE REPLICATING shop');
  proxy.heal();
  await sameRows(primary, secondary, rowsOf('shop'));
  // A bit that flips on the wire is found, and nothing of it is applied.
  let flips = 3;
  proxy.spoil = (bytes) => {
    if (bytes.length < 5000 || flips === 0) return bytes;
    flips -= 1;
    const spoiled = Buffer.from(bytes);
    spoiled[3000] = (spoiled[3000] ?? 0) ^ 1;
    return spoiled;
  };
  await primary.query(insert('shop', 3000, 100));
  // Each flip may stop a link, also one that had not been looked at when the last one was made.
  const recovering = {
    query: async (sql: string) => {
      await recovered(secondary);
      return await secondary.query(sql);
    },
  };
  await until('the damage to be made', async () => {
    await recovered(secondary);
    if (flips > 0) throw new Error('nothing was spoiled yet');
    return true;
  });
  await sameRows(primary, recovering, rowsOf('shop'));
  proxy.cut();
  await secondary.query('STOP REPLICATING shop');
  t.is(await stateOf(secondary, 'shop'), 'online');
  t.is((await secondary.query(rowsOf('shop'))).length, 950);
});

/** A link that was stopped by damage is started by CONTINUE; others go on by themselves. */
async function recovered(secondary: TestClusterProcess): Promise<boolean> {
  const rows = await secondary.query('SHOW REPLICATION STATUS');
  const isFailed = rows.some((row) => row['Replica_State'] === 'failed');
  if (isFailed) await secondary.query('CONTINUE REPLICATING shop');
  return true;
}

/** Breaks all connections once, after so many bytes. */
function breakAfter(proxy: SiteProxy, bytesMax: number) {
  let left = bytesMax;
  return (bytes: Buffer) => {
    left -= bytes.length;
    if (left > 0) return bytes;
    left = Infinity;
    proxy.breakAll();
    return bytes;
  };
}

smallDiskTest('faults: a full disk at the secondary is told, and waited out', async (t) => {
  const disk = new SmallDisk(t, 48);
  const primary = await TestClusterProcess.start(t, { leaves: 1 });
  const secondary = await TestClusterProcess.start(t, { leaves: 1, directory: disk.path });
  await makeShop(primary, 'shop');
  await replicate(secondary, `REPLICATE DATABASE shop ${from(primary, 'secret')}`);
  await caughtUp(secondary, 'shop');
  disk.fillUpTo(300_000);
  for (let round = 0; round < 5; round++) {
    await primary.query(insert('shop', 1000 + round * 100, 100));
  }
  await until('the full disk to be told', async () => {
    const rows = await secondary.query(
      'SELECT LAST_ERROR FROM information_schema.MV_REPLICATION_STATUS',
    );
    return rows.some((row) => /full|space/i.test(String(row['LAST_ERROR'])));
  });
  await primary.query(insert('shop', 5000, 5));
  disk.free();
  await sameRows(primary, secondary, rowsOf('shop'));
  await until('the state to be told', async () => {
    return (await stateOf(secondary, 'shop')) === 'replicating';
  });
  t.pass();
  await secondary.stop();
});
