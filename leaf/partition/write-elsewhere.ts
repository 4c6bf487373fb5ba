// Large writes, in a worker's transaction, with the same order of steps as any other:
//
//     the lock · BEGIN · the writes · changeset → record appended → fdatasync → COMMIT → answers

import type { WriteStep, WriteStepResult } from '#shared/wire/message.ts';
import { must } from '#shared/assert.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { WorkerTransaction } from '#leaf/worker/worker-transaction.ts';
import type { LockClaim } from './write-lock.ts';
import type { PartitionCore } from './partition-core.ts';
import { appendRecord, checkSize, makeVisibleElsewhere, syncPrepare } from './write-transaction.ts';

/** Rows of one task, above which it is long whatever its statement is. */
const ROWS_MAX = 2_000;

/** Would these steps hold up the event loop? */
export function isLong(core: PartitionCore, steps: readonly WriteStep[]): boolean {
  const { environment, costs, file } = core;
  if (environment.workers === null) return false;
  return steps.some((step) => {
    if (step.kind === 'rows') return step.rows.length > ROWS_MAX;
    return costs.of(file.connection, step, file.meta.catalogVersion) === 'long';
  });
}

/** Begins a transaction in a worker. The caller holds the write lock. */
export function beginElsewhere(
  core: PartitionCore,
  foreignKeys: boolean,
): Promise<WorkerTransaction> {
  const how = { foreignKeys, captures: true };
  return must(core.environment.workers).begin(core.workerFile(), how);
}

/** An autocommit write of its own: no group waits for it. */
export async function writeElsewhere(
  core: PartitionCore,
  options: {
    readonly foreignKeys: boolean;
    readonly timeoutMs: number;
    /** Called with the lock held: throws when the plan is outdated. */
    readonly check: () => void;
  },
  steps: readonly WriteStep[],
): Promise<WriteStepResult[]> {
  const { lock, environment, key } = core;
  const startedAt = environment.hybridClock.next();
  const claim: LockClaim = { startedAt, wounds: false, wound: () => undefined };
  await lock.acquire(claim, options.timeoutMs);
  let lsn: LSN | null;
  let results: WriteStepResult[];
  try {
    options.check();
    const worker = await beginElsewhere(core, options.foreignKeys);
    try {
      results = await worker.write(steps);
    } catch (error) {
      await worker.rollback();
      throw error;
    }
    lsn = await commitElsewhere(core, worker);
  } finally {
    lock.release(claim);
  }
  if (lsn !== null) await environment.waitForFollowers(key, lsn);
  return results;
}

/** Commits a worker's transaction as one record; null when nothing has changed. */
export async function commitElsewhere(
  core: PartitionCore,
  worker: WorkerTransaction,
): Promise<LSN | null> {
  const changeset = await takeChanges(worker);
  if (changeset.length === 0) {
    await worker.rollback();
    return null;
  }
  const record = await appendElsewhere(core, worker, { kind: 'rows', changeset });
  await makeVisibleElsewhere(core, record, worker);
  return record.position.lsn;
}

/** Appends `prepare`, durably; the worker's transaction stays open until the verdict. */
export async function prepareElsewhere(
  core: PartitionCore,
  worker: WorkerTransaction,
  { transactionId, participants }: { transactionId: string; participants: readonly number[] },
): Promise<void> {
  const changeset = await takeChanges(worker);
  const payload = { kind: 'prepare', transactionId, participants, changeset } as const;
  await appendElsewhere(core, worker, payload);
  await syncPrepare(core);
}

async function takeChanges(worker: WorkerTransaction): Promise<Uint8Array> {
  try {
    const changeset = await worker.changes();
    checkSize(changeset);
    return changeset;
  } catch (error) {
    await worker.rollback();
    throw error;
  }
}

/** Appends a record of what a worker holds; undoes that if it cannot. */
export async function appendElsewhere(
  core: PartitionCore,
  worker: WorkerTransaction,
  payload: Parameters<typeof appendRecord>[1],
): Promise<ReturnType<typeof appendRecord>> {
  try {
    return appendRecord(core, payload);
  } catch (error) {
    await worker.rollback();
    throw error;
  }
}
