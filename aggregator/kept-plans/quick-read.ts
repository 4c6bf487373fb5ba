// The short way of a query that one partition answers: its rows are written where they are, as the
// client reads them, and never looked at here. A change of rows has none but its kept plan.

import type { Execution } from '#aggregator/executor/execution.ts';
import { readLeaves } from '#aggregator/executor/read-leaves.ts';
import { nearReads } from '#aggregator/executor/read-now.ts';
import { bindFragment } from '#aggregator/executor/statement-values.ts';
import { ordinalsOf } from '#aggregator/executor/read-partition.ts';
import type { ReadTask } from '#aggregator/planner/plan.ts';
import type { StatementRun } from '#aggregator/run-statement.ts';
import { createExecution } from '#aggregator/statement-environment.ts';
import type { ResultColumn, StatementResult } from '#aggregator/statement-result.ts';
import { openImplicitly } from '#aggregator/statement-traces.ts';
import { leafOfPartition } from '#aggregator/transaction/partition-client.ts';
import { DatabaseError } from '#shared/error.ts';
import type { LeafService, LeafStreams } from '#shared/wire/message.ts';
import type { PacketAnswer, PacketBatch, PacketFormat } from '#shared/wire/packet-batch.ts';
import type { KeptPlan } from './kept-plan.ts';
import type { KeptCandidate, KeptStatements } from './kept-statements.ts';

/** The rows of a query as packets. */
export interface PacketsResult {
  readonly kind: 'packets';
  readonly columns: readonly ResultColumn[];
  readonly answer: PacketAnswer;
}

/** What the short way answers. */
export type QuickResult = PacketsResult | StatementResult;

export interface QuickRead {
  readonly run: StatementRun;
  readonly kept: KeptStatements;
  readonly text: string;
  readonly format: PacketFormat;
  /** Runs a change of rows by the plan that is kept of it. */
  readonly change: (candidate: KeptCandidate, plan: KeptPlan) => Promise<StatementResult>;
}

/**
 * Null, at once or later, where the statement is to go the long way: nothing has happened then.
 * Throws, or rejects with, what the statement fails with.
 */
export function quickRead(quick: QuickRead): QuickResult | Promise<QuickResult | null> | null {
  const { run, kept, text } = quick;
  const { session } = run;
  const candidate = kept.candidate(session, text, run.parameters);
  const plan = candidate === null ? null : kept.known(session, candidate);
  if (candidate === null || plan === null) return null;
  if (plan.body.kind !== 'query') return quick.change(candidate, plan);
  return readPlan(quick, candidate, plan);
}

function readPlan(
  quick: QuickRead,
  candidate: KeptCandidate,
  plan: KeptPlan,
): PacketsResult | Promise<PacketsResult | null> | null {
  const { run, kept } = quick;
  const { parts, session } = run;
  const task = quickTask(plan);
  if (task === null || plan.body.kind !== 'query') return null;
  const execution = createExecution(parts, session, candidate.literals);
  const { columns } = plan.body.plan;
  const format = kept.formats.of(quick.format);
  const [ordinal, second] = ordinalsOf(execution, task);
  if (ordinal === undefined) return null;
  if (second !== undefined) {
    const answer = readParts(execution, task, format);
    if (answer === null) return farParts(quick, plan, { execution, task, columns, format });
    noteRun(run, plan);
    return { kind: 'packets', columns, answer };
  }
  const key = { database: task.database, ordinal };
  if (execution.transaction !== null && execution.transaction.takesPart(key)) return null;
  const leaf = leafOfPartition(parts.context, key);
  if (leaf.readPackets === undefined) return null;
  noteRun(run, plan);
  const request = {
    key,
    catalogVersion: task.catalogVersion,
    transaction: null,
    statement: bindFragment(task.statement, execution.values),
    columns: task.columns,
    forUpdate: false,
    lockWaitTimeoutMs: execution.lockWaitTimeoutMs,
    mayLimit: task.mayLimit,
    format,
  };
  try {
    const answer = leaf.readPackets(request, session.signal);
    if (answer instanceof Promise) return later(columns, answer);
    return { kind: 'packets', columns, answer };
  } catch (error) {
    if (isStale(error)) return null;
    throw error;
  }
}

/** What the statement leaves behind in its session. */
function noteRun({ parts, session }: StatementRun, { statement }: KeptPlan): void {
  session.warnings = [];
  parts.counts.note(statement);
  session.rowCount = -1;
  openImplicitly(parts.transactions, session, statement);
}

/** The parts of several partitions, all of which are near and short; else null. */
function readParts(
  execution: Execution,
  task: ReadTask,
  format: PacketFormat,
): PacketAnswer | null {
  const reads = nearReads(execution, task);
  if (reads === null) return null;
  const parts: Uint8Array[] = [];
  let count = 0;
  for (const { leaf, request } of reads) {
    const answer = answerNow(leaf, { ...request, format });
    if (answer === null) return null;
    // The bytes hold until the leaf is asked again.
    parts.push(Uint8Array.from(answer.packets));
    count += answer.count;
  }
  return { first: { packets: Buffer.concat(parts), count }, rest: null };
}

/** The parts of several partitions on leaves elsewhere, all of which are short; else null. */
async function farParts(
  { run }: QuickRead,
  plan: KeptPlan,
  read: {
    readonly execution: Execution;
    readonly task: ReadTask;
    readonly columns: readonly ResultColumn[];
    readonly format: PacketFormat;
  },
): Promise<PacketsResult | null> {
  try {
    const parts = await readLeaves(read.execution, read.task, read.format);
    if (parts === null) return null;
    noteRun(run, plan);
    const batches = parts.flatMap((part) => (part.kind === 'packets' ? [part] : []));
    const packets = Buffer.concat(batches.map((batch) => batch.packets));
    const count = batches.reduce((sum, batch) => sum + batch.count, 0);
    const answer = { first: { packets, count }, rest: null };
    return { kind: 'packets', columns: read.columns, answer };
  } catch (error) {
    if (isStale(error)) return null;
    throw error;
  }
}

/** Null where the leaf does not answer at once, or the schema has moved on. */
function answerNow(
  leaf: LeafService,
  request: LeafStreams['readPackets']['request'],
): PacketBatch | null {
  try {
    return leaf.readPacketsNow?.(request) ?? null;
  } catch (error) {
    if (isStale(error)) return null;
    throw error;
  }
}

/** The task of a plan that is one read and no more. */
function quickTask({ body }: KeptPlan): ReadTask | null {
  if (body.kind !== 'query' || body.plan.rows.kind !== 'read') return null;
  const { task } = body.plan.rows;
  return task.forUpdate ? null : task;
}

async function later(
  columns: readonly ResultColumn[],
  answer: Promise<PacketAnswer>,
): Promise<PacketsResult | null> {
  try {
    return { kind: 'packets', columns, answer: await answer };
  } catch (error) {
    if (isStale(error)) return null;
    throw error;
  }
}

/** The schema has moved on: the long way plans anew. */
function isStale(error: unknown): boolean {
  return error instanceof DatabaseError && error.is('catalogMismatch');
}
