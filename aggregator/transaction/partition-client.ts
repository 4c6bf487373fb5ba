// Finds the leaf that holds a partition's master copy, and writes there.

import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import type { PartitionKey } from '#shared/cluster/topology.ts';
import { partitionName } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import type { LeafCalls, LeafService } from '#shared/wire/message.ts';

/** The leaf to ask for this partition. Throws unknownDatabase or leafUnreachable. */
export function leafOfPartition(context: AggregatorContext, key: PartitionKey): LeafService {
  const { placements } = context.catalog.database(key.database);
  const placement = placements.find((candidate) => candidate.ordinal === key.ordinal);
  if (placement === undefined) {
    throw databaseError('partitionNotOnline', { partition: partitionName(key), state: 'unplaced' });
  }
  return context.leaves.leaf(placement.leafId);
}

/** The call `write`, without a message where the leaf is near. */
export async function writeAt(
  leaf: LeafService,
  request: LeafCalls['write']['request'],
): Promise<LeafCalls['write']['reply']> {
  if (leaf.writeNear === undefined) return leaf.call('write', request);
  return { results: await leaf.writeNear(request) };
}
