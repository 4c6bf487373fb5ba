// Which aggregator holds a client's connection: the connection id tells.
//
//   connection id = node id of the aggregator << 20 | a number that counts up
//
// The master aggregator's own begin at 1, as a MySQL server's do.

import { masterNodeId } from './membership.ts';

const countBits = 20;

/** Connections of one aggregator are numbered below this. */
export const connectionCountMax = 2 ** countBits - 1;

/** What the ids of an aggregator's connections begin with. */
export function connectionIdBase(nodeId: number): number {
  return nodeId === masterNodeId ? 0 : nodeId * 2 ** countBits;
}

/** The node id of the aggregator whose connection that is, or was, or would be. */
export function connectionOwner(connectionId: number): number {
  const nodeId = Math.floor(connectionId / 2 ** countBits);
  return nodeId === 0 ? masterNodeId : nodeId;
}
