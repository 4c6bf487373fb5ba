// Carries out an UPDATE or DELETE and counts its rows.

import { planChange } from '#aggregator/planner/change-planner.ts';
import { targetOrdinals, type ChangePlan, type PlannedStep } from '#aggregator/planner/plan.ts';
import type { ResolvedChange } from '#aggregator/planner/resolve-change.ts';
import type { TaskResults } from '#aggregator/transaction/partition-writes.ts';
import { must } from '#shared/assert.ts';
import type { WriteStep } from '#shared/wire/message.ts';
import { changePickedRows, greatest, type ChangedRows } from './change-picked-rows.ts';
import { ownReferences, type Execution } from './execution.ts';
import { inlineSubqueries } from './inline-subqueries.ts';
import { bindFragment } from './statement-values.ts';
import { writePartitions } from './write-partitions.ts';

/**
 * Partition by partition where that can be; else subqueries are run first; else the rows are
 * picked here and changed where they are. Of several tables they are always picked.
 */
export async function runChanges(
  execution: Execution,
  changes: readonly ResolvedChange[],
): Promise<ChangedRows> {
  const [first, ...others] = changes;
  if (others.length === 0) return runChange(execution, must(first));
  const inlined: ResolvedChange[] = [];
  for (const change of changes) inlined.push(await withoutSubqueries(execution, change));
  return changePickedRows(execution, inlined);
}

async function runChange(execution: Execution, change: ResolvedChange): Promise<ChangedRows> {
  const { catalog } = execution.context;
  const planned = planChange(change, catalog, ownReferences(execution));
  if (planned.kind === 'change') return runPlan(execution, planned);
  const inlined = await withoutSubqueries(execution, change);
  const again = planChange(inlined, catalog, ownReferences(execution));
  if (again.kind === 'change') return runPlan(execution, again);
  return changePickedRows(execution, [inlined]);
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

/** Carries out a plan for the literals of this run. */
export async function runPlan(execution: Execution, plan: ChangePlan): Promise<ChangedRows> {
  const { partitionCount } = execution.context.catalog.database(plan.database);
  const steps = plan.steps.map((step) => bindStep(execution, step));
  const ordinals = targetOrdinals(plan.target, partitionCount, execution.values.literals);
  const results = await writePartitions(execution, {
    database: plan.database,
    catalogVersion: plan.catalogVersion,
    tasks: ordinals.map((ordinal) => ({ ordinal, steps })),
    mayBeLong: !plan.isByKey,
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
  const lastInsertId = greatest(results.map(([first]) => first?.rows[0]?.[1] ?? null));
  return { matched: kind === 'update' ? matched : changed, changed, lastInsertId };
}
