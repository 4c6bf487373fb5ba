// Backups while transactions over several partitions are amid their two phases.

import test, { type ExecutionContext } from 'ava';
import { must } from '#shared/assert.ts';
import { FaultyLeaf } from '#test/support/faulty-leaf.ts';
import { runSql } from '#test/support/run-sql.ts';
import { openTestCluster } from '#test/support/test-cluster.ts';

async function startBank(t: ExecutionContext) {
  let wrapped: FaultyLeaf | null = null;
  const cluster = await openTestCluster({ wrap: (inner) => (wrapped = new FaultyLeaf(inner)) });
  t.teardown(() => cluster.close());
  const run = async (text: string): Promise<string> => {
    const session = cluster.session();
    session.database = 'bank';
    const { rows } = await runSql(cluster.engine, session, text);
    return rows.map((row) => row.join(' ')).join(', ');
  };
  await run('CREATE DATABASE bank PARTITIONS 4');
  await run('CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL)');
  const rows = Array.from({ length: 12 }, (_, id) => `(${id}, 100)`);
  await run(`INSERT INTO account VALUES ${rows.join()}`);
  return { run, leaf: must<FaultyLeaf>(wrapped) };
}

const change = 'UPDATE account SET balance = balance + 1';
const sum = (database: string) => `SELECT SUM(balance) FROM ${database}.account`;

test('backup: one that is decided is whole in it, though a participant was not told', async (t) => {
  const { run, leaf } = await startBank(t);
  leaf.fail('decide', 'before', 3);
  await run(change);
  await run("BACKUP DATABASE bank TO 'b'");
  await run("RESTORE DATABASE bank AS again FROM 'b'");
  t.is(await run(sum('again')), '1212');
  await run('UPDATE again.account SET balance = balance + 1');
  t.is(await run(sum('again')), '1224');
});

for (const [name, ordinal, of] of [
  ['decide', 0, 'decided'],
  ['prepare', 2, 'prepared everywhere'],
] as const) {
  test(`backup: one that is not ${of} yet is not in it`, async (t) => {
    const { run, leaf } = await startBank(t);
    const held = leaf.hold(name, ordinal);
    const changing = run(change);
    await held.reached;
    await run("BACKUP DATABASE bank TO 'b'");
    held.release();
    await changing;
    t.is(await run(sum('bank')), '1212');
    await run("RESTORE DATABASE bank AS again FROM 'b'");
    t.is(await run(sum('again')), '1200');
    await run('UPDATE again.account SET balance = balance + 1');
    t.is(await run(sum('again')), '1212');
  });
}

test('backup: one whose verdict is on its way is whole in it', async (t) => {
  const { run, leaf } = await startBank(t);
  const held = leaf.hold('decide', 1);
  const changing = run(change);
  await held.reached;
  await run("BACKUP DATABASE bank TO 'b'");
  held.release();
  await changing;
  await run("RESTORE DATABASE bank AS again FROM 'b'");
  t.is(await run(sum('again')), '1212');
});
