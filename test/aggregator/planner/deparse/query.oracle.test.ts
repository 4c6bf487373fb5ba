// Aggregates, windows, subqueries, set operations: whole queries against MariaDB.

import test from 'ava';
import { everyType } from '#test/support/every-type.ts';
import { ExpressionWorld } from '#test/support/expression-world.ts';
import { oracleTests } from '#test/support/oracle-test.ts';
import { sameRows, type KnownDifference } from '#test/support/same-rows.ts';

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

const columns = everyType.columns.map(([name]) => name);
const oracleTest = oracleTests(test);

const known: readonly KnownDifference[] = [];

const queries = `
  SELECT COUNT(*), COUNT(ti), COUNT(DISTINCT vc), COUNT(DISTINCT vb), COUNT(DISTINCT vc, yr) FROM t
  SELECT SUM(ti), SUM(ui), SUM(de), SUM(wd), SUM(db), SUM(fl), SUM(yr), SUM(vc) FROM t
  SELECT SUM(bi) FROM t WHERE id <> 2
  SELECT AVG(ti), AVG(ui), AVG(de), AVG(wd), AVG(yr) FROM t
  SELECT AVG(db) FROM t WHERE id IN (1, 5)
  SELECT MIN(ti), MAX(ti), MIN(de), MAX(de), MIN(wd), MAX(wd), MIN(db), MAX(db), MIN(yr) FROM t
  SELECT MIN(vc), MAX(vc), MIN(vb), MAX(vb), MIN(en), MAX(en), MIN(se), MAX(se), MIN(bn) FROM t
  SELECT MIN(dt), MAX(dt), MIN(dm), MAX(dm), MIN(d3), MAX(d3), MIN(ts), MAX(ts), MIN(tm), \
    MAX(tm), MIN(t2) FROM t
  SELECT BIT_AND(ui), BIT_OR(ui), BIT_XOR(ui) FROM t WHERE id IN (1, 4, 5)
  SELECT GROUP_CONCAT(vb ORDER BY id) FROM t
  SELECT GROUP_CONCAT(DISTINCT vc ORDER BY vc DESC SEPARATOR '; ') FROM t
  SELECT GROUP_CONCAT(id, '=', ti ORDER BY ti DESC) FROM t
  SELECT GROUP_CONCAT(de ORDER BY de) FROM t
  SELECT SUM(DISTINCT ti), AVG(DISTINCT ti), COUNT(DISTINCT ti) FROM t
  SELECT COUNT(*), SUM(ti), AVG(ti), MAX(vc), GROUP_CONCAT(vc) FROM t WHERE id > 100
  SELECT SUM(ti) + 1, SUM(de) * 2, AVG(de) + 1, SUM(ti)/COUNT(*), MAX(id) - MIN(id) FROM t
  SELECT ROUND(AVG(de), 2), ROUND(SUM(ti) / 3, 1) FROM t
  SELECT LOWER(vc), COUNT(*) FROM t GROUP BY LOWER(vc) ORDER BY COUNT(*) DESC, LOWER(vc)
  SELECT COUNT(*) FROM t GROUP BY vc ORDER BY vc
  SELECT MIN(id), COUNT(*) FROM t GROUP BY vc ORDER BY MIN(id)
  SELECT en, COUNT(*), SUM(ti) FROM t GROUP BY en ORDER BY en
  SELECT YEAR(dt), COUNT(*) FROM t GROUP BY YEAR(dt) ORDER BY 1
  SELECT en, COUNT(*) AS n FROM t GROUP BY en HAVING n > 1 ORDER BY en DESC
  SELECT en FROM t GROUP BY en HAVING MAX(id) > 3 ORDER BY en
  SELECT id FROM t ORDER BY vc, id
  SELECT id FROM t ORDER BY vb DESC, id
  SELECT id FROM t ORDER BY en, id
  SELECT id FROM t ORDER BY de DESC
  SELECT id FROM t ORDER BY wd
  SELECT id FROM t ORDER BY tm
  SELECT id FROM t ORDER BY bn
  SELECT id FROM t ORDER BY se, id
  SELECT id FROM t ORDER BY ti IS NULL, ti DESC LIMIT 3 OFFSET 1
  SELECT DISTINCT LOWER(TRIM(vc)) FROM t ORDER BY 1
  SELECT DISTINCT en FROM t ORDER BY en
  SELECT DISTINCT ti > 0 AS p FROM t ORDER BY p
  SELECT COUNT(*) FROM (SELECT DISTINCT vc FROM t) d
  SELECT COUNT(*) FROM (SELECT DISTINCT vb FROM t) d
  SELECT DISTINCT en, COUNT(*) OVER (PARTITION BY en) FROM t ORDER BY en
  SELECT a.id, b.id FROM t a JOIN t b ON a.en = b.en AND a.id < b.id ORDER BY 1, 2
  SELECT a.id, b.id FROM t a LEFT JOIN t b ON b.id = a.id + 4 ORDER BY 1
  SELECT a.id, b.id FROM t a RIGHT JOIN t b ON b.id = a.id + 4 ORDER BY 2
  SELECT COUNT(*) FROM t a, t b
  SELECT COUNT(*) FROM t a JOIN t b USING (en)
  SELECT a.id FROM t a WHERE EXISTS (SELECT 1 FROM t b WHERE b.en = a.en AND b.id > a.id) ORDER BY 1
  SELECT a.id FROM t a WHERE NOT EXISTS (SELECT 1 FROM t b WHERE b.en = a.en AND b.id > a.id) \
    ORDER BY 1
  SELECT id FROM t WHERE ti = (SELECT MAX(ti) FROM t)
  SELECT id, (SELECT COUNT(*) FROM t b WHERE b.ti < a.ti) FROM t a ORDER BY id
  SELECT id, (SELECT b.vc FROM t b WHERE b.id = a.id + 1) FROM t a ORDER BY id
  SELECT id FROM t WHERE vc IN (SELECT vb FROM t) ORDER BY id
  SELECT id FROM t WHERE ti NOT IN (SELECT ti FROM t WHERE id < 3) ORDER BY id
  SELECT id FROM t WHERE id IN (SELECT ti FROM t) ORDER BY id
  SELECT id FROM t WHERE id IN (SELECT de FROM t) ORDER BY id
  SELECT id FROM t WHERE id IN (SELECT vc FROM t) ORDER BY id
  SELECT id FROM t WHERE (id, en) IN (SELECT id, 'medium' FROM t) ORDER BY id
  SELECT id FROM t WHERE ti > ALL (SELECT ti FROM t WHERE id IN (2, 3)) ORDER BY id
  SELECT id FROM t WHERE ti > ANY (SELECT ti FROM t WHERE id IN (1, 6)) ORDER BY id
  SELECT id FROM t WHERE ti <= ALL (SELECT ti FROM t) ORDER BY id
  SELECT id FROM t WHERE ti = ANY (SELECT 5) ORDER BY id
  SELECT id FROM t WHERE vc > ALL (SELECT 'ANNA') ORDER BY id
  SELECT 1 UNION SELECT 2 UNION SELECT 1
  SELECT 'a' AS x UNION SELECT 'A' UNION SELECT 'b' ORDER BY 1
  SELECT 1 UNION ALL SELECT 1
  SELECT 1 UNION SELECT 2.5 ORDER BY 1
  SELECT 1 AS x UNION SELECT 'a' ORDER BY x
  SELECT id FROM t WHERE id < 3 UNION SELECT ti FROM t WHERE id > 3 ORDER BY 1 DESC LIMIT 3
  SELECT en FROM t EXCEPT SELECT 'SMALL' ORDER BY 1
  SELECT vc FROM t INTERSECT SELECT 'ANNA'
  SELECT dt FROM t WHERE id = 1 UNION SELECT dm FROM t WHERE id = 2 ORDER BY 1
  SELECT de FROM t WHERE id = 1 UNION ALL SELECT ti FROM t WHERE id = 1 UNION ALL SELECT db FROM \
    t WHERE id = 1
  WITH c AS (SELECT id, ti FROM t WHERE id < 4) SELECT SUM(ti) FROM c
  WITH c AS (SELECT en, COUNT(*) n FROM t GROUP BY en) SELECT en, n FROM c WHERE n > 1 ORDER BY en
  SELECT x.n FROM (SELECT en, COUNT(*) AS n FROM t GROUP BY en) x ORDER BY x.n, x.en
  SELECT id, ROW_NUMBER() OVER (ORDER BY ti DESC, id) FROM t ORDER BY id
  SELECT id, RANK() OVER (ORDER BY en) FROM t ORDER BY id
  SELECT id, DENSE_RANK() OVER (ORDER BY en) FROM t ORDER BY id
  SELECT id, NTILE(3) OVER (ORDER BY id) FROM t ORDER BY id
  SELECT id, FIRST_VALUE(vc) OVER (PARTITION BY en ORDER BY id), LAST_VALUE(id) OVER (PARTITION \
    BY en ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM t ORDER BY id
  SELECT id, MAX(de) OVER (ORDER BY id ROWS 2 PRECEDING), MIN(dt) OVER (PARTITION BY en) FROM t \
    ORDER BY id
  SELECT en, SUM(COUNT(*)) OVER (ORDER BY en) FROM t GROUP BY en ORDER BY en
  SELECT id, ti FROM t WHERE ti IS NOT NULL AND NOT (ti < 0) ORDER BY ti, id
  SELECT id FROM t WHERE vc LIKE 'ANNA%' ORDER BY id
  SELECT id FROM t WHERE vb LIKE 'ANNA%' ORDER BY id
  SELECT id FROM t WHERE en LIKE 'm%' ORDER BY id
  SELECT id FROM t WHERE en = 'LARGE' OR en = 1 ORDER BY id
  SELECT id FROM t WHERE se = 'a,c' ORDER BY id
  SELECT id FROM t WHERE FIND_IN_SET('b', se) ORDER BY id
  SELECT id FROM t WHERE se & 1 ORDER BY id
  SELECT id FROM t WHERE vc IN ('anna', 'eclair') ORDER BY id
  SELECT id FROM t WHERE vc = 'ECLAIR' ORDER BY id
  SELECT id FROM t WHERE vc IN (12, 'x') ORDER BY id
  SELECT id FROM t WHERE de IN (12.5, 1, '99999999.99') ORDER BY id
  SELECT id FROM t WHERE de BETWEEN 0.005 AND 12.499 ORDER BY id
  SELECT id FROM t WHERE id < 2.5 ORDER BY id
  SELECT id FROM t WHERE id = '2' ORDER BY id
  SELECT id FROM t WHERE id = '2abc' ORDER BY id
  SELECT id FROM t WHERE id > -1e400 ORDER BY id
  SELECT id FROM t WHERE id IN (1, '2', 3.0) ORDER BY id
  SELECT id FROM t WHERE ti ORDER BY id
  SELECT id FROM t WHERE vc ORDER BY id
  SELECT id FROM t WHERE de AND db ORDER BY id
  SELECT id FROM t WHERE wd ORDER BY id
  SELECT id FROM t WHERE dt ORDER BY id
  SELECT id FROM t WHERE NOT wd ORDER BY id
  SELECT t.* FROM t WHERE id = 1
  SELECT id, ti AS x FROM t HAVING x > 1 ORDER BY id
  SELECT COUNT(*) FROM t HAVING COUNT(*) > 100
  SELECT IF(SUM(ti) > 10, 'big', 'small') FROM t
  SELECT CASE WHEN en = 'small' THEN 's' ELSE 'o' END AS k, COUNT(*) FROM t GROUP BY k ORDER BY k
  SELECT COUNT(IF(ti > 0, 1, NULL)), SUM(ti > 0) FROM t
  SELECT SUM(IF(en = 'small', de, 0)) FROM t
  SELECT SUM(CASE WHEN ti > 0 THEN 1 ELSE 0 END) / COUNT(*) FROM t
  SELECT MAX(CONCAT(en, id)) FROM t
  SELECT id FROM t ORDER BY FIELD(id, 3, 1, 2), id
  SELECT id FROM t ORDER BY -ti, id
  SELECT COALESCE(MAX(id), 0) + 1 FROM t
  SELECT SUM(de * ui), SUM(de / 3), SUM(ti * 1.5), AVG(de * 2) FROM t
  SELECT SUM(0.1), SUM(1e0), SUM(DISTINCT de) FROM t
  SELECT ti DIV 2, COUNT(*) FROM t GROUP BY ti DIV 2 ORDER BY 1
  SELECT DATE(dm), SUM(de) FROM t GROUP BY DATE(dm) ORDER BY DATE(dm)
  SELECT LEFT(vb, 1) AS l, COUNT(*) FROM t GROUP BY l ORDER BY l
  SELECT GREATEST(ti, de, db) FROM t WHERE id < 4 ORDER BY id
  SELECT IFNULL(vc, 'none'), IFNULL(ti, 'none'), IFNULL(dt, 'none') FROM t ORDER BY id
  SELECT id, SUM(ti) OVER (ORDER BY id) FROM t ORDER BY id
  SELECT id, SUM(de) OVER (PARTITION BY en ORDER BY id) FROM t ORDER BY id
  SELECT id, AVG(ti) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM t ORDER BY id
  SELECT id, LAG(ti) OVER (ORDER BY id), LEAD(ti, 2) OVER (ORDER BY id) FROM t ORDER BY id
  SELECT ROUND(STD(ti), 4), ROUND(STDDEV_SAMP(ti), 4), ROUND(VARIANCE(ti), 2), \
    ROUND(VAR_SAMP(ti), 2) FROM t
  SELECT id, ROUND(PERCENT_RANK() OVER (ORDER BY id), 4), ROUND(CUME_DIST() OVER (ORDER BY id), \
    4) FROM t ORDER BY id
  SELECT SUM(ti) / COUNT(*) * 100, AVG(ti) * 3, 100 * AVG(de) / 7 FROM t
  SELECT SUM(id / 3), AVG(id / 3) * 2, SUM(id) / 3 * 3 FROM t
  SELECT 1 / 3 * 3, 2 / 3, ROUND(2 / 3, 2), -(1 / 3) * 3, ABS(-1 / 3) * 3
  SELECT ROUND(db, 2), ROUND(AVG(db), 2) FROM t WHERE id = 5 GROUP BY db
`;

