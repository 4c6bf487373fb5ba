// The SQLite text of queries: what is bound, what an index can answer, what is refused.

import test from 'ava';
import { DatabaseError } from '#shared/error.ts';
import { everyType } from '#test/support/every-type.ts';
import { ExpressionWorld } from '#test/support/expression-world.ts';

const world = new ExpressionWorld([everyType]);

test.after(() => world.close());

/** The WHERE of `SELECT id FROM t WHERE condition`, and what is bound to it. */
function where(condition: string): readonly [string, ...unknown[]] {
  const { sql, parameters } = world.deparse(`SELECT id FROM t WHERE ${condition}`);
  const text = sql.slice(sql.indexOf('WHERE ') + 6).replaceAll('"r1".', '');
  return [text, ...parameters.map((p) => (p.kind === 'constant' ? p.value : p.kind))];
}

function errno(statement: string): number {
  try {
    world.rows(statement);
    return 0;
  } catch (error) {
    if (error instanceof DatabaseError) return error.errno;
    throw error;
  }
}

test('constants take the type of the column beside them', (t) => {
  t.deepEqual(where("id = '5'"), ['("id" = ?)', 5n]);
  t.deepEqual(where('5 = id'), ['("id" = ?)', 5n]);
  t.deepEqual(where('id < 2.5'), ['("id" <= ?)', 2n]);
  t.deepEqual(where('id > -2.5'), ['("id" > ?)', -3n]);
  t.deepEqual(where('id = 2.5'), ['("id" IS NULL AND NULL)']);
  t.deepEqual(where('de = 12.5'), ['("de" = ?)', 1250n]);
  t.deepEqual(where('de < 0.005'), ['("de" <= ?)', 0n]);
  t.deepEqual(where("dt = '2024-1-5'"), ['("dt" = ?)', '2024-01-05']);
  t.deepEqual(where("dt <= '2024-01-05 10:00'"), ['("dt" <= ?)', '2024-01-05']);
  t.deepEqual(where("en = 'LARGE'"), ['("en" = ?)', 3n]);
});

test('strings compare by the key of their collation, which stands in indexes', (t) => {
  t.deepEqual(where("vc = 'anna'"), ['(tl_ci("vc") = tl_ci(?))', 'anna']);
  t.deepEqual(where("bn = 'anna'")[0], '("bn" = ?)');
  t.deepEqual(where("vc IN ('a', 'b')"), ['(tl_ci("vc") IN (tl_ci(?), tl_ci(?)))', 'a', 'b']);
  t.deepEqual(where('id IN (1, 2.0, NULL)'), ['("id" IN (?, ?, NULL))', 1n, 2n]);
});

test('long chains do not nest, and long lists of numbers are not bound', (t) => {
  const chain = Array.from({ length: 3000 }, (_, i) => `ti = ${i % 100} + id`).join(' OR ');
  t.is(errno(`SELECT id FROM t WHERE ${chain}`), 0);
  const list = Array.from({ length: 40_000 }, (_, i) => String(i)).join(', ');
  t.is(world.rows(`SELECT COUNT(*) FROM t WHERE id IN (${list})`)[0]?.[0], '6');
});

test('a text from a client never becomes SQL', (t) => {
  const { sql } = world.deparse("SELECT 'x'' OR 1', CONCAT('a', ?) FROM t LIMIT 2");
  t.false(sql.includes('OR 1'));
  t.is(sql.match(/\?/g)?.length, 4);
});

test('parameters take the type of what stands beside them', (t) => {
  const { parameters } = world.deparse('SELECT id FROM t WHERE dt = ? AND id < ?');
  t.deepEqual(
    parameters.map((parameter) => (parameter.kind === 'parameter' ? parameter.type.kind : '')),
    ['date', 'integer'],
  );
});

test('wrong calls are told by name', (t) => {
  t.is(errno('SELECT LENGTH()'), 1582);
  t.is(errno("SELECT SUBSTRING_INDEX('a', 'b')"), 1582);
  t.is(errno('SELECT NO_SUCH_FUNCTION(1)'), 1305);
  t.is(errno('SELECT SLEEP(1)'), 1235);
  t.is(errno('SELECT id FROM t WHERE SUM(id) > 1'), 1111);
  t.is(errno('SELECT SUM(SUM(id)) FROM t'), 1111);
  t.is(errno('SELECT id FROM t WHERE ROW_NUMBER() OVER () = 1'), 3593);
  t.is(errno("SELECT 'a' COLLATE utf8mb4_bin = 'b' COLLATE utf8mb4_general_ci"), 1267);
  t.is(errno('SELECT id FROM t WHERE (id, ti) = (1, 2, 3)'), 1241);
  t.is(errno('SELECT (SELECT id, ti FROM t)'), 1241);
  t.is(errno('SELECT id IN (SELECT id, ti FROM t) FROM t'), 1241);
  t.is(errno('SELECT (SELECT id FROM t)'), 1242);
  t.is(errno("SELECT id FROM t WHERE dt = 'yesterday'"), 1525);
});

test('overflow is an error, never another number', (t) => {
  t.is(errno('SELECT bi + 9223372036854775807 FROM t WHERE id = 1'), 1690);
  t.is(errno('SELECT -bi FROM t WHERE id = 2'), 1690);
  t.is(errno('SELECT bi * 2 FROM t WHERE id = 2'), 1690);
  t.is(errno('SELECT ABS(bi) FROM t WHERE id = 2'), 1690);
  t.is(errno('SELECT db * 1e300 FROM t WHERE id = 4'), 1690);
  t.is(errno('SELECT ui - 1 FROM t WHERE id = 2'), 1690);
  t.is(errno('SELECT ~ui + 1 FROM t WHERE ui = 0 LIMIT 1'), 1690);
  t.is(
    world.rows(
      'SELECT SUM(bi) FROM (SELECT bi FROM t WHERE id = 1 UNION ALL SELECT 9223372036854775807) x',
    )[0]?.[0],
    '9232379236109516800',
  );
});

test('a double that is shown with fixed digits keeps them', (t) => {
  t.deepEqual(world.rows('SELECT ROUND(2.5e0, 2), ROUND(1e20, 1), ROUND(-2.345e0, 2)'), [
    ['2.50', '100000000000000000000.0', '-2.35'],
  ]);
});
