// One read of several partitions as of one moment: a transaction over several of them is seen
// whole or not at all, without a lock and without a clock that all machines share.
//
// 1. Every partition waits for the verdict of what is prepared there, takes a snapshot, and names
//    the shared commits of the last `windowMs` that the snapshot sees.
// 2. A transaction that one snapshot sees and another participant's does not: all over again.
//
// That is enough: a transaction that is seen somewhere, and is older there than the window, was
// decided before this read began. So it was prepared everywhere by then, and every partition has
// waited for it. The window must be longer than it took from the beginning of the read to its last
// snapshot; that is measured, here, on one clock.

import type { ReadTask } from '#aggregator/planner/plan.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { OpenedRead, RowBatch, Together } from '#shared/wire/message.ts';
import { rowCountOf } from '#shared/wire/row-batch.ts';
import { quietly } from './concatenate.ts';
import type { EncodedBatches, Execution } from './execution.ts';
import { openPartition } from './read-partition.ts';
import { inOwnTransaction } from './write-partitions.ts';

/** The first window, in milliseconds. It grows where opening all partitions takes longer. */
export const WINDOW_MS = 250;
/** The leaves remember no more, in milliseconds. */
const WINDOW_MS_MAX = 15_000;
/** After so many snapshots that do not fit together the partitions are locked for a moment. */
const ATTEMPTS_MAX = 8;

/** A partition's read whose snapshot is taken. */
interface Opened {
  readonly ordinal: number;
  readonly batches: AsyncIterator<RowBatch, void, undefined>;
  readonly first: RowBatch;
  readonly seen: OpenedRead['seen'];
  /** When the snapshot was taken at the latest, in monotonic milliseconds. */
  readonly takenMs: number;
}

/** The rows of each partition, in the order of `ordinals`. All of them must be begun. */
export function readTogether(
  execution: Execution,
  task: ReadTask,
  ordinals: readonly number[],
): readonly EncodedBatches[] {
  let opening: Promise<readonly Opened[]> | null = null;
  return ordinals.map(async function* (_, index): EncodedBatches {
    opening ??= quietly(openTogether(execution, task, ordinals));
    const { first, batches } = must((await opening)[index]);
    try {
      if (rowCountOf(first) > 0) yield first;
      for (;;) {
        const next = await batches.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await batches.return?.();
    }
  });
}

/**
 * True where reads of each partition by itself might see a transaction in one and miss it in
 * another. Locked partitions keep still; a secondary's are each as far as their links have come.
 */
export function isTorn(
  { context, transaction }: Execution,
  task: ReadTask,
  ordinals: readonly number[],
): boolean {
  if (ordinals.length < 2 || (task.forUpdate && transaction !== null)) return false;
  return context.catalog.database(task.database).role === 'primary';
}

async function openTogether(
  execution: Execution,
  task: ReadTask,
  ordinals: readonly number[],
): Promise<readonly Opened[]> {
  const { clock } = execution.context;
  let together: Together = { windowMs: WINDOW_MS, about: [] };
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const startedMs = clock.monotonicMs();
    const opened = await openAll(execution, task, { ordinals, together });
    const tookMs = Math.max(...opened.map(({ takenMs }) => takenMs)) - startedMs;
    const about = tornTransactions(opened);
    if (about.length === 0 && tookMs < together.windowMs) return opened;
    await closeOpened(opened);
    const windowMs = Math.max(WINDOW_MS, Math.min(Math.ceil(4 * tookMs), WINDOW_MS_MAX));
    together = { windowMs, about };
  }
  return openLocked(execution, task, ordinals);
}

/** Nothing is committed between the snapshots, which are taken under all the locks. */
async function openLocked(
  execution: Execution,
  task: ReadTask,
  ordinals: readonly number[],
): Promise<readonly Opened[]> {
  const { database } = task;
  const own = execution.transaction;
  const strange = ordinals.filter((ordinal) => own?.takesPart({ database, ordinal }) !== true);
  return inOwnTransaction(
    execution,
    async (transaction) => {
      const locks = strange.map((ordinal) => {
        return transaction.lock({ database, ordinal }, execution.lockWaitTimeoutMs);
      });
      await Promise.all(locks);
      return openAll(execution, task, { ordinals, together: { windowMs: 0, about: [] } });
    },
    own === null ? {} : { age: own.startedAt },
  );
}

/** All of them, or none is left open. */
async function openAll(
  execution: Execution,
  task: ReadTask,
  reads: { readonly ordinals: readonly number[]; readonly together: Together },
): Promise<readonly Opened[]> {
  const { ordinals, together } = reads;
  const settled = await Promise.allSettled(
    ordinals.map((ordinal) => open(execution, task, { ordinal, together })),
  );
  const opened = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed === undefined) return opened;
  await closeOpened(opened);
  throw failed.reason;
}

async function open(
  execution: Execution,
  task: ReadTask,
  read: { readonly ordinal: number; readonly together: Together },
): Promise<Opened> {
  const batches = openPartition(execution, task, read);
  const { value: first } = await batches.next();
  const opened = first?.opened;
  if (first === undefined || opened === undefined) {
    throw databaseError('internal', { reason: 'a leaf does not say what its snapshot sees' });
  }
  const takenMs = execution.context.clock.monotonicMs() - opened.agoMs;
  return { ordinal: read.ordinal, batches, first, seen: opened.seen, takenMs };
}

/** Those that one snapshot sees, and the snapshot of another of their participants does not. */
export function tornTransactions(
  opened: readonly Pick<Opened, 'ordinal' | 'seen'>[],
): readonly string[] {
  const seenAt = new Map<string, Set<number>>();
  const participants = new Map<string, readonly number[]>();
  for (const { ordinal, seen } of opened) {
    for (const commit of seen) {
      const { transactionId } = commit;
      const places = seenAt.get(transactionId) ?? new Set();
      seenAt.set(transactionId, places.add(ordinal));
      // One that was asked about, and is long gone, comes without them.
      if (commit.participants.length > 0) participants.set(transactionId, commit.participants);
    }
  }
  const read = new Set(opened.map(({ ordinal }) => ordinal));
  return [...participants]
    .filter(([transactionId, all]) => {
      const places = must(seenAt.get(transactionId));
      return all.some((ordinal) => read.has(ordinal) && !places.has(ordinal));
    })
    .map(([transactionId]) => transactionId);
}

async function closeOpened(opened: readonly Opened[]): Promise<void> {
  await Promise.allSettled(opened.map(({ batches }) => batches.return?.()));
}
