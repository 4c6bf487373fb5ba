// The whole drill between two sites of real processes: cut apart, fail over, fail back, switch.

import test from 'ava';
import mysql from 'mysql2/promise';
import type { ExecutionContext } from 'ava';
import { caughtUp, refusalOf, sameRows, stateOf, replicate } from '#test/support/follow.ts';
import { SiteProxy } from '#test/support/site-proxy.ts';
import { StartedCluster } from '#test/support/start-process.ts';
import { until } from '#test/support/wait.ts';

async function startSite(t: ExecutionContext, host: string, leaves: number) {
  const cluster = await StartedCluster.start(t, { leaves, advertiseHost: host });
  const proxy = await SiteProxy.start(t, { host, ports: [cluster.port, ...cluster.leafPorts] });
  return { cluster, proxy, from: `FROM root:'secret'@'${host}':${cluster.port}` };
}

/** Inserts one row after another until it is stopped, or refused by the write fence. */
function startWriter(cluster: StartedCluster, first: number) {
  const acknowledged: number[] = [];
  let isOver = false;
  async function write(): Promise<void> {
    const login = { host: '127.0.0.1', port: cluster.port, user: 'root', password: 'secret' };
    const connection = await mysql.createConnection(login);
    try {
      for (let id = first; !isOver; id++) {
        await connection.query(`INSERT INTO shop.item VALUES (${id}, 'w')`);
        acknowledged.push(id);
      }
    } catch (error) {
      if ((error as { errno?: number }).errno !== 1290) throw error;
    } finally {
      connection.destroy();
    }
  }
  const ended = write();
  return {
    acknowledged,
    async stop(): Promise<readonly number[]> {
      isOver = true;
      await ended;
      return acknowledged;
    },
  };
}

async function idsAt(cluster: StartedCluster): Promise<Set<number>> {
  const rows = await cluster.query('SELECT id FROM shop.item');
  return new Set(rows.map(({ id }) => Number(id)));
}

async function rescuedIds(cluster: StartedCluster): Promise<Set<number>> {
  const rows = await cluster.query(
    "SELECT new_values->>'$.id' AS id FROM shop_rescued.changes WHERE operation = 'insert'",
  );
  return new Set(rows.map(({ id }) => Number(id)));
}

test('drill: fail over, fail back, switch back; nothing acknowledged is lost', async (t) => {
  const a = await startSite(t, '127.0.0.21', 2);
  const b = await startSite(t, '127.0.0.22', 1);
  await a.cluster.query('CREATE DATABASE shop PARTITIONS 3');
  await a.cluster.query('CREATE TABLE shop.item (id BIGINT PRIMARY KEY, v TEXT)');
  const load = startWriter(a.cluster, 1);
  await replicate(b.cluster, `REPLICATE DATABASE shop ${a.from}`);
  await caughtUp(b.cluster, 'shop');
  // The sites are cut apart while a is being written to; b is promoted, and both are written to.
  a.proxy.cut();
  b.proxy.cut();
  await b.cluster.query('STOP REPLICATING shop');
  const fresh = startWriter(b.cluster, 1_000_000);
  const atPromotion = load.acknowledged.length;
  await until('both to be written to', () => {
    return load.acknowledged.length > atPromotion + 30 && fresh.acknowledged.length > 30;
  });
  const byA = await load.stop();
  // The sites see each other again: a goes back and follows b, which is written to all the time.
  a.proxy.heal();
  b.proxy.heal();
  await replicate(a.cluster, `REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL ${b.from}`);
  await caughtUp(a.cluster, 'shop');
  // The switch back, under the write fence.
  const fence = await mysql.createConnection({
    host: '127.0.0.1',
    port: b.cluster.port,
    user: 'root',
    password: 'secret',
  });
  t.teardown(() => fence.destroy());
  await fence.query('FLUSH TABLES WITH READ ONLY');
  t.is(await refusalOf(b.cluster, "INSERT INTO shop.item VALUES (1, 'x')"), 1290);
  await sameRows(a.cluster, b.cluster, 'SELECT count(*), sum(id) FROM shop.item');
  await caughtUp(a.cluster, 'shop');
  await a.cluster.query('STOP REPLICATING shop');
  await replicate(b.cluster, `REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL ${a.from}`);
  await fence.query('UNLOCK TABLES');
  await a.cluster.query("INSERT INTO shop.item VALUES (0, 'switched')");
  await sameRows(a.cluster, b.cluster, 'SELECT * FROM shop.item ORDER BY id');
  t.is(await stateOf(b.cluster, 'shop'), 'replicating');
  t.is(await refusalOf(b.cluster, "INSERT INTO shop.item VALUES (2, 'x')"), 1290);
  // Every acknowledged row is at a, or it is among the rescued.
  const [kept, rescued] = [await idsAt(a.cluster), await rescuedIds(a.cluster)];
  t.deepEqual(
    byA.filter((id) => !kept.has(id) && !rescued.has(id)),
    [],
  );
  t.true(
    byA.some((id) => rescued.has(id)),
    'a had rows that b never saw',
  );
  const acknowledgedAtB = await fresh.stop();
  t.deepEqual(
    acknowledgedAtB.filter((id) => !kept.has(id)),
    [],
  );
  t.deepEqual(
    [...rescued].filter((id) => kept.has(id)),
    [],
    'what is kept was not rescued',
  );
});
