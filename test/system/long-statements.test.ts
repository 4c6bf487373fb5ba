// Statements with thousands of values, alternatives and SELECTs, as bulk updates of ORMs are: the
// answers are MariaDB's, and what is too much has a number of its own.

import test from 'ava';
import { refusalOf } from '#test/support/follow.ts';
import { oracleTests } from '#test/support/oracle-test.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';

const oracleTest = oracleTests(test);

const ROWS = 40;

function listed(count: number, item: (i: number) => string, separator = ', '): string {
  return Array.from({ length: count }, (_, i) => item(i)).join(separator);
}

/** A text with what literals are written with, and a question mark. */
function tag(i: number): string {
  return `'it''s "?" ${i} ü'`;
}

const made = [
  'CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(40), c DOUBLE, KEY (a, b))',
  `INSERT INTO t VALUES ${listed(ROWS, (i) => `(${i}, ${i % 7}, ${tag(i)}, ${i} / 4)`)}`,
  'INSERT INTO t VALUES (100, NULL, NULL, NULL), (101, 3, NULL, 7)',
];

const questions: readonly string[] = [
  `SELECT id FROM t WHERE b IN (${listed(3000, tag)}) ORDER BY id`,
  `SELECT id FROM t WHERE b NOT IN (${listed(3000, (i) => tag(i + 5))}) ORDER BY id`,
  `SELECT id FROM t WHERE id IN (${listed(40_000, (i) => String(i * 3))}) ORDER BY id`,
  `SELECT id FROM t WHERE c IN (${listed(2000, (i) => `${i}.25`)}) ORDER BY id`,
  `SELECT id FROM t WHERE (a, b) IN (${listed(2000, (i) => `(${i % 9}, ${tag(i)})`)}) ORDER BY id`,
  `SELECT id FROM t WHERE (a, b) NOT IN (${listed(20, (i) => `(${i % 7}, ${tag(i)})`)})
   ORDER BY id`,
  `SELECT id, (a, b) IN (${listed(9, (i) => `(${i}, ${i === 5 ? 'NULL' : tag(3)})`)}) FROM t
   ORDER BY id`,
  `SELECT id FROM t WHERE (a, id, c) IN (${listed(12, (i) => `('${i}', ${i}.0, '${i / 4}')`)})
   ORDER BY id`,
  `SELECT id FROM t WHERE ${listed(1500, (i) => `a = ${i} AND b = UPPER(${tag(i)})`, ' OR ')}
   ORDER BY id`,
  `SELECT id FROM t WHERE ${listed(600, (i) => `(a = ${i} AND id > ${i * 4})`, ' OR ')}
   ORDER BY id`,
  `SELECT id FROM t WHERE ${listed(600, (i) => `b LIKE '%"${i * 5} %'`, ' OR ')} ORDER BY id`,
  `SELECT id, CASE id ${listed(2000, (i) => `WHEN ${i} THEN ${tag(i * 2)}`, ' ')} END FROM t
   ORDER BY id`,
  `SELECT LENGTH(CONCAT(${listed(1200, (i) => (i % 2 === 0 ? 'b' : "'x'"))})) FROM t ORDER BY id`,
  `SELECT id FROM t WHERE id IN (${listed(600, (i) => `SELECT ${i * 2}`, ' UNION ')}) ORDER BY id`,
  `SELECT * FROM (${listed(900, (i) => `SELECT ${i} AS n`, ' UNION ALL ')}) AS u
   WHERE n % 100 = 0`,
  `SELECT COUNT(*), SUM(n) FROM (SELECT 1 AS n UNION SELECT 1 UNION ALL SELECT 1 UNION ALL SELECT 2
   UNION SELECT 2 UNION ALL SELECT 3 EXCEPT SELECT 1 UNION ALL SELECT 3 UNION ALL SELECT 3) AS u`,
  `${listed(70, (i) => `SELECT id, a FROM t WHERE id = ${i}`, ' UNION ')} ORDER BY 2, 1 LIMIT 9`,
];

oracleTest('long: lists, chains, CASEs and UNIONs of thousands', async (t, oracle) => {
  const cluster = await TestClusterProcess.start(t);
  await cluster.query('CREATE DATABASE d');
  await cluster.query('USE d');
  for (const sql of made) {
    await oracle.query(sql);
    await cluster.query(sql);
  }
  const bulk = [
    `UPDATE t SET a = CASE id ${listed(3000, (i) => `WHEN ${i} THEN ${i * 10}`, ' ')} ELSE a END
     WHERE id IN (${listed(3000, String)})`,
    `INSERT INTO t
     ${listed(300, (i) => `SELECT ${i + 1000}, ${i}, ${tag(i)}, NULL`, ' UNION ALL ')}`,
    `DELETE FROM t WHERE (id, a) IN (${listed(200, (i) => `(${i + 1050}, ${i + 50})`)})`,
  ];
  const all = 'SELECT id, a, b, c FROM t ORDER BY id';
  for (const sql of [...questions, ...bulk.flatMap((change) => [change, all]), ...questions]) {
    const expected = await oracle.query(sql);
    if (!/^\s*SELECT/.test(sql)) {
      await cluster.query(sql);
      continue;
    }
    const rows = await cluster.query(sql);
    const found = rows.map((row) => Object.values(row).map(text));
    t.deepEqual(
      found,
      expected.map((row) => row.map(text)),
      sql.slice(0, 200),
    );
  }
});

function text(value: unknown): string | null {
  return value === null ? null : String(value);
}

test('long: what is too much is refused by its number, and the connection lives on', async (t) => {
  const cluster = await TestClusterProcess.start(t);
  await cluster.query('CREATE DATABASE d');
  await cluster.query('USE d');
  await cluster.query('CREATE TABLE t (id INT PRIMARY KEY, a INT)');
  await cluster.query('INSERT INTO t VALUES (1, 1)');
  const refused = async (sql: string, errno: number): Promise<void> => {
    t.is(await refusalOf(cluster, sql), errno, sql.slice(0, 80));
  };
  await refused(`SELECT COUNT(*) FROM ${listed(65, (i) => `t AS t${i}`)}`, 1116);
  await refused(`SELECT ${listed(2500, () => 'a')} FROM t`, 1117);
  await refused(`SELECT COALESCE(${listed(1200, () => 'a')}) FROM t`, 1235);
  await refused(`SELECT GREATEST(${listed(1200, String)})`, 1235);
  await refused(`SELECT ${listed(1200, () => 'a', ' + ')} FROM t`, 1436);
  await refused(`CREATE TABLE w (${listed(901, (i) => `c${i} INT`)})`, 1117);
  t.deepEqual(await cluster.list('SELECT a FROM t'), [1]);
});
