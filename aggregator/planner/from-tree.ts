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
