// SELECT blocks and set operations as SQLite text.

import { unreachable } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type {
  FromTree,
  ResolvedQuery,
  ResolvedSelect,
  ResolvedSetOperation,
} from '#aggregator/planner/resolved-query.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { containsAggregate, containsWindow } from '#aggregator/planner/walk-expression.ts';
import { relationAlias } from './deparse-context.ts';
import { emitOrder } from './emit-aggregate.ts';
import { needsKey, sortKey, sortKeyOf, type Emitter } from './emitter.ts';
import { joined, quoteName, sql, text, type Fragment } from './fragment.ts';

/** The query; its columns are called c0, c1, … where no names are given. */
export function emitQuery(
  query: ResolvedQuery,
  emitter: Emitter,
  names?: readonly string[],
): Fragment {
  if (query.kind === 'recursion') {
    throw databaseError('unsupported', { what: 'WITH RECURSIVE in this place' });
  }
  if (query.kind === 'setOperation') return emitSetOperation(query, emitter, names);
  if (
    query.distinct &&
    query.from !== null &&
    query.items.some((item) => needsKey(item.expression.type))
  ) {
    return emitKeyedDistinct(query, emitter, names);
  }
  return emitSelect(query, emitter, names);
}

function columnName(index: number, names: readonly string[] | undefined): string {
  return quoteName(names?.[index] ?? `c${index}`);
}

interface Clauses {
  readonly items: Fragment;
  readonly groupBy: readonly Fragment[];
  readonly orderBy: Fragment | null;
}

/** A block without the clauses that a DISTINCT may put around it. */
function emitBlock(select: ResolvedSelect, emitter: Emitter, clauses: Clauses): Fragment {
  const parts: Fragment[] = [sql`SELECT ${clauses.items}`];
  if (select.from !== null) parts.push(sql`FROM ${emitFrom(select.from, emitter)}`);
  const { where, having } = havingAsWhere(select);
  if (where.length > 0) {
    const conditions = where.map((condition) => emitter.expression(condition));
    parts.push(sql`WHERE ${joined(conditions, ' AND ')}`);
  }
  if (clauses.groupBy.length > 0) parts.push(sql`GROUP BY ${joined(clauses.groupBy, ', ')}`);
  if (having !== null) parts.push(sql`HAVING ${emitter.expression(having)}`);
  if (clauses.orderBy !== null) parts.push(sql`ORDER BY ${clauses.orderBy}`);
  return joined(parts, ' ');
}

/** HAVING without groups is a second WHERE. */
function havingAsWhere({ where, having, aggregated }: ResolvedSelect): {
  readonly where: readonly TypedExpression[];
  readonly having: TypedExpression | null;
} {
  const conditions = where === null ? [] : [where];
  if (aggregated || having === null) return { where: conditions, having };
  return { where: [...conditions, having], having: null };
}

function emitItems(
  select: ResolvedSelect,
  emitter: Emitter,
  names: readonly string[] | undefined,
): Fragment {
  const items = select.items.map(({ expression }, i) => {
    const value = emitter.expression(expression);
    const isFirst = i === 0 && needsAggregate(select);
    const given = isFirst ? sql`CASE WHEN count(*) >= 0 THEN ${value} END` : value;
    return sql`${given} AS ${columnName(i, names)}`;
  });
  return joined(items, ', ');
}

/** SQLite takes HAVING without GROUP BY only where something that is selected is an aggregate. */
function needsAggregate({ aggregated, groupBy, having, items }: ResolvedSelect): boolean {
  if (!aggregated || groupBy.length > 0 || having === null) return false;
  return !items.some((item) => containsAggregate(item.expression));
}

function emitSelect(
  select: ResolvedSelect,
  emitter: Emitter,
  names: readonly string[] | undefined,
): Fragment {
  const items = emitItems(select, emitter, names);
  const block = emitBlock(select, emitter, {
    items: select.distinct ? sql`DISTINCT ${items}` : items,
    groupBy: select.groupBy.map((group) => sortKeyOf(emitter, group)),
    orderBy: select.orderBy.length === 0 ? null : emitOrder(select.orderBy, emitter),
  });
  return sql`${block}${emitBounds(select, emitter)}`;
}

/** DISTINCT by the collations of its columns: one row of each group of equal rows. */
function emitKeyedDistinct(
  select: ResolvedSelect,
  emitter: Emitter,
  names: readonly string[] | undefined,
): Fragment {
  const expressions = select.items.map((item) => item.expression);
  if (select.aggregated || expressions.some(containsWindow)) {
    return emitDistinctAround(select, emitter, names);
  }
  const block = emitBlock(select, emitter, {
    items: emitItems(select, emitter, names),
    groupBy: expressions.map((expression) => sortKeyOf(emitter, expression)),
    orderBy: select.orderBy.length === 0 ? null : emitOrder(select.orderBy, emitter),
  });
  return sql`${block}${emitBounds(select, emitter)}`;
}

