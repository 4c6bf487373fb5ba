// What a partition is given by the leaf that holds it, and the bounds it keeps.

import type { Clock } from '#shared/clock.ts';
import type { DatabaseRole, PartitionKey } from '#shared/cluster/topology.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { HybridClock } from '#shared/log/hybrid-clock.ts';
import type { Logger } from '#shared/logger.ts';
import type { LockWaits } from '#shared/lock-waits.ts';
import type { RetentionLimits } from '#leaf/log/log-retention.ts';
import type { SyncJournal } from '#leaf/log/sync-journal.ts';
import type { WorkerPool } from '#leaf/worker/worker-pool.ts';
import type { Failpoint } from './failpoint.ts';
import type { Gathering } from './gathering.ts';
import type { ReferenceFile } from './reference-file.ts';
import type { Verifier } from './verifier.ts';

/** `replica`: a copy of a reference partition within its own cluster. */
export type PartitionRole = DatabaseRole | 'replica';

/** What one partition is given besides. */
export interface PartitionPlace {
  readonly directory: string;
  readonly key: PartitionKey;
  /** The reference tables beside it on this leaf. */
  readonly reference: ReferenceFile;
  /** Another data.sqlite has taken the place of the old one. */
  readonly onFileReplaced: () => void;
  /** It is open again after it could not be: its link begins again. */
  readonly onOpenedAgain: () => void;
  /** What it held was damaged and is set aside: it is empty, and waits for a snapshot. */
  readonly onBegunAnew: (reason: string) => void;
}

/** By nobody; by who is told when it is on disk; by who must have it before it is acknowledged. */
export type Followed = 'by nobody' | 'behind' | 'in step';

/** What every partition of a leaf shares. */
export interface PartitionEnvironment {
  readonly clock: Clock;
  readonly hybridClock: HybridClock;
  readonly logger: Logger;
  readonly failpoint: Failpoint;
  readonly retention: RetentionLimits;
  /** A log segment is closed when it is longer than this, in bytes. */
  readonly segmentBytesMax: number;
  /** Where the logs of this leaf are synced together; each by itself where there is none. */
  readonly journal?: SyncJournal | null;
  /** Who waits for the write locks of this process; of this partition alone unless given. */
  readonly lockWaits?: LockWaits;
  /** When groups of writes begin; each at once where there is none. */
  readonly gathering?: Gathering | null;
  /** Somebody reads at a secondary: what has arrived is visible when this ends (null: now). */
  readonly noteRead?: () => Promise<void> | null;
  /** The changes of one transaction on one partition, in bytes; 128 MiB unless it is given. */
  readonly transactionBytesMax?: number | undefined;
  /** A transaction that nobody has used for so long is rolled back. */
  readonly idleTransactionMsMax: number;
  /** Looks through files on another thread. */
  readonly verifier: Verifier;
  /**
   * Checkpoints the SQLite file at `path` on another thread: answers how many pages of its WAL are
   * in the file, and on disk, then.
   */
  readonly checkpoint: (path: string) => Promise<number>;
  /** Begins its WAL anew, on a thread that has nothing long to do: see checkpoint-file.ts. */
  readonly startWal: (path: string) => Promise<void>;
  /** Runs what is long; null: everything runs on the event loop. */
  readonly workers: WorkerPool | null;
  /**
   * Resolves when every online synchronous follower has the record, or counts as offline; null
   * where there is none to wait for.
   */
  readonly waitForFollowers: (key: PartitionKey, lsn: LSN) => Promise<unknown> | null;
  /** Who follows the partition now; nobody unless given. */
  readonly followed?: (key: PartitionKey) => Followed;
}
