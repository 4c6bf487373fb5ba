// The numbers of LIMIT and OFFSET.

import type { Expression } from '#aggregator/parser/ast.ts';
import { databaseError } from '#shared/error.ts';
import { BIGINT, type ConstantExpression } from './functions/build.ts';
import { INT64_MAX, integerOfStored, isUint64 } from '#shared/sql/unsigned-integer.ts';
import { derivedConstant } from './slot-constant.ts';
import { must } from '#shared/assert.ts';
import { resolveExpression } from './resolve-expression.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { TypedExpression } from './typed-expression.ts';

/** Null without one. Throws wrongArguments for what is known to be anything but an integer. */
export function resolveBound(
  expression: Expression | null,
  scope: ResolveScope,
): TypedExpression | null {
  if (expression === null) return null;
  const bound = resolveExpression(expression, scope);
  if (bound.kind !== 'constant') return bound;
  if (bound.type.kind === 'integer') return isUint64(bound.type) ? asInt64(bound) : bound;
  throw databaseError('wrongArguments', { command: 'LIMIT' });
}

/** All rows: LIMIT 5, 18446744073709551615 is how MySQL's manual says it. */
function asInt64(bound: ConstantExpression): ConstantExpression {
  return derivedConstant(bound, BIGINT, (value) => {
    const number = integerOfStored(must(value));
    return number > INT64_MAX ? INT64_MAX : number;
  });
}
