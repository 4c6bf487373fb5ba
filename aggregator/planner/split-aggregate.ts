// Aggregates in two steps: partial ones in each partition, whole ones over their results.
//
//   COUNT → SUM of counts    SUM, MIN, MAX, BIT_OR → the same again    AVG → SUM / SUM of counts
//
// BIT_AND of no rows is a number that no BIGINT of ours holds, so a partition could not answer it.

import { columnsRelation, freshRelation, type CombinedRelation } from './combined-relation.ts';
import { BIGINT, call, integerConstant } from './functions/build.ts';
import { noNames } from './from-names.ts';
import { selectItem } from './resolve-select-items.ts';
import type { ResolvedSelect } from './resolved-query.ts';
import type { OrderItem, TypedExpression } from './typed-expression.ts';
import {
  childrenOf,
  containsQuery,
  expressionsEqual,
  mapExpression,
  type AggregateExpression,
} from './walk-expression.ts';

export interface SplitAggregates {
  /** What each partition runs. */
  readonly partial: ResolvedSelect;
  /** What goes over the gathered rows of all. */
  readonly final: ResolvedSelect;
  readonly relation: CombinedRelation;
}

/** The two steps of a grouped query, or why it has none. `id` numbers the gathered rows. */
export function splitAggregates(
  select: ResolvedSelect,
  id = freshRelation(select),
): SplitAggregates | string {
  const { groupBy, having, orderBy, items } = select;
  const whole = [
    ...items.map((item) => item.expression),
    ...(having === null ? [] : [having]),
    ...orderBy.map((item) => item.expression),
  ];
  if ([...whole, ...groupBy].some(containsQuery)) return 'a subquery beside an aggregate';
  const parts: TypedExpression[] = [...groupBy];
  for (const expression of whole) {
    const problem = collectParts(expression, groupBy, parts);
    if (problem !== null) return problem;
  }
  const relation = columnsRelation(id, 'part', parts);
  const lift = (expression: TypedExpression) =>
    liftExpression(expression, { groupBy, parts, relation });
  const partial: ResolvedSelect = {
    ...select,
    items: parts.map((part) => selectItem(part, '', noNames)),
    distinct: false,
    having: null,
    orderBy: [],
    limit: null,
    offset: null,
    aggregated: true,
  };
  const final: ResolvedSelect = {
    ...select,
    items: items.map((item) => ({ ...item, expression: lift(item.expression) })),
    from: relation.from,
    where: null,
    groupBy: groupBy.map((_, i) => relation.column(i)),
    having: having === null ? null : lift(having),
    orderBy: orderBy.map((item): OrderItem => ({ ...item, expression: lift(item.expression) })),
    aggregated: true,
    forUpdate: false,
  };
  return { partial, final, relation };
}

/** Adds what the partitions must compute for `expression`; answers why they cannot, or null. */
function collectParts(
  expression: TypedExpression,
  groupBy: readonly TypedExpression[],
  parts: TypedExpression[],
): string | null {
  if (groupBy.some((group) => expressionsEqual(group, expression))) return null;
  if (expression.kind === 'aggregate') {
    const partials = partialsOf(expression);
    if (partials === null) return `${expression.name.toUpperCase()} needs all rows at once`;
    for (const partial of partials) addPart(parts, partial);
    return null;
  }
  if (expression.kind === 'window') return 'a window function over groups';
  if (expression.kind === 'column') addPart(parts, expression);
  for (const child of childrenOf(expression)) {
    const problem = collectParts(child, groupBy, parts);
    if (problem !== null) return problem;
  }
  return null;
}

function addPart(parts: TypedExpression[], part: TypedExpression): void {
  if (!parts.some((known) => expressionsEqual(known, part))) parts.push(part);
}

/** What each partition answers for an aggregate; null where it has no parts. */
function partialsOf(aggregate: AggregateExpression): readonly TypedExpression[] | null {
  const repeats = aggregate.name === 'min' || aggregate.name === 'max';
  if (aggregate.distinct && !repeats) return null;
  switch (aggregate.name) {
    case 'count':
    case 'sum':
    case 'min':
    case 'max':
    case 'bit_or':
    case 'bit_xor':
    case 'any_value':
      return [aggregate];
    case 'avg':
      return [sumOf(aggregate), countOf(aggregate)];
    default:
      return null;
  }
}

function sumOf(average: AggregateExpression): AggregateExpression {
  const { type } = average;
  if (type.kind !== 'decimal') return { ...average, name: 'sum' };
  // AVG has four digits more than its SUM, which is what the division adds again.
  const argument = average.arguments[0]?.type;
  const scale = argument?.kind === 'decimal' ? argument.scale : 0;
  const precision = Math.min(65, (argument?.kind === 'decimal' ? argument.precision : 19) + 22);
  return { ...average, name: 'sum', type: { ...type, precision, scale } };
}

function countOf(average: AggregateExpression): AggregateExpression {
  return { ...average, name: 'count', type: BIGINT, nullable: false };
}

interface Lifting {
  readonly groupBy: readonly TypedExpression[];
  readonly parts: readonly TypedExpression[];
  readonly relation: CombinedRelation;
}

/** The expression over the gathered parts. */
function liftExpression(expression: TypedExpression, lifting: Lifting): TypedExpression {
  const { groupBy, parts, relation } = lifting;
  const partOf = (part: TypedExpression) =>
    relation.column(parts.findIndex((known) => expressionsEqual(known, part)));
  return mapExpression(expression, (part) => {
    const group = groupBy.findIndex((known) => expressionsEqual(known, part));
    if (group >= 0) return relation.column(group);
    if (part.kind === 'column') return again('any_value', partOf(part), part);
    if (part.kind !== 'aggregate') return null;
    if (part.name === 'avg') {
      const sum = again('sum', partOf(sumOf(part)), sumOf(part));
      return call('/', [sum, totalCount(partOf(countOf(part)))], part.type, { nullable: true });
    }
    if (part.name === 'count') return totalCount(partOf(part));
    return again(part.name, partOf(part), part);
  });
}

function again(
  name: AggregateExpression['name'],
  column: TypedExpression,
  like: TypedExpression,
): AggregateExpression {
  return {
    kind: 'aggregate',
    name,
    distinct: false,
    arguments: [column],
    orderBy: [],
    separator: ',',
    type: like.type,
    nullable: like.nullable,
  };
}

/** COUNT is the sum of the counts, and 0 of no rows. */
function totalCount(column: TypedExpression): TypedExpression {
  const sum = { ...again('sum', column, column), nullable: true };
  return call('coalesce', [sum, integerConstant(0)], BIGINT, { nullable: false });
}
