// The leaves that partitions may be placed on: online, and not about to be removed.

import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import { databaseError } from '#shared/error.ts';

/** Their node ids. Throws noLeaves. */
export function placeableLeaves(leaves: LeafDirectory): number[] {
  const ids = placeable(leaves);
  if (ids.length === 0) throw databaseError('noLeaves', {});
  return ids;
}

export function hasPlaceableLeaf(leaves: LeafDirectory): boolean {
  return placeable(leaves).length > 0;
}

function placeable(leaves: LeafDirectory): number[] {
  return leaves
    .nodes()
    .filter(({ id, kind }) => kind === 'leaf' && leaves.isOnline(id) && !leaves.isLeaving(id))
    .map(({ id }) => id);
}
