// A secondary whose primary has another history now: it says so everywhere, and how to go on.

import test from 'ava';
import { caughtUp, refusalOf, sameRows, stateOf, replicate } from '#test/support/follow.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

const allItems = 'SELECT * FROM shop.item ORDER BY id';

function from(cluster: TestClusterProcess): string {
  return `FROM root:'secret'@127.0.0.1:${cluster.port}`;
}

test('diverged: the middle of a chain went back; the end tells it and follows again', async (t) => {
  const [a, middle, end] = [
    await TestClusterProcess.start(t, { leaves: 1 }),
    await TestClusterProcess.start(t, { leaves: 1 }),
    await TestClusterProcess.start(t, { leaves: 2 }),
  ];
  await a.query('CREATE DATABASE shop PARTITIONS 2');
  await a.query('CREATE TABLE shop.item (id INT PRIMARY KEY, v TEXT)');
  await a.query("INSERT INTO shop.item VALUES (1, 'a'), (2, 'a'), (3, 'a'), (4, 'a')");
  await replicate(middle, `REPLICATE DATABASE shop ${from(a)}`);
  await caughtUp(middle, 'shop');
  await replicate(end, `REPLICATE DATABASE shop ${from(middle)}`);
  await caughtUp(end, 'shop');
  // The middle is promoted, and what it writes reaches the end; then it goes back to its primary.
  await middle.query('STOP REPLICATING shop');
  await middle.query("INSERT INTO shop.item VALUES (11, 'm'), (12, 'm'), (13, 'm'), (14, 'm')");
  await sameRows(middle, end, allItems);
  await replicate(middle, `REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL ${from(a)}`);
  await caughtUp(middle, 'shop');
  const links = async () => {
    const rows = await end.query('SHOW REPLICATION STATUS');
    return rows.filter(({ Role }) => Role === 'async replica').map((row) => row['Replica_State']);
  };
  const isTold = async () => (await links()).every((state) => state === 'diverged');
  await until('the end to have diverged', isTold);
  await saysDiverged();
  // It is known again after a restart, and a pause hides nothing for good.
  await end.stop();
  await end.start();
  await until('it to be told again', isTold);
  await saysDiverged();
  t.is(await refusalOf(end, 'CONTINUE REPLICATING shop'), 0);
  await until('it to be told still', isTold);
  const back = `REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL ${from(middle)}`;
  const explained = await end.query(`EXPLAIN ${back}`);
  t.true(explained.some((row) => /records after it would be/.test(String(row['Details']))));
  await end.query(back);
  await caughtUp(end, 'shop');
  t.is(await refusalOf(end, back), 1769);
  // Who does not follow a secondary already may be what that follows: it is not led in a circle.
  t.is(await refusalOf(a, back), 1105);
  await a.query("INSERT INTO shop.item VALUES (5, 'later')");
  await sameRows(a, end, allItems);
  t.is(await stateOf(end, 'shop'), 'replicating');
  const rescued = await end.list(
    "SELECT new_values->>'$.id' AS id FROM shop_rescued.changes ORDER BY id",
  );
  t.deepEqual(rescued, ['11', '12', '13', '14']);

  async function saysDiverged(): Promise<void> {
    const [database] = await end.query("SHOW DATABASES EXTENDED LIKE 'shop'");
    t.is(database?.['State'], 'diverged');
    t.regex(String(database?.['Details']), /different histories from term \d.*FORCE DIFFERENTIAL/);
    const [state] = await end.query("USING shop SHOW DATABASE STATUS WHERE `Key` = 'state'");
    t.is(state?.['Value'], 'diverged');
    const view = (name: string, columns: string) =>
      end.query(
        `SELECT ${columns} FROM information_schema.${name} WHERE DATABASE_NAME LIKE 'shop%'`,
      );
    const seen = async (name: string, column: string) =>
      [...new Set((await view(name, column)).map((row) => String(row[column])))].toSorted();
    t.deepEqual(await seen('DISTRIBUTED_DATABASES', 'STATE'), ['diverged']);
    t.deepEqual(await seen('MV_DISTRIBUTED_DATABASES_STATUS', 'SUMMARY'), ['degraded']);
    // A copy of the reference partition within the cluster follows its master copy here.
    const states = ['diverged', 'replicating'];
    t.deepEqual(await seen('MV_AGGREGATED_REPLICATION_STATUS', 'SECONDARY_STATE'), states);
    t.deepEqual(await seen('DISTRIBUTED_PARTITIONS', 'STATE'), states);
    t.deepEqual(await seen('MV_CLUSTER_STATUS', 'STATE'), states);
    // What is there can be read.
    t.is((await end.query(allItems)).length, 8);
    t.is(await refusalOf(end, 'DELETE FROM shop.item'), 1290);
  }
});
