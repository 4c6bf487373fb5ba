// Carries out an INSERT or REPLACE: rows to their partitions, and MySQL's count of what happened.

import { planVersion } from '#shared/cluster/plan-version.ts';
import { forEachInTurn } from '#aggregator/breather.ts';
import {
  asksForViolations,
  insertText,
  numberText,
  rowRouter,
  replacesInPlace,
  rowsInTheWay,
  violatedConstraint,
} from '#aggregator/planner/insert-planner.ts';
import type { Fragment } from '#aggregator/planner/deparse/fragment.ts';
import type { QueryPlan } from '#aggregator/planner/plan.ts';
import { planQuery } from '#aggregator/planner/planner.ts';
import type { InsertValue, ResolvedInsert } from '#aggregator/planner/resolve-insert.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import type { PartitionWrites } from '#aggregator/transaction/partition-writes.ts';
import type { Transaction } from '#aggregator/transaction/transaction.ts';
import { isStale } from '#aggregator/with-fresh-catalog.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import type { CompiledStatement, WriteStep } from '#shared/wire/message.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { evaluateExpressions } from './evaluate.ts';
import { combine } from './combine.ts';
import { ownReferences, type Execution, type RowBatches } from './execution.ts';
import { inlineSubqueries } from './inline-subqueries.ts';
import { addInserted, countInserted, nothingInserted, type InsertedRows } from './inserted-rows.ts';
import { asksForRows, endOfPart, partOf } from './insert-parts.ts';
import {
  completeRows,
  type CompletedRows,
  type GivenValue,
  type RowCompletion,
} from './insert-rows.ts';
import { decoded, runEncoded, runOperator } from './run-operator.ts';
import { bindFragment, constantValue, isRealType, rowToBind } from './statement-values.ts';
import {
  inOwnTransaction,
  SHORT_ROWS_MAX,
  writeInTransaction,
  writePartitions,
} from './write-partitions.ts';

/** Rows that are looked at, and values that are computed, without a pause. */
const ROWS_TOGETHER = 64;
const VALUES_TOGETHER = 2000;
/** More rows of constants than these are taken with pauses. */
const CONSTANT_ROWS_MAX = 256;

/** No client can write this name, which has a space in front. */
const STATEMENT_SAVEPOINT = ' statement';

export interface InsertRun {
  readonly insert: ResolvedInsert;
  readonly completion: RowCompletion;
  /** What insertText makes of the INSERT, where it is known already. */
  readonly text?: Fragment;
  /** CLIENT_FOUND_ROWS: a row that was found but left as it is counts as 1. */
  readonly foundRows: boolean;
}

export async function runInsert(execution: Execution, run: InsertRun): Promise<InsertedRows> {
  const { source } = run.insert;
  if (source.kind !== 'values') return insertQuery(execution, run);
  const statement = boundStatement(execution, run);
  // Most rows are there at once: each wait is a turn of the queue of promises.
  let given = constantRows(execution, source.rows) ?? givenValues(execution, source.rows);
  if (given instanceof Promise) given = await given;
  let completed = completeRows(run.completion, given, 1);
  if (completed instanceof Promise) completed = await completed;
  if (endOfPart(run.insert, completed.rows, 0) < completed.rows.length) {
    return insertParts(execution, run, { statement, completed });
  }
  let spread = writesOf(execution, run, { statement, rows: completed.rows });
  if (spread instanceof Promise) spread = await spread;
  const { writes, groups } = spread;
  const { insert, foundRows } = run;
  try {
    const results = await writePartitions(execution, writes);
    return countInserted({ insert, foundRows, groups, ...completed }, results);
  } catch (error) {
    // What is refused because the schema has changed runs again, with the same numbers.
    if (isStale(error)) run.completion.giveBack();
    throw error;
  }
}

/** So many rows that they are written in parts, all in one transaction. */
async function insertParts(
  execution: Execution,
  run: InsertRun,
  { statement, completed }: { statement: CompiledStatement; completed: CompletedRows },
): Promise<InsertedRows> {
  const { insert } = run;
  const writeParts = async (transaction: Transaction): Promise<InsertedRows> => {
    let total: InsertedRows = nothingInserted;
    for (let from = 0, to = 0; from < completed.rows.length; from = to) {
      execution.breather.check();
      to = endOfPart(insert, completed.rows, from);
      const part = partOf(insert, completed, { from, to });
      const batch = { statement, completed: part, isPart: true };
      total = addInserted(total, await writeBatch(execution, run, transaction, batch));
    }
    return total;
  };
  try {
    const { transaction } = execution;
    if (transaction === null) return await inOwnTransaction(execution, writeParts);
    return await inStatementSavepoint(transaction, () => writeParts(transaction));
  } catch (error) {
    if (isStale(error)) run.completion.giveBack();
    throw error;
  }
}

