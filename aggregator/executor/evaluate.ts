// Expressions without columns to values, here and now.

import { deparseExpression } from '#aggregator/planner/deparse/deparse-expression.ts';
import { joined } from '#aggregator/planner/deparse/fragment.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { databaseError } from '#shared/error.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import type { Execution } from './execution.ts';
import { bindFragment, constantValue } from './statement-values.ts';

/** Expressions that one SELECT evaluates: below SQLite's limit of columns. */
const BATCH = 500;

/** The value of each expression, all at the statement's moment. Subqueries are refused. */
export function evaluateExpressions(
  execution: Execution,
  expressions: readonly TypedExpression[],
): readonly SourceValue[] {
  const results: SourceValue[] = [];
  for (let start = 0; start < expressions.length; start += BATCH) {
    results.push(...evaluateBatch(execution, expressions.slice(start, start + BATCH)));
  }
  return results;
}

function evaluateBatch(
  execution: Execution,
  expressions: readonly TypedExpression[],
): readonly SourceValue[] {
  const known = expressions.map((expression) => knownValue(execution, expression));
  const open = expressions.filter((_, i) => known[i] === null);
  if (open.length === 0) return known.filter((value) => value !== null);
  const context = { relationText: refuseTables };
  const list = joined(
    open.map((expression) => deparseExpression(expression, context)),
    ', ',
  );
  const statement = bindFragment(
    { sql: `SELECT ${list.sql}`, parameters: list.parameters },
    execution.values,
  );
  const [row = []] = [...execution.scratch.iterate(statement.sql, statement.parameters)];
  let next = 0;
  return expressions.map((expression, i) => {
    const value = known[i];
    if (value !== null && value !== undefined) return value;
    return { type: expression.type, value: row[next++] ?? null };
  });
}

function refuseTables(): never {
  throw databaseError('unsupported', { what: 'a subquery in VALUES' });
}

function knownValue({ values }: Execution, expression: TypedExpression): SourceValue | null {
  const { type } = expression;
  switch (expression.kind) {
    case 'constant':
      return constantValue(expression, values);
    case 'context':
      return { type, value: values.contextValue(expression.name, expression.fsp, type) };
    case 'userVariable':
      return { type, value: values.userVariable(expression.name, type) };
    default:
      return null;
  }
}
