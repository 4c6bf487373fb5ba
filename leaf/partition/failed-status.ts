// The status of a partition that is not open, as far as anybody can tell.

import type { DatabaseError } from '#shared/error.ts';
import { logStart } from '#shared/log/log-frame.ts';
import type { PartitionStatus } from '#shared/wire/message.ts';
import { partitionPaths } from './partition-directory.ts';
import { readIdentity } from './partition-identity.ts';
import type { PartitionPlace } from './partition-options.ts';

/** What the partition itself knows of its status; the links add theirs. */
export type OwnStatus = Omit<PartitionStatus, 'link' | 'followers'>;

/** `failure` null: its files are being replaced. */
export function failedStatus(place: PartitionPlace, failure: DatabaseError | null): OwnStatus {
  const identity = readIdentity(partitionPaths(place.directory).file);
  return {
    key: place.key,
    role: identity?.role ?? 'primary',
    state: failure === null ? 'recovering' : 'unrecoverable',
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
