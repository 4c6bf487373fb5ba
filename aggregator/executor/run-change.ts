// Carries out an UPDATE or DELETE and counts its rows.

import { planChange } from '#aggregator/planner/change-planner.ts';
import { partitionOfSlot, slotOf } from '#shared/cluster/partition-hash.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { selectItem } from '#aggregator/planner/resolve-select-items.ts';
import { noNames } from '#aggregator/planner/from-names.ts';
import { plainSelect } from '#aggregator/planner/plain-select.ts';
import { targetOrdinals, type ChangePlan, type PlannedStep } from '#aggregator/planner/plan.ts';
import type { ResolvedChange } from '#aggregator/planner/resolve-change.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { call, conjunction, constant } from '#aggregator/planner/functions/build.ts';
import type { WriteStep } from '#shared/wire/message.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { Execution } from './execution.ts';
import { inlineSubqueries, rowsOf } from './inline-subqueries.ts';
import { bindFragment } from './statement-values.ts';
import { inOwnTransaction, writePartitions, type TaskResults } from './write-partitions.ts';

/** Rows that one UPDATE or DELETE with a LIMIT over many partitions may pick. */
const PICKED_ROWS_MAX = 10_000;

export interface ChangedRows {
  readonly matched: number;
  readonly changed: number;
}

/** Throws what the leaves refuse, and `unsupported` for what no partition can do by itself. */
export async function runChange(
  execution: Execution,
  change: ResolvedChange,
): Promise<ChangedRows> {
  const { catalog } = execution.context;
  const planned = planChange(change, catalog);
  if (planned.kind === 'change') return runPlan(execution, planned);
  const inlined = await withoutSubqueries(execution, change);
  const again = planChange(inlined, catalog);
  if (again.kind === 'change') return runPlan(execution, again);
  if (inlined.limit !== null && inlined.from.kind === 'relation') {
    return runPicked(execution, inlined);
  }
  const what = `${change.kind.toUpperCase()} where ${again.reason}`;
  throw databaseError('unsupported', { what });
}

async function withoutSubqueries(
  execution: Execution,
  change: ResolvedChange,
): Promise<ResolvedChange> {
  const { where } = change;
  const assignments = [];
  for (const assignment of change.assignments) {
    const value = await inlineSubqueries(execution, assignment.value);
    assignments.push({ ...assignment, value });
  }
  return {
    ...change,
    assignments,
    where: where === null ? null : await inlineSubqueries(execution, where),
  };
}

async function runPlan(execution: Execution, plan: ChangePlan): Promise<ChangedRows> {
  const { partitionCount } = execution.context.catalog.database(plan.database);
  const steps = plan.steps.map((step) => bindStep(execution, step));
  const results = await writePartitions(execution, {
    database: plan.database,
    catalogVersion: plan.catalogVersion,
    tasks: targetOrdinals(plan.target, partitionCount).map((ordinal) => ({ ordinal, steps })),
  });
  return countRows(plan.count.kind, results);
}

function bindStep(execution: Execution, step: PlannedStep): WriteStep {
  if (step.kind === 'rows') return step;
  const { sql, parameters } = bindFragment(step.statement, execution.values);
  return { kind: 'statement', sql, parameters, returning: step.returning };
}

function countRows(kind: 'update' | 'delete', results: TaskResults): ChangedRows {
  let matched = 0;
  let changed = 0;
  for (const steps of results) {
    changed += steps.at(-1)?.changes ?? 0;
    if (kind === 'update') matched += Number(steps[0]?.rows[0]?.[0] ?? 0);
  }
  return { matched: kind === 'update' ? matched : changed, changed };
}

/**
 * ORDER BY and LIMIT over many partitions: the keys of the rows are picked over all of them, with
 * the partitions locked, and then changed where they are.
 */
async function runPicked(execution: Execution, change: ResolvedChange): Promise<ChangedRows> {
  const run = (inside: Execution) => changePicked(inside, change);
  if (execution.transaction !== null) return run(execution);
  return inOwnTransaction(execution, (transaction) => run({ ...execution, transaction }));
}

async function changePicked(execution: Execution, change: ResolvedChange): Promise<ChangedRows> {
  const keys = keyColumns(change);
  const query = plainSelect({
    items: keys.map((key) => selectItem(key, '', noNames)),
    from: change.from,
    where: change.where,
    orderBy: change.orderBy,
    limit: change.limit,
    forUpdate: true,
  });
  const rows = await rowsOf(execution, query, PICKED_ROWS_MAX + 1);
  if (rows.length > PICKED_ROWS_MAX) {
    const what = `${change.kind.toUpperCase()} of more than ${PICKED_ROWS_MAX} rows by LIMIT`;
    throw databaseError('unsupported', { what });
  }
  let total: ChangedRows = { matched: 0, changed: 0 };
  for (const picked of groupByPartition(execution, change, rows)) {
    const where = pickedRows(keys, picked);
    const done = await runChange(execution, { ...change, where, orderBy: [], limit: null });
    total = { matched: total.matched + done.matched, changed: total.changed + done.changed };
  }
  return total;
}

type KeyColumn = Extract<TypedExpression, { kind: 'column' }>;

function keyColumns({ target }: ResolvedChange): readonly KeyColumn[] {
  const primary = must(target.table.indexes.find((index) => index.kind === 'primary'));
  return primary.parts.map((part) => {
    const { name, type, nullable } = must(
      target.table.columns.find((column) => column.name === part.column),
    );
    return { kind: 'column', relation: target.id, column: name, type, nullable };
  });
}

function groupByPartition(
  execution: Execution,
  change: ResolvedChange,
  rows: readonly Row[],
): readonly (readonly Row[])[] {
  const { partitionCount } = execution.context.catalog.database(change.target.database);
  const keys = keyColumns(change);
  const shardPlaces = change.target.table.shardKey.map((name) =>
    keys.findIndex((key) => key.column === name),
  );
  const types = shardPlaces.map((place) => must(keys[place]).type);
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const slot = slotOf(shardPlaces.map((place) => row[place] ?? null), types);
    const ordinal = partitionOfSlot(slot, partitionCount);
    const group = groups.get(ordinal) ?? [];
    group.push(row);
    groups.set(ordinal, group);
  }
  return [...groups.values()];
}

/** A condition that holds for just these keys. */
function pickedRows(keys: readonly KeyColumn[], rows: readonly Row[]): TypedExpression {
  const [only] = keys;
  const type = { kind: 'integer', bits: 64, unsigned: false } as const;
  if (keys.length === 1 && only !== undefined) {
    const list = rows.map((row) => constant(row[0] ?? null, only.type));
    return { kind: 'in', operand: only, list, negated: false, type, nullable: false };
  }
  const operands = rows.map((row) =>
    conjunction(
      keys.map((key, i) => call('=', [key, constant(row[i] ?? null, key.type)], type)),
    ),
  );
  return { kind: 'or', operands, type, nullable: false };
}
