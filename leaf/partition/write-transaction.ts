// Rows and their log records become durable together or not at all.
//
//     BEGIN · the writes · changeset → record appended → fdatasync → COMMIT → answers
//
// Before the record is appended, an error undoes everything and nothing has happened. From the
// append on the log is the truth: a crash before COMMIT is repaired by replaying the record, and
// an error there stops the partition, whose next start does the same. So nothing is visible, or
// acknowledged, that the log does not hold.

import { assert, must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { LogPayload } from '#shared/log/log-record.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { ChangeCapture } from '#shared/sqlite-file.ts';
import type { WorkerTransaction } from '#leaf/worker/worker-transaction.ts';
import { decides, syncPrepareLater } from './late-sync.ts';
import type { PartitionCore } from './partition-core.ts';
import { updateApplied, type AppendedRecord } from './state-file.ts';

/** The changes of one transaction on one partition, unless a leaf is told otherwise, in bytes. */
const TRANSACTION_BYTES_MAX = 128 * 1024 * 1024;

/** Whether a record is synced before what follows, or some time after (late-sync.ts). */
type Durable = 'sync' | 'late';

/** An open SQLite transaction of the writer, whose row changes are being captured. */
export class WriteTransaction {
  #core: PartitionCore;
  /** Null once the changes are taken. */
  #capture: ChangeCapture | null;

  /** Begins. The caller holds the write lock; changes are captured by a session unless it does. */
  constructor(core: PartitionCore, foreignKeys: boolean, capture: ChangeCapture | null = null) {
    this.#core = core;
    core.file.begin(foreignKeys);
    this.#capture = capture ?? core.file.capture();
  }

  /** Commits as one record; answers its LSN, or null when nothing has changed. */
  async commit(): Promise<LSN | null> {
    const changeset = this.#takeChanges();
    if (changeset.length === 0) {
      this.#core.file.rollback();
      return null;
    }
    const record = await appendRecord(this.#core, { kind: 'rows', changeset });
    await makeVisible(this.#core, record);
    return record.position.lsn;
  }

  /**
   * Appends `prepare`, durably but at the decider, which syncs it with its verdict; the SQLite
   * transaction stays open until then.
   */
  async prepare(transactionId: string, participants: readonly number[]): Promise<LSN> {
    this.#core.environment.failpoint('before-prepare');
    const changeset = this.#takeChanges();
    const payload = { kind: 'prepare', transactionId, participants, changeset } as const;
    const { position } = await appendRecord(this.#core, payload);
    const isLate = decides(this.#core, participants);
    if (isLate) syncPrepareLater(this.#core, position.lsn);
    await syncPrepare(this.#core, isLate ? 'late' : 'sync');
    return position.lsn;
  }

  /** Undoes everything. */
  rollback(): void {
    this.#endCapture();
    this.#core.file.rollback();
  }

  #takeChanges(): Uint8Array {
    const { file } = this.#core;
    try {
      assert(file.inTransaction, 'changes are taken from an open transaction');
      const changeset = must(this.#capture, 'changes are taken once').changeset();
      checkSize(this.#core, changeset.length);
      return changeset;
    } catch (error) {
      file.rollback();
      throw error;
    } finally {
      // What the partition itself writes from here on is not part of the record.
      this.#endCapture();
    }
  }

  #endCapture(): void {
    this.#capture?.close();
    this.#capture = null;
  }
}

/** Appends a record of what was written; undoes the SQLite transaction if it cannot. */
export async function appendRecord(
  core: PartitionCore,
  payload: LogPayload,
): Promise<AppendedRecord> {
  const { log, environment } = core;
  environment.failpoint('before-append');
  try {
    for (let wait = log.room(); wait !== null; wait = log.room()) await wait;
    return appendOwn(core, payload);
  } catch (error) {
    core.file.rollback();
    throw error;
  }
}

/** Appends a record of this partition's own term. Throws diskFull, and nothing has happened. */
export function appendOwn(
  { file, log, environment }: PartitionCore,
  payload: LogPayload,
): AppendedRecord {
  const timestamp = environment.hybridClock.next();
  const { origin } = file.meta;
  const { position } = log.append({ term: log.tail.term, timestamp, origin, payload });
  return { position, timestamp };
}

/** Makes an appended `prepare` durable, unless late: from here on its verdict decides. */
export async function syncPrepare(
  { log, environment, fail }: PartitionCore,
  durable: Durable = 'sync',
): Promise<void> {
  environment.failpoint('after-append');
  try {
    if (durable === 'sync') await log.sync();
  } catch (error) {
    throw fail(error);
  }
  environment.failpoint('after-prepare');
}

/**
 * Makes a record of changes that a worker holds durable and then visible. The worker's
 * transaction is over in any case.
 */
export async function makeVisibleElsewhere(
  core: PartitionCore,
  record: AppendedRecord,
  worker: WorkerTransaction,
): Promise<void> {
  const { log, environment, fail } = core;
  try {
    environment.failpoint('after-append');
    await log.sync();
    environment.failpoint('after-sync');
    environment.failpoint('before-commit');
    await commitInWorker(core, record, worker);
    environment.failpoint('after-commit');
  } catch (error) {
    await worker.rollback();
    throw fail(error);
  }
}

/** COMMIT in the worker: everything up to the record is in the file, as its own meta row says. */
export async function commitInWorker(
  { file, verdicts }: PartitionCore,
  record: AppendedRecord,
  worker: WorkerTransaction,
): Promise<void> {
  const { position, timestamp, change } = record;
  const { statements, written } = verdicts.flushElsewhere();
  const commit = (): Promise<void> =>
    file.commitElsewhere(record, async () => {
      await worker.commit([updateApplied(position, timestamp), ...statements]);
      written();
    });
  await (change === undefined ? commit() : file.redefineElsewhere(commit));
}

/** Throws transactionTooLarge where a transaction's changes are more bytes than a leaf takes. */
export function checkSize({ environment }: PartitionCore, bytes: number): void {
  const { transactionBytesMax = TRANSACTION_BYTES_MAX } = environment;
  if (bytes > transactionBytesMax) {
    throw databaseError('transactionTooLarge', { bytes: transactionBytesMax });
  }
}

/**
 * Makes an appended record durable and then, with its rows, visible; one that is synced `late`
 * is visible before.
 */
export async function makeVisible(
  core: PartitionCore,
  record: AppendedRecord,
  durable: Durable = 'sync',
): Promise<void> {
  const { file, log, verdicts, environment, fail } = core;
  try {
    environment.failpoint('after-append');
    file.setApplied(record.position, record.timestamp);
    verdicts.flush();
    if (durable === 'sync') await log.sync();
    environment.failpoint('after-sync');
    environment.failpoint('before-commit');
    file.commit();
    environment.failpoint('after-commit');
  } catch (error) {
    throw fail(error);
  }
}
