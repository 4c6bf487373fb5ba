// Tables of hundreds of columns: written, changed, replicated and compared like any other.

import test from 'ava';
import { caughtUp, refusalOf, replicate } from '#test/support/follow.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';

function listed(count: number, item: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => item(i)).join(', ');
}

/** SQLite's own counts are varints: one byte up to 127, two from there on. */
const widths = [127, 128, 255, 256, 900] as const;

test('wide: rows of 127 to 900 columns are changed, followed and compared', async (t) => {
  const primary = await TestClusterProcess.start(t);
  const secondary = await TestClusterProcess.start(t);
  await primary.query('CREATE DATABASE w PARTITIONS 2');
  await primary.query('USE w');
  for (const width of widths) {
    const plain = width - 1;
    const table = `t${width}`;
    await primary.query(
      `CREATE TABLE ${table} (id INT PRIMARY KEY, ${listed(plain, (i) => `c${i} INT`)})`,
    );
    const row = (id: number) => `(${id}, ${listed(plain, (i) => String(id * i))})`;
    await primary.query(`INSERT INTO ${table} VALUES ${listed(12, row)}`);
  }
  await replicate(secondary, `REPLICATE DATABASE w FROM root:'secret'@127.0.0.1:${primary.port}`);
  await caughtUp(secondary, 'w');
  for (const width of widths) {
    const [table, last] = [`t${width}`, `c${width - 2}`];
    await primary.query(`UPDATE ${table} SET ${last} = -1, c3 = NULL WHERE id IN (2, 3, 4)`);
    await primary.query(`UPDATE ${table} SET ${listed(width - 1, (i) => `c${i} = c${i} + 1`)}`);
    await primary.query(`DELETE FROM ${table} WHERE id > 9`);
    await primary.query('BEGIN');
    await primary.query(`INSERT INTO ${table} (id, ${last}) VALUES (50, 5), (51, 6), (52, 7)`);
    await primary.query(`REPLACE INTO ${table} (id, c1) VALUES (1, 1)`);
    await primary.query('COMMIT');
  }
  await primary.query('ALTER TABLE t128 ADD COLUMN more INT DEFAULT 5, DROP COLUMN c7');
  await primary.query('UPDATE t128 SET more = id');
  await caughtUp(secondary, 'w');
  for (const width of widths) {
    const sql = `SELECT * FROM w.t${width} ORDER BY id`;
    const rows = await primary.query(sql);
    t.is(rows.length, 13);
    t.is(rows[2]?.[`c${width - 2}`], 0);
    t.is(rows[12]?.[`c${width - 2}`], 7);
    t.deepEqual(await secondary.query(sql), rows, `${width} columns`);
  }
  const checked = await secondary.query('CHECK REPLICATION ON w');
  t.deepEqual(
    checked.map((row) => row['Result']),
    ['equal', 'equal', 'equal'],
  );
});

test('wide: more columns are refused, and nothing is made', async (t) => {
  const cluster = await TestClusterProcess.start(t);
  await cluster.query('CREATE DATABASE w');
  await cluster.query('USE w');
  const create = (count: number) => `CREATE TABLE t (${listed(count, (i) => `c${i} INT`)})`;
  t.is(await refusalOf(cluster, create(901)), 1117);
  await cluster.query(create(900));
  t.is(await refusalOf(cluster, 'ALTER TABLE t ADD COLUMN more INT'), 1117);
  await cluster.query('INSERT INTO t (c0, c899) VALUES (1, 2)');
  t.deepEqual(await cluster.list('SELECT c899 FROM t'), [2]);
});
