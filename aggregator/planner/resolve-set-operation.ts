// UNION, INTERSECT, EXCEPT: the columns of both sides brought to common types.

import type { OrderItem, SetOperation } from '#aggregator/parser/ast.ts';
import { computedColumn, type ResultColumn } from '#aggregator/statement-result.ts';
import { databaseError } from '#shared/error.ts';
import { BlockScope, type Block } from './block-scope.ts';
import { noNames } from './from-names.ts';
import { convert } from './functions/convert.ts';
import { collationOf } from './functions/collation-rule.ts';
import { mergeTypes } from './functions/result-type.ts';
import { sameName } from './resolve-environment.ts';
import { resolveBound } from './resolve-limit.ts';
import { outputColumns } from './resolve-from.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { ResolvedQuery, ResolvedSetOperation } from './resolved-query.ts';
import { assert, must } from '#shared/assert.ts';

/** `sides` are the operands, resolved already. */
export function resolveSetOperation(
  block: Block,
  query: SetOperation,
  sides: { readonly left: ResolvedQuery; readonly right: ResolvedQuery },
): ResolvedSetOperation {
  const { left, right } = sides;
  const leftColumns = outputColumns(left);
  const rightColumns = outputColumns(right);
  if (leftColumns.length !== rightColumns.length) throw databaseError('unionColumnCount', {});
  const columns = leftColumns.map((column, i) => unify(column, rightColumns[i] ?? column));
  const scope = new BlockScope(block, { clause: 'limit clause', names: noNames });
  const { limit } = query;
  return {
    kind: 'setOperation',
    operator: operatorOf(query),
    left: retyped(left, columns, scope),
    right: retyped(right, columns, scope),
    columns,
    orderBy: query.orderBy.map((item) => ({
      column: orderColumn(item, columns),
      descending: item.descending,
    })),
    limit: resolveBound(limit?.count ?? null, scope),
    offset: resolveBound(limit?.offset ?? null, scope),
    outerRelations: [...new Set([...left.outerRelations, ...right.outerRelations])],
  };
}

/** The query with its columns brought to these types. */
export function retyped(
  query: ResolvedQuery,
  columns: readonly ResultColumn[],
  scope: ResolveScope,
): ResolvedQuery {
  if (query.kind === 'setOperation') {
    return {
      ...query,
      columns: query.columns.map((column, i) => ({ ...column, type: must(columns[i]).type })),
      left: retyped(query.left, columns, scope),
      right: retyped(query.right, columns, scope),
    };
  }
  assert(query.kind === 'select', 'a recursion stands in FROM');
  const items = query.items.map((item, i) => {
    const { type } = must(columns[i]);
    return {
      expression: convert(item.expression, type, scope),
      column: { ...item.column, type },
    };
  });
  return { ...query, items };
}

function operatorOf(query: SetOperation): ResolvedSetOperation['operator'] {
  if (query.operator === 'union') return query.all ? 'union all' : 'union';
  if (query.all) {
    throw databaseError('unsupported', { what: `${query.operator.toUpperCase()} ALL` });
  }
  return query.operator;
}

function unify(left: ResultColumn, right: ResultColumn): ResultColumn {
  const collations = [left.type, right.type]
    .filter((type) => type.kind !== 'null')
    .map((type) => collationOf(type));
  const collation = collations[0] ?? 'utf8mb4_general_ci';
  const type = mergeTypes([left.type, right.type], collation);
  return computedColumn(left.name, type, left.nullable || right.nullable);
}

/** ORDER BY of a set operation names an output column or its ordinal. */
function orderColumn(item: OrderItem, columns: readonly ResultColumn[]): number {
  const { expression } = item;
  const clause = 'order clause';
  if (expression.kind === 'integer') {
    const index = Number(expression.text) - 1;
    if (columns[index] !== undefined) return index;
    throw databaseError('unknownColumn', { column: expression.text, clause });
  }
  if (expression.kind !== 'column' || expression.table !== null) {
    throw databaseError('unsupported', { what: 'an expression in the ORDER BY of a UNION' });
  }
  const index = columns.findIndex((column) => sameName(column.name, expression.column));
  if (index >= 0) return index;
  throw databaseError('unknownColumn', { column: expression.column, clause });
}
