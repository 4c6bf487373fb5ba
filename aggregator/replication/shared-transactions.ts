// What all logs of a database say of its transactions over several partitions.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { SharedTransactions } from '#shared/wire/message.ts';
import { forEachPartition, leafOf } from './master-leaves.ts';
import type { ReplicationParts } from './replication-parts.ts';

/** By ordinal. The partitions should be at rest. Throws leafUnreachable. */
export async function listShared(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<Map<number, SharedTransactions>> {
  const logs = new Map<number, SharedTransactions>();
  await forEachPartition(database, async ({ ordinal }) => {
    const key = { database: database.name, ordinal };
    logs.set(ordinal, await leafOf(parts, database, ordinal).call('sharedTransactions', { key }));
  });
  return logs;
}