/** Groups and windows come first: DISTINCT goes over their rows, which carry the order keys. */
function emitDistinctAround(
  select: ResolvedSelect,
  emitter: Emitter,
  names: readonly string[] | undefined,
): Fragment {
  const orders = select.orderBy.map(
    ({ expression }, i) => sql`${sortKeyOf(emitter, expression)} AS "o${i}"`,
  );
  const inner = emitBlock(select, emitter, {
    items: joined([emitItems(select, emitter, undefined), ...orders], ', '),
    groupBy: select.groupBy.map((group) => sortKeyOf(emitter, group)),
    orderBy: null,
  });
  const columns = select.items.map((_, i) => `"d"."c${i}" AS ${columnName(i, names)}`).join(', ');
  const keys = select.items.map(({ expression }, i) =>
    sortKey(text(`"d"."c${i}"`), expression.type),
  );
  const order = select.orderBy.map(
    ({ descending }, i) => `"d"."o${i}"${descending ? ' DESC' : ''}`,
  );
  const sorted = order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`;
  const rows = sql`SELECT ${columns} FROM (${inner}) AS "d" GROUP BY ${joined(keys, ', ')}`;
  return sql`${rows}${sorted}${emitBounds(select, emitter)}`;
}

/** ` LIMIT … OFFSET …`, or nothing. */
function emitBounds(
  { limit, offset }: Pick<ResolvedSelect, 'limit' | 'offset'>,
  emitter: Emitter,
): Fragment {
  if (limit === null && offset === null) return text('');
  const count = limit === null ? text('-1') : emitter.expression(limit);
  return offset === null
    ? sql` LIMIT ${count}`
    : sql` LIMIT ${count} OFFSET ${emitter.expression(offset)}`;
}

/** FROM: tables by their aliases, joins from left to right. */
export function emitFrom(from: FromTree, emitter: Emitter): Fragment {
  if (from.kind === 'join') {
    const right = emitFrom(from.right, emitter);
    const side = from.right.kind === 'join' ? sql`(${right})` : right;
    const word = from.join === 'left' ? 'LEFT JOIN' : 'JOIN';
    const on =
      from.on === null
        ? text(from.join === 'left' ? ' ON 1' : '')
        : sql` ON ${emitter.expression(from.on)}`;
    return sql`${emitFrom(from.left, emitter)} ${word} ${side}${on}`;
  }
  const { relation } = from;
  const alias = relationAlias(relation.id);
  switch (relation.kind) {
    case 'table':
    case 'virtual':
      return text(`${emitter.context.relationText(relation)} AS ${alias}`);
    case 'derived':
      return sql`(${emitter.query(relation.query, relation.columns)}) AS ${alias}`;
    default:
      return unreachable(relation);
  }
}

function emitSetOperation(
  query: ResolvedSetOperation,
  emitter: Emitter,
  names: readonly string[] | undefined,
): Fragment {
  const rows = emitOperator(query, emitter, names);
  if (query.orderBy.length === 0 && query.limit === null && query.offset === null) return rows;
  const order = query.orderBy.map(({ column, descending }) => {
    const name = text(columnName(column, names));
    const type = query.columns[column]?.type ?? { kind: 'null' };
    return sql`${sortKey(name, type)}${descending ? ' DESC' : ''}`;
  });
  const sorted = order.length === 0 ? text('') : sql` ORDER BY ${joined(order, ', ')}`;
  return sql`SELECT * FROM (${rows})${sorted}${emitBounds(query, emitter)}`;
}

function emitOperator(
  query: ResolvedSetOperation,
  emitter: Emitter,
  names: readonly string[] | undefined,
): Fragment {
  const left = sql`SELECT * FROM (${emitter.query(query.left, names)})`;
  const right = sql`SELECT * FROM (${emitter.query(query.right, names)})`;
  const { operator, columns } = query;
  if (operator === 'union all') return sql`${left} UNION ALL ${right}`;
  if (!columns.some((column) => needsKey(column.type))) {
    return sql`${left} ${operator.toUpperCase()} ${right}`;
  }
  const key = (alias: string, index: number) =>
    sortKey(text(`${alias}.${columnName(index, names)}`), columns[index]?.type ?? { kind: 'null' });
  const keys = joined(
    columns.map((_, i) => key('"s"', i)),
    ', ',
  );
  if (operator === 'union') {
    return sql`SELECT * FROM (${left} UNION ALL ${right}) AS "s" GROUP BY ${keys}`;
  }
  const same = columns.map((_, i) => sql`${key('"s"', i)} IS ${key('"t"', i)}`);
  const found = sql`EXISTS (SELECT 1 FROM (${right}) AS "t" WHERE ${joined(same, ' AND ')})`;
  const word = operator === 'except' ? 'NOT ' : '';
  return sql`SELECT * FROM (${left}) AS "s" WHERE ${word}${found} GROUP BY ${keys}`;
}
