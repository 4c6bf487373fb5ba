// The door of the deparser for single expressions.

import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import type { DeparseContext } from './deparse-context.ts';
import { createEmitter } from './deparse-query.ts';
import type { Fragment } from './fragment.ts';

/** The expression as SQLite text, its literals bound. Throws `unsupported`. */
export function deparseExpression(expression: TypedExpression, context: DeparseContext): Fragment {
  return createEmitter(context).expression(expression);
}
