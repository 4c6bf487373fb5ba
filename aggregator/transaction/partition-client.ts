// Finds the leaf that holds a partition's master copy.

import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import type { PartitionKey } from '#shared/cluster/topology.ts';
import { partitionName } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import type { LeafService } from '#shared/wire/message.ts';

/** The leaf to ask for this partition. Throws unknownDatabase or leafUnreachable. */
export function leafOfPartition(context: AggregatorContext, key: PartitionKey): LeafService {
  const { placements } = context.catalog.database(key.database);
  const placement = placements.find((candidate) => candidate.ordinal === key.ordinal);
  if (placement === undefined) {
    throw databaseError('partitionNotOnline', { partition: partitionName(key), state: 'unplaced' });
  }
  return context.leaves.leaf(placement.leafId);
}
