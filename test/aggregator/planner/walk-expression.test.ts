// What is found in typed expressions, and how they are rebuilt.

import test from 'ava';
import { must } from '#shared/assert.ts';
import type { ResolvedQuery } from '#aggregator/planner/resolved-query.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { integerConstant } from '#aggregator/planner/functions/build.ts';
import {
  collectColumns,
  collectRelations,
  containsAggregate,
  containsQuery,
  containsWindow,
  expressionsEqual,
  mapExpression,
} from '#aggregator/planner/walk-expression.ts';
import { everyType } from '#test/support/every-type.ts';
import { ExpressionWorld } from '#test/support/expression-world.ts';

const world = new ExpressionWorld([everyType]);

test.after(() => world.close());

function itemOf(query: ResolvedQuery): TypedExpression {
  return must(query.kind === 'select' ? query.items[0]?.expression : null);
}

function item(expression: string): TypedExpression {
  return itemOf(world.resolve(`SELECT ${expression} FROM t`));
}

test('columns are found in every part, and in subqueries too', (t) => {
  const names = (text: string) => collectColumns(item(text)).map(({ column }) => column);
  t.deepEqual(names('CASE WHEN ti > 1 THEN ui ELSE bi END'), ['ti', 'ui', 'bi']);
  t.deepEqual(names('ti IN (1, ui)'), ['ti', 'ui']);
  t.deepEqual(names('(SELECT MAX(b.ui) FROM t b WHERE b.id = t.id)'), ['ui', 'id', 'id']);
  t.is(collectRelations(item('(SELECT MAX(b.ui) FROM t b WHERE b.id = t.id)')).size, 2);
});

test('aggregates of windows are no aggregates of the block', (t) => {
  t.true(containsAggregate(item('1 + SUM(ti)')));
  t.false(containsAggregate(item('SUM(ti) OVER ()')));
  t.true(containsAggregate(item('SUM(SUM(ti)) OVER ()')));
  t.true(containsWindow(item('1 + ROW_NUMBER() OVER (ORDER BY id)')));
  t.true(containsQuery(item('EXISTS (SELECT 1)')));
  t.false(containsAggregate(item('(SELECT SUM(ti) FROM t)')));
});

test('equal expressions are equal by what they mean', (t) => {
  const query = world.resolve('SELECT LEFT(vc, 2), LEFT(t.vc, 2), LEFT(vc, 3), LEFT(vb, 2) FROM t');
  const [a, b, c, d] = query.kind === 'select' ? query.items.map((i) => i.expression) : [];
  t.true(expressionsEqual(must(a), must(b)));
  t.false(expressionsEqual(must(a), must(c)));
  t.false(expressionsEqual(must(a), must(d)));
});

test('a part is replaced wherever it stands', (t) => {
  const mapped = mapExpression(item('IF(ti > 0, ti, -ti)'), (part) =>
    part.kind === 'column' ? integerConstant(7) : null,
  );
  t.deepEqual(collectColumns(mapped), []);
});
