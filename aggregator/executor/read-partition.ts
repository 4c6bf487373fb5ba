// Reads one partition's answer to a task.

import { leafOfPartition } from '#aggregator/transaction/partition-client.ts';
import type { ReadTask } from '#aggregator/planner/plan.ts';
import type { RowLock } from '#aggregator/planner/resolved-query.ts';
import type { Transaction } from '#aggregator/transaction/transaction.ts';
import { routeOrdinals } from '#aggregator/planner/route.ts';
import { REFERENCE_ORDINAL, type PartitionKey } from '#shared/cluster/topology.ts';
import { DatabaseError, databaseError } from '#shared/error.ts';
import type { RowBatch, Together, TransactionTag } from '#shared/wire/message.ts';
import type { Execution } from './execution.ts';
import { bindFragment } from './statement-values.ts';

/** NOWAIT and SKIP LOCKED wait this long for somebody who is about to let go, in milliseconds. */
const MOMENT_MS = 5;

/**
 * The rows of partition `ordinal`; with `together` as one of several reads. Ending the iteration
 * early closes the leaf's stream.
 */
export async function* openPartition(
  execution: Execution,
  task: ReadTask,
  { ordinal, together }: { readonly ordinal: number; readonly together?: Together },
): AsyncGenerator<RowBatch, void, undefined> {
  const { transaction, signal } = execution;
  const key = { database: task.database, ordinal };
  // Outside of a transaction a lock would be gone before anybody could use it.
  const lock = transaction === null ? false : task.forUpdate;
  const lockWaitTimeoutMs =
    lock === 'nowait' || lock === 'skip locked' ? MOMENT_MS : execution.lockWaitTimeoutMs;
  let tag: TransactionTag | null = null;
  // A leaf that waits for the lock is told; its answer then comes at once.
  const giveUp = (): void => {
    if (tag !== null) void transaction?.readGivenUp({ key, joined: tag.joined });
  };
  try {
    tag = await tagOf(transaction, { key, lock, lockWaitTimeoutMs });
    if (lock !== false) signal.addEventListener('abort', giveUp, { once: true });
    const request = {
      key,
      catalogVersion: task.catalogVersion,
      transaction: tag,
      statement: bindFragment(task.statement, execution.values),
      columns: task.columns,
      forUpdate: lock !== false,
      lockWaitTimeoutMs,
      ...(together === undefined ? {} : { together }),
    };
    const leaf = leafOfPartition(execution.context, key);
    for await (const batch of leaf.stream('read', request, signal)) {
      if (signal.aborted) throw databaseError('queryInterrupted', {});
      if (tag !== null) transaction?.readAnswered(key);
      yield batch;
    }
    if (tag !== null) transaction?.readAnswered(key);
    // A stream that was told to stop ends like one that is complete.
    if (signal.aborted) throw databaseError('queryInterrupted', {});
  } catch (error) {
    if (signal.aborted) throw databaseError('queryInterrupted', {}, error);
    if (tag !== null) await transaction?.readFailed(key, tag, error);
    const isLocked = error instanceof DatabaseError && error.is('lockWaitTimeout');
    if (isLocked && lock === 'skip locked') return;
    throw isLocked && lock === 'nowait' ? databaseError('lockNotFree', {}, error) : error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

async function tagOf(
  transaction: Transaction | null,
  wanted: {
    readonly key: PartitionKey;
    readonly lock: RowLock;
    readonly lockWaitTimeoutMs: number;
  },
): Promise<TransactionTag | null> {
  const { key, lock, lockWaitTimeoutMs } = wanted;
  if (transaction === null) return null;
  if (lock === false) return transaction.tagForRead(key);
  return transaction.tagForLock(key, lockWaitTimeoutMs);
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
