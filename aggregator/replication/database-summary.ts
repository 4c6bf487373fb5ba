// MV_DISTRIBUTED_DATABASES_STATUS: of each database how many copies are in which state.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { masterCopies, shownCopyState, type LeafPartitions } from './leaf-statuses.ts';
import { statusColumns } from './status-columns.ts';

/** The last one is true when a copy follows in another mode than the database's. */
export const databaseSummaryColumns = statusColumns({
  DATABASE_NAME: 'text',
  NUM_PARTITIONS: 'integer',
  SUMMARY: 'text',
  ONLINE: 'integer',
  REPLICATING: 'integer',
  RECOVERING: 'integer',
  PENDING: 'integer',
  TRANSITION: 'integer',
  UNRECOVERABLE: 'integer',
  OFFLINE: 'integer',
  SYNC_MISMATCH: 'integer',
});

type Counted = ReturnType<typeof shownCopyState> | 'offline';

/**
 * `healthy`: every copy serves, and follows if it has to. `degraded`: every partition can be read.
 * Else `offline`. A copy whose link has stopped is in none of the counts.
 */
export function databaseSummary(
  database: DatabaseDefinition,
  leaves: readonly LeafPartitions[],
): Row {
  const states = copyStates(database, leaves);
  const count = (...wanted: readonly Counted[]) =>
    BigInt(states.filter((state) => wanted.includes(state)).length);
  const serving = count('online', 'replicating', 'replication paused');
  const masters = [...masterCopies(database, leaves).values()];
  const isReadable =
    masters.length === database.placements.length &&
    masters.every(({ state }) => ['online', 'replicating', 'replication paused'].includes(state));
  const isWhole = serving === BigInt(states.length);
  const isMoving = database.state === 'transition';
  return [
    database.name,
    BigInt(database.partitionCount),
    isWhole ? 'healthy' : isReadable ? 'degraded' : 'offline',
    count('online'),
    count('replicating', 'replication paused'),
    count('recovering'),
    database.state === 'pending' ? BigInt(states.length) : count('provisioning'),
    isMoving ? BigInt(states.length) : 0n,
    count('unrecoverable'),
    count('offline'),
    0n,
  ];
}

function copyStates(
  database: DatabaseDefinition,
  leaves: readonly LeafPartitions[],
): readonly Counted[] {
  return database.placements.flatMap(({ ordinal, leafId, replicaLeafIds }) =>
    [leafId, ...replicaLeafIds].map((id): Counted => {
      const leaf = leaves.find(({ node }) => node.id === id);
      const status = leaf?.partitions.find(
        ({ key }) => key.database === database.name && key.ordinal === ordinal,
      );
      return status === undefined ? 'offline' : shownCopyState(status);
    }),
  );
}
