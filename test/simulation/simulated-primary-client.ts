// Stands in for aggregator/replication/primary-client.ts: the other cluster is asked over the
// simulated network instead of by a MySQL client.

import type * as product from '#aggregator/replication/primary-client.ts';

export const followerVariable: typeof product.followerVariable = 'twinleaf_follower';

type Answer = typeof product.fetchReplicationSource;

/** Set by each world. */
export const primaries: { ask: Answer | null } = { ask: null };

export const fetchReplicationSource: Answer = async (request) => {
  if (primaries.ask === null) throw new Error('there is no world');
  return primaries.ask(request);
};
