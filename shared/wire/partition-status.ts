// What a leaf tells of one of its partitions.

import type { DatabaseRole, PartitionKey } from '#shared/cluster/topology.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type { FollowerStatus, LinkStatus } from './link-message.ts';

/** One partition as its leaf knows it. */
export interface PartitionStatus {
  readonly key: PartitionKey;
  readonly role: DatabaseRole | 'replica';
  readonly state:
    | 'online'
    | 'provisioning'
    | 'replicating'
    | 'replication paused'
    /** Its files are being replaced, or opened again. */
    | 'recovering'
    | 'unrecoverable';
  readonly catalogVersion: number;
  /**
   * Appended to the log. Invariant: replay <= hardened <= tail, but for one verdict, which may be
   * visible a moment before it is on disk, and at a secondary for what its primary has on disk.
   */
  readonly tail: Position;
  /** On disk. */
  readonly hardened: Position;
  /** Visible in the SQLite file. */
  readonly replay: Position;
  /** Milliseconds since 1970 of the newest applied record; 0 when there is none. */
  readonly replayTimestampMs: number;
  /** First LSN that the log still holds. */
  readonly firstLsn: LSN;
  readonly logSizeBytes: number;
  readonly fileSizeBytes: number;
  readonly inDoubt: {
    readonly transactionId: string;
    readonly participants: readonly number[];
  } | null;
  /**
   * A secondary's content came by a snapshot, and nobody has found the database whole since: it
   * may hold its part of a transaction that another partition does not have.
   */
  readonly maybeTorn: boolean;
  /** It waits for a snapshot, and still has all that it had before. */
  readonly abandoned: boolean;
  /** A transaction whose verdict is carried out here and not on disk yet; left out: none. */
  readonly late?: string | null;
  readonly error: string;
  /** When and why a damaged copy began again from a snapshot, since the leaf's start; else ''. */
  readonly lastRepair: string;
  readonly link: LinkStatus | null;
  readonly followers: readonly FollowerStatus[];
}
