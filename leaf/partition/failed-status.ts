// The status of a partition whose files cannot be used.

import type { PartitionKey } from '#shared/cluster/topology.ts';
import type { DatabaseError } from '#shared/error.ts';
import { logStart } from '#shared/log/log-frame.ts';
import type { PartitionStatus } from '#shared/wire/message.ts';

/** What the partition itself knows of its status; the links add theirs. */
export type OwnStatus = Omit<PartitionStatus, 'link' | 'followers'>;

/** Without a failure its files are just being replaced. */
export function failedStatus(key: PartitionKey, failure: DatabaseError | null): OwnStatus {
  return {
    key,
    role: 'primary',
    state: 'unrecoverable',
    catalogVersion: 0,
    tail: logStart,
    hardened: logStart,
    replay: logStart,
    replayTimestampMs: 0,
    firstLsn: 1n,
    logSizeBytes: 0,
    fileSizeBytes: 0,
    inDoubt: null,
    error: failure?.message ?? '',
  };
}
