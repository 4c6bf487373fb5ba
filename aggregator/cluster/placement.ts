// Which leaf holds which partition: evenly, and so that a further leaf moves few.

import { createHash } from 'node:crypto';
import ConsistentHash from 'consistent-hash';
import { assert, must } from '#shared/assert.ts';
import {
  partitionName,
  REFERENCE_ORDINAL,
  type PartitionPlacement,
} from '#shared/cluster/topology.ts';

/** Points of the ring, and how many of them each leaf has. */
const ringPoints = 1_000_003;
const pointsPerLeaf = 64;

/**
 * Places the partitions 0 to P-1 and the reference partition, which has a replica on every other
 * leaf. Every leaf gets P / L partitions, rounded down or up. At least one leaf must be given.
 */
export function placePartitions(options: {
  readonly database: string;
  readonly partitionCount: number;
  readonly leafIds: readonly number[];
}): readonly PartitionPlacement[] {
  const { database, partitionCount, leafIds } = options;
  assert(leafIds.length > 0, 'partitions are placed on leaves');
  const ring = makeRing(leafIds);
  const preference = (ordinal: number): readonly number[] => {
    // Names that differ in a digit would lie side by side on the ring; their hashes do not.
    const name = createHash('sha256').update(partitionName({ database, ordinal })).digest('hex');
    return ring.get(name, leafIds.length).map(Number);
  };
  const hash = Array.from({ length: partitionCount }, (_, ordinal) => ordinal);
  const leaves = spreadEvenly(hash.map(preference), leafIds.length);
  const placements = hash.map((ordinal) => {
    return { ordinal, leafId: must(leaves[ordinal]), replicaLeafIds: [] };
  });
  const [master, ...replicas] = preference(REFERENCE_ORDINAL);
  const replicaLeafIds = replicas.toSorted((a, b) => a - b);
  return [...placements, { ordinal: REFERENCE_ORDINAL, leafId: must(master), replicaLeafIds }];
}

/** A leaf's points depend on its id alone, so a further leaf leaves those of the others. */
function makeRing(leafIds: readonly number[]): ConsistentHash {
  const ring = new ConsistentHash({ range: ringPoints });
  for (const id of leafIds.toSorted((a, b) => a - b)) {
    const points = Array.from({ length: pointsPerLeaf }, (_, index) => {
      return createHash('sha256').update(`${id}/${index}`).digest().readUInt32BE() % ringPoints;
    });
    ring.add(String(id), pointsPerLeaf, points);
  }
  return ring;
}

/** For each list of preferences the first leaf that has room. */
function spreadEvenly(
  preferences: readonly (readonly number[])[],
  leafCount: number,
): readonly number[] {
  const base = Math.floor(preferences.length / leafCount);
  let extras = preferences.length % leafCount;
  const loads = new Map<number, number>();
  return preferences.map((candidates) => {
    const chosen = candidates.find((leaf) => {
      const load = loads.get(leaf) ?? 0;
      return load < base || (load === base && extras > 0);
    });
    const leaf = must(chosen, 'the room on all leaves is the number of partitions');
    const load = (loads.get(leaf) ?? 0) + 1;
    if (load > base) extras--;
    loads.set(leaf, load);
    return leaf;
  });
}
