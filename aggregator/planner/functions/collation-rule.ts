// Whose collation a comparison goes by: MySQL's coercibility.

import { databaseError } from '#shared/error.ts';
import { DEFAULT_COLLATION } from '#shared/sql/collation.ts';
import type { Collation, ColumnType } from '#shared/sql/column-type.ts';
import type { Coercibility, TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { childrenOf } from '#aggregator/planner/walk-expression.ts';

/** The collation of a type's text; numbers and dates print in the default one. */
export function collationOf(type: ColumnType): Collation {
  if ('collation' in type) return type.collation;
  if (type.kind === 'binary') return 'binary';
  return type.kind === 'json' ? 'utf8mb4_bin' : DEFAULT_COLLATION;
}

/** 0 is an explicit COLLATE, 2 a column, 3 USER() and its like, 4 a literal, 5 a number, 6 NULL. */
export function coercibilityOf(expression: TypedExpression): Coercibility {
  if (expression.type.kind === 'null') return 6;
  switch (expression.kind) {
    case 'column':
      return hasCollation(expression.type) ? 2 : 5;
    case 'context':
      return hasCollation(expression.type) ? 3 : 5;
    case 'scalarQuery':
    case 'aggregate':
    case 'window':
      return hasCollation(expression.type) ? 2 : 5;
    case 'call':
      if (expression.name === 'collate') return 0;
      if (expression.name === 'tl_cast' || expression.name === 'charset') return 2;
      return ofParts(expression);
    case 'case':
      return ofParts(expression);
    default:
      return hasCollation(expression.type) ? 4 : 5;
  }
}

function ofParts(expression: TypedExpression): Coercibility {
  if (!hasCollation(expression.type)) return 5;
  const levels = childrenOf(expression)
    .filter((part) => hasCollation(part.type))
    .map(coercibilityOf);
  return levels.length === 0 ? 4 : (Math.min(...levels) as Coercibility);
}

function hasCollation(type: ColumnType): boolean {
  return 'collation' in type || type.kind === 'binary' || type.kind === 'json';
}

/** The collation by which these go together. Two different explicit ones are error 1267. */
export function aggregateCollation(
  expressions: readonly TypedExpression[],
  operation: string,
): Collation {
  let best: { collation: Collation; level: Coercibility } | null = null;
  for (const expression of expressions) {
    const level = coercibilityOf(expression);
    const collation = collationOf(expression.type);
    if (level >= 5) continue;
    if (best === null || level < best.level) {
      best = { collation, level };
    } else if (level === best.level && collation !== best.collation) {
      best = { collation: stricter(best.collation, collation, level, operation), level };
    }
  }
  return best?.collation ?? DEFAULT_COLLATION;
}

function stricter(
  left: Collation,
  right: Collation,
  level: Coercibility,
  operation: string,
): Collation {
  if (level === 0) throw databaseError('collationMix', { left, right, operation });
  return left === 'binary' || right === 'binary' ? 'binary' : 'utf8mb4_bin';
}
