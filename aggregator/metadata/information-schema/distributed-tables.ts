// DISTRIBUTED_DATABASES and DISTRIBUTED_PARTITIONS: every database and every copy of a partition.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { databaseId } from '#aggregator/replication/status-columns.ts';
import {
  gatherLeafStatuses,
  masterCopies,
  shownCopyState,
  shownState,
  type LeafPartitions,
} from '#aggregator/replication/leaf-statuses.ts';
import { REFERENCE_ORDINAL, type PartitionPlacement } from '#shared/cluster/topology.ts';
import {
  virtualColumns,
  type VirtualRow,
  type VirtualScope,
  type VirtualTable,
} from './virtual-table.ts';

function flag(holds: boolean): bigint {
  return holds ? 1n : 0n;
}

/** Within a cluster only reference partitions have copies, which are synchronous. */
export const distributedDatabases: VirtualTable = {
  name: 'DISTRIBUTED_DATABASES',
  columns: virtualColumns(`
    DATABASE_ID number
    DATABASE_NAME name64
    NUM_PARTITIONS number
    NUM_SUB_PARTITIONS number
    REMOTE_NAME text
    IS_SYNC number
    IS_SYNC_DURABILITY number
    IS_PAUSED number
    ROLE name64
    STATE name64
    CATALOG_VERSION number`),
  rows: async (scope) => {
    const leaves = await gatherLeafStatuses(scope, null);
    return scope.databases.map((database) => ({
      DATABASE_ID: databaseId(database.name),
      DATABASE_NAME: database.name,
      NUM_PARTITIONS: BigInt(database.partitionCount),
      NUM_SUB_PARTITIONS: 0n,
      REMOTE_NAME: database.primaryUri,
      IS_SYNC: flag(database.role === 'primary'),
      IS_SYNC_DURABILITY: flag(database.durability === 'sync'),
      IS_PAUSED: flag(database.state === 'replication paused'),
      ROLE: database.role,
      STATE: shownState(database, [...masterCopies(database, leaves).values()]),
      CATALOG_VERSION: BigInt(database.catalogVersion),
    }));
  },
};

interface Copy {
  readonly placement: PartitionPlacement;
  readonly leafId: number;
  readonly role: 'Master' | 'Replica';
}

function copyRow(
  database: DatabaseDefinition,
  copy: Copy,
  leaf: LeafPartitions | undefined,
): VirtualRow {
  const { ordinal } = copy.placement;
  const status = leaf?.partitions.find(
    ({ key }) => key.database === database.name && key.ordinal === ordinal,
  );
  return {
    DATABASE_ID: databaseId(database.name),
    DATABASE_NAME: database.name,
    ORDINAL: ordinal === REFERENCE_ORDINAL ? null : BigInt(ordinal),
    HOST: leaf?.node.address.host ?? null,
    PORT: leaf === undefined ? null : BigInt(leaf.node.address.port),
    ROLE: copy.role,
    LOCKED: 0n,
    OFFLINE: flag(status === undefined),
    STATE: status === undefined ? 'offline' : shownCopyState(status),
    TERM: status === undefined ? null : BigInt(status.tail.term),
    NODE_ID: BigInt(copy.leafId),
  };
}

/** Every copy of every partition of a database; the reference partition last. */
function partitionRows(
  database: DatabaseDefinition,
  leaves: readonly LeafPartitions[],
): readonly VirtualRow[] {
  const rank = (ordinal: number) => (ordinal === REFERENCE_ORDINAL ? Infinity : ordinal);
  const copies = database.placements
    .toSorted((a, b) => rank(a.ordinal) - rank(b.ordinal))
    .flatMap((placement): Copy[] => [
      { placement, leafId: placement.leafId, role: 'Master' },
      ...placement.replicaLeafIds.map((leafId) => ({
        placement,
        leafId,
        role: 'Replica' as const,
      })),
    ]);
  return copies.map((copy) =>
    copyRow(
      database,
      copy,
      leaves.find(({ node }) => node.id === copy.leafId),
    ),
  );
}

export const distributedPartitions: VirtualTable = {
  name: 'DISTRIBUTED_PARTITIONS',
  columns: virtualColumns(`
    DATABASE_ID number
    DATABASE_NAME name64
    ORDINAL number?
    HOST text?
    PORT number?
    ROLE name64
    LOCKED number
    OFFLINE number
    STATE name64
    TERM number?
    NODE_ID number`),
  rows: async (scope: VirtualScope) => {
    const leaves = await gatherLeafStatuses(scope, null);
    return scope.databases.flatMap((database) => partitionRows(database, leaves));
  },
};
