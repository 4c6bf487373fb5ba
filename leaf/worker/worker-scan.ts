// One statement whose rows a worker reads: one batch ahead of its consumer, never more.

import { assert } from '#shared/assert.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { databaseError } from '#shared/error.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { CompiledStatement, RowBatch } from '#shared/wire/message.ts';
import { WorkerLostError } from '#shared/worker/worker-process.ts';
import type { WorkerFile, WorkerReply } from './worker-message.ts';
import type { WorkerPlace } from './worker-place.ts';

/** How often a statement that has shown no row begins again when its worker is lost. */
const RESTARTS_MAX = 3;

/** A statement, and where. */
export interface ScanTask {
  readonly file: WorkerFile;
  readonly catalogVersion: number;
  readonly statement: CompiledStatement;
  readonly columns: readonly ColumnType[];
  /** Told at the end how long SQLite worked on it. */
  readonly onRan: (ms: number) => void;
  /**
   * Told the newest record of the snapshot before the statement begins; null where nobody asks,
   * which saves a question to the worker.
   */
  readonly onTaken: ((lsn: LSN) => void) | null;
}

type Batch = Extract<WorkerReply, { readonly kind: 'bytes' }>;

/** A batch that was asked for; one that nobody waits for any more does no harm by failing. */
type Asked = Promise<{ readonly batch: Batch } | { readonly error: unknown }>;

/** The batches, encoded. Ends early, without an error, when the signal fires. */
export async function* readInWorker(
  pool: { readonly enter: (path: string, what: 'read') => WorkerPlace },
  task: ScanTask,
  signal: AbortSignal | undefined,
): AsyncGenerator<RowBatch, void, undefined> {
  const given: AbortSignal = signal ?? new AbortController().signal;
  for (let attempt = 0; !given.aborted; attempt += 1) {
    const place = pool.enter(task.file.path, 'read');
    given.addEventListener('abort', place.leave, { once: true });
    const shown = { batches: 0 };
    try {
      for await (const { bytes, ranMs, done } of batches(place, task, null)) {
        if (given.aborted) return;
        if (done) task.onRan(ranMs);
        shown.batches += 1;
        yield { encoded: bytes };
      }
      return;
    } catch (error) {
      if (given.aborted) return;
      if (!(error instanceof WorkerLostError)) throw error;
      // What the worker was at may be what ended it: that is not tried again.
      const again = !error.running && shown.batches === 0 && attempt < RESTARTS_MAX;
      if (!again) throw databaseError('workerLost', {}, error);
    } finally {
      given.removeEventListener('abort', place.leave);
      place.leave();
    }
  }
}

/** The replies of a statement, the next one asked for while the consumer is at the last. */
export async function* batches(
  place: WorkerPlace,
  task: Omit<ScanTask, 'onRan'>,
  transaction: number | null,
): AsyncGenerator<Batch, void, undefined> {
  const { worker } = place;
  const { file, catalogVersion, statement, columns } = task;
  const scan = worker.nextNumber();
  let open = true;
  const ask = async (first: boolean): Asked => {
    const what = { file, transaction, catalogVersion, statement, columns };
    const held = task.onTaken !== null;
    const begin = { kind: 'open', scan, held, ...what } as const;
    const next = { kind: 'next', scan } as const;
    try {
      let reply = await place.ask(first ? begin : next);
      if (reply.kind === 'held') {
        task.onTaken?.(reply.lsn);
        reply = await place.ask(next);
      }
      assert(reply.kind === 'bytes', 'a worker that is asked for rows answers with rows');
      return { batch: reply };
    } catch (error) {
      return { error };
    }
  };
  let pending = ask(true);
  try {
    while (open) {
      const outcome = await pending;
      if ('error' in outcome) {
        // The worker has ended a statement that failed, but not one that was taken back.
        open = outcome.error instanceof WorkerLostError;
        throw outcome.error;
      }
      open = !outcome.batch.done;
      if (open) pending = ask(false);
      yield outcome.batch;
    }
  } finally {
    if (open) void closeScan(place, scan);
  }
}

async function closeScan({ worker }: WorkerPlace, scan: number): Promise<void> {
  try {
    await worker.ask({}, { kind: 'close', scan });
  } catch {
    // The worker has ended, and the statement with it.
  }
}
