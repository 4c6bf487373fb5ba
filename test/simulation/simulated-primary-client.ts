// Stands in for aggregator/replication/primary-client.ts: the other cluster is asked over the
// simulated network instead of by a MySQL client.

import type { ReplicationSource } from '#aggregator/replication/replication-source.ts';

/** As in the product. */
export interface PrimaryLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface SourceRequest {
  readonly login: PrimaryLogin;
  readonly follower: string;
  readonly clock: unknown;
}

export const followerVariable = 'twinleaf_follower';

type Answer = (request: SourceRequest) => Promise<ReplicationSource>;

/** Set by each world. */
export const primaries: { ask: Answer | null } = { ask: null };

export async function fetchReplicationSource(request: SourceRequest): Promise<ReplicationSource> {
  if (primaries.ask === null) throw new Error('there is no world');
  return primaries.ask(request);
}
