// How far the secondary has come, as SHOW REPLICATION STATUS tells it, summed over its links.

import type { Connection } from 'mysql2/promise';

export interface ReplicationProgress {
  readonly links: number;
  /** Links that follow the log: their initial copy is done. */
  readonly streaming: number;
  readonly snapshotBytesDone: number;
  readonly snapshotBytesTotal: number;
  readonly lagRecords: number;
  readonly lagBytes: number;
  /** Of the link that is furthest behind, in milliseconds. */
  readonly lagMs: number;
  /** The first link's error, or ''. */
  readonly error: string;
}
