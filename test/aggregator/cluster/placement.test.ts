// Partitions are spread evenly, and a further leaf moves few.

import test from 'ava';
import { placePartitions } from '#aggregator/cluster/placement.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';

function leavesOf(partitionCount: number, leafIds: readonly number[]): Map<number, number> {
  const placements = placePartitions({ database: 'shop', partitionCount, leafIds });
  return new Map(placements.map(({ ordinal, leafId }) => [ordinal, leafId]));
}

test('placement: every leaf holds its share, rounded down or up', (t) => {
  for (const leafCount of [1, 2, 3, 4, 7]) {
    for (const partitionCount of [1, 2, 6, 8, 16, 64]) {
      const leafIds = Array.from({ length: leafCount }, (_, index) => index * 3 + 1);
      const leaves = leavesOf(partitionCount, leafIds);
      leaves.delete(REFERENCE_ORDINAL);
      const loads = leafIds.map((id) => [...leaves.values()].filter((leaf) => leaf === id).length);
      t.is(leaves.size, partitionCount);
      t.true(Math.max(...loads) - Math.min(...loads) <= 1, `${partitionCount} over ${leafCount}`);
    }
  }
});

test('placement: the reference partition is on every leaf, once', (t) => {
  const placements = placePartitions({ database: 'shop', partitionCount: 4, leafIds: [3, 1, 2] });
  const reference = placements.filter(({ ordinal }) => ordinal === REFERENCE_ORDINAL);
  t.is(reference.length, 1);
  const holders = reference.flatMap(({ leafId, replicaLeafIds }) => [leafId, ...replicaLeafIds]);
  t.deepEqual(holders.toSorted(), [1, 2, 3]);
  t.true(placements.every((p) => p.ordinal < 0 || p.replicaLeafIds.length === 0));
});

test('placement: the same leaves give the same placement, in whatever order they come', (t) => {
  t.deepEqual(leavesOf(16, [1, 2, 3]), leavesOf(16, [3, 1, 2]));
});

test('placement: a further leaf moves few partitions', (t) => {
  const before = leavesOf(48, [1, 2, 3]);
  const after = leavesOf(48, [1, 2, 3, 4]);
  const moved = [...before].filter(([ordinal, leaf]) => after.get(ordinal) !== leaf).length;
  t.true(moved <= 24, `${moved} of 48 moved, where 12 had to`);
});
