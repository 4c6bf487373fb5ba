// Write tasks to their partitions: all of a statement's tasks happen, or none.

import { leafOfPartition, writeAt } from '#aggregator/transaction/partition-client.ts';
import type { PartitionWrites, TaskResults } from '#aggregator/transaction/partition-writes.ts';
import type { Transaction } from '#aggregator/transaction/transaction.ts';
import { PATIENCE_MS } from '#aggregator/transaction/write-groups.ts';
import { DatabaseError } from '#shared/error.ts';
import type { Execution } from './execution.ts';

/** How often an autocommit statement over several partitions gives way to older transactions. */
const DEADLOCK_RETRIES_MAX = 50;

/** The longest pause before it tries again, in milliseconds. */
const DEADLOCK_PAUSE_MS_MAX = 50;

/** A task of more rows than these may take a while. */
export const SHORT_ROWS_MAX = 1000;

/** The results of each task, in the order of the tasks. */
export async function writePartitions(
  execution: Execution,
  writes: PartitionWrites,
): Promise<TaskResults> {
  if (execution.transaction !== null) {
    return writeInTransaction(execution, execution.transaction, writes);
  }
  const { tasks } = writes;
  if (tasks.length === 0) return [];
  // A transaction can be ended from here; a task by itself cannot.
  if (tasks.length === 1 && !writes.mayBeLong) {
    const [request] = requestsOf(execution, writes);
    if (request === undefined) return [];
    const leaf = leafOfPartition(execution.context, request.key);
    return [(await writeAt(leaf, { ...request, transaction: null })).results];
  }
  const alone = (): Promise<TaskResults> =>
    inOwnTransaction(execution, (own) => writeInTransaction(execution, own, writes));
  if (writes.mayBeLong) return alone();
  const { signal, foreignKeyChecks } = execution;
  return execution.transactions.groups.submit({
    writes,
    signal,
    foreignKeyChecks,
    alone,
    together: (all, end) => {
      const lockWaitTimeoutMs = Math.min(execution.lockWaitTimeoutMs, PATIENCE_MS);
      return writeTogether({ ...execution, signal: end, lockWaitTimeoutMs }, all);
    },
  });
}

/** Null, and nothing has happened, where it cannot be written. Throws commitUnknown. */
async function writeTogether(
  execution: Execution,
  writes: PartitionWrites,
): Promise<TaskResults | null> {
  const transaction = execution.transactions.begin();
  try {
    const results = await writeInTransaction(execution, transaction, writes);
    await transaction.commit();
    return results;
  } catch (error) {
    await transaction.rollback();
    // Any other error has aborted the transaction.
    if (!(error instanceof DatabaseError) || error.is('commitUnknown')) throw error;
    return null;
  }
}

/**
 * Runs `action` in a transaction of its own and commits it. A deadlock is no news for the client
 * of an autocommit statement: it is tried again with its old age, so that it wins in the end.
 * `age` is that of the transaction for which it is done, if there is one; `mayRepeat` is asked
 * before another attempt.
 */
export async function inOwnTransaction<T>(
  execution: Execution,
  action: (transaction: Transaction) => Promise<T>,
  options: { readonly age?: bigint; readonly mayRepeat?: () => boolean } = {},
): Promise<T> {
  const { clock } = execution.context;
  const { mayRepeat = () => true } = options;
  const forgetWarnings = execution.markWarnings();
  let startedAt = options.age;
  for (let attempt = 0; ; attempt += 1) {
    const transaction = execution.transactions.begin(startedAt === undefined ? {} : { startedAt });
    startedAt = transaction.startedAt;
    try {
      const result = await action(transaction);
      await transaction.commit();
      return result;
    } catch (error) {
      await transaction.rollback();
      const isDeadlock = isDeadlocked(error) && mayRepeat();
      if (!isDeadlock || attempt >= DEADLOCK_RETRIES_MAX || execution.signal.aborted) throw error;
      forgetWarnings();
    }
    await clock.sleep(1 + clock.random(Math.min(2 ** attempt, DEADLOCK_PAUSE_MS_MAX)));
  }
}

/** All tasks at once; if one fails, those that succeeded are taken back. */
export async function writeInTransaction(
  execution: Execution,
  transaction: Transaction,
  writes: PartitionWrites,
): Promise<TaskResults> {
  const requests = requestsOf(execution, writes);
  const settled = await Promise.allSettled(
    requests.map((request) => transaction.write(request, execution.signal)),
  );
  const failures = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  if (failures.length === 0) {
    return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value.results] : []));
  }
  const done = requests.filter((_, i) => settled[i]?.status === 'fulfilled');
  await transaction.undoLastWrite(done.map(({ key }) => key));
  throw failures.find(isDeadlocked) ?? failures[0];
}

/** The transaction is gone, and nothing of it has happened: another attempt may succeed. */
function isDeadlocked(error: unknown): boolean {
  return error instanceof DatabaseError && error.is('deadlock', 'transactionLost');
}

function requestsOf(execution: Execution, writes: PartitionWrites) {
  const { lockWaitTimeoutMs, foreignKeyChecks } = execution;
  const { database, catalogVersion, tasks, isPart = false } = writes;
  const part = isPart ? { isPart } : {};
  return tasks.map(({ ordinal, steps }) => ({
    key: { database, ordinal },
    catalogVersion,
    steps,
    lockWaitTimeoutMs,
    foreignKeyChecks,
    ...part,
  }));
}
