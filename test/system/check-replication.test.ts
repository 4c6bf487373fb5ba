// CHECK REPLICATION: what was changed behind a secondary's back is found and named.

import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { sameRows, replicate } from '#test/support/follow.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

async function startPair(t: ExecutionContext) {
  const primary = await TestClusterProcess.start(t);
  const secondary = await TestClusterProcess.start(t);
  await primary.query('CREATE DATABASE shop PARTITIONS 3');
  await primary.query('CREATE TABLE shop.item (id INT PRIMARY KEY, name TEXT, price INT)');
  const note = '(code VARCHAR(9) COLLATE utf8mb4_bin, seq INT, PRIMARY KEY (code, seq))';
  await primary.query(`CREATE TABLE shop.note ${note}`);
  const rows = Array.from({ length: 3000 }, (_, i) => `(${i}, 'item ${i}', ${i % 97})`).join();
  await primary.query(`INSERT INTO shop.item VALUES ${rows}`);
  await primary.query("INSERT INTO shop.note VALUES ('a', 1), ('b', 2), ('it''s', 3)");
  await replicate(
    secondary,
    `REPLICATE DATABASE shop FROM root:'secret'@127.0.0.1:${primary.port}`,
  );
  await until('the rows are there', async () => {
    return (await secondary.list('SELECT COUNT(*) FROM shop.item'))[0] === 3000;
  });
  return { primary, secondary };
}

const script = `
  const { DatabaseSync } = require('node:sqlite');
  const [, path, table, where, sql] = process.argv;
  const file = new DatabaseSync(path, { timeout: 10000 });
  const isThere = file.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table);
  if (isThere && file.prepare('SELECT 1 FROM ' + table + ' WHERE ' + where).get()) {
    file.exec(sql);
    process.stdout.write('done');
  }
  file.close();`;

/** Changes rows in the SQLite file where a row is found, from another process. */
async function corrupt(
  cluster: TestClusterProcess,
  found: { readonly table: string; readonly where: string },
  sql: string,
): Promise<void> {
  for (const name of readdirSync(cluster.directory, { recursive: true, encoding: 'utf8' })) {
    if (!/shop_\d+\/data\.sqlite$/.test(name)) continue;
    const args = ['-e', script, join(cluster.directory, name), found.table, found.where, sql];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    if (stdout === 'done') return;
  }
  throw new Error(`no partition has ${found.table} where ${found.where}`);
}

test('check replication: equal while rows come, and what is corrupted is named', async (t) => {
  const { primary, secondary } = await startPair(t);
  let stopped = false;
  const writing = (async () => {
    for (let id = 5000; !stopped; id++) {
      await primary.query(`INSERT INTO shop.item VALUES (${id}, 'new', 1)`);
      await primary.query(`UPDATE shop.item SET price = price + 1 WHERE id = ${id % 2000}`);
    }
  })();
  const results = async () => {
    const rows = await secondary.query('CHECK REPLICATION ON shop');
    return rows.map(({ Partition, Result, Table }) => [Partition, Result, Table]);
  };
  const equal = ['shop_0', 'shop_1', 'shop_2', 'shop_reference'].map((name) => [
    name,
    'equal',
    null,
  ]);
  t.deepEqual(await results(), equal);
  t.deepEqual(await secondary.query('CHECK REPLICATION ON shop WITH ROWS'), []);

  const item = (id: number) => ({ table: 'item', where: `id = ${id}` });
  await corrupt(secondary, item(2977), 'UPDATE item SET price = -5 WHERE id = 2977');
  await corrupt(secondary, item(2978), 'DELETE FROM item WHERE id = 2978');
  const note = { table: 'note', where: "code = 'it''s'" };
  await corrupt(secondary, note, "INSERT INTO note VALUES ('more', 9)");
  // A link that met the other writer of its file goes on a little later.
  const named = await until('a check of all partitions', async () => {
    const rows = await secondary.query('CHECK REPLICATION ON shop WITH ROWS');
    return rows.some(({ Table }) => Table === null) ? null : rows;
  });
  t.deepEqual(
    named
      .map(({ Table, Key, Difference, Columns }) => [Table, Key, Difference, Columns])
      .toSorted(([a, b], [c, d]) => (`${a}${b}` < `${c}${d}` ? -1 : 1)),
    [
      ['item', 'id = 2977', 'differs', 'price'],
      ['item', 'id = 2978', 'missing at the secondary', ''],
      ['note', "code = 'more', seq = 9", 'only at the secondary', ''],
    ],
  );
  const tables = (await results()).filter(([, result]) => result === 'different');
  t.true(tables.length >= 2);
  stopped = true;
  await writing;
  const status = await secondary.query('SHOW REPLICATION STATUS');
  t.true(status.some(({ Check_Result }) => Check_Result === 'different'));
  t.true(status.some(({ Check_Result }) => Check_Result === 'equal'));
});

test('replication: a damaged row that a change meets is named and mended', async (t) => {
  const { primary, secondary } = await startPair(t);
  const all = 'SELECT * FROM shop.item ORDER BY id';
  const item = { table: 'item', where: 'id = 5' };
  await corrupt(secondary, item, 'UPDATE item SET price = -5 WHERE id = 5');
  t.deepEqual(await secondary.list('SELECT price FROM shop.item WHERE id = 5'), [-5]);
  await primary.query('UPDATE shop.item SET price = 1000 WHERE id = 5');
  // Never again is the damaged row served: an error, or the row as it must be.
  await until('the row to be right', async () => {
    const prices = await secondary.list('SELECT price FROM shop.item WHERE id = 5');
    if (prices[0] === -5) throw new Error('the change has not come yet');
    return prices[0] === 1000;
  });
  await primary.query("INSERT INTO shop.item VALUES (9000, 'after', 1)");
  await sameRows(primary, secondary, all);
  const repairs = await secondary.list(
    'SELECT LAST_REPAIR FROM information_schema.MV_REPLICATION_STATUS WHERE IS_DR = 1',
  );
  const told = repairs.filter((repair) => repair !== '').map(String);
  t.is(told.length, 1);
  t.regex(
    told[0] ?? '',
    /Z: a logged change cannot be applied \(data\): update of "item" key \(5\)$/,
  );
  t.deepEqual(await secondary.query('CHECK REPLICATION ON shop WITH ROWS'), []);
});

test('check replication: only of a secondary, and not while it is paused', async (t) => {
  const { primary, secondary } = await startPair(t);
  await t.throwsAsync(primary.query('CHECK REPLICATION ON shop'), { message: /not a secondary/ });
  await t.throwsAsync(secondary.query('CHECK REPLICATION ON nope'), { message: /Unknown/ });
  await secondary.query('PAUSE REPLICATING shop');
  const [row] = await secondary.query('CHECK REPLICATION ON shop');
  t.regex(String(row?.['Result']), /not checked: .*paused/);
  await secondary.query('CONTINUE REPLICATING shop');
  await until('it can be checked again', async () => {
    const rows = await secondary.query('CHECK REPLICATION ON shop');
    return rows.every(({ Result }) => Result === 'equal');
  });
});
