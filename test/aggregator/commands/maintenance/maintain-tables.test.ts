// CHECK, CHECKSUM, ANALYZE, OPTIMIZE and REPAIR TABLE, as mysqlcheck sends them.

import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { TestClusterProcess } from '#test/support/two-clusters.ts';

async function startShop(t: ExecutionContext): Promise<TestClusterProcess> {
  const cluster = await TestClusterProcess.start(t);
  await cluster.query('CREATE DATABASE shop PARTITIONS 3');
  await cluster.query('USE shop');
  const columns = '`na"me` VARCHAR(20), price DOUBLE, KEY (`na"me`), CHECK (price < 100)';
  await cluster.query(`CREATE TABLE item (id INT PRIMARY KEY, ${columns})`);
  await cluster.query("CREATE TABLE `it's` (a INT)");
  await cluster.query('CREATE REFERENCE TABLE tax (id INT PRIMARY KEY)');
  await cluster.query('CREATE VIEW cheap AS SELECT id FROM item WHERE price < 1');
  const rows = Array.from({ length: 60 }, (_, i) => `(${i}, 'name ${i}', ${i / 8})`);
  await cluster.query(`INSERT INTO item VALUES ${rows.join()}, (90, NULL, NULL)`);
  await cluster.query('INSERT INTO tax VALUES (1)');
  return cluster;
}

/** The rows without their column names. */
async function rowsOf(cluster: TestClusterProcess, sql: string): Promise<unknown[][]> {
  return (await cluster.query(sql)).map((row) => Object.values(row));
}

test('check table: sound tables, views, and what is not there', async (t) => {
  const cluster = await startShop(t);
  const sql = "CHECK TABLE item, `it's`, shop.tax, cheap, nosuch, other.item EXTENDED";
  t.deepEqual(await rowsOf(cluster, sql), [
    ['shop.item', 'check', 'status', 'OK'],
    ["shop.it's", 'check', 'status', 'OK'],
    ['shop.tax', 'check', 'status', 'OK'],
    ['shop.cheap', 'check', 'status', 'OK'],
    ['shop.nosuch', 'check', 'Error', "Table 'shop.nosuch' doesn't exist"],
    ['shop.nosuch', 'check', 'status', 'Operation failed'],
    ['other.item', 'check', 'Error', "Unknown database 'other'"],
    ['other.item', 'check', 'status', 'Operation failed'],
  ]);
  await cluster.query('DROP TABLE item');
  const [broken] = await rowsOf(cluster, 'CHECK TABLE cheap');
  t.regex(String(broken?.[3]), /references invalid table/);
});

const script = `
  const { DatabaseSync } = require('node:sqlite');
  const file = new DatabaseSync(process.argv[1], { timeout: 10000 });
  file.enableDefensive?.(false);
  const index = file.prepare("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' " +
    "AND tbl_name = 'item' AND sql IS NOT NULL").get();
  const isThere = index && file.prepare('SELECT 1 FROM item WHERE id = 17').get();
  if (isThere) {
    file.exec('PRAGMA writable_schema = ON');
    const held = file.prepare('SELECT * FROM sqlite_schema WHERE name = ?').get(index.name);
    file.prepare('DELETE FROM sqlite_schema WHERE name = ?').run(index.name);
    file.close();
    const other = new DatabaseSync(process.argv[1], { timeout: 10000 });
    other.enableDefensive?.(false);
    other.exec("UPDATE item SET \\"na\\"\\"me\\" = 'other' WHERE id = 17");
    other.exec('PRAGMA writable_schema = ON');
    const { type, name, tbl_name, rootpage, sql } = held;
    other.prepare('INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)')
      .run(type, name, tbl_name, rootpage, sql);
    other.close();
    process.stdout.write('done');
  }`;

test('check table: an index that lacks a row of its table is named', async (t) => {
  const cluster = await startShop(t);
  await cluster.stop();
  let changed = 0;
  for (const name of readdirSync(cluster.directory, { recursive: true, encoding: 'utf8' })) {
    if (!/shop_\d+\/data\.sqlite$/.test(name)) continue;
    const path = join(cluster.directory, name);
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, path]);
    if (stdout === 'done') changed += 1;
  }
  t.is(changed, 1);
  await cluster.start();
  await cluster.query('USE shop');
  const rows = await rowsOf(cluster, 'CHECK TABLE item, tax');
  t.regex(String(rows[0]?.[3]), /^shop_\d: .*index/);
  t.deepEqual(rows.at(-2), ['shop.item', 'check', 'error', 'Corrupt']);
  t.deepEqual(rows.at(-1), ['shop.tax', 'check', 'status', 'OK']);
});

test('checksum table: changes with the rows, and is theirs in any order and place', async (t) => {
  const cluster = await startShop(t);
  const all = "CHECKSUM TABLE item, `it's`, nosuch, cheap";
  const [item, empty, ...none] = await rowsOf(cluster, all);
  t.true(Number(item?.[1]) > 0);
  t.deepEqual(empty, ["shop.it's", 0]);
  t.deepEqual(none, [
    ['shop.nosuch', null],
    ['shop.cheap', null],
  ]);
  t.deepEqual(
    (await rowsOf(cluster, 'SHOW WARNINGS')).map(([level, code]) => [level, code]),
    [
      ['Error', 1146],
      ['Error', 1347],
    ],
  );
  await cluster.query('UPDATE item SET price = price + 0.5 WHERE id = 3');
  const [changed] = await rowsOf(cluster, 'CHECKSUM TABLE item');
  t.not(changed?.[1], item?.[1]);
  await cluster.query('UPDATE item SET price = price - 0.5 WHERE id = 3');
  t.deepEqual(await rowsOf(cluster, 'CHECKSUM TABLE item'), [item]);
  await cluster.query('CREATE DATABASE other PARTITIONS 5');
  await cluster.query('CREATE TABLE other.item (id INT PRIMARY KEY, n VARCHAR(20), p DOUBLE)');
  await cluster.query('INSERT INTO other.item SELECT * FROM item ORDER BY price DESC');
  const [copy] = await rowsOf(cluster, 'CHECKSUM TABLE other.item');
  t.is(copy?.[1], item?.[1]);
});

test('analyze, optimize, repair: there is nothing to do, and they say so', async (t) => {
  const cluster = await startShop(t);
  const kinds = async (sql: string) => {
    return (await rowsOf(cluster, sql)).map(([name, op, type]) => [name, op, type]);
  };
  t.deepEqual(await kinds('ANALYZE TABLE item, nosuch'), [
    ['shop.item', 'analyze', 'note'],
    ['shop.item', 'analyze', 'status'],
    ['shop.nosuch', 'analyze', 'Error'],
    ['shop.nosuch', 'analyze', 'status'],
  ]);
  t.deepEqual(await kinds('OPTIMIZE NO_WRITE_TO_BINLOG TABLE item'), [
    ['shop.item', 'optimize', 'note'],
    ['shop.item', 'optimize', 'status'],
  ]);
  t.deepEqual(await kinds('REPAIR TABLE item QUICK'), [['shop.item', 'repair', 'note']]);
});
