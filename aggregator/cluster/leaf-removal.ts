// Takes a leaf out of the cluster: its partitions go to the others first, so nothing is lost.
//
// From the beginning nothing new is placed on it. Of a reference partition each other leaf has a
// copy: a replica is given up, a master copy changes places with one. A crash amid it leaves a leaf
// with fewer partitions, and the statement is run again.

import type { Catalog } from '#aggregator/metadata/catalog.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { must } from '#shared/assert.ts';
import {
  followerIdOf,
  addressText,
  partitionName,
  REFERENCE_ORDINAL,
  type NodeDescription,
  type PartitionPlacement,
} from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import type { ClusterLeafDirectory } from './leaf-directory.ts';
import type { Membership } from './membership.ts';
import type { PartitionMover } from './partition-mover.ts';
import { hasPlaceableLeaf, placeableLeaves } from './placeable-leaves.ts';

/** Partitions that are named in an error. */
const namedMax = 10;

export interface LeafRemovalParts {
  readonly clusterId: string;
  readonly catalog: Catalog;
  readonly leaves: ClusterLeafDirectory;
  readonly membership: Membership;
  readonly mover: PartitionMover;
  readonly inTurn: <T>(database: string, work: () => Promise<T>) => Promise<T>;
  readonly logger: Logger;
}

/** The leaf at the address. Throws leafUnknown. */
export function leafAt(
  { leaves }: Pick<LeafRemovalParts, 'leaves'>,
  { host, port }: { readonly host: string; readonly port: number },
): NodeDescription {
  const node = leaves
    .nodes()
    .find(({ kind, address }) => kind === 'leaf' && address.host === host && address.port === port);
  if (node === undefined) throw databaseError('leafUnknown', { leaf: addressText({ host, port }) });
  return node;
}

/**
 * Moves all partitions away, and forgets the leaf. `force`: one that is offline, too, if it holds
 * no partition's only copy. Throws leafOffline, leafIsNear, lastLeaf, leafHoldsPartitions,
 * nodeRemoval, and what a move throws: the leaf is one of the cluster then.
 */
export async function removeLeaf(
  parts: LeafRemovalParts,
  node: NodeDescription,
  { force }: { readonly force: boolean },
): Promise<void> {
  const { leaves, membership, logger } = parts;
  const leaf = nameOf(node);
  if (leaves.isLeaving(node.id)) throw databaseError('nodeRemoval', { leaf });
  if (leaves.isNear(node.id)) throw databaseError('leafIsNear', { leaf });
  const isOnline = leaves.isOnline(node.id);
  if (!isOnline && !force) throw databaseError('leafOffline', { leaf });
  leaves.setLeaving(node.id, true);
  try {
    checkCanGo(parts, node, isOnline);
    for (const { name } of placedOn(parts, node)) await empty(parts, name, node);
    await membership.remove(node.id);
    // A database whose making had begun before is here by now.
    if (placedOn(parts, node).length > 0) {
      await membership.putBack(node);
      checkCanGo(parts, node, false);
    }
    logger.info('leaf removed', { node: node.id, ...node.address });
  } finally {
    leaves.setLeaving(node.id, false);
  }
}

function nameOf({ address }: NodeDescription): string {
  return `'${address.host}':${address.port}`;
}

function isCopyOn({ leafId, replicaLeafIds }: PartitionPlacement, { id }: NodeDescription) {
  return leafId === id || replicaLeafIds.includes(id);
}

/** The databases that have a copy of a partition on the leaf. */
function placedOn({ catalog }: LeafRemovalParts, node: NodeDescription): DatabaseDefinition[] {
  return catalog
    .databases()
    .filter(({ placements }) => placements.some((placement) => isCopyOn(placement, node)));
}

/** Refuses before anything is moved what would be refused amid it. */
function checkCanGo(parts: LeafRemovalParts, node: NodeDescription, canMove: boolean): void {
  const leaf = nameOf(node);
  const mastersOf = ({ name, placements }: DatabaseDefinition) =>
    placements
      .filter(({ leafId }) => leafId === node.id)
      .map(({ ordinal }) => partitionName({ database: name, ordinal }));
  const databases = placedOn(parts, node).filter((database) => mastersOf(database).length > 0);
  const refuse = (held: readonly DatabaseDefinition[], reason: string): never => {
    const names = held.flatMap(mastersOf);
    const further = names.length > namedMax ? ` and ${names.length - namedMax} more` : '';
    const partitions = names.slice(0, namedMax).join(', ') + further;
    throw databaseError('leafHoldsPartitions', { leaf, partitions, reason });
  };
  const stay = databases.filter(({ role, state }) => role !== 'primary' || state !== 'online');
  if (databases.length > 0 && !canMove) {
    refuse(databases, 'no other leaf has them; start it, or drop the databases');
  }
  if (stay.length > 0) {
    refuse(stay, 'only partitions of primaries that are online are moved; drop the others first');
  }
  // The leaf itself is leaving, so it is none of them.
  if (databases.length > 0 && !hasPlaceableLeaf(parts.leaves))
    throw databaseError('lastLeaf', { leaf });
}

/** Rows are joined with reference tables on their own leaf: those go last. */
async function empty(parts: LeafRemovalParts, name: string, node: NodeDescription): Promise<void> {
  const { catalog, mover } = parts;
  const held = catalog.database(name).placements.filter(({ leafId }) => leafId === node.id);
  for (const { ordinal } of held.toSorted((a, b) => b.ordinal - a.ordinal)) {
    await mover.move({ database: name, ordinal }, emptiest(parts, name));
  }
  await parts.inTurn(name, () => giveUpReplica(parts, name, node));
}

/** The leaf with the fewest partitions of the database, then of all. Throws noLeaves. */
function emptiest({ catalog, leaves }: LeafRemovalParts, name: string): number {
  const count = (id: number, databases: readonly DatabaseDefinition[]) =>
    databases.flatMap(({ placements }) => placements.filter(({ leafId }) => leafId === id)).length;
  const all = catalog.databases();
  const own = all.filter((database) => database.name === name);
  const [best] = placeableLeaves(leaves).toSorted(
    (a, b) => count(a, own) - count(b, own) || count(a, all) - count(b, all),
  );
  return must(best);
}

/** In the database's turn. No log is kept for it any more. */
async function giveUpReplica(
  { clusterId, catalog, leaves }: LeafRemovalParts,
  name: string,
  node: NodeDescription,
): Promise<void> {
  const database = catalog.find(name);
  const reference = database?.placements.find(({ ordinal }) => ordinal === REFERENCE_ORDINAL);
  if (!database || reference === undefined || !reference.replicaLeafIds.includes(node.id)) return;
  const key = { database: name, ordinal: REFERENCE_ORDINAL };
  const replicaLeafIds = reference.replicaLeafIds.filter((id) => id !== node.id);
  const placements = database.placements.map((placement) =>
    placement === reference ? { ...placement, replicaLeafIds } : placement,
  );
  await catalog.put({ ...database, placements });
  if (leaves.isOnline(node.id)) await leaves.leaf(node.id).call('dropPartition', { key });
  const followerId = followerIdOf(clusterId, key, addressText(node.address));
  await leaves.leaf(reference.leafId).call('forgetFollower', { key, followerId });
}
