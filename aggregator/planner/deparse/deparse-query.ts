// The door of the deparser for queries: a resolved query to one SQLite statement.

import type { ResolvedQuery } from '#aggregator/planner/resolved-query.ts';
import type { DeparseContext } from './deparse-context.ts';
import { emitExpression } from './emit-expression.ts';
import { emitQuery } from './emit-query.ts';
import type { Emitter } from './emitter.ts';
import type { Fragment } from './fragment.ts';

/** Joins the two halves of the deparser for one statement. */
export function createEmitter(context: DeparseContext): Emitter {
  const emitter: Emitter = {
    context,
    expression: (expression) => emitExpression(expression, emitter),
    query: (query, names) => emitQuery(query, emitter, names),
  };
  return emitter;
}

/**
 * The query as SQLite text that gives MySQL's answer. Its columns are called c0, c1, … and their
 * values are in the stored form of the items' types. Throws `unsupported`.
 */
export function deparseQuery(query: ResolvedQuery, context: DeparseContext): Fragment {
  return createEmitter(context).query(query);
}
