// Looks through typed expressions and rebuilds them: the one place that knows their children.

import { unreachable } from '#shared/assert.ts';
import type { FromTree, ResolvedQuery, ResolvedSelect, SelectItem } from './resolved-query.ts';
import type { OrderItem, TypedExpression } from './typed-expression.ts';

export type ColumnExpression = Extract<TypedExpression, { kind: 'column' }>;
export type AggregateExpression = Extract<TypedExpression, { kind: 'aggregate' }>;

/** The direct parts of an expression, in order. Subqueries are not entered: see queriesOf. */
export function childrenOf(expression: TypedExpression): readonly TypedExpression[] {
  switch (expression.kind) {
    case 'constant':
    case 'parameter':
    case 'context':
    case 'userVariable':
    case 'column':
    case 'exists':
    case 'scalarQuery':
      return [];
    case 'call':
      return expression.arguments;
    case 'and':
    case 'or':
    case 'inQuery':
      return expression.operands;
    case 'case': {
      const parts = expression.branches.flatMap((branch) => [branch.when, branch.then]);
      return expression.otherwise === null ? parts : [...parts, expression.otherwise];
    }
    case 'in':
      return [expression.operand, ...expression.list];
    case 'aggregate':
      return [...expression.arguments, ...expression.orderBy.map((item) => item.expression)];
    case 'window':
      return [
        expression.function,
        ...expression.partitionBy,
        ...expression.orderBy.map((item) => item.expression),
      ];
    default:
      return unreachable(expression);
  }
}

/** The subquery that stands directly in this expression, or null. */
export function queryOf(expression: TypedExpression): ResolvedQuery | null {
  switch (expression.kind) {
    case 'inQuery':
    case 'exists':
    case 'scalarQuery':
      return expression.query;
    default:
      return null;
  }
}

/**
 * Calls `visit` for the expression and everything in it, parents first; `visit` answers false to
 * leave out what lies below. Subqueries are entered only with `intoQueries`.
 */
export function walkExpression(
  expression: TypedExpression,
  visit: (part: TypedExpression) => boolean | void,
  intoQueries = false,
): void {
  if (visit(expression) === false) return;
  for (const child of childrenOf(expression)) walkExpression(child, visit, intoQueries);
  const query = intoQueries ? queryOf(expression) : null;
  if (query !== null) {
    for (const part of queryExpressions(query)) walkExpression(part, visit, true);
  }
}

/** Every expression that stands directly in a query: its blocks' clauses, derived tables too. */
export function queryExpressions(query: ResolvedQuery): readonly TypedExpression[] {
  const bounds = [query.limit, query.offset].filter((part) => part !== null);
  if (query.kind === 'setOperation') {
    return [...queryExpressions(query.left), ...queryExpressions(query.right), ...bounds];
  }
  if (query.kind === 'recursion') {
    const members = query.members.flatMap((member) => queryExpressions(member.query));
    return [...queryExpressions(query.start), ...members, ...bounds];
  }
  return [
    ...query.items.map((item) => item.expression),
    ...(query.from === null ? [] : fromExpressions(query.from)),
    ...(query.where === null ? [] : [query.where]),
    ...query.groupBy,
    ...(query.having === null ? [] : [query.having]),
    ...query.orderBy.map((item) => item.expression),
    ...bounds,
  ];
}

function fromExpressions(from: FromTree): readonly TypedExpression[] {
  if (from.kind === 'relation') {
    return from.relation.kind === 'derived' ? queryExpressions(from.relation.query) : [];
  }
  const sides = [...fromExpressions(from.left), ...fromExpressions(from.right)];
  return from.on === null ? sides : [...sides, from.on];
}

/**
 * Rebuilds an expression: `replace` answers the replacement of a part, or null to keep it and
 * look at its own parts. With `intoQueries` the expressions of subqueries are rebuilt too.
 */
export function mapExpression(
  expression: TypedExpression,
  replace: (part: TypedExpression) => TypedExpression | null,
  intoQueries = false,
): TypedExpression {
  const replaced = replace(expression);
  if (replaced !== null) return replaced;
  const map = (part: TypedExpression) => mapExpression(part, replace, intoQueries);
  const mapSub = (query: ResolvedQuery) => (intoQueries ? mapQuery(query, map) : query);
  switch (expression.kind) {
    case 'constant':
    case 'parameter':
    case 'context':
    case 'userVariable':
    case 'column':
      return expression;
    case 'exists':
    case 'scalarQuery':
      return { ...expression, query: mapSub(expression.query) };
    case 'inQuery':
      return {
        ...expression,
        operands: expression.operands.map(map),
        query: mapSub(expression.query),
      };
    case 'call':
      return { ...expression, arguments: expression.arguments.map(map) };
    case 'and':
    case 'or':
      return { ...expression, operands: expression.operands.map(map) };
    case 'case':
      return {
        ...expression,
        branches: expression.branches.map((branch) => ({
          when: map(branch.when),
          then: map(branch.then),
        })),
        otherwise: expression.otherwise === null ? null : map(expression.otherwise),
      };
    case 'in':
      return { ...expression, operand: map(expression.operand), list: expression.list.map(map) };
    case 'aggregate':
      return {
        ...expression,
        arguments: expression.arguments.map(map),
        orderBy: mapOrder(expression.orderBy, map),
      };
    case 'window':
      return {
        ...expression,
        function: map(expression.function),
        partitionBy: expression.partitionBy.map(map),
        orderBy: mapOrder(expression.orderBy, map),
      };
    default:
      return unreachable(expression);
  }
}

