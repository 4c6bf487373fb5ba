// A view as MariaDB writes it down makes the same view here: what dumps of it bring.

import test from 'ava';
import { oracleTests } from '#test/support/oracle-test.ts';
import { answerLines } from '#test/support/run-sql.ts';
import { openTestCluster } from '#test/support/test-cluster.ts';

const tables = [
  'CREATE TABLE a (id INT PRIMARY KEY, name VARCHAR(20), d DATETIME(3), n DECIMAL(10,2))',
  'CREATE TABLE b (id INT PRIMARY KEY, a INT, t TEXT)',
  `INSERT INTO a VALUES (1, 'x', '2020-01-01 10:00:00.123', 1.5), (2, 'y', NULL, 2.25),
    (3, 'z', '2021-02-03', -1)`,
  "INSERT INTO b VALUES (1, 1, 'foo'), (2, 1, 'bar'), (3, 2, 'baz'), (4, NULL, 'x''y\\\\z')",
];

const queries = [
  `SELECT a.id, group_concat(DISTINCT b.t ORDER BY b.t DESC SEPARATOR '; ') AS ts
    FROM a LEFT JOIN b ON b.a = a.id GROUP BY a.id`,
  `SELECT id, CASE name WHEN 'x' THEN 1 ELSE 2 END AS c, IF(n > 1, _utf8'yes', 'no') AS y,
    cast(n AS CHAR) AS s, n + 1 FROM a`,
  `SELECT date_format(d, '%Y-%m'), extract(YEAR FROM d) AS y, d + INTERVAL 1 DAY AS next,
    timestampdiff(HOUR, d, '2022-01-01') AS h, trim(both 'x' from name) AS tr,
    substring(name FROM 1 FOR 2) AS sb FROM a`,
  'SELECT a.*, b.t FROM a NATURAL LEFT JOIN b',
  `SELECT * FROM a JOIN b USING (id) WHERE a.id IN (SELECT a FROM b)
    AND NOT EXISTS (SELECT 1 FROM b AS x WHERE x.id = a.id + 10)`,
  'SELECT id FROM a UNION SELECT id + 10 FROM b UNION ALL SELECT 1 ORDER BY id LIMIT 5',
  `SELECT name REGEXP '^x' AS r, name LIKE 'x%' AS l, name BETWEEN 'a' AND 'y' AS bt, n DIV 2,
    n % 2, -id, id <=> NULL, NOT id, coalesce(d, '2000-01-01') AS co FROM a`,
  `SELECT convert(name USING utf8mb4) AS c1, cast(id AS UNSIGNED) AS c2,
    cast(name AS CHAR(2)) AS c3, cast('2020-01-01' AS DATE) AS c4, cast(n AS DECIMAL(5,1)) AS c5,
    name COLLATE utf8mb4_bin AS c7 FROM a`,
  `SELECT id, row_number() OVER (PARTITION BY n > 0 ORDER BY id DESC) AS place,
    sum(n) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM a`,
  'WITH q AS (SELECT id, n FROM a WHERE n > 0) SELECT q.id, x.t FROM q JOIN b x ON x.a = q.id',
  'SELECT count(*) AS c, avg(n), max(d), sum(id) FROM a HAVING c > 0',
  `SELECT 'a' 'b', 1.50, 1e3, x'4142', true, null, date'2020-01-01',
    (SELECT max(id) FROM b) AS mx, id = ANY (SELECT a FROM b) AS an, (id, name) = (1, 'x') FROM a`,
  `SELECT a1.id AS i FROM a a1 RIGHT JOIN b b1 ON a1.id = b1.a CROSS JOIN (SELECT 1 AS one) o
    ORDER BY b1.id DESC`,
];

oracleTests(test)(
  'views: MariaDB’s text of each makes one that answers alike',
  async (t, oracle) => {
    const cluster = await openTestCluster();
    t.teardown(() => cluster.close());
    const session = cluster.session();
    const ours = (text: string) => answerLines(cluster.engine, session, text);
    await ours('CREATE DATABASE texts PARTITIONS 3');
    session.database = 'texts';
    await oracle.query('CREATE DATABASE texts');
    await oracle.query('USE texts');
    for (const sql of tables) {
      await oracle.query(sql);
      t.regex((await ours(sql))[0] ?? '', /^ok/);
    }
    for (const query of queries) {
      await oracle.query(`CREATE OR REPLACE VIEW theirs AS ${query}`);
      const [shown] = await oracle.query('SHOW CREATE VIEW theirs');
      t.deepEqual(await ours(`CREATE OR REPLACE VIEW mine AS ${query}`), ['ok 0']);
      const text = String(shown?.[1]).replace('CREATE', 'CREATE OR REPLACE');
      t.deepEqual(await ours(text), ['ok 0'], text);
      const expected = (await oracle.query('SELECT * FROM theirs'))
        .map((row) => row.map((value) => value ?? 'NULL').join('\t'))
        .sort();
      for (const name of ['mine', 'theirs']) {
        const [, ...rows] = await ours(`SELECT * FROM ${name}`);
        t.deepEqual(rows.sort(), expected, `${name}: ${query}`);
      }
    }
  },
);
