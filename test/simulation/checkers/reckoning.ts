// The reckoning in the calm: everything that was acknowledged is there, whole and once, on both
// sites, and nothing that was refused.

import { rescueColumns } from '#aggregator/replication/rescue-row.ts';
import { partitionName } from '#shared/cluster/topology.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { partitionOf } from '#test/simulation/accounts.ts';
import { databaseName, type SimulatedCluster } from '#test/simulation/simulated-cluster.ts';
import type { Change, Workload } from '#test/simulation/workload.ts';
import type { World } from '#test/simulation/world.ts';
import { Violation } from './archive.ts';

/** Both sites hold the same records, applied, none is in doubt, and the secondary knows it. */
export function hasSettled(world: World, primary: SimulatedCluster): boolean {
  const secondary = world.clusters.find((cluster) => cluster !== primary);
  if (secondary === undefined || !world.clusters.every(({ isAlive }) => isAlive)) return false;
  if (!world.leaves.every(({ isAlive }) => isAlive)) return false;
  for (const { ordinal } of primary.database?.placements ?? []) {
    const [ours, theirs] = [copyOf(primary, ordinal), copyOf(secondary, ordinal)];
    if (ours === null || theirs === null) return false;
    if (ours.failure !== null || theirs.failure !== null) return false;
    if (ours.status().inDoubt !== null || !theirs.provisioned) return false;
    if (ours.replay.lsn !== ours.log.tail.lsn || theirs.replay.lsn !== ours.replay.lsn)
      return false;
  }
  return secondary.database?.state !== 'provisioning';
}

/** Throws Violation. */
export function checkReckoning(world: World, workload: Workload, primary: SimulatedCluster): void {
  const rows = new Map<string, bigint>();
  for (let ordinal = 0; ordinal < workload.partitionCount; ordinal++) {
    const copy = copyOf(primary, ordinal);
    if (copy === null) throw new Violation(`partition ${ordinal} is gone`);
    checkCopies(world, copy, ordinal);
    for (const [id, balance] of world.archive.modelOf(copy).rows) {
      rows.set(`${ordinal}/${id}`, balance);
    }
  }
  const rescued = rescuedMarkers(world);
  for (const change of workload.changes) checkChange(change, rows, rescued);
  checkSum(workload, rows);
}

/** Equal positions, equal rows. */
function checkCopies(world: World, ours: Partition, ordinal: number): void {
  const texts = new Set(
    world.clusters.map((cluster) => {
      const copy = copyOf(cluster, ordinal);
      return copy === null ? 'none' : world.archive.modelOf(copy).text();
    }),
  );
  if (texts.size > 1) throw new Violation(`the copies of ${ours.name} differ in the calm`);
}

function checkSum(workload: Workload, rows: ReadonlyMap<string, bigint>): void {
  let sum = 0n;
  for (let id = 0; id < workload.accounts; id++) {
    sum += rows.get(`${partitionOf(id, workload.partitionCount)}/${id}`) ?? 0n;
  }
  if (sum !== workload.total)
    throw new Violation(`the accounts hold ${sum}, not ${workload.total}`);
}

function checkChange(
  { markers, answer, cluster }: Change,
  rows: ReadonlyMap<string, bigint>,
  rescued: ReadonlySet<string>,
): void {
  const there = markers.filter(({ ordinal, id }) => rows.has(`${ordinal}/${id}`));
  const [first] = markers;
  const name = `change ${first?.id ?? 0} of ${cluster}, ${answer},`;
  if (there.length > 0 && there.length < markers.length)
    throw new Violation(`${name} is half there`);
  if (answer === 'refused' && there.length > 0) throw new Violation(`${name} is there`);
  if (answer !== 'acknowledged' || there.length > 0) return;
  const isRescued = markers.every(({ ordinal, id }) =>
    rescued.has(`${partitionName({ database: databaseName, ordinal })}/${id}`),
  );
  if (!isRescued) throw new Violation(`${name} is lost`);
}

/** The markers that <db>_rescued tells of, in either cluster, as committed. */
function rescuedMarkers(world: World): ReadonlySet<string> {
  const place = new Map(rescueColumns.map(([name], index) => [name, index]));
  const markers = new Set<string>();
  for (const row of world.clusters.flatMap(({ rescued }) => rescued)) {
    const value = (name: string) => row[place.get(name) ?? -1]?.value;
    if (value('operation') !== 'insert' || value('verdict') !== 'committed') continue;
    const { id } = JSON.parse(String(value('new_values'))) as { readonly id: number };
    markers.add(`${String(value('partition_name'))}/${id}`);
  }
  return markers;
}

/** The master copy, or null. */
function copyOf(cluster: SimulatedCluster, ordinal: number): Partition | null {
  const name = partitionName({ database: databaseName, ordinal });
  return cluster.leafOf(ordinal)?.partitions.find((partition) => partition.name === name) ?? null;
}