/** Rows of a statement that writes several batches in one transaction. */
interface Batch {
  readonly statement: CompiledStatement;
  readonly completed: CompletedRows;
  /** See PartitionWrites. */
  readonly isPart: boolean;
}

async function writeBatch(
  execution: Execution,
  run: InsertRun,
  transaction: Transaction,
  { statement, completed, isPart }: Batch,
): Promise<InsertedRows> {
  const { insert, foundRows } = run;
  const { writes, groups } = await writesOf(execution, run, { statement, rows: completed.rows });
  const results = await writeInTransaction(execution, transaction, { ...writes, isPart });
  return countInserted({ insert, foundRows, groups, ...completed }, results);
}

/** The values of a few rows that are all constants or DEFAULT; else null. */
function constantRows(
  { values }: Execution,
  rows: readonly (readonly InsertValue[])[],
): readonly (readonly GivenValue[])[] | null {
  if (rows.length > CONSTANT_ROWS_MAX) return null;
  const given: GivenValue[][] = [];
  for (const row of rows) {
    const one: GivenValue[] = [];
    for (const value of row) {
      if (value.kind === 'default') one.push('default');
      else if (value.kind === 'constant') one.push(constantValue(value, values));
      else return null;
    }
    given.push(one);
  }
  return given;
}

async function givenValues(
  execution: Execution,
  rows: readonly (readonly InsertValue[])[],
): Promise<readonly (readonly GivenValue[])[]> {
  const { breather } = execution;
  const open: TypedExpression[] = [];
  for (const [index, row] of rows.entries()) {
    for (const value of row) {
      if (value.kind === 'default' || value.kind === 'constant') continue;
      open.push(await inlineSubqueries(execution, value));
    }
    if (index % ROWS_TOGETHER === ROWS_TOGETHER - 1 && breather.isDue) await breather.pause();
  }
  const evaluated: SourceValue[] = [];
  for (let at = 0; at < open.length; at += VALUES_TOGETHER) {
    evaluated.push(...evaluateExpressions(execution, open.slice(at, at + VALUES_TOGETHER)));
    if (breather.isDue) await breather.pause();
  }
  let next = 0;
  const given: (readonly GivenValue[])[] = [];
  await forEachInTurn(breather, rows, (row) => {
    const values = row.map((value): GivenValue => {
      if (value.kind === 'default') return 'default';
      if (value.kind === 'constant') return constantValue(value, execution.values);
      return must(evaluated[next++]);
    });
    given.push(values);
  });
  return given;
}

/** What ON DUPLICATE KEY UPDATE assigns is converted before any row: its errors come first. */
function boundStatement({ values }: Execution, run: InsertRun): CompiledStatement {
  return bindFragment(run.text ?? insertText(run.insert), values);
}

/** The tasks of the partitions, and the rows of each. */
interface SpreadRows {
  readonly writes: PartitionWrites;
  readonly groups: readonly (readonly Row[])[];
}

interface BoundRows {
  readonly statement: CompiledStatement;
  readonly rows: readonly Row[];
}

function writesOf(
  execution: Execution,
  run: InsertRun,
  bound: BoundRows,
): SpreadRows | Promise<SpreadRows> {
  const { database, table } = run.insert.target;
  const ordinalOf = rowRouter(table, database.partitionCount);
  const byPartition = new Map<number, Row[]>();
  const placed = forEachInTurn(execution.breather, bound.rows, (row) => {
    const ordinal = ordinalOf(row);
    const group = byPartition.get(ordinal);
    if (group === undefined) byPartition.set(ordinal, [row]);
    else group.push(row);
  });
  if (placed === undefined) return tasksOf(execution, run, { ...bound, byPartition });
  return tasksLater(placed, () => tasksOf(execution, run, { ...bound, byPartition }));
}

async function tasksLater(placed: Promise<void>, tasks: () => SpreadRows): Promise<SpreadRows> {
  await placed;
  return tasks();
}

