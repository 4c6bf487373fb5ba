// ORDER BY, LIMIT and what else stands at the end of a query, joined to the query it ends.

import type {
  LimitClause,
  LockClause,
  OrderItem,
  Query,
  SelectItem,
  SelectStatement,
} from './ast-query.ts';

/** What follows the last block of a query. */
export interface QueryTail {
  readonly orderBy: readonly OrderItem[];
  readonly limit: LimitClause | null;
  readonly lock: LockClause | null;
  readonly intoVariables: readonly string[];
}

/** A SELECT of nothing, to be filled. */
export function emptySelect(at: number): SelectStatement {
  return {
    kind: 'select',
    at,
    distinct: false,
    calculateFoundRows: false,
    items: [],
    from: null,
    where: null,
    groupBy: [],
    rollup: false,
    having: null,
    windows: [],
    orderBy: [],
    limit: null,
    lock: null,
    intoVariables: [],
  };
}

function isEmptyTail(tail: QueryTail): boolean {
  const { orderBy, limit, lock, intoVariables } = tail;
  return orderBy.length === 0 && limit === null && lock === null && intoVariables.length === 0;
}

function hasTail(query: Query): boolean {
  return query.kind === 'with' || query.orderBy.length > 0 || query.limit !== null;
}

/**
 * The query with its tail. `isClosed` says that the query stands in parentheses: one with an
 * ORDER BY or LIMIT of its own becomes a derived table, so that both apply in turn.
 */
export function attachTail(query: Query, tail: QueryTail, isClosed: boolean): Query {
  if (isEmptyTail(tail)) return query;
  const { orderBy, limit, lock } = tail;
  if (isClosed && hasTail(query)) return attachTail(wrapQuery(query), tail, false);
  switch (query.kind) {
    case 'select': {
      const intoVariables =
        tail.intoVariables.length > 0 ? tail.intoVariables : query.intoVariables;
      return { ...query, orderBy, limit, lock: lock ?? query.lock, intoVariables };
    }
    case 'with':
      return attachTail(wrapQuery(query), tail, false);
    default:
      return { ...query, orderBy, limit };
  }
}

function wrapQuery(query: Query): SelectStatement {
  const { at } = query;
  const items: SelectItem[] = [{ kind: 'wildcard', at, database: null, table: null }];
  return {
    ...emptySelect(at),
    items,
    from: { kind: 'derived', at, query, alias: 'parenthesized', columns: [], lateral: false },
  };
}
