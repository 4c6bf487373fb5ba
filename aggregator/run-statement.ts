// Queries and changes of rows: resolve, plan, execute, and what the session remembers of it.

import type { ChangedRows } from './executor/change-picked-rows.ts';
import { runChanges } from './executor/run-change.ts';
import { runInsert } from './executor/run-insert.ts';
import { ownReferences, type Execution, type RowBatches } from './executor/execution.ts';
import { runNow, runSoon } from './executor/run-now.ts';
import { runOperator } from './executor/run-operator.ts';
import { isRealType, rowToBind } from './executor/statement-values.ts';
import { insertCompletion, warnOfLeftOut } from './insert-completion.ts';
import type {
  DeleteStatement,
  InsertStatement,
  Query,
  SelectStatement,
  UpdateStatement,
} from './parser/ast.ts';
import type { Fragment } from './planner/deparse/fragment.ts';
import type { QueryPlan } from './planner/plan.ts';
import { boundsOf, type Bounds } from './planner/planning.ts';
import { planQuery } from './planner/planner.ts';
import { resolveChanges } from './planner/resolve-change.ts';
import type { ResolveEnvironment } from './planner/resolve-environment.ts';
import { resolveInsertInTurns, type ResolvedInsert } from './planner/resolve-insert.ts';
import { resolveQuery } from './planner/resolve-query.ts';
import { isEffectQuery, runEffectQuery } from './run-effect-query.ts';
import type { Session } from './session.ts';
import {
  createExecution,
  resolveEnvironment,
  storeConstant,
  storeConstantOfRow,
  type StatementParts,
} from './statement-environment.ts';
import {
  ok,
  rowsResult,
  type OkResult,
  type ResultColumn,
  type RowsResult,
  type StatementResult,
} from './statement-result.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';

/** One statement in its session. */
export interface StatementRun {
  readonly parts: StatementParts;
  readonly session: Session;
  readonly parameters: readonly SourceValue[];
}

/** The plan of a query, as this session would run it. */
export function planOf({ parts, session, parameters }: StatementRun, query: Query): QueryPlan {
  const environment = resolveEnvironment(parts, session, parameters);
  const own = ownReferences(createExecution(parts, session));
  return planQuery(resolveQuery(query, environment), parts.context.catalog, own);
}

/** Resolves once the first rows are there, so that what can be tried again has been. */
export async function runQuery(run: StatementRun, query: Query): Promise<StatementResult> {
  if (query.kind === 'select' && query.calculateFoundRows && query.limit !== null) {
    return runWholeQuery(run, query);
  }
  if (query.kind === 'select' && isEffectQuery(query)) return runEffects(run, query);
  const plan = planOf(run, query);
  const execution = createExecution(run.parts, run.session);
  if (query.kind === 'select' && query.intoVariables.length > 0) {
    return selectInto(run.session, query.intoVariables, { plan, execution });
  }
  return rowsOfPlan(run.session, plan, execution);
}

/** SELECT of functions that do something: one row, or none. */
async function runEffects(run: StatementRun, query: SelectStatement): Promise<StatementResult> {
  const { session } = run;
  const { columns, row } = await runEffectQuery(run, query);
  session.foundRows = row === null ? 0 : 1;
  if (query.intoVariables.length === 0) return rowsResult(columns, row === null ? [] : [row]);
  if (query.intoVariables.length !== columns.length) throw databaseError('unionColumnCount', {});
  return row === null ? ok() : intoVariables(session, query.intoVariables, { columns, row });
}

/** The rows of a query's plan, the first of which have been waited for. */
export async function rowsOfPlan(
  session: Session,
  plan: QueryPlan,
  execution: Execution,
): Promise<RowsResult> {
  const now = runNow(execution, plan.rows) ?? (await runSoon(execution, plan.rows));
  if (now !== null) {
    session.foundRows = now.length;
    return rowsResult(plan.columns, now);
  }
  const rows = await opened(runOperator(execution, plan.rows));
  return { kind: 'rows', columns: plan.columns, rows: counted(session, rows) };
}

/** SQL_CALC_FOUND_ROWS: all rows are counted, those within LIMIT are answered. */
async function runWholeQuery(run: StatementRun, query: SelectStatement): Promise<StatementResult> {
  const { parts, session, parameters } = run;
  const environment = resolveEnvironment(parts, session, parameters);
  const bounds = boundsOf(resolveQuery(query, environment));
  const plan = planOf(run, { ...query, limit: null });
  const rows = await opened(runOperator(createExecution(parts, session), plan.rows));
  const whole = counted(session, rows);
  return { kind: 'rows', columns: plan.columns, rows: within(whole, bounds) };
}

