// LEAVES, AGGREGATORS, DISTRIBUTED_DATABASES and DISTRIBUTED_PARTITIONS: who holds what.

import { masterNodeId } from '#aggregator/cluster/membership.ts';
import { DatabaseError } from '#shared/error.ts';
import type { NodeDescription } from '#shared/cluster/topology.ts';
import type { LeafStatus } from '#shared/wire/message.ts';
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

interface Answer {
  readonly latencyMs: number;
  readonly status: LeafStatus;
}

async function ping(scope: VirtualScope, node: NodeDescription): Promise<Answer | null> {
  const began = scope.clock.monotonicMs();
  const patience = new AbortController();
  const timer = scope.clock.after(PING_TIMEOUT_MS, () => patience.abort());
  try {
    const status = await scope.leaves.leaf(node.id).call('ping', {}, patience.signal);
    return { latencyMs: roundedMs(scope.clock.monotonicMs() - began), status };
  } catch (cause) {
    if (cause instanceof DatabaseError || patience.signal.aborted) return null;
    throw cause;
  } finally {
    timer.cancel();
  }
}

/** Without the digits that no clock has. */
function roundedMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

async function leafRow(scope: VirtualScope, node: NodeDescription): Promise<VirtualRow> {
  const online = scope.leaves.isOnline(node.id);
  const answer = online ? await ping(scope, node) : null;
  const delay = answer?.status.eventLoopDelayMs ?? null;
  return {
    NODE_ID: BigInt(node.id),
    HOST: node.address.host,
    PORT: BigInt(node.address.port),
    AVAILABILITY_GROUP: 1n,
    STATE: online ? 'online' : 'offline',
    OPENED_CONNECTIONS: online ? 1n : 0n,
    AVERAGE_ROUNDTRIP_LATENCY_MS: answer?.latencyMs ?? null,
    GRACE_PERIOD_IN_SECONDS: null,
    MINIMUM_PRE_PREPARE_TS: null,
    RUNTIME_STATE: online ? 'online' : 'offline',
    EVENT_LOOP_DELAY_P50_MS: delay?.p50 ?? null,
    EVENT_LOOP_DELAY_P99_MS: delay?.p99 ?? null,
    EVENT_LOOP_DELAY_MAX_MS: delay?.max ?? null,
    MEMORY_RSS_BYTES: answer === null ? null : BigInt(answer.status.rssBytes),
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
    GRACE_PERIOD_IN_SECONDS number?
    MINIMUM_PRE_PREPARE_TS number?
    RUNTIME_STATE name64
    EVENT_LOOP_DELAY_P50_MS double?
    EVENT_LOOP_DELAY_P99_MS double?
    EVENT_LOOP_DELAY_MAX_MS double?
    MEMORY_RSS_BYTES number?`),
  rows: async (scope) => {
    if (!maySeeCluster(scope)) return [];
    const nodes = scope.leaves.nodes().filter((node) => node.kind === 'leaf');
    return await Promise.all(nodes.map(async (node) => await leafRow(scope, node)));
  },
};

/** The master hears its children; a child hears the master alone, and counts its own clients. */
function aggregatorRow(scope: VirtualScope, { id, address }: NodeDescription): VirtualRow {
  const isMaster = id === masterNodeId;
  const isHeard = scope.nodeId === masterNodeId ? scope.leaves.isOnline(id) : true;
  const state = isMaster || isHeard ? 'online' : 'offline';
  return {
    NODE_ID: BigInt(id),
    HOST: address.host,
    PORT: BigInt(address.port),
    STATE: state,
    OPENED_CONNECTIONS: id === scope.nodeId ? BigInt(scope.registry.size) : null,
    MASTER_AGGREGATOR: isMaster ? 1n : 0n,
    ROLE: isMaster ? 'leader' : 'follower',
    RUNTIME_STATE: state,
  };
}

const aggregators: VirtualTable = {
  name: 'AGGREGATORS',
  columns: virtualColumns(`
    NODE_ID number
    HOST text
    PORT number
    STATE name64
    OPENED_CONNECTIONS number?
    AVERAGE_ROUNDTRIP_LATENCY_MS double?
    MASTER_AGGREGATOR number
    ROLE name64
    RUNTIME_STATE name64`),
  rows: (scope) =>
    scope.leaves
      .nodes()
      .filter((node) => node.kind === 'aggregator' && maySeeCluster(scope))
      .map((node) => aggregatorRow(scope, node)),
};

export const clusterTables: readonly VirtualTable[] = [
  leaves,
  aggregators,
  distributedDatabases,
  distributedPartitions,
];
