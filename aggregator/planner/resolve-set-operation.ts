// UNION, INTERSECT, EXCEPT: the columns of both sides brought to common types.

import type { OrderItem, SetOperation } from '#aggregator/parser/ast.ts';
import { computedColumn, type ResultColumn } from '#aggregator/statement-result.ts';
import { databaseError } from '#shared/error.ts';
import { BlockScope, type Block } from './block-scope.ts';
import { noNames } from './from-names.ts';
import { sameName } from './resolve-environment.ts';
import { resolveExpression } from './resolve-expression.ts';
import { outputColumns } from './resolve-from.ts';
import type { ResolvedQuery, ResolvedSetOperation } from './resolved-query.ts';
import { unifyTypes } from './unify-types.ts';

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
    left,
    right,
    columns,
    orderBy: query.orderBy.map((item) => ({
      column: orderColumn(item, columns),
      descending: item.descending,
    })),
    limit: limit === null ? null : resolveExpression(limit.count, scope),
    offset:
      limit === null || limit.offset === null ? null : resolveExpression(limit.offset, scope),
    outerRelations: [...new Set([...left.outerRelations, ...right.outerRelations])],
  };
}

function operatorOf(query: SetOperation): ResolvedSetOperation['operator'] {
  if (query.operator === 'union') return query.all ? 'union all' : 'union';
  if (query.all) {
    throw databaseError('unsupported', { what: `${query.operator.toUpperCase()} ALL` });
  }
  return query.operator;
}

function unify(left: ResultColumn, right: ResultColumn): ResultColumn {
  const type = unifyTypes([left.type, right.type]);
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
