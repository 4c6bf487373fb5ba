// The indexes by which the steps of a recursion find rows of the tables beside them: SQLite would
// make one of its own for each step.

import { keyOf } from './deparse/emitter.ts';
import { quoteName, text } from './deparse/fragment.ts';
import { conjuncts } from './from-tree.ts';
import type { ResolvedSelect } from './resolved-query.ts';
import { blockExpressions } from './survey-query.ts';

/**
 * The statements that make them: one for each column of a table in `names` that the query compares
 * by `=`, as it compares it.
 */
export function stepIndexes(
  query: ResolvedSelect,
  names: ReadonlyMap<number, string>,
): readonly string[] {
  const statements = new Set<string>();
  for (const part of blockExpressions(query).flatMap(conjuncts)) {
    if (part.kind !== 'call' || part.name !== '=') continue;
    for (const side of part.arguments) {
      const table = side.kind === 'column' ? names.get(side.relation) : undefined;
      if (side.kind !== 'column' || table === undefined) continue;
      const { sql } = keyOf(text(quoteName(side.column)), part.collation);
      const name = quoteName(`by ${side.column} of ${table}`);
      statements.add(`CREATE INDEX IF NOT EXISTS ${name} ON ${quoteName(table)} (${sql})`);
    }
  }
  return [...statements];
}
