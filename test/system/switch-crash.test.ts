// A crash at every step of a promotion and of a failback: started again, both come to their end.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import {
  replicationFailpointNames,
  type ReplicationFailpointName,
} from '#aggregator/replication/failpoint.ts';
import {
  caughtUp,
  refusalOf,
  sameRows,
  stateOf,
  type Asked,
  replicate,
} from '#test/support/follow.ts';
import { StartedCluster } from '#test/support/start-process.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

type Cluster = Asked & { readonly port: number };

function from(cluster: Cluster): string {
  return `FROM root:'secret'@127.0.0.1:${cluster.port}`;
}

/** A cluster in this process that goes no further at `place`, as if it had died there. */
async function startDying(t: ExecutionContext) {
  let place = '';
  const replicationFailpoint = (name: ReplicationFailpointName) => {
    if (name === place) throw new Error(`it died at ${name}`);
  };
  const cluster = await TestClusterProcess.start(t, { leaves: 2, replicationFailpoint });
  return {
    cluster,
    dieAt: (name: string) => {
      place = name;
    },
  };
}

async function makeShop(primary: Cluster, secondary: Cluster, shop: string): Promise<void> {
  await primary.query(`CREATE DATABASE ${shop} PARTITIONS 2`);
  await primary.query(`CREATE TABLE ${shop}.item (id INT AUTO_INCREMENT PRIMARY KEY, v TEXT)`);
  await primary.query(`INSERT INTO ${shop}.item (v) VALUES ('a'), ('b'), ('c')`);
  await replicate(secondary, `REPLICATE DATABASE ${shop} ${from(primary)}`);
  await caughtUp(secondary, shop);
}

async function isPromoted(
  t: ExecutionContext,
  place: string,
  at: { primary: Cluster; secondary: Cluster; shop: string },
): Promise<void> {
  const { primary, secondary, shop } = at;
  await until(`${place}: the end`, async () => (await stateOf(secondary, shop)) === 'online');
  t.is(await refusalOf(secondary, `STOP REPLICATING ${shop}`), 1793, place);
  await secondary.query(`INSERT INTO ${shop}.item (v) VALUES ('d')`);
  const rows = await secondary.query(`SELECT id, v FROM ${shop}.item ORDER BY id`);
  t.is(rows.length, 4, place);
  const before = await primary.query(`SELECT id, v FROM ${shop}.item ORDER BY id`);
  t.deepEqual(rows.slice(0, 3), before, place);
}

/** Both sides write after the promotion of `far`. */
async function part(near: Cluster, far: Cluster, shop: string): Promise<string> {
  await far.query(`STOP REPLICATING ${shop}`);
  await near.query(`UPDATE ${shop}.item SET v = 'lost'`);
  await near.query(`INSERT INTO ${shop}.item VALUES (10, 'lost'), (11, 'lost')`);
  await far.query(`INSERT INTO ${shop}.item VALUES (20, 'far')`);
  return `REPLICATE DATABASE ${shop} WITH FORCE DIFFERENTIAL ${from(far)}`;
}

async function isBack(
  t: ExecutionContext,
  place: string,
  at: { near: Cluster; far: Cluster; shop: string; back: string },
): Promise<void> {
  const { near, far, shop, back } = at;
  await caughtUp(near, shop);
  await sameRows(near, far, `SELECT * FROM ${shop}.item ORDER BY id`);
  t.is(await refusalOf(near, back), 1769, place);
  const kept = await near.query(
    `SELECT new_values->>'$.id' AS id, operation FROM ${shop}_rescued.changes
      WHERE verdict = 'committed' ORDER BY 0 + new_values->>'$.id'`,
  );
  const told = kept.map(({ id, operation }) => `${String(operation)} ${String(id)}`);
  t.deepEqual(told, ['update 1', 'update 2', 'update 3', 'insert 10', 'insert 11'], place);
}

test('promotion: cut off at every step, it is finished at the next start', async (t) => {
  const primary = await TestClusterProcess.start(t, { leaves: 1 });
  const { cluster: secondary, dieAt } = await startDying(t);
  const places = replicationFailpointNames.filter((name) => name.startsWith('stop-'));
  for (const [index, place] of places.entries()) {
    const shop = `shop${index}`;
    await makeShop(primary, secondary, shop);
    dieAt(place);
    await t.throwsAsync(secondary.query(`STOP REPLICATING ${shop}`), undefined, place);
    await secondary.stop();
    dieAt('');
    await secondary.start();
    await isPromoted(t, place, { primary, secondary, shop });
  }
});

test('failback: cut off at every step, it is finished at the next start', async (t) => {
  const far = await TestClusterProcess.start(t, { leaves: 1 });
  const { cluster: near, dieAt } = await startDying(t);
  const places = replicationFailpointNames.filter((name) => name.startsWith('return-'));
  for (const [index, place] of places.entries()) {
    const shop = `shop${index}`;
    await makeShop(near, far, shop);
    const back = await part(near, far, shop);
    dieAt(place);
    await t.throwsAsync(near.query(back), undefined, place);
    await near.stop();
    dieAt('');
    await near.start();
    await isBack(t, place, { near, far, shop, back });
  }
});

test('promotion and failback: a leaf killed amid its own part goes on with it', async (t) => {
  const far = await TestClusterProcess.start(t, { leaves: 1 });
  const near = await StartedCluster.start(t, { leaves: 2 });
  await makeShop(near, far, 'shop0');
  const back = await part(near, far, 'shop0');
  await near.restart('amid-rewind');
  await t.throwsAsync(near.query(back));
  await near.died();
  await near.restart('after-promote-append');
  await isBack(t, 'amid-rewind', { near, far, shop: 'shop0', back });
  await makeShop(far, near, 'shop1');
  await t.throwsAsync(near.query('STOP REPLICATING shop1'));
  await near.died();
  await near.restart('');
  await isPromoted(t, 'after-promote-append', { primary: far, secondary: near, shop: 'shop1' });
});

test('failback: with the new primary gone amid it, the old one can be had back', async (t) => {
  const far = await TestClusterProcess.start(t, { leaves: 1 });
  const { cluster: near, dieAt } = await startDying(t);
  await makeShop(near, far, 'shop');
  const back = await part(near, far, 'shop');
  await near.query('ALTER TABLE shop.item ADD COLUMN more INT DEFAULT 5');
  dieAt('return-rescued');
  await t.throwsAsync(near.query(back));
  await near.stop();
  await far.stop();
  dieAt('');
  await near.start();
  await until('the failback', async () => (await stateOf(near, 'shop')) === 'provisioning');
  await near.query('STOP REPLICATING shop');
  t.is(await stateOf(near, 'shop'), 'online');
  await near.query("INSERT INTO shop.item VALUES (50, 'again', 6)");
  const [row] = await near.query('SELECT count(*) AS n, sum(more) AS s FROM shop.item');
  t.deepEqual({ ...row }, { n: 6, s: '31' });
});
