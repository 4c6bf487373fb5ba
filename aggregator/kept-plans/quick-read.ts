// The short way of a query that one partition answers: its rows are written where they are, as the
// client reads them, and never looked at here.

import { bindFragment } from '#aggregator/executor/statement-values.ts';
import { ordinalsOf } from '#aggregator/executor/read-partition.ts';
import type { ReadTask } from '#aggregator/planner/plan.ts';
import type { StatementRun } from '#aggregator/run-statement.ts';
import { createExecution } from '#aggregator/statement-environment.ts';
import type { ResultColumn } from '#aggregator/statement-result.ts';
import { openImplicitly } from '#aggregator/statement-traces.ts';
import { leafOfPartition } from '#aggregator/transaction/partition-client.ts';
import { DatabaseError } from '#shared/error.ts';
import type { PacketAnswer, PacketFormat } from '#shared/wire/packet-batch.ts';
import type { KeptPlan } from './kept-plan.ts';
import type { KeptStatements } from './kept-statements.ts';

/** The rows of a query as packets. */
export interface PacketsResult {
  readonly columns: readonly ResultColumn[];
  readonly answer: PacketAnswer;
}

export interface QuickRead {
  readonly run: StatementRun;
  readonly kept: KeptStatements;
  readonly text: string;
  readonly format: PacketFormat;
}

/**
 * Null, at once or later, where the statement is to go the long way: nothing has happened then.
 * Throws, or rejects with, what the statement fails with.
 */
export function quickRead(quick: QuickRead): PacketsResult | Promise<PacketsResult | null> | null {
  const { run, kept, text } = quick;
  const { parts, session } = run;
  const candidate = kept.candidate(session, text, run.parameters);
  if (candidate === null) return null;
  const plan = kept.known(session, candidate);
  const task = plan === null ? null : quickTask(plan);
  if (plan === null || task === null || plan.body.kind !== 'query') return null;
  const execution = createExecution(parts, session, candidate.literals);
  const [ordinal, second] = ordinalsOf(execution, task);
  if (ordinal === undefined || second !== undefined) return null;
  const key = { database: task.database, ordinal };
  if (execution.transaction !== null && execution.transaction.takesPart(key)) return null;
  const leaf = leafOfPartition(parts.context, key);
  if (leaf.readPackets === undefined) return null;
  session.warnings = [];
  openImplicitly(parts.transactions, session, plan.statement);
  const request = {
    key,
    catalogVersion: task.catalogVersion,
    transaction: null,
    statement: bindFragment(task.statement, execution.values),
    columns: task.columns,
    forUpdate: false,
    lockWaitTimeoutMs: execution.lockWaitTimeoutMs,
    mayLimit: task.mayLimit,
    format: quick.format,
  };
  const { columns } = plan.body.plan;
  session.rowCount = -1;
  try {
    const answer = leaf.readPackets(request, session.signal);
    if (answer instanceof Promise) return later(columns, answer);
    return { columns, answer };
  } catch (error) {
    if (isStale(error)) return null;
    throw error;
  }
}

/** The task of a plan that is one read and no more. */
function quickTask({ body }: KeptPlan): ReadTask | null {
  if (body.kind !== 'query' || body.plan.rows.kind !== 'read') return null;
  const { task } = body.plan.rows;
  return task.forUpdate || task.target.kind === 'all' ? null : task;
}

async function later(
  columns: readonly ResultColumn[],
  answer: Promise<PacketAnswer>,
): Promise<PacketsResult | null> {
  try {
    return { columns, answer: await answer };
  } catch (error) {
    if (isStale(error)) return null;
    throw error;
  }
}

/** The schema has moved on: the long way plans anew. */
function isStale(error: unknown): boolean {
  return error instanceof DatabaseError && error.is('catalogMismatch');
}
