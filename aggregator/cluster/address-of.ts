// Where a node is, by its id.

import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import { must } from '#shared/assert.ts';
import type { Address } from '#shared/cluster/topology.ts';

/** The address of a node that is a member. */
export function addressOf(leaves: LeafDirectory, nodeId: number): Address {
  return must(findAddress(leaves, nodeId), 'a node that is named is a member');
}

/** Null: no member has the id. */
export function findAddress(leaves: LeafDirectory, nodeId: number): Address | null {
  return leaves.nodes().find(({ id }) => id === nodeId)?.address ?? null;
}
