// One leaf of the primary hangs or spoils its bytes: its partitions wait, and nobody else does.

import test, { type ExecutionContext } from 'ava';
import { caughtUp, refusalOf, sameRows, stateOf, replicate } from '#test/support/follow.ts';
import { SiteProxy } from '#test/support/site-proxy.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

const rowsOf = 'SELECT id, length(v) AS n FROM shop.item ORDER BY id';

async function throughProxy(t: ExecutionContext, host: string) {
  const primary = await TestClusterProcess.start(t, { leaves: 2, advertiseHost: host });
  const proxy = await SiteProxy.start(t, { host, ports: primary.leafPorts });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  await primary.query('CREATE DATABASE shop PARTITIONS 4');
  await primary.query('CREATE TABLE shop.item (id BIGINT PRIMARY KEY, v LONGTEXT)');
  await replicate(
    secondary,
    `REPLICATE DATABASE shop FROM root:'secret'@127.0.0.1:${primary.port}`,
  );
  await caughtUp(secondary, 'shop');
  return { primary, proxy, secondary };
}

function insert(first: number, count: number): string {
  const rows = Array.from({ length: count }, (_, i) => `(${first + i}, '${'x'.repeat(20_000)}')`);
  return `INSERT INTO shop.item VALUES ${rows.join()}`;
}

/** The partitions of `shop` at the primary's leaf with the port. */
async function partitionsAt(primary: TestClusterProcess, port: number): Promise<Set<string>> {
  const rows = await primary.query('SHOW PARTITIONS ON shop');
  const here = rows.filter((row) => Number(row['Port']) === port && row['Role'] === 'Master');
  return new Set(here.map((row) => `shop_${row['Ordinal'] ?? 'reference'}`));
}

/** By partition: the LSN that has been applied at the secondary. */
async function reached(secondary: TestClusterProcess): Promise<Map<string, number>> {
  const rows = await secondary.query("SHOW CLUSTER STATUS WHERE METADATA_ROLE = 'Master'");
  return new Map(
    rows.map((row) => [
      String(row['DATABASE_NAME']),
      Number(String(row['POSITION']).split(':').at(-1)),
    ]),
  );
}

test('alone: of a leaf that hangs the partitions wait; others follow, writers go on', async (t) => {
  const { primary, proxy, secondary } = await throughProxy(t, '127.0.0.51');
  const [hung = 0] = primary.leafPorts;
  const waiting = await partitionsAt(primary, hung);
  t.true(waiting.size >= 2, [...waiting].join());
  const before = await reached(secondary);
  proxy.stall(hung);
  // Megabytes of which nobody takes a byte.
  for (let round = 0; round < 20; round++) await primary.query(insert(round * 50, 50));
  const whole = new Map(
    (await primary.query("SHOW CLUSTER STATUS WHERE METADATA_ROLE = 'Master'")).map((row) => [
      String(row['DATABASE_NAME']),
      Number(String(row['POSITION']).split(':').at(-1)),
    ]),
  );
  await until('the others to have all', async () => {
    const now = await reached(secondary);
    return [...now].every(([name, lsn]) => waiting.has(name) || lsn === whole.get(name));
  });
  const now = await reached(secondary);
  const isBehind = (name: string) => (now.get(name) ?? 0) < (whole.get(name) ?? 0);
  const written = [...waiting].filter((name) => whole.get(name) !== before.get(name));
  t.true(written.length >= 2 && written.every(isBehind), 'what hangs is behind');
  t.is(await stateOf(secondary, 'shop'), 'replicating');
  // What is kept for it is told, and nothing of it is lost.
  const kept = await primary.query("SHOW REPLICAS WHERE `Database` = 'shop'");
  t.true(kept.some((row) => Number(row['Bytes_Kept']) > 1_000_000));
  proxy.flow(hung);
  await sameRows(primary, secondary, rowsOf);
});

test('alone: a link that damage has stopped is told; the others follow on', async (t) => {
  const { primary, proxy, secondary } = await throughProxy(t, '127.0.0.52');
  const [spoiled = 0] = primary.leafPorts;
  const waiting = await partitionsAt(primary, spoiled);
  // The last byte of a long row is changed on the wire: a frame's check finds it.
  proxy.spoil = (bytes, port) => {
    const at = port === spoiled ? bytes.indexOf('yyyyyyyy') : -1;
    if (at >= 0) bytes[at] = 0x7a;
    return bytes;
  };
  const rows = Array.from({ length: 40 }, (_, id) => `(${id}, '${id} yyyyyyyy')`);
  await primary.query(`INSERT INTO shop.item VALUES ${rows.join()}`);
  const links = async (column: string) => {
    const shown = await secondary.query('SHOW REPLICATION STATUS');
    return new Map(
      shown
        .filter((row) => row['Role'] === 'async replica')
        .map((row) => [String(row['Database']), String(row[column])]),
    );
  };
  await until('a link to be stopped', async () => {
    return [...(await links('Replica_State')).values()].includes('failed');
  });
  const states = await links('Replica_State');
  for (const [name, state] of states) if (!waiting.has(name)) t.is(state, 'replicating', name);
  t.is(await stateOf(secondary, 'shop'), 'failed');
  const [database] = await secondary.query("SHOW DATABASES EXTENDED LIKE 'shop'");
  t.regex(String(database?.['Details']), /; CONTINUE REPLICATING shop tries again$/);
  const [summary] = await secondary.query(
    'SELECT SUMMARY FROM information_schema.MV_DISTRIBUTED_DATABASES_STATUS ' +
      "WHERE DATABASE_NAME = 'shop'",
  );
  t.is(summary?.['SUMMARY'], 'degraded');
  await primary.query(insert(1000, 40));
  await until('rows of the others', async () => {
    const [row] = await secondary.query('SELECT count(*) AS n FROM shop.item WHERE id >= 1000');
    return Number(row?.['n']) > 0;
  });
  t.is((await secondary.query("SELECT 1 FROM shop.item WHERE v LIKE '%z%'")).length, 0);
  proxy.spoil = (bytes) => bytes;
  t.is(await refusalOf(secondary, 'CONTINUE REPLICATING shop'), 0);
  await sameRows(primary, secondary, rowsOf);
  await until('it to be told', async () => (await stateOf(secondary, 'shop')) === 'replicating');
});
