// What a REPLICATE DATABASE asks before it does anything, and where its copies would go.

import { placePartitions } from '#aggregator/cluster/placement.ts';
import { placeableLeaves } from '#aggregator/cluster/placeable-leaves.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { addressText, type PartitionPlacement } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import { WIRE_VERSION } from '#shared/wire/message.ts';
import { fetchReplicationSource, type PrimaryLogin } from './primary-client.ts';
import type { ReplicationParts } from './replication-parts.ts';
import { compareVersions, type ReplicationSource } from './replication-source.ts';

/** A name that is taken is said so, whatever the primary answers. Throws the primary's errors. */
export async function askPrimary(
  parts: ReplicationParts,
  login: PrimaryLogin,
  taken: DatabaseDefinition | null,
): Promise<ReplicationSource> {
  const { clusterId: follower, clock } = parts;
  try {
    return await fetchReplicationSource({ login, follower, clock });
  } catch (error) {
    if (taken === null) throw error;
    throw databaseError('copyExists', { name: taken.name }, error);
  }
}

/** Throws replicatingItself, primaryNewer. */
export function checkSource(
  parts: ReplicationParts,
  name: string,
  { login, source }: { readonly login: PrimaryLogin; readonly source: ReplicationSource },
): void {
  const address = addressText(login);
  if (source.clusterId === parts.clusterId && login.database === name) {
    throw databaseError('replicatingItself', { name });
  }
  const isNewer = compareVersions(source.version, parts.version) > 0;
  if (isNewer || source.wireVersion > WIRE_VERSION) {
    throw databaseError('primaryNewer', { address, theirs: source.version, ours: parts.version });
  }
}

/** Which of our leaves would hold which partition. Throws noLeaves. */
export function placeCopies(
  { leaves }: ReplicationParts,
  database: string,
  { partitionCount }: ReplicationSource,
): readonly PartitionPlacement[] {
  return placePartitions({ database, partitionCount, leafIds: placeableLeaves(leaves) });
}
