// Who is in a cluster, which databases it has, and which leaf holds which partition: plain data.

/** `host:port` as a node advertises it; other nodes dial exactly this. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`. */
export function addressText({ host, port }: Address): string {
  return `${host}:${port}`;
}

export type NodeKind = 'aggregator' | 'leaf';

export interface NodeDescription {
  readonly id: number;
  readonly kind: NodeKind;
  readonly address: Address;
}

/** The ordinal of a database's reference partition, which has a copy on every leaf. */
export const REFERENCE_ORDINAL = -1;

/** Names one partition. The ordinal is 0 to P-1, or REFERENCE_ORDINAL. */
export interface PartitionKey {
  readonly database: string;
  readonly ordinal: number;
}

/** The partition's name as a client sees it: `shop_0`, or `shop_reference`. */
export function partitionName(key: PartitionKey): string {
  const suffix = key.ordinal === REFERENCE_ORDINAL ? 'reference' : String(key.ordinal);
  return `${key.database}_${suffix}`;
}

/**
 * What a follower of a partition is called where it follows. `replicaAt`: `host:port` of the leaf
 * that holds a replica, of which a cluster has many; null for a secondary, which is the only one.
 */
export function followerIdOf(
  clusterId: string,
  key: PartitionKey,
  replicaAt: string | null,
): string {
  const id = `${clusterId}/${partitionName(key)}`;
  return replicaAt === null ? id : `${id}@${replicaAt}`;
}

/** Where a partition lives. */
export interface PartitionPlacement {
  readonly ordinal: number;
  /** The node id of the leaf that holds the master copy. */
  readonly leafId: number;
  /** Leaves with a replica of it: for the reference partition every other leaf, else none. */
  readonly replicaLeafIds: readonly number[];
}

/** One copy of a partition, the master's or a replica, and the node id of its leaf. */
export interface PartitionCopy {
  readonly ordinal: number;
  readonly leafId: number;
}

/** Every copy of these partitions. */
export function copiesOf(placements: readonly PartitionPlacement[]): readonly PartitionCopy[] {
  return placements.flatMap(({ ordinal, leafId, replicaLeafIds }) =>
    [leafId, ...replicaLeafIds].map((id) => ({ ordinal, leafId: id })),
  );
}

/** `sync`: acknowledged means fdatasync has returned. `async`: written to the page cache. */
export type Durability = 'sync' | 'async';

/** SingleStore's database states (features.md 2.5). */
export type DatabaseState =
  | 'online'
  | 'provisioning'
  | 'replicating'
  | 'replication paused'
  | 'pending'
  | 'recovering'
  | 'transition'
  | 'unrecoverable'
  | 'offline';

/** `primary`: takes writes. `secondary`: follows a database of a primary cluster, read-only. */
export type DatabaseRole = 'primary' | 'secondary';