function tasksOf(
  { values }: Execution,
  run: InsertRun,
  placed: BoundRows & { readonly byPartition: ReadonlyMap<number, readonly Row[]> },
): SpreadRows {
  const { database } = run.insert.target;
  const { statement, rows, byPartition } = placed;
  const sorted = [...byPartition].sort(([a], [b]) => a - b);
  const asked = numberText(run.insert);
  const number = asked === null ? null : bindFragment(asked, values);
  const tasks = sorted.map(([ordinal, group]) => ({
    ordinal,
    steps: stepsOf(run, { statement, number }, group),
  }));
  const mayBeLong = rows.length > SHORT_ROWS_MAX;
  const catalogVersion = planVersion(database);
  const writes = { database: database.name, catalogVersion, tasks, mayBeLong };
  return { writes, groups: sorted.map(([, group]) => group) };
}

function stepsOf(
  run: InsertRun,
  { statement, number }: { statement: CompiledStatement; number: CompiledStatement | null },
  rows: readonly Row[],
): readonly WriteStep[] {
  const { target } = run.insert;
  if (!asksForRows(run.insert)) return [{ kind: 'rows', sql: statement.sql, rows }];
  const isChecked = asksForViolations(run.insert);
  const asked = { number, differing: replacesInPlace(run.insert) };
  // SQLite does not say whether it inserted or replaced: so each row is preceded by the question.
  return rows.flatMap((row): readonly WriteStep[] => [
    {
      kind: 'statement',
      ...(isChecked
        ? violatedConstraint(target.table, row)
        : rowsInTheWay(target.table, row, asked)),
      returning: true,
    },
    {
      kind: 'statement',
      sql: statement.sql,
      parameters: [...row, ...statement.parameters],
      returning: false,
    },
  ]);
}

/** INSERT … SELECT: batch by batch as the rows come, all in one transaction. */
async function insertQuery(execution: Execution, run: InsertRun): Promise<InsertedRows> {
  const { transaction } = execution;
  if (transaction === null) return insertInOwn(execution, run);
  return inStatementSavepoint(transaction, () => insertBatches(execution, run, transaction));
}

/** What `action` has written stays as a whole, or not at all. */
async function inStatementSavepoint<T>(
  transaction: Transaction,
  action: () => Promise<T>,
): Promise<T> {
  await transaction.savepoint('set', STATEMENT_SAVEPOINT);
  try {
    const done = await action();
    await transaction.savepoint('release', STATEMENT_SAVEPOINT);
    return done;
  } catch (error) {
    if (!transaction.ended) {
      await transaction.savepoint('rollback to', STATEMENT_SAVEPOINT);
      await transaction.savepoint('release', STATEMENT_SAVEPOINT);
    }
    throw error;
  }
}

async function insertInOwn(execution: Execution, run: InsertRun): Promise<InsertedRows> {
  const { source } = run.insert;
  return inOwnTransaction(execution, (own) => insertBatches(execution, run, own), {
    mayRepeat: () => source.kind !== 'given' || source.rows.canRepeat,
  });
}

async function insertBatches(
  execution: Execution,
  run: InsertRun,
  transaction: Transaction,
): Promise<InsertedRows> {
  let total: InsertedRows = nothingInserted;
  const statement = boundStatement(execution, run);
  for await (const given of givenBatches(execution, run)) {
    const completed = await completeRows(run.completion, given, total.records + 1);
    const batch = { statement, completed, isPart: false };
    total = addInserted(total, await writeBatch(execution, run, transaction, batch));
  }
  return total;
}

/** The rows of the source, with their types. */
async function* givenBatches(
  execution: Execution,
  { insert: { source } }: InsertRun,
): AsyncGenerator<readonly (readonly GivenValue[])[]> {
  if (source.kind === 'given') yield* source.rows.read();
  if (source.kind !== 'query') return;
  const plan = planQuery(source.query, execution.context.catalog, ownReferences(execution));
  const types = plan.columns.map(({ type }) => type);
  const isReal = types.map(isRealType);
  // Under autocommit the SELECT reads a snapshot from before the statement. In a transaction it
  // may read among what is being written: then all its rows are taken first.
  const batches =
    execution.transaction === null ? runOperator(execution, plan.rows) : kept(execution, plan);
  for await (const batch of batches) {
    if (execution.signal.aborted) throw databaseError('queryInterrupted', {});
    yield batch.map((row) =>
      rowToBind(row, isReal).map((value, i) => ({ type: must(types[i]), value })),
    );
  }
}

/** The rows of a plan, all of which are gathered before the first one comes. */
function kept(execution: Execution, plan: QueryPlan): RowBatches {
  const columns = plan.columns.map(({ type }, i) => ({ name: `c${i}`, type }));
  const source = { table: { name: 'kept', columns }, rows: runEncoded(execution, plan.rows) };
  return decoded(
    execution,
    combine(execution, [source], { sql: 'SELECT * FROM kept', parameters: [] }),
  );
}
