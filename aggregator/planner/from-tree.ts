// Looks into a FROM tree: its relations and the conditions that every row passes.

import type { FromTree, Relation } from './resolved-query.ts';
import type { TypedExpression } from './typed-expression.ts';

/** The parts of a condition that must all hold. */
export function conjuncts(condition: TypedExpression | null): readonly TypedExpression[] {
  if (condition === null) return [];
  return condition.kind === 'and' ? condition.operands.flatMap(conjuncts) : [condition];
}

/** The relations of a FROM tree, from left to right. */
export function relationsOf(from: FromTree | null): readonly Relation[] {
  if (from === null) return [];
  if (from.kind === 'relation') return [from.relation];
  return [...relationsOf(from.left), ...relationsOf(from.right)];
}

/** The conditions of joins that drop rows: a LEFT JOIN's own condition is none of them. */
export function innerConditions(from: FromTree | null): readonly TypedExpression[] {
  if (from === null || from.kind === 'relation') return [];
  if (from.join === 'left') return innerConditions(from.left);
  const inner = [...innerConditions(from.left), ...innerConditions(from.right)];
  return from.on === null ? inner : [...inner, from.on];
}

/** What the joins around one relation say about its rows. */
export interface FromConditions {
  /** Hold for every joined row that has a row of the relation. */
  readonly conditions: readonly TypedExpression[];
  /** Those of them that may be applied to the relation before it is joined. */
  readonly filters: readonly TypedExpression[];
  /** True where an outer join may leave the relation without a row. */
  readonly optional: boolean;
}

/**
 * The conditions of the joins on the way to relation `id`; with null those that hold for every
 * row of the whole FROM.
 */
export function fromConditions(from: FromTree | null, id: number | null): FromConditions {
  if (from === null || from.kind === 'relation') {
    return { conditions: [], filters: [], optional: false };
  }
  const on = from.on === null ? [] : [from.on];
  const inRight = id !== null && contains(from.right, id);
  if (from.join === 'left') {
    if (!inRight) return fromConditions(from.left, id);
    // Rows of the right side matter only where they match a row of the left one.
    const right = fromConditions(from.right, id);
    const conditions = [...right.conditions, ...on, ...fromConditions(from.left, null).conditions];
    const filters = right.optional ? right.filters : [...right.filters, ...on];
    return { conditions, filters, optional: true };
  }
  const own = fromConditions(inRight ? from.right : from.left, id);
  const other = fromConditions(inRight ? from.left : from.right, null);
  return {
    conditions: [...own.conditions, ...other.conditions, ...on],
    filters: own.optional ? own.filters : [...own.filters, ...on],
    optional: own.optional,
  };
}

function contains(from: FromTree, id: number): boolean {
  return relationsOf(from).some((relation) => relation.id === id);
}
