// Large writes, in a worker's transaction, with the same order of steps as any other:
//
//     the lock · BEGIN · the writes · changeset → record appended → fdatasync → COMMIT → answers

import type { WriteStep, WriteStepResult } from '#shared/wire/message.ts';
import { must } from '#shared/assert.ts';
import { recordPosition } from '#shared/log/log-frame.ts';
import type { LogPayload } from '#shared/log/log-record.ts';
import { decodeHead, encodeHead, LONG_BODY_BYTES, PIECE_BYTES } from '#shared/log/long-frame.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { LogPlace } from '#leaf/log/long-place.ts';
import type { WorkerTransaction } from '#leaf/worker/worker-transaction.ts';
import { patientClaim } from '#shared/lock-claim.ts';
import type { PartitionCore } from './partition-core.ts';
import type { AppendedRecord } from './state-file.ts';
import { appendRecord, checkSize, makeVisibleElsewhere, syncPrepare } from './write-transaction.ts';

const NO_BYTES = new Uint8Array(0);

/** Rows and statements of one task, above which it is long whatever they are. */
const ROWS_MAX = 2_000;

/** A write task as a whole, or a part of it. */
export interface WriteTask {
  readonly steps: readonly WriteStep[];
  readonly isPart?: boolean;
}

/** Would this task hold up the event loop? */
export function isLong(core: PartitionCore, { steps, isPart = false }: WriteTask): boolean {
  const { environment, costs, file } = core;
  if (environment.workers === null) return false;
  if (isPart) return true;
  let count = 0;
  for (const step of steps) {
    count += step.kind === 'rows' ? step.rows.length : 1;
    if (count > ROWS_MAX) return true;
    if (step.kind === 'rows') continue;
    if (costs.of(file.connection, step, file.meta.catalogVersion) === 'long') return true;
  }
  return false;
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
  const claim = patientClaim(environment.hybridClock.next());
  await lock.acquire(claim, options.timeoutMs);
  let lsn: LSN | null;
  let results: WriteStepResult[];
  try {
    options.check();
    const worker = await beginElsewhere(core, options.foreignKeys);
    results = await worker.orRollback(() => worker.write(steps));
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
  const bytes = await countChanges(core, worker);
  if (bytes === 0) {
    await worker.rollback();
    return null;
  }
  const record = await appendChanges(core, worker, { bytes, payload: { kind: 'rows' } });
  await makeVisibleElsewhere(core, record, worker);
  return record.position.lsn;
}

/** Appends `prepare`, durably; the worker's transaction stays open until the verdict. */
export async function prepareElsewhere(
  core: PartitionCore,
  worker: WorkerTransaction,
  { transactionId, participants }: { transactionId: string; participants: readonly number[] },
): Promise<void> {
  const bytes = await countChanges(core, worker);
  const payload = { kind: 'prepare', transactionId, participants } as const;
  await appendChanges(core, worker, { bytes, payload });
  await syncPrepare(core);
}

function countChanges(core: PartitionCore, worker: WorkerTransaction): Promise<number> {
  return worker.orRollback(async () => {
    const bytes = await worker.countChanges();
    checkSize(core, bytes);
    return bytes;
  });
}

/** A record of what a worker has changed, but for the changes themselves. */
interface ChangesRecord {
  readonly bytes: number;
  readonly payload: WithoutChanges<Extract<LogPayload, { readonly changeset: Uint8Array }>>;
}

type WithoutChanges<P> = P extends LogPayload ? Omit<P, 'changeset'> : never;

function appendChanges(
  core: PartitionCore,
  worker: WorkerTransaction,
  { bytes, payload }: ChangesRecord,
): Promise<AppendedRecord> {
  return worker.orRollback(async () => {
    if (bytes > LONG_BODY_BYTES) return await appendLong(core, worker, { bytes, payload });
    const changeset = await worker.changes(0, bytes);
    return appendRecord(core, { ...payload, changeset });
  });
}

/** In pieces, of which the event loop sees one at a time. */
async function appendLong(
  { log, file, environment }: PartitionCore,
  worker: WorkerTransaction,
  { bytes, payload }: ChangesRecord,
): Promise<AppendedRecord> {
  environment.failpoint('before-append');
  for (let wait = log.room(); wait !== null; wait = log.room()) await wait;
  const timestamp = environment.hybridClock.next();
  const { lsn, term } = log.tail;
  const { origin } = file.meta;
  const draft = { term, timestamp, origin, payload: { ...payload, changeset: NO_BYTES } };
  const head = encodeHead(lsn + 1n, draft, bytes);
  const bodyBytes = head.length + bytes;
  try {
    const long = log.beginLong(bodyBytes);
    await long.add(head);
    for (let from = 0; from < bytes; from += PIECE_BYTES) {
      await long.add(await worker.changes(from, Math.min(bytes, from + PIECE_BYTES)));
    }
    const { record } = await log.finishLong(decodeHead(head, bodyBytes), null);
    return { position: recordPosition(record), timestamp };
  } catch (error) {
    await log.abandonLong();
    throw error;
  }
}

/** A worker's transaction with the changes of a long record; null where there are no workers. */
export async function applyElsewhere(
  core: PartitionCore,
  changes: LogPlace,
): Promise<WorkerTransaction | null> {
  const { workers } = core.environment;
  if (workers === null) return null;
  const worker = await workers.begin(core.workerFile(), { foreignKeys: false, captures: false });
  await worker.orRollback(() => worker.applyFrom(changes));
  return worker;
}
