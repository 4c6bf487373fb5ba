// The parts that make up one open partition, as those who work on it share them.

import type { PartitionKey } from '#shared/cluster/topology.ts';
import type { DatabaseError } from '#shared/error.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { Log } from '#leaf/log/log.ts';
import type { WorkerFile } from '#leaf/worker/worker-message.ts';
import type { PartitionEnvironment } from './partition-options.ts';
import type { ReaderPool } from './reader-pool.ts';
import type { StatementCosts } from './statement-costs.ts';
import type { SharedCommits } from './shared-commits.ts';
import type { StateFile } from './state-file.ts';
import type { Verdicts } from './verdicts.ts';
import type { WriteLock } from './write-lock.ts';

/** A transaction whose verdict was carried out before it was durable here. */
export interface LateVerdict {
  readonly transactionId: string;
  /** Of its record. */
  readonly lsn: LSN;
}

export interface PartitionCore {
  readonly key: PartitionKey;
  /** `shop_0`. */
  readonly name: string;
  readonly file: StateFile;
  readonly readers: ReaderPool;
  readonly costs: StatementCosts;
  /** What a worker opens: data.sqlite and the reference tables beside it, as they are now. */
  readonly workerFile: () => WorkerFile;
  readonly log: Log;
  /** Whose schema tasks must be planned for: plan-version.ts. */
  incarnation: number;
  readonly lock: WriteLock;
  readonly verdicts: Verdicts;
  readonly shared: SharedCommits;
  readonly environment: PartitionEnvironment;
  /** The definition that a worker is at, and the way to end it; null before it is logged. */
  defining: { readonly version: number; readonly end: () => void } | null;
  /** The newest verdict that was carried out before it was durable. */
  late: LateVerdict | null;
  /**
   * Log and file have parted: the partition stops here, and its next start replays the log.
   * Answers what those who wait are told.
   */
  readonly fail: (cause: unknown) => DatabaseError;
}
