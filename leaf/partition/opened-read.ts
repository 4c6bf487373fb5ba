// A read that is one of several over other partitions: it waits for what is prepared here, and
// says with its first rows what its snapshot sees.

import { databaseError } from '#shared/error.ts';
import type { OpenedRead, RowBatch, Together } from '#shared/wire/message.ts';
import type { PartitionCore } from './partition-core.ts';
import type { Transactions } from './transactions.ts';

/**
 * Whatever was committed elsewhere before the read came is visible here from now on. Throws
 * lockWaitTimeout.
 */
export async function readyForRead(
  { shared, environment }: PartitionCore,
  transactions: Transactions,
  { together, lockWaitTimeoutMs }: { together?: Together; readonly lockWaitTimeoutMs: number },
): Promise<void> {
  if (together === undefined) return;
  const waitMs = shared.knowsInMs(together);
  if (waitMs > 0) await environment.clock.sleep(waitMs);
  if (transactions.preparedGone === null) return;
  const late = Promise.withResolvers<never>();
  const timer = environment.clock.after(lockWaitTimeoutMs, () => {
    late.reject(databaseError('lockWaitTimeout', {}));
  });
  try {
    for (let gone = transactions.preparedGone; gone !== null; gone = transactions.preparedGone) {
      await Promise.race([gone, late.promise]);
    }
  } finally {
    timer.cancel();
  }
}

/**
 * What a snapshot that has just been taken, and whose newest record is `newest`, tells with its
 * first rows; null for a read that stands alone.
 */
export function openedRead(
  core: PartitionCore,
  { together }: { readonly together?: Together },
  newest = core.file.meta.applied.lsn,
): (() => OpenedRead) | null {
  if (together === undefined) return null;
  const { clock } = core.environment;
  const openedMs = clock.monotonicMs();
  const seen = core.shared.seenAt(newest, together);
  return () => ({ seen, agoMs: clock.monotonicMs() - openedMs });
}

/** The batches, the first of which says what was opened; there is one at the least then. */
export async function* tellOpened(
  batches: AsyncGenerator<RowBatch, void, undefined>,
  opened: (() => OpenedRead) | null,
): AsyncGenerator<RowBatch, void, undefined> {
  if (opened !== null) {
    const first = await batches.next();
    yield { ...(first.done === true ? { rows: [] } : first.value), opened: opened() };
  }
  yield* batches;
}
