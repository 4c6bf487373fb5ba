// Reads one partition's answer to a task.

import { leafOfPartition } from '#aggregator/transaction/partition-client.ts';
import type { ReadTask } from '#aggregator/planner/plan.ts';
import { routeOrdinals } from '#aggregator/planner/route.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import type { RowBatch, Together } from '#shared/wire/message.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import type { Execution, RowBatches } from './execution.ts';
import { bindFragment } from './statement-values.ts';

/** The rows of partition `ordinal`. Ending the iteration early closes the leaf's stream. */
export async function* readPartition(
  execution: Execution,
  task: ReadTask,
  ordinal: number,
): RowBatches {
  for await (const batch of openPartition(execution, task, { ordinal })) yield rowsOfBatch(batch);
}

/** As readPartition, the batches as they come; with `together` as one of several reads. */
export async function* openPartition(
  execution: Execution,
  task: ReadTask,
  { ordinal, together }: { readonly ordinal: number; readonly together?: Together },
): AsyncGenerator<RowBatch, void, undefined> {
  const { transaction, signal } = execution;
  const key = { database: task.database, ordinal };
  const forUpdate = task.forUpdate && transaction !== null;
  const tag = forUpdate
    ? await transaction.tagForLock(key)
    : (transaction?.tagForRead(key) ?? null);
  const leaf = leafOfPartition(execution.context, key);
  const request = {
    key,
    catalogVersion: task.catalogVersion,
    transaction: tag,
    statement: bindFragment(task.statement, execution.values),
    columns: task.columns,
    forUpdate,
    lockWaitTimeoutMs: execution.lockWaitTimeoutMs,
    ...(together === undefined ? {} : { together }),
  };
  try {
    for await (const batch of leaf.stream('read', request, signal)) {
      if (signal.aborted) throw databaseError('queryInterrupted', {});
      yield batch;
    }
    // A stream that was told to stop ends like one that is complete.
    if (signal.aborted) throw databaseError('queryInterrupted', {});
  } catch (error) {
    if (signal.aborted) throw databaseError('queryInterrupted', {}, error);
    if (tag !== null) await transaction?.readFailed(key, tag, error);
    throw error;
  }
}

/** The ordinals that a task goes to. */
export function ordinalsOf(execution: Execution, task: ReadTask): readonly number[] {
  const { route } = task.target;
  const { literals } = execution.values;
  if (route !== undefined && literals !== null) {
    const { partitionCount } = execution.context.catalog.database(task.database);
    return routeOrdinals(route, literals, partitionCount);
  }
  switch (task.target.kind) {
    case 'one':
      return [task.target.ordinal];
    case 'some':
      return task.target.ordinals;
    case 'all': {
      const { placements } = execution.context.catalog.database(task.database);
      return placements
        .map(({ ordinal }) => ordinal)
        .filter((ordinal) => ordinal !== REFERENCE_ORDINAL)
        .sort((a, b) => a - b);
    }
  }
}
