// Leaves that die, hang or are cut off, at either side and at any time: it goes on by itself.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { caughtUp, refusalOf, sameRows, stateOf, type Asked } from '#test/support/follow.ts';
import type { NodeProcess } from '#test/support/node-process.ts';
import { startProcessCluster, type ProcessCluster } from '#test/support/process-cluster.ts';
import { SiteProxy } from '#test/support/site-proxy.ts';
import { SmallDisk, smallDiskTest } from '#test/support/small-disk.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

type Cluster = Asked & { readonly port: number; readonly leaves: readonly NodeProcess[] };

/** A cluster of processes, asked as root by a connection for each statement. */
async function startCluster(t: ExecutionContext, leaves: number) {
  const cluster = await startProcessCluster(t, { leaves });
  return { ...cluster, query: (sql: string) => ask(cluster, sql) };
}

async function ask(cluster: ProcessCluster, sql: string): Promise<Record<string, unknown>[]> {
  const connection = await cluster.open();
  try {
    const [rows] = await connection.query(sql);
    return rows as Record<string, unknown>[];
  } finally {
    connection.destroy();
  }
}

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

/** A leaf that is away, and how it comes back. */
const faults = {
  killed: {
    begin: (leaf: NodeProcess) => leaf.stop('SIGKILL'),
    end: (leaf: NodeProcess) => leaf.start(),
  },
  stopped: {
    begin: async (leaf: NodeProcess) => leaf.signal('SIGSTOP'),
    end: async (leaf: NodeProcess) => leaf.signal('SIGCONT'),
  },
} as const;

interface Pair {
  readonly primary: Cluster;
  readonly secondary: Cluster;
  readonly from: string;
}

/** What goes on while a leaf is away. Each ends with a secondary that has all, or a primary. */
const phases: Readonly<Record<string, (pair: Pair, shop: string, away: Away) => Promise<void>>> = {
  async provisioning({ primary, secondary, from: source }, shop, away) {
    await secondary.query(`REPLICATE DATABASE ${shop} ${source}`);
    await away.begin();
    await away.end();
    await caughtUp(secondary, shop);
    await sameRows(primary, secondary, rowsOf(shop));
  },
  async streaming({ primary, secondary, from: source }, shop, away) {
    await secondary.query(`REPLICATE DATABASE ${shop} ${source}`);
    await caughtUp(secondary, shop);
    const writing = primary.query(insert(shop, 1000, 200));
    await away.begin();
    await away.end();
    await Promise.allSettled([writing]);
    await primary.query(insert(shop, 2000, 10));
    await sameRows(primary, secondary, rowsOf(shop));
  },
  async pause({ primary, secondary, from: source }, shop, away) {
    await secondary.query(`REPLICATE DATABASE ${shop} ${source}`);
    await caughtUp(secondary, shop);
    await away.begin();
    const paused = refusalOf(secondary, `PAUSE REPLICATING ${shop}`);
    await away.end();
    await paused;
    await until('it to be paused', async () => {
      return (await stateOf(secondary, shop)) === 'replication paused';
    });
    await primary.query(insert(shop, 1000, 20));
    await secondary.query(`CONTINUE REPLICATING ${shop}`);
    await sameRows(primary, secondary, rowsOf(shop));
  },
  async promotion({ primary, secondary, from: source }, shop, away) {
    await secondary.query(`REPLICATE DATABASE ${shop} ${source}`);
    await caughtUp(secondary, shop);
    await away.begin();
    const promoted = refusalOf(secondary, `STOP REPLICATING ${shop}`);
    await away.end();
    // Refused because a leaf was away, it is run again.
    if ((await promoted) !== 0) {
      await until('the leaf to be back', async () => {
        return [0, 1793].includes(await refusalOf(secondary, `STOP REPLICATING ${shop}`));
      });
    }
    await until('it to be online', async () => (await stateOf(secondary, shop)) === 'online');
    await secondary.query(insert(shop, 5000, 5));
    const [row] = await secondary.query(`SELECT count(*) AS n FROM ${shop}.item`);
    if (Number(row?.['n']) !== 305) throw new Error(`${String(row?.['n'])} rows`);
    await primary.query(`DROP DATABASE ${shop}`);
  },
};

interface Away {
  begin(): Promise<unknown>;
  end(): Promise<unknown>;
}

test('faults: a leaf of either side is killed or hangs, whatever goes on', async (t) => {
  const primary = await startCluster(t, 1);
  const secondary = await startCluster(t, 1);
  const pair = { primary, secondary, from: from(primary, primary.rootPassword) };
  const kinds = Object.keys(faults) as (keyof typeof faults)[];
  const sides = { primary, secondary };
  for (const [index, [phase, run]] of Object.entries(phases).entries()) {
    for (const [turn, side] of (['primary', 'secondary'] as const).entries()) {
      // In each phase one side's leaf is killed and the other's hangs, by turns.
      const kind = kinds[(index + turn) % kinds.length] ?? 'killed';
      const [leaf] = sides[side].leaves;
      if (leaf === undefined) throw new Error('a cluster has leaves');
      const away = {
        begin: async () => faults[kind].begin(leaf),
        end: async () => faults[kind].end(leaf),
      };
      await until('both clusters', async () => {
        await makeSure(primary);
        await makeSure(secondary);
        return true;
      });
      const shop = `shop${index}${side}`;
      await makeShop(primary, shop);
      await t.notThrowsAsync(run(pair, shop, away), `${phase}, ${side} ${kind}`);
    }
  }
});

/** Throws unless its leaves are online. */
async function makeSure(cluster: Asked): Promise<void> {
  const leaves = await cluster.query('SHOW LEAVES');
  if (leaves.some((row) => row['State'] !== 'online')) throw new Error('a leaf is away');
}

function logBytes(directory: string): number {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && /\/log$/.test(file.parentPath))
    .reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}

test('faults: with both master aggregators dead, rows keep flowing', async (t) => {
  const primary = await startCluster(t, 1);
  const secondary = await startCluster(t, 1);
  await makeShop(primary, 'shop');
  await secondary.query(`REPLICATE DATABASE shop ${from(primary, primary.rootPassword)}`);
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
  await secondary.query(`REPLICATE DATABASE shop ${from(primary, 'secret')}`);
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
  await until('the damage to be noticed', async () => {
    if (flips > 0) throw new Error('nothing was spoiled yet');
    return await recovered(secondary);
  });
  await sameRows(primary, secondary, rowsOf('shop'));
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
  await secondary.query(`REPLICATE DATABASE shop ${from(primary, 'secret')}`);
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
