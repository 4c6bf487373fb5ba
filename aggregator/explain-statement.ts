// EXPLAIN: the plan of a statement as rows of text, without running it.

import { planChange } from './planner/change-planner.ts';
import { explainFragment, explainQuery, explainTarget, indent } from './planner/explain.ts';
import { insertText } from './planner/insert-planner.ts';
import { resolveChanges } from './planner/resolve-change.ts';
import { resolveInsert } from './planner/resolve-insert.ts';
import { planQuery } from './planner/planner.ts';
import type {
  DeleteStatement,
  ExplainStatement,
  InsertStatement,
  UpdateStatement,
} from './parser/ast.ts';
import { planOf, type StatementRun } from './run-statement.ts';
import { resolveEnvironment, storeConstant } from './statement-environment.ts';
import { computedColumn, rowsResult, type StatementResult } from './statement-result.ts';
import { databaseError } from '#shared/error.ts';

/** One row a line; two spaces a level. */
export async function explainStatement(
  run: StatementRun,
  explain: ExplainStatement,
): Promise<StatementResult> {
  if (explain.analyze) throw databaseError('unsupported', { what: 'EXPLAIN ANALYZE' });
  if (explain.format === 'json')
    throw databaseError('unsupported', { what: 'EXPLAIN FORMAT=JSON' });
  const type = {
    kind: 'string',
    form: 'longtext',
    length: 4_294_967_295,
    collation: 'utf8mb4_general_ci',
  } as const;
  const lines = linesOf(run, explain.statement);
  return rowsResult(
    [computedColumn('EXPLAIN', type, false)],
    lines.map((line) => [line]),
  );
}

function linesOf(run: StatementRun, statement: ExplainStatement['statement']): readonly string[] {
  switch (statement.kind) {
    case 'insert':
      return insertLines(run, statement);
    case 'update':
    case 'delete':
      return changeLines(run, statement);
    default:
      return explainQuery(planOf(run, statement));
  }
}

function insertLines({ parts, session, parameters }: StatementRun, statement: InsertStatement) {
  const environment = resolveEnvironment(parts, session, parameters);
  const insert = resolveInsert(statement, environment, storeConstant(parts, session));
  const title = `insert: ${insert.target.table.spread} table, row by row to its partition`;
  const lines = [title, `  ${explainFragment(insertText(insert))}`];
  if (insert.source.kind !== 'query') return lines;
  const plan = planQuery(insert.source.query, parts.context.catalog);
  return [...lines, ...indent(explainQuery(plan))];
}

function changeLines(
  { parts, session, parameters }: StatementRun,
  statement: UpdateStatement | DeleteStatement,
): readonly string[] {
  const environment = resolveEnvironment(parts, session, parameters);
  const [change, ...others] = resolveChanges(statement, environment, storeConstant(parts, session));
  if (change === undefined || others.length > 0) {
    return [`${statement.kind}: step by step`, '  because it changes several tables'];
  }
  const plan = planChange(change, parts.context.catalog);
  if (plan.kind === 'problem') {
    return [`${change.kind}: step by step`, `  because ${plan.reason}`];
  }
  const steps = plan.steps.flatMap((step) =>
    step.kind === 'statement' ? [explainFragment(step.statement)] : [step.sql],
  );
  const title = `${change.kind}: ${plan.reason}, ${plan.database}, ${explainTarget(plan.target)}`;
  return [title, ...indent(steps)];
}
