// A database that is being made is `pending`: who would use it is told so, and then it is there.

import test from 'ava';
import { must } from '#shared/assert.ts';
import { caughtUp, refusalOf, stateOf, type Asked } from '#test/support/follow.ts';
import { startProcessCluster } from '#test/support/process-cluster.ts';
import { until } from '#test/support/wait.ts';

/** Resolves when the database is told as pending by both statements that tell states. */
async function isPending(cluster: Asked, name: string): Promise<void> {
  await until('it to be made', async () => {
    const [state, status] = await Promise.all([
      stateOf(cluster, name),
      cluster.query(`USING ${name} SHOW DATABASE STATUS`),
    ]);
    const told = status.find(({ Key }) => Key === 'state');
    return state === 'pending' && told?.['Value'] === 'pending';
  });
}

/** ER_OPTION_PREVENTS_STATEMENT: it is a secondary, whatever its state. */
const readOnly = 1290;

test('pending: a database whose leaf has not made its partitions yet', async (t) => {
  const cluster = await startProcessCluster(t, { leaves: 1 });
  const leaf = must(cluster.leaves[0]);
  leaf.signal('SIGSTOP');
  const made = cluster.query('CREATE DATABASE shop PARTITIONS 2');
  await isPending(cluster, 'shop');
  // Who would define waits for its turn.
  const filled = cluster.query('CREATE TABLE shop.item (id INT PRIMARY KEY)');
  leaf.signal('SIGCONT');
  await made;
  t.is(await stateOf(cluster, 'shop'), 'online');
  await filled;
  await cluster.query('INSERT INTO shop.item VALUES (1)');

  await cluster.query("BACKUP DATABASE shop TO 'one'");
  leaf.signal('SIGSTOP');
  const restored = cluster.query("RESTORE DATABASE shop AS again FROM 'one'");
  await isPending(cluster, 'again');
  // Who would read or write waits for the database.
  const read = cluster.query('SELECT * FROM again.item WHERE id = 1');
  const written = cluster.query('INSERT INTO again.item VALUES (2)');
  leaf.signal('SIGCONT');
  await restored;
  t.is(await stateOf(cluster, 'again'), 'online');
  t.deepEqual(await read, [{ id: 1 }]);
  await written;
  t.is((await cluster.query('SELECT * FROM again.item')).length, 2);
});

/** A name under which `shop` could be copied without the leaf at one of the ports, and the port. */
async function findIdle(cluster: Asked, from: string): Promise<{ name: string; port: string }> {
  const ports = (await cluster.query('SHOW LEAVES')).map(({ Port }) => String(Port));
  for (let i = 0; ; i += 1) {
    const name = `copy${i}`;
    const pairs = await cluster.query(`EXPLAIN REPLICATE DATABASE ${name} ${from}`);
    const busy = pairs.flatMap((pair) => [pair['Source_Port'], pair['Target_Port']]).map(String);
    const port = ports.find((each) => !busy.includes(each));
    if (port !== undefined) return { name, port };
  }
}

test('pending: a copy whose reference tables have no place on a leaf yet', async (t) => {
  const cluster = await startProcessCluster(t, { leaves: 3 });
  await cluster.query('CREATE DATABASE shop PARTITIONS 1');
  await cluster.query('CREATE TABLE shop.item (id INT PRIMARY KEY)');
  await cluster.query('INSERT INTO shop.item VALUES (1)');
  const from = `FROM root:'${cluster.rootPassword}'@127.0.0.1:${cluster.port}/shop`;
  const { name, port } = await findIdle(cluster, from);
  const idle = must(cluster.leaves.find((leaf) => leaf.args.includes(port)));
  idle.signal('SIGSTOP');
  const made = cluster.query(`REPLICATE DATABASE ${name} ${from}`);
  await isPending(cluster, name);
  t.is(await refusalOf(cluster, `INSERT INTO ${name}.item VALUES (2)`), readOnly);
  idle.signal('SIGCONT');
  await made;
  await caughtUp(cluster, name);
  t.deepEqual(await cluster.query(`SELECT * FROM ${name}.item`), [{ id: 1 }]);
});