/** The rows within LIMIT; those after it are counted all the same. */
async function* within(rows: RowBatches, { count, offset }: Bounds): RowBatches {
  let seen = 0;
  const end = count === null ? Infinity : offset + count;
  for await (const batch of rows) {
    const kept = batch.slice(Math.max(0, offset - seen), Math.max(0, end - seen));
    seen += batch.length;
    if (kept.length > 0) yield kept;
  }
}

/** SELECT … INTO @a, @b: one row at most. */
async function selectInto(
  session: Session,
  names: readonly string[],
  { plan, execution }: { readonly plan: QueryPlan; readonly execution: Execution },
): Promise<OkResult> {
  if (names.length !== plan.columns.length) throw databaseError('unionColumnCount', {});
  const isReal = plan.columns.map(({ type }) => isRealType(type));
  const found: Row[] = [];
  for await (const batch of runOperator(execution, plan.rows)) {
    found.push(...batch);
    if (found.length > 1) throw databaseError('tooManyRows', {});
  }
  const [row] = found;
  if (row === undefined) return ok();
  return intoVariables(session, names, { columns: plan.columns, row: rowToBind(row, isReal) });
}

function intoVariables(
  session: Session,
  names: readonly string[],
  { columns, row }: { readonly columns: readonly ResultColumn[]; readonly row: Row },
): OkResult {
  names.forEach((name, i) => {
    session.userVariables.set(name, { type: must(columns[i]).type, value: row[i] ?? null });
  });
  return ok(1);
}

/** The same rows, the first batch of which has been waited for. */
async function opened(rows: RowBatches): Promise<RowBatches> {
  const iterator = rows[Symbol.asyncIterator]();
  const first = await iterator.next();
  async function* batches(): RowBatches {
    try {
      if (first.done !== true) yield first.value;
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return batches();
}

/** FOUND_ROWS() is known when the last row has gone. */
async function* counted(session: Session, rows: RowBatches): RowBatches {
  let count = 0;
  for await (const batch of rows) {
    count += batch.length;
    yield batch as readonly Row[];
  }
  session.foundRows = count;
}

export async function runInsertStatement(
  run: StatementRun,
  statement: InsertStatement,
): Promise<OkResult> {
  const { parts, session, parameters } = run;
  const environment = resolveEnvironment(parts, session, parameters);
  const store = storeConstant(parts, session);
  const execution = createExecution(parts, session);
  const options = { given: environment, store };
  const insert = await resolveInsertInTurns(execution.breather, statement, options);
  return insertRows(session, execution, { insert, environment });
}

/** Carries out an INSERT; `text` is what insertText makes of it, where that is known. */
export async function insertRows(
  session: Session,
  execution: Execution,
  part: {
    readonly insert: ResolvedInsert;
    readonly environment: ResolveEnvironment;
    readonly text?: Fragment;
  },
): Promise<OkResult> {
  const { insert } = part;
  const { passedOver: column } = insert;
  if (column !== null) {
    const { table } = insert.target;
    session.report('Warning', databaseError('generatedColumn', { column, table: table.name }));
  }
  const completion = insertCompletion(execution, session, part);
  const { foundRowsFlag: foundRows } = session;
  const text = part.text === undefined ? {} : { text: part.text };
  const inserted = await runInsert(execution, { insert, completion, foundRows, ...text });
  const { firstGenerated, insertId, records, duplicates, affected } = inserted;
  const told = firstGenerated ?? inserted.assignedId;
  if (told !== null) session.lastInsertId = told;
  if (insert.mode === 'ignore') warnOfLeftOut(session, inserted);
  const warnings = session.warnings.length;
  const several = records > 1 || insert.source.kind === 'query';
  const info = several
    ? `Records: ${records}  Duplicates: ${duplicates}  Warnings: ${warnings}`
    : '';
  return ok(affected, insertId, info);
}

/** UPDATE and DELETE. */
export async function runChangeStatement(
  run: StatementRun,
  statement: UpdateStatement | DeleteStatement,
): Promise<OkResult> {
  const { parts, session, parameters } = run;
  const environment = resolveEnvironment(parts, session, parameters);
  const store = statement.ignore
    ? storeConstantOfRow(session, environment.sqlMode, false)(1)
    : storeConstant(parts, session);
  const changes = resolveChanges(statement, environment, store);
  const rows = await runChanges(createExecution(parts, session), changes);
  return changeAnswer(session, statement.kind, rows);
}

/** What an UPDATE or DELETE answers. */
export function changeAnswer(
  session: Session,
  kind: 'update' | 'delete',
  { matched, changed, lastInsertId }: ChangedRows,
): OkResult {
  if (kind === 'delete') return ok(changed);
  if (lastInsertId !== null) session.lastInsertId = lastInsertId;
  const warnings = session.warnings.length;
  const info = `Rows matched: ${matched}  Changed: ${changed}  Warnings: ${warnings}`;
  return ok(session.foundRowsFlag ? matched : changed, lastInsertId ?? 0n, info);
}
