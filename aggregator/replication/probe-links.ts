// Before anything is made: can each of our leaves reach the primary's leaves that it will need?

import { must } from '#shared/assert.ts';
import { addressText, type PartitionPlacement } from '#shared/cluster/topology.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { LinkSource } from '#shared/wire/message.ts';
import type { ReplicationParts } from './replication-parts.ts';
import type { ReplicationSource, SourcePartition } from './replication-source.ts';
import { addressOf } from '#aggregator/cluster/address-of.ts';

interface Pair {
  readonly leafId: number;
  readonly partition: SourcePartition;
}

/** Each pair of leaves once, whatever number of partitions they share. */
function pairsOf(
  placements: readonly PartitionPlacement[],
  source: ReplicationSource,
): readonly Pair[] {
  const pairs = new Map<string, Pair>();
  for (const { ordinal, leafId } of placements) {
    const partition = must(source.partitions.find((entry) => entry.ordinal === ordinal));
    pairs.set(`${leafId} ${addressText(partition.address)}`, { leafId, partition });
  }
  return [...pairs.values()];
}

/** Throws primaryLeafUnreachable, which names both leaves, or leafUnreachable for one of ours. */
export async function checkLeavesReach(
  parts: ReplicationParts,
  wanted: {
    readonly placements: readonly PartitionPlacement[];
    readonly source: ReplicationSource;
    readonly remoteDatabase: string;
  },
): Promise<void> {
  const { placements, source, remoteDatabase } = wanted;
  const probes = pairsOf(placements, source).map(async ({ leafId, partition }) => {
    const key = { database: remoteDatabase, ordinal: partition.ordinal };
    const { address } = partition;
    await probeLeaf(parts, leafId, { address, key, ticket: source.ticket });
  });
  await Promise.all(probes);
}

/** Throws primaryLeafUnreachable, which names both leaves, or leafUnreachable for our own. */
export async function probeLeaf(
  parts: ReplicationParts,
  leafId: number,
  source: LinkSource,
): Promise<void> {
  const leaf = parts.leaves.leaf(leafId);
  await leaf.call('ping', {});
  try {
    await leaf.call('probeLink', { source });
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const primaryLeaf = addressText(source.address);
    const parameters = {
      leaf: addressText(addressOf(parts.leaves, leafId)),
      primaryLeaf,
      reason: error.message,
    };
    throw databaseError('primaryLeafUnreachable', parameters, error);
  }
}
