// The door of the deparser for single expressions.

import type { FromTree } from '#aggregator/planner/resolved-query.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import type { DeparseContext } from './deparse-context.ts';
import { createEmitter } from './deparse-query.ts';
import { emitFrom } from './emit-query.ts';
import { sortKeyOf } from './emitter.ts';
import type { Fragment } from './fragment.ts';

/** The expression as SQLite text, its literals bound. Throws `unsupported`. */
export function deparseExpression(expression: TypedExpression, context: DeparseContext): Fragment {
  return createEmitter(context).expression(expression);
}

/** The text by which SQLite groups and sorts the expression's values as MySQL does. */
export function deparseSortKey(expression: TypedExpression, context: DeparseContext): Fragment {
  return sortKeyOf(createEmitter(context), expression);
}

/** What stands behind FROM. */
export function deparseFrom(from: FromTree, context: DeparseContext): Fragment {
  return emitFrom(from, createEmitter(context));
}
