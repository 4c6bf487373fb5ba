// Short reads of several partitions on leaves elsewhere: one message to each leaf for all its
// partitions, and one back. They are as of one moment in the way of read-together.ts.

import type { ReadTask } from '#aggregator/planner/plan.ts';
import { leafOfPartition } from '#aggregator/transaction/partition-client.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { LeafService } from '#shared/wire/message.ts';
import type { PacketFormat } from '#shared/wire/packet-batch.ts';
import type { PartRead } from '#shared/wire/read-together.ts';
import type { Execution } from './execution.ts';
import { ordinalsOf } from './read-partition.ts';
import { isTorn, tornTransactions, WINDOW_MS } from './read-together.ts';
import { bindFragment } from './statement-values.ts';

/**
 * What each partition has, in their order. Null where the task is to go the long way: a leaf is in
 * this process, the transaction has rows there, a read is not short, or the snapshots do not fit.
 */
export async function readLeaves(
  execution: Execution,
  task: ReadTask,
  format: PacketFormat | null,
): Promise<readonly PartRead[] | null> {
  const ordinals = ordinalsOf(execution, task);
  const leaves = farLeaves(execution, task, ordinals);
  if (leaves === null) return null;
  const { clock } = execution.context;
  const startedMs = clock.monotonicMs();
  const mayTear = isTorn(execution, task, ordinals);
  const request = {
    database: task.database,
    catalogVersion: task.catalogVersion,
    statement: bindFragment(task.statement, execution.values),
    columns: task.columns,
    mayLimit: task.mayLimit === true,
    lockWaitTimeoutMs: execution.lockWaitTimeoutMs,
    together: { windowMs: mayTear ? WINDOW_MS : 0, about: [] },
    format,
  };
  const parts = await askLeaves(execution, leaves, request);
  if (parts === null) return null;
  if (mayTear) {
    const opened = [...parts].map(([ordinal, part]) => ({ ordinal, seen: part.opened.seen }));
    const isLate = clock.monotonicMs() - startedMs >= WINDOW_MS;
    if (isLate || tornTransactions(opened).length > 0) return null;
  }
  return ordinals.map((ordinal) => must(parts.get(ordinal)));
}

type Request = Parameters<typeof askLeaf>[1];

async function askLeaves(
  { signal }: Execution,
  leaves: ReadonlyMap<LeafService, readonly number[]>,
  request: Omit<Request, 'ordinals'>,
): Promise<ReadonlyMap<number, PartRead> | null> {
  const asked = [...leaves].map(([leaf, ordinals]) =>
    askLeaf(leaf, { ...request, ordinals }, signal),
  );
  const found = new Map<number, PartRead>();
  let isWhole = true;
  for (const { ordinals, parts } of await Promise.all(asked)) {
    if (parts?.length !== ordinals.length) isWhole = false;
    else ordinals.forEach((ordinal, i) => found.set(ordinal, must(parts[i])));
  }
  return isWhole ? found : null;
}

async function askLeaf(
  leaf: LeafService,
  request: Parameters<typeof leaf.call<'readTogether'>>[1],
  signal: AbortSignal,
): Promise<{ readonly ordinals: readonly number[]; readonly parts: readonly PartRead[] | null }> {
  try {
    const { parts } = await leaf.call('readTogether', request, signal);
    return { ordinals: request.ordinals, parts };
  } catch (error) {
    if (signal.aborted) throw databaseError('queryInterrupted', {}, error);
    throw error;
  }
}

/** The leaves and their partitions; null where one is in this process, or is not to be asked. */
function farLeaves(
  { context, transaction }: Execution,
  task: ReadTask,
  ordinals: readonly number[],
): ReadonlyMap<LeafService, readonly number[]> | null {
  if (task.forUpdate) return null;
  const leaves = new Map<LeafService, number[]>();
  for (const ordinal of ordinals) {
    const key = { database: task.database, ordinal };
    if (transaction !== null && transaction.takesPart(key)) return null;
    const leaf = leafOfPartition(context, key);
    if (leaf.readNow !== undefined) return null;
    const others = leaves.get(leaf);
    if (others === undefined) leaves.set(leaf, [ordinal]);
    else others.push(ordinal);
  }
  return leaves;
}