function mapOrder(
  items: readonly OrderItem[],
  map: (part: TypedExpression) => TypedExpression,
): readonly OrderItem[] {
  return items.map((item) => ({ ...item, expression: map(item.expression) }));
}

/** Rebuilds a query with every expression that stands directly in it replaced by `map` of it. */
export function mapQuery(
  query: ResolvedSelect,
  map: (part: TypedExpression) => TypedExpression,
): ResolvedSelect;
export function mapQuery(
  query: ResolvedQuery,
  map: (part: TypedExpression) => TypedExpression,
): ResolvedQuery;
export function mapQuery(
  query: ResolvedQuery,
  map: (part: TypedExpression) => TypedExpression,
): ResolvedQuery {
  const limit = query.limit === null ? null : map(query.limit);
  const offset = query.offset === null ? null : map(query.offset);
  if (query.kind === 'setOperation') {
    return {
      ...query,
      left: mapQuery(query.left, map),
      right: mapQuery(query.right, map),
      limit,
      offset,
    };
  }
  if (query.kind === 'recursion') {
    const members = query.members.map((member) => ({
      ...member,
      query: mapQuery(member.query, map),
    }));
    return { ...query, start: mapQuery(query.start, map), members, limit, offset };
  }
  const items: readonly SelectItem[] = query.items.map((item) => ({
    ...item,
    expression: map(item.expression),
  }));
  return {
    ...query,
    items,
    from: query.from === null ? null : mapFrom(query.from, map),
    where: query.where === null ? null : map(query.where),
    groupBy: query.groupBy.map(map),
    having: query.having === null ? null : map(query.having),
    orderBy: mapOrder(query.orderBy, map),
    limit,
    offset,
  };
}

function mapFrom(from: FromTree, map: (part: TypedExpression) => TypedExpression): FromTree {
  if (from.kind === 'join') {
    return {
      ...from,
      left: mapFrom(from.left, map),
      right: mapFrom(from.right, map),
      on: from.on === null ? null : map(from.on),
    };
  }
  if (from.relation.kind !== 'derived') return from;
  return { ...from, relation: { ...from.relation, query: mapQuery(from.relation.query, map) } };
}

/** The columns in an expression; with `intoQueries` also those that its subqueries name. */
export function collectColumns(
  expression: TypedExpression,
  intoQueries = true,
): readonly ColumnExpression[] {
  const columns: ColumnExpression[] = [];
  walkExpression(
    expression,
    (part) => {
      if (part.kind === 'column') columns.push(part);
    },
    intoQueries,
  );
  return columns;
}

/** The relations whose columns an expression names, its subqueries' inner ones included. */
export function collectRelations(expression: TypedExpression): ReadonlySet<number> {
  return new Set(collectColumns(expression).map((column) => column.relation));
}

/** True when an aggregate of this block stands in the expression: SUM(x) OVER () is none. */
export function containsAggregate(expression: TypedExpression): boolean {
  if (expression.kind === 'aggregate') return true;
  const parts = childrenOf(expression);
  if (expression.kind !== 'window') return parts.some(containsAggregate);
  return [...childrenOf(expression.function), ...parts.slice(1)].some(containsAggregate);
}

/** True when a window function stands in the expression. */
export function containsWindow(expression: TypedExpression): boolean {
  return some(expression, (part) => part.kind === 'window');
}

/** True when a subquery stands in the expression. */
export function containsQuery(expression: TypedExpression): boolean {
  return some(expression, (part) => queryOf(part) !== null);
}

/** True for what one row has no answer to: a query, an aggregate, RAND() and its like. */
export function isMoreThanTheRow(part: TypedExpression): boolean {
  switch (part.kind) {
    case 'inQuery':
    case 'exists':
    case 'scalarQuery':
    case 'aggregate':
    case 'window':
      return true;
    case 'call':
      return /rand|uuid|sleep/i.test(part.name);
    default:
      return false;
  }
}

/** True when `test` holds for the expression or a part of it, subqueries left out. */
export function some(
  expression: TypedExpression,
  test: (part: TypedExpression) => boolean,
): boolean {
  if (test(expression)) return true;
  return childrenOf(expression).some((child) => some(child, test));
}

/** True when two expressions are the same text after names are resolved: GROUP BY goes by it. */
export function expressionsEqual(left: TypedExpression, right: TypedExpression): boolean {
  return valuesEqual(left, right);
}

function valuesEqual(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  if (left instanceof Uint8Array || right instanceof Uint8Array) {
    return left instanceof Uint8Array && right instanceof Uint8Array && bytesEqual(left, right);
  }
  const leftEntries = Object.entries(left);
  if (leftEntries.length !== Object.keys(right).length) return false;
  const other = right as Readonly<Record<string, unknown>>;
  return leftEntries.every(([key, value]) => key in other && valuesEqual(value, other[key]));
}

function bytesEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
