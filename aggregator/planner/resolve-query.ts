// A query's syntax to a query whose every name is resolved: SELECT, set operations, WITH, VALUES.

import type {
  Expression,
  Query,
  SelectStatement,
  SetOperation,
  ValuesQuery,
  WithQuery,
} from '#aggregator/parser/ast.ts';
import { emptySelect } from '#aggregator/parser/query-tail.ts';
import { databaseError } from '#shared/error.ts';
import { unreachable } from '#shared/assert.ts';
import { newBlock } from './block-scope.ts';
import {
  type CommonTables,
  type OuterScope,
  type QueryResolver,
  type ResolveEnvironment,
} from './resolve-environment.ts';
import { halved } from '#aggregator/parser/halved.ts';
import { resolveRecursion } from './resolve-recursion.ts';
import { resolveSelect } from './resolve-select.ts';
import { resolveSetOperation } from './resolve-set-operation.ts';
import type { ResolvedQuery } from './resolved-query.ts';

/** How deep queries may stand in each other. */
const DEPTH_MAX = 64;

/** A resolver for one statement: all its queries number their relations together. */
export function createQueryResolver(environment: ResolveEnvironment): QueryResolver {
  return resolverWithin(environment, { relations: 0, depth: 0 });
}

function resolverWithin(
  environment: ResolveEnvironment,
  statement: { relations: number; depth: number },
): QueryResolver {
  const resolver: QueryResolver = {
    environment,
    nextRelation: () => ++statement.relations,
    resolve(query, outer, commonTables) {
      if (statement.depth >= DEPTH_MAX)
        throw databaseError('unsupported', { what: 'queries nested this deep' });
      statement.depth += 1;
      try {
        return resolveInside(resolver, query, outer, commonTables);
      } finally {
        statement.depth -= 1;
      }
    },
    resolveRecursion: (entry) => resolveRecursion(resolver, entry),
    within: (other) => resolverWithin(other, statement),
  };
  return resolver;
}

/** A whole query. Throws a DatabaseError that names what is wrong. */
export function resolveQuery(query: Query, environment: ResolveEnvironment): ResolvedQuery {
  return createQueryResolver(environment).resolve(query, null, []);
}

function resolveInside(
  resolver: QueryResolver,
  query: Query,
  outer: OuterScope | null,
  commonTables: CommonTables,
): ResolvedQuery {
  switch (query.kind) {
    case 'select':
      return resolveSelect(newBlock(resolver, outer, commonTables), query);
    case 'setOperation':
      return resolveOperation(resolver, query, outer, commonTables);
    case 'with': {
      const visible = extendCommonTables(query, outer, commonTables);
      return resolver.resolve(query.query, outer, visible);
    }
    case 'values':
      return resolver.resolve(valuesAsUnion(query), outer, commonTables);
    default:
      return unreachable(query);
  }
}

function resolveOperation(
  resolver: QueryResolver,
  query: SetOperation,
  outer: OuterScope | null,
  commonTables: CommonTables,
): ResolvedQuery {
  if (query.orderBy.some(({ expression }) => !isOutputName(expression))) {
    return resolver.resolve(sortedAround(query), outer, commonTables);
  }
  const left = resolver.resolve(query.left, outer, commonTables);
  const right = resolver.resolve(query.right, outer, commonTables);
  return resolveSetOperation(newBlock(resolver, outer, commonTables), query, { left, right });
}

function isOutputName(expression: Expression): boolean {
  if (expression.kind === 'integer') return true;
  return expression.kind === 'column' && expression.table === null;
}

/** A set operation sorted by an expression: SELECT * FROM (it) ORDER BY the expression. */
function sortedAround(query: SetOperation): SelectStatement {
  const { at, orderBy, limit } = query;
  const inner: SetOperation = { ...query, orderBy: [], limit: null };
  return {
    ...emptySelect(at),
    items: [{ kind: 'wildcard', at, database: null, table: null }],
    from: { kind: 'derived', at, query: inner, alias: 'sorted', columns: [], lateral: false },
    orderBy,
    limit,
  };
}

/** The tables of a WITH added to those that are visible already. */
export function extendCommonTables(
  clause: Pick<WithQuery, 'recursive' | 'tables'>,
  outer: OuterScope | null,
  commonTables: CommonTables,
): CommonTables {
  let visible = commonTables;
  for (const table of clause.tables) {
    visible = [...visible, { table, visible, outer, recursive: clause.recursive }];
  }
  return visible;
}

/** VALUES ROW(…), ROW(…) is a union of selects without tables. */
function valuesAsUnion(values: ValuesQuery): Query {
  const width = values.rows[0]?.length ?? 0;
  const selects = values.rows.map((row, index): SelectStatement => {
    if (row.length !== width) throw databaseError('wrongColumnCount', { row: index + 1 });
    return valuesSelect(row, values.at);
  });
  const { orderBy, limit, at } = values;
  if (selects.length === 0) throw databaseError('emptyQuery', {});
  const all = halved<SelectStatement | SetOperation>(selects, (left, right) => {
    const operation = { kind: 'setOperation', operator: 'union', all: true } as const;
    return { ...operation, at, left, right, orderBy: [], limit: null };
  });
  return { ...all, orderBy, limit };
}

function valuesSelect(expressions: ValuesQuery['rows'][number], at: number): SelectStatement {
  return {
    ...emptySelect(at),
    items: expressions.map((expression, i) => ({
      kind: 'expression',
      at,
      expression,
      alias: `column_${i}`,
      text: '',
    })),
  };
}
