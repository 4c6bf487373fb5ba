// The numbers of LIMIT and OFFSET.

import type { Expression } from '#aggregator/parser/ast.ts';
import { databaseError } from '#shared/error.ts';
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
  if (bound.kind !== 'constant' || bound.type.kind === 'integer') return bound;
  throw databaseError('wrongArguments', { command: 'LIMIT' });
}
