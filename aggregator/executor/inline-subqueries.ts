// Subqueries that depend on nothing around them run first; their rows become constants.

import type { CatalogReader } from '#aggregator/aggregator-context.ts';
import { constant, integerConstant } from '#aggregator/planner/functions/build.ts';
import { planQuery } from '#aggregator/planner/planner.ts';
import { outputColumns } from '#aggregator/planner/resolve-from.ts';
import type { ResolvedQuery } from '#aggregator/planner/resolved-query.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { mapExpression, queryOf, walkExpression } from '#aggregator/planner/walk-expression.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { ownReferences, type Execution } from './execution.ts';
import { runOperator } from './run-operator.ts';
import { isRealType, rowToBind } from './statement-values.ts';

/** Values that a list made of a subquery may hold: below SQLite's limit of bound values. */
const LIST_MAX = 30_000;

/** The expression without its independent subqueries; those that depend on it stay. */
export async function inlineSubqueries(
  execution: Execution,
  expression: TypedExpression,
): Promise<TypedExpression> {
  const found: TypedExpression[] = [];
  walkExpression(expression, (part) => {
    const query = queryOf(part);
    if (query !== null && query.outerRelations.length === 0) found.push(part);
  });
  const replacements = new Map<TypedExpression, TypedExpression>();
  for (const part of found) {
    const replacement = await inlined(execution, part);
    if (replacement !== null) replacements.set(part, replacement);
  }
  const replace = (part: TypedExpression): TypedExpression | null => {
    const replacement = replacements.get(part);
    if (replacement === undefined || replacement.kind !== 'in') return replacement ?? null;
    return { ...replacement, operand: mapExpression(replacement.operand, replace) };
  };
  return mapExpression(expression, replace);
}

async function inlined(
  execution: Execution,
  part: TypedExpression,
): Promise<TypedExpression | null> {
  switch (part.kind) {
    case 'scalarQuery': {
      const rows = await readRows(execution, part.query, 2);
      if (rows.length > 1) throw databaseError('subqueryMoreThanOneRow', {});
      return constant(rows[0]?.[0] ?? null, part.type);
    }
    case 'exists': {
      const rows = await readRows(execution, part.query, 1);
      const exists = rows.length > 0;
      return integerConstant(exists === part.negated ? 0 : 1);
    }
    case 'inQuery': {
      const [operand] = part.operands;
      if (operand === undefined || part.operands.length !== 1) return null;
      const { type, nullable, negated } = part;
      const rows = await readRows(execution, part.query, LIST_MAX + 1);
      if (rows.length > LIST_MAX) {
        throw databaseError('unsupported', {
          what: `IN of more than ${LIST_MAX} rows in a change`,
        });
      }
      if (rows.length === 0) return integerConstant(negated ? 1 : 0);
      const column = must(outputColumns(part.query)[0]);
      const list = rows.map((row) => constant(row[0] ?? null, column.type));
      const collation = part.collation === undefined ? {} : { collation: part.collation };
      return { kind: 'in', operand, list, negated, type, nullable, ...collation };
    }
    default:
      return null;
  }
}

/** At most `count` rows of a query, integers as SQLite binds them. */
export async function readRows(
  execution: Execution,
  query: ResolvedQuery,
  count: number,
): Promise<readonly Row[]> {
  const catalog: CatalogReader = execution.context.catalog;
  const plan = planQuery(query, catalog, ownReferences(execution));
  const isReal = plan.columns.map(({ type }) => isRealType(type));
  const input = { kind: 'limit', input: plan.rows, offset: 0, count } as const;
  const rows: Row[] = [];
  for await (const batch of runOperator(execution, input)) {
    rows.push(...batch.map((row) => rowToBind(row, isReal)));
  }
  return rows;
}
