// The leaves that hold a database's master copies, and what they must answer for a promotion.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { must } from '#shared/assert.ts';
import { addressText, partitionName, type PartitionPlacement } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import type { LeafService, PartitionStatus } from '#shared/wire/message.ts';
import { gatherLeafStatuses, masterCopies } from './leaf-statuses.ts';
import type { ReplicationParts } from './replication-parts.ts';

/** How long a partition that is being opened, or replaced by a snapshot, is waited for. */
const recoveringMsMax = 10_000;
const recoveringPollMs = 50;

/**
 * The status of every master copy. Throws leafUnreachable when its leaf does not answer, and
 * partitionRecovering when one is not open within a while.
 */
export async function readMasters(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<PartitionStatus[]> {
  const deadline = parts.clock.monotonicMs() + recoveringMsMax;
  for (;;) {
    const masters = await askMasters(parts, database);
    const recovering = masters.find(({ state }) => state === 'recovering');
    if (recovering === undefined) return masters;
    if (parts.clock.monotonicMs() > deadline) {
      throw databaseError('partitionRecovering', { partition: partitionName(recovering.key) });
    }
    await parts.clock.sleep(recoveringPollMs);
  }
}

async function askMasters(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<PartitionStatus[]> {
  const leaves = await gatherLeafStatuses(parts, database.name);
  const masters = masterCopies(database, leaves);
  return database.placements.map(({ ordinal, leafId }) => {
    const status = masters.get(ordinal);
    if (status !== undefined) return status;
    const away = leaves.find(({ node }) => node.id === leafId);
    if (away !== undefined && away.refusal !== null) throw away.refusal;
    const name = away === undefined ? `node ${leafId}` : addressText(away.node.address);
    const reason =
      away?.error || `it does not hold ${partitionName({ database: database.name, ordinal })}`;
    throw databaseError('leafUnreachable', { leaf: name, reason });
  });
}

/** The leaf with the master copy of a partition. */
export function leafOf(
  parts: ReplicationParts,
  database: DatabaseDefinition,
  ordinal: number,
): LeafService {
  const placement = must(database.placements.find((entry) => entry.ordinal === ordinal));
  return parts.leaves.leaf(placement.leafId);
}

/** Does the work for every partition at once; rejects with the first error when all have ended. */
export async function forEachPartition(
  database: DatabaseDefinition,
  work: (placement: PartitionPlacement) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(database.placements.map(work));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
