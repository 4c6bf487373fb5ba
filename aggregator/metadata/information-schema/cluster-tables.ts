// LEAVES, AGGREGATORS, DISTRIBUTED_DATABASES and DISTRIBUTED_PARTITIONS: who holds what.

import { DatabaseError } from '#shared/error.ts';
import type { NodeDescription } from '#shared/cluster/topology.ts';
import { distributedDatabases, distributedPartitions } from './distributed-tables.ts';
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
    RUNTIME_STATE: online ? 'online' : 'offline',
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
    AVERAGE_ROUNDTRIP_LATENCY_MS double?
    RUNTIME_STATE name64`),
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
    ROLE name64
    RUNTIME_STATE name64`),
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
        RUNTIME_STATE: 'online',
      })),
};

export const clusterTables: readonly VirtualTable[] = [
  leaves,
  aggregators,
  distributedDatabases,
  distributedPartitions,
];
