// The order of a view's rows: it is that of a query over the view alone, unless that has its own.

import { computedColumn } from '#aggregator/statement-result.ts';
import { must } from '#shared/assert.ts';
import type { ResolvedFrom } from './from-names.ts';
import type {
  FromTree,
  Relation,
  ResolvedQuery,
  ResolvedSelect,
  ResolvedSetOperation,
} from './resolved-query.ts';
import type { OrderItem } from './typed-expression.ts';
import { expressionsEqual } from './walk-expression.ts';

type Sorted = Pick<ResolvedSelect, 'orderBy'> & { readonly from: FromTree };
type DerivedRelation = Extract<Relation, { kind: 'derived' }>;

/**
 * The order that a view which stands alone in FROM gives to a query without one, as MySQL merges
 * it; no order where it is no view, or has none. What it sorts by may be no column of the view:
 * it is then one that nobody can name.
 */
export function orderOfView({
  tree: from,
  orderBy,
}: Pick<ResolvedFrom, 'tree' | 'orderBy'>): Sorted {
  if (orderBy.length > 0) return { from, orderBy };
  const relation = from.kind === 'relation' ? from.relation : null;
  if (relation?.kind !== 'derived' || relation.view === undefined) return { from, orderBy: [] };
  const { query } = relation;
  if (query.kind === 'recursion') return { from, orderBy: [] };
  const sorted =
    query.kind === 'select' ? sortedSelect(relation, query) : sortedOperation(relation, query);
  return sorted ?? { from, orderBy: [] };
}

function sortedSelect(relation: DerivedRelation, select: ResolvedSelect): Sorted | null {
  const items = [...select.items];
  const columns = [...relation.columns];
  const indexes = select.orderBy.map(({ expression }) => {
    const known = items.findIndex((item) => expressionsEqual(item.expression, expression));
    if (known >= 0) return known;
    const name = freeName(columns);
    const { type, nullable } = expression;
    items.push({ expression, column: computedColumn(name, type, nullable) });
    columns.push(name);
    return items.length - 1;
  });
  // DISTINCT goes over its own columns.
  if (select.distinct && items.length > select.items.length) return null;
  const types = items.map(({ expression }) => expression);
  const orderBy = indexes.map((index, i): OrderItem => {
    const { type, nullable } = must(types[index]);
    const column = must(columns[index]);
    const { descending } = must(select.orderBy[i]);
    return {
      expression: { kind: 'column', relation: relation.id, column, type, nullable },
      descending,
    };
  });
  const query = withoutOrder({ ...select, items });
  return { from: { kind: 'relation', relation: { ...relation, columns, query } }, orderBy };
}

function sortedOperation(relation: DerivedRelation, query: ResolvedSetOperation): Sorted {
  const orderBy = query.orderBy.map(({ column: index, descending }): OrderItem => {
    const { type, nullable } = must(query.columns[index]);
    const column = must(relation.columns[index]);
    return {
      expression: { kind: 'column', relation: relation.id, column, type, nullable },
      descending,
    };
  });
  const sorted = { ...relation, query: withoutOrder(query) };
  return { from: { kind: 'relation', relation: sorted }, orderBy };
}

/** Which rows a LIMIT leaves is decided by the view's own order. */
function withoutOrder<Q extends ResolvedQuery>(query: Q): Q {
  return query.limit === null && query.offset === null ? { ...query, orderBy: [] } : query;
}

function freeName(columns: readonly string[]): string {
  for (let n = 1; ; n++) if (!columns.includes(`order ${n}`)) return `order ${n}`;
}
