// What a task of a transaction brings along, and what a result among its own writes is.

import type { LeafCalls, RowBatch, TransactionTag } from '#shared/wire/message.ts';
import type { WorkerTransaction } from '#leaf/worker/worker-transaction.ts';
import type { RowSource } from './row-batches.ts';

/** The rows of a transaction's own result: from the writer's connection, or from a worker. */
export type OwnRows = RowSource | AsyncGenerator<RowBatch, void, undefined>;

/** A result among a transaction's own writes, and the two ways to open it. */
export interface OwnResult {
  /** True: not on the event loop, if it can be helped. */
  readonly long: boolean;
  readonly open: () => RowSource;
  readonly openElsewhere: (worker: WorkerTransaction) => AsyncGenerator<RowBatch, void, undefined>;
}

/** What a task of a transaction brings along. */
export interface TaskOptions {
  readonly tag: TransactionTag;
  readonly foreignKeys: boolean;
  readonly lockWaitTimeoutMs: number;
  /** Called once the lock is there, before anything is done: throws when the plan is outdated. */
  readonly check: () => void;
}

export type SavepointRequest = Omit<LeafCalls['savepoint']['request'], 'key'>;
