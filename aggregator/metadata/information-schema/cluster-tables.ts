// LEAVES, AGGREGATORS, DISTRIBUTED_DATABASES and DISTRIBUTED_PARTITIONS: who holds what.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { DatabaseError } from '#shared/error.ts';
import {
  REFERENCE_ORDINAL,
  type NodeDescription,
  type PartitionPlacement,
} from '#shared/cluster/topology.ts';
import {
  virtualColumns,
  type VirtualRow,
  type VirtualScope,
  type VirtualTable,
} from './virtual-table.ts';

/** What SHOW LEAVES and the links' views ask for. */
export function maySeeCluster(scope: VirtualScope): boolean {
  return scope.holds('SHOW METADATA', 'CLUSTER', 'SUPER');
}

/** A leaf that does not answer within this is shown without a latency. */
const PING_TIMEOUT_MS = 1000;

async function pingMs(scope: VirtualScope, node: NodeDescription): Promise<number | null> {
  const began = scope.clock.monotonicMs();
  const patience = new AbortController();
  const timer = scope.clock.after(PING_TIMEOUT_MS, () => patience.abort());
  try {
    await scope.leaves.leaf(node.id).call('ping', {}, patience.signal);
    return scope.clock.monotonicMs() - began;
  } catch (cause) {
    if (cause instanceof DatabaseError || patience.signal.aborted) return null;
    throw cause;
  } finally {
    timer.cancel();
  }
}

async function leafRow(scope: VirtualScope, node: NodeDescription): Promise<VirtualRow> {
  const online = scope.leaves.isOnline(node.id);
  const latencyMs = online ? await pingMs(scope, node) : null;
  return {
    NODE_ID: BigInt(node.id),
    HOST: node.address.host,
    PORT: BigInt(node.address.port),
    AVAILABILITY_GROUP: 1n,
    STATE: online ? 'online' : 'offline',
    OPENED_CONNECTIONS: online ? 1n : 0n,
    AVERAGE_ROUNDTRIP_LATENCY_MS: latencyMs,
  };
}

const leaves: VirtualTable = {
  name: 'LEAVES',
  columns: virtualColumns(`
    NODE_ID number
    HOST text
    PORT number
    AVAILABILITY_GROUP number
    PAIR_HOST text?
    PAIR_PORT number?
    STATE name64
    OPENED_CONNECTIONS number
    AVERAGE_ROUNDTRIP_LATENCY_MS double?`),
  rows: async (scope) => {
    if (!maySeeCluster(scope)) return [];
    const nodes = scope.leaves.nodes().filter((node) => node.kind === 'leaf');
    return await Promise.all(nodes.map(async (node) => await leafRow(scope, node)));
  },
};

const aggregators: VirtualTable = {
  name: 'AGGREGATORS',
  columns: virtualColumns(`
    NODE_ID number
    HOST text
    PORT number
    STATE name64
    OPENED_CONNECTIONS number
    AVERAGE_ROUNDTRIP_LATENCY_MS double?
    MASTER_AGGREGATOR number
    ROLE name64`),
  rows: (scope) =>
    scope.leaves
      .nodes()
      .filter((node) => node.kind === 'aggregator' && maySeeCluster(scope))
      .map((node) => ({
        NODE_ID: BigInt(node.id),
        HOST: node.address.host,
        PORT: BigInt(node.address.port),
        STATE: 'online',
        OPENED_CONNECTIONS: BigInt(scope.registry.size),
        MASTER_AGGREGATOR: node.id === scope.nodeId ? 1n : 0n,
        ROLE: node.id === scope.nodeId ? 'leader' : 'follower',
      })),
};

const distributedDatabases: VirtualTable = {
  name: 'DISTRIBUTED_DATABASES',
  columns: virtualColumns(`
    DATABASE_NAME name64
    NUM_PARTITIONS number
    ROLE name64
    STATE name64
    REMOTE_NAME text
    IS_SYNC_DURABILITY number
    IS_PAUSED number
    CATALOG_VERSION number`),
  rows: (scope) =>
    scope.databases.map((database) => ({
      DATABASE_NAME: database.name,
      NUM_PARTITIONS: BigInt(database.partitionCount),
      ROLE: database.role,
      STATE: database.state,
      REMOTE_NAME: database.primaryUri,
      IS_SYNC_DURABILITY: database.durability === 'sync' ? 1n : 0n,
      IS_PAUSED: database.state === 'replication paused' ? 1n : 0n,
      CATALOG_VERSION: BigInt(database.catalogVersion),
    })),
};

function copyRow(
  scope: VirtualScope,
  database: DatabaseDefinition,
  copy: { readonly placement: PartitionPlacement; readonly leafId: number; readonly role: string },
): VirtualRow {
  const node = scope.leaves.nodes().find((each) => each.id === copy.leafId);
  const { ordinal } = copy.placement;
  return {
    DATABASE_NAME: database.name,
    ORDINAL: ordinal === REFERENCE_ORDINAL ? null : BigInt(ordinal),
    HOST: node?.address.host ?? null,
    PORT: node === undefined ? null : BigInt(node.address.port),
    ROLE: copy.role,
    LOCKED: 0n,
    OFFLINE: scope.leaves.isOnline(copy.leafId) ? 0n : 1n,
    NODE_ID: BigInt(copy.leafId),
  };
}

/** Every copy of every partition of a database; the reference partition last. */
function partitionRows(scope: VirtualScope, database: DatabaseDefinition): readonly VirtualRow[] {
  const rank = (ordinal: number) => (ordinal === REFERENCE_ORDINAL ? Infinity : ordinal);
  return database.placements
    .toSorted((a, b) => rank(a.ordinal) - rank(b.ordinal))
    .flatMap((placement) => [
      copyRow(scope, database, { placement, leafId: placement.leafId, role: 'Master' }),
      ...placement.replicaLeafIds.map((leafId) =>
        copyRow(scope, database, { placement, leafId, role: 'Replica' }),
      ),
    ]);
}

const distributedPartitions: VirtualTable = {
  name: 'DISTRIBUTED_PARTITIONS',
  columns: virtualColumns(`
    DATABASE_NAME name64
    ORDINAL number?
    HOST text?
    PORT number?
    ROLE name64
    LOCKED number
    OFFLINE number
    NODE_ID number`),
  rows: (scope) => scope.databases.flatMap((database) => partitionRows(scope, database)),
};

export const clusterTables: readonly VirtualTable[] = [
  leaves,
  aggregators,
  distributedDatabases,
  distributedPartitions,
];
