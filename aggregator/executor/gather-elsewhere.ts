// A large gather: rows go to a worker process as they come, and its result comes in batches.

import type { Fragment } from '#aggregator/planner/deparse/fragment.ts';
import { assert } from '#shared/assert.ts';
import { encode } from '#shared/codec.ts';
import { databaseError } from '#shared/error.ts';
import type { RowBatch } from '#shared/wire/message.ts';
import { WorkerLostError } from '#shared/worker/worker-process.ts';
import { quietly } from './concatenate.ts';
import type { Execution } from './execution.ts';
import { GATHERED_BYTES_MAX } from './gather-size.ts';
import type { GatherData, GatherRequest } from './gather-message.ts';
import type { Recursion } from './recurse.ts';
import type { TableShape } from './gather-table.ts';
import type { GatherWorker } from './gather-workers.ts';
import { bindFragment } from './statement-values.ts';

/** Rows that are encoded here together. */
const SLICE_ROWS = 512;

/** A batch of one of a gather's tables. */
export interface GatheredBatch {
  readonly table: number;
  readonly batch: RowBatch;
}

/** What a worker is to compute. */
export interface LargeGather {
  readonly tables: readonly TableShape[];
  readonly batches: AsyncIterable<GatheredBatch>;
  /** What is to be done before the statement; null: nothing. */
  readonly recursion: Recursion | null;
  readonly statement: Fragment;
}

type Ask = (request: GatherRequest) => Promise<GatherData>;

/** The rows of the statement, one batch ahead of who takes them. */
export async function* gatherElsewhere(
  execution: Execution,
  gather: LargeGather,
): AsyncGenerator<RowBatch, void, undefined> {
  const { gatherPlace } = execution;
  const worker = await gatherPlace.enter();
  const number = worker.nextNumber();
  const owner = {};
  const ask = (request: GatherRequest) => quietly(answerOf(execution, worker, { owner, request }));
  try {
    await fill(ask, number, gather);
    const { recursion } = gather;
    if (recursion !== null) await ask({ kind: 'recurse', gather: number, recursion });
    const { sql, parameters } = bindFragment(gather.statement, execution.values);
    let pending = ask({ kind: 'run', gather: number, sql, parameters });
    for (let done = false; !done;) {
      const reply = await pending;
      assert(reply.kind === 'batch', 'a worker that is asked for rows answers with rows');
      ({ done } = reply);
      if (!done) pending = ask({ kind: 'next', gather: number });
      yield { encoded: reply.encoded };
    }
  } finally {
    worker.takeBack(owner);
    void ask({ kind: 'close', gather: number });
    void gatherPlace.leave();
  }
}

/** Puts the rows into the worker's tables, one batch ahead of it. */
async function fill(ask: Ask, gather: number, { tables, batches }: LargeGather): Promise<void> {
  let room = GATHERED_BYTES_MAX;
  let pending = ask({ kind: 'open', gather, tables });
  for await (const { table, batch } of batches) {
    for (const encoded of encodedParts(batch)) {
      room -= encoded.length;
      if (room < 0) throw databaseError('gatheredTooMuch', { bytes: GATHERED_BYTES_MAX });
      await pending;
      pending = ask({ kind: 'rows', gather, table, encoded });
    }
  }
  await pending;
}

/** What came as rows is encoded in slices; the rest goes on as it came. */
function* encodedParts(batch: RowBatch): Generator<Uint8Array> {
  if ('encoded' in batch) {
    yield batch.encoded;
    return;
  }
  for (let at = 0; at < batch.rows.length; at += SLICE_ROWS) {
    yield encode({ rows: batch.rows.slice(at, at + SLICE_ROWS) });
  }
}

async function answerOf(
  { signal }: Execution,
  worker: GatherWorker,
  { owner, request }: { readonly owner: object; readonly request: GatherRequest },
): Promise<GatherData> {
  if (signal.aborted) throw databaseError('queryInterrupted', {});
  try {
    const reply = await worker.ask(owner, request);
    if (signal.aborted) throw databaseError('queryInterrupted', {});
    return reply;
  } catch (error) {
    if (signal.aborted) throw databaseError('queryInterrupted', {}, error);
    if (error instanceof WorkerLostError) throw databaseError('gatherWorkerLost', {}, error);
    throw error;
  }
}
