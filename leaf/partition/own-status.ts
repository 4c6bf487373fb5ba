// What a partition knows of its own status, open or not.

import { statSync } from 'node:fs';
import type { PartitionKey } from '#shared/cluster/topology.ts';
import type { DatabaseError } from '#shared/error.ts';
import { timestampToMs } from '#shared/log/hybrid-clock.ts';
import { logStart } from '#shared/log/log-frame.ts';
import type { PartitionStatus } from '#shared/wire/message.ts';
import { lateVerdict } from './late-sync.ts';
import type { OpenPartition } from './open-partition.ts';
import { partitionPaths } from './partition-directory.ts';
import { readIdentity } from './partition-identity.ts';
import type { PartitionPlace } from './partition-options.ts';

/** What the partition itself knows of its status; the leaf adds the rest. */
export type OwnStatus = Omit<
  PartitionStatus,
  'link' | 'followers' | 'lastRepair' | 'maybeTorn' | 'abandoned'
>;

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

/** Of one that is open, whether it works or has stopped. */
export function openStatus(key: PartitionKey, open: OpenPartition): OwnStatus {
  const { core, transactions, follower } = open;
  const { log, file } = core;
  const { role, provisioned, applied, timestamp, catalogVersion } = file.meta;
  const following = provisioned ? 'replicating' : 'provisioning';
  return {
    key,
    role,
    state: file.stopped !== null ? 'unrecoverable' : role === 'primary' ? 'online' : following,
    catalogVersion,
    tail: log.tail,
    hardened: log.hardened,
    replay: applied,
    replayTimestampMs: timestampToMs(timestamp),
    firstLsn: log.firstLsn,
    logSizeBytes: log.sizeBytes,
    fileSizeBytes: statSync(file.path).size,
    inDoubt: role === 'primary' ? transactions.inDoubt() : follower.inDoubt(),
    late: lateVerdict(core),
    error: file.stopped?.message ?? '',
  };
}