const json = `
  JSON_EXTRACT('{"a": [1, 2, {"b": "x"}]}', '$.a[1]')
  JSON_EXTRACT('{"a": [1, 2, {"b": "x"}]}', '$.a[2].b')
  JSON_UNQUOTE(JSON_EXTRACT('{"a": "x"}', '$.a'))
  JSON_OBJECT('a', 1, 'b', 'x', 'c', NULL)
  JSON_OBJECT('a', TRUE, 'b', 1 = 1)
  JSON_ARRAY(1, 'a', NULL, TRUE)
  JSON_ARRAY(JSON_ARRAY(1, 2), JSON_OBJECT('k', 'v'))
  JSON_SET('{"a": 1}', '$.a', 10, '$.b', 'x')
  JSON_INSERT('{"a": 1}', '$.a', 10, '$.b', TRUE)
  JSON_REPLACE('{"a": 1}', '$.a', 10, '$.b', 'x')
  JSON_REMOVE('{"a": 1, "b": 2}', '$.a')
  JSON_ARRAY_APPEND('[1, 2]', '$', 3)
  JSON_ARRAY_INSERT('[1, 2]', '$[1]', 3)
  JSON_CONTAINS('{"a": 1, "b": 2}', '1', '$.a')
  JSON_CONTAINS('[1, 2, 3]', '2')
  JSON_CONTAINS_PATH('{"a": 1}', 'one', '$.a', '$.z')
  JSON_CONTAINS_PATH('{"a": 1}', 'all', '$.a', '$.z')
  JSON_KEYS('{"a": 1, "b": {"c": 1}}')
  JSON_KEYS('{"a": 1, "b": {"c": 1}}', '$.b')
  JSON_LENGTH('[1, 2, 3]')
  JSON_LENGTH('{"a": [1, 2]}', '$.a')
  JSON_DEPTH('[1, [2]]')
  JSON_TYPE('{"a": 1}')
  JSON_TYPE('[1]')
  JSON_TYPE('1')
  JSON_TYPE('"a"')
  JSON_TYPE('null')
  JSON_TYPE('true')
  JSON_VALID('{"a": 1}')
  JSON_VALID('a')
  JSON_VALID(NULL)
  JSON_SEARCH('["abc", {"x": "abc"}]', 'one', 'abc')
  JSON_SEARCH('["abc", {"x": "abc"}]', 'all', 'abc')
  JSON_MERGE_PATCH('{"a": 1, "b": 2}', '{"a": 3, "c": 4}')
  JSON_MERGE_PRESERVE('[1, 2]', '[true, false]')
  JSON_QUOTE('a"b')
  JSON_UNQUOTE('"a\\\\u0041"')
  JSON_OVERLAPS('[1, 3]', '[3, 5]')
  JSON_EXTRACT('{"a": 1}', '$.b')
  JSON_EXTRACT('{"a": 1, "b": 2}', '$.*')
  JSON_EXTRACT('{"a": 1, "b": 2}', '$.a', '$.b')
  JSON_EXTRACT(NULL, '$.a')
  JSON_EXTRACT('{"a": 5}', '$.a') = 5
  JSON_EXTRACT('{"a": 5}', '$.a') > 4
  JSON_UNQUOTE(JSON_EXTRACT('{"a": "5"}', '$.a')) + 1
  JSON_EXTRACT('{"a": "x"}', '$.a') = 'x'
`;

oracleTest('queries answer as MariaDB', async (t, oracle) => {
  const world = new ExpressionWorld([everyType]);
  t.teardown(() => world.close());
  for (const definition of world.definitions()) await oracle.query(definition);
  await sameRows(t, oracle, world, { questions: lines(queries), columns, known: known });
});

oracleTest('JSON functions answer as MariaDB', async (t, oracle) => {
  const world = new ExpressionWorld([everyType]);
  t.teardown(() => world.close());
  for (const definition of world.definitions()) await oracle.query(definition);
  await sameRows(t, oracle, world, { questions: lines(json), columns, known: known });
});
