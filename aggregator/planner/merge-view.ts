// A simple view as the tables that it reads: what a query says of it is then said of them, so it is
// routed, pushed down and sorted where they are.

import type { ViewDefinition } from '#shared/cluster/table-definition.ts';
import { must } from '#shared/assert.ts';
import type { FromNames, ResolvedFrom } from './from-names.ts';
import type { ResolvedSelect } from './resolved-query.ts';
import type { TypedExpression } from './typed-expression.ts';
import { containsQuery, containsWindow, isMoreThanTheRow, some } from './walk-expression.ts';

/**
 * The FROM that stands for a view alone, its columns being the expressions behind them. Null where
 * its rows are not one by one those of its FROM, or its columns are more than expressions of one.
 */
export function mergedView(found: ResolvedFrom, view: ViewDefinition): ResolvedFrom | null {
  const relation = found.tree.kind === 'relation' ? found.tree.relation : null;
  if (relation?.kind !== 'derived' || view.algorithm === 'TEMPTABLE') return null;
  const { query } = relation;
  if (query.kind !== 'select' || query.from === null || !isSimple(query)) return null;
  const expressions = query.items.map((item) => item.expression);
  return {
    tree: query.from,
    names: withExpressions(found.names, expressions),
    conditions: query.where === null ? [] : [query.where],
    orderBy: query.orderBy,
  };
}

function isSimple(select: ResolvedSelect): boolean {
  const { distinct, aggregated, having, limit, offset, where, items, orderBy } = select;
  if (distinct || aggregated || having !== null || limit !== null || offset !== null) return false;
  const values = [...items, ...orderBy].map(({ expression }) => expression);
  return (
    select.outerRelations.length === 0 &&
    // A constant in GROUP BY or ORDER BY is not what a column of one value is.
    values.every((value) => value.kind !== 'constant' && !containsWindow(value)) &&
    values.every(isOfOneRow) &&
    (where === null || isOfOneRow(where))
  );
}

function isOfOneRow(expression: TypedExpression): boolean {
  return !containsQuery(expression) && !some(expression, isMoreThanTheRow);
}

function withExpressions(names: FromNames, expressions: readonly TypedExpression[]): FromNames {
  const star = names.star.map((visible, i) => ({ ...visible, expression: must(expressions[i]) }));
  return { tables: names.tables.map((table) => ({ ...table, columns: star })), star };
}
