// Failback: a database gives up what its new primary does not have, and can follow it then.
//
// its writers are refused → what it did by itself is kept in <db>_rescued → each partition goes
// back to where the histories part, or waits for a snapshot → the catalog follows. Every step may
// be done again, and none needs the new primary: what a crash has cut off is run from its
// beginning.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { must } from '#shared/assert.ts';
import { copiesOf, partitionName, type PartitionCopy } from '#shared/cluster/topology.ts';
import type { PartitionStatus } from '#shared/wire/message.ts';
import { withSchema } from './catalog-follower.ts';
import { committedOnlyAfter, committedSomewhere } from './consistent-cut.ts';
import { primaryUri, type LinkRecord, type PartingPoint } from './link-record.ts';
import { forEachPartition, leafOf, readMasters } from './master-leaves.ts';
import type { ReplicationParts } from './replication-parts.ts';
import { rescueChanges } from './rescue-changes.ts';
import { listShared } from './shared-transactions.ts';

/** What a failback has done. */
export interface Returned {
  /** The database as a secondary that follows nobody yet. */
  readonly database: DatabaseDefinition;
  /** Rows that were put into <db>_rescued. */
  readonly rescued: number;
  /** Partitions that begin again from a snapshot. */
  readonly anew: readonly number[];
}

/** Throws leafUnreachable when a leaf is away: do it again. */
export async function returnDatabase(
  parts: ReplicationParts,
  known: DatabaseDefinition,
  record: LinkRecord,
): Promise<Returned> {
  const partings = must(record.partings, 'a failback knows where it goes back to');
  const database: DatabaseDefinition = {
    ...known,
    role: 'secondary',
    state: 'transition',
    primaryUri: primaryUri(record),
    // Its versions go back, and come again with what the new primary has made of them.
    incarnation: await parts.catalog.nextIncarnation(),
  };
  await parts.catalog.put(database);
  parts.failpoint('return-in-catalog');
  await renumber(parts, database);
  await holdStill(parts, database);
  parts.failpoint('return-held-still');
  const after = new Map(partings.map(({ ordinal, lsn }) => [ordinal, lsn ?? 0n]));
  const logs = await listShared(parts, database);
  const rescued = await rescueChanges(parts, {
    ...{ database, after, reason: 'failback' },
    committed: committedSomewhere(logs),
    lost: committedOnlyAfter(logs, after),
  });
  parts.failpoint('return-rescued');
  const anew: number[] = [];
  await forEachPartition(database, async ({ ordinal }) => {
    const parting = must(partings.find((each) => each.ordinal === ordinal));
    if (!(await goBack(parts, database, parting))) anew.push(ordinal);
    await forgetNewPrimary(parts, { database, ordinal, record });
  });
  parts.failpoint('return-gone-back');
  return { database: await withReachedSchema(parts, database), rescued, anew };
}

/** No plan that was made for the database as a primary runs any more, whoever kept it. */
async function renumber(
  parts: ReplicationParts,
  { name, incarnation = 0, placements }: DatabaseDefinition,
): Promise<void> {
  const set = async ({ ordinal, leafId }: PartitionCopy): Promise<void> => {
    const key = { database: name, ordinal };
    await parts.leaves.leaf(leafId).call('setIncarnation', { key, incarnation });
  };
  await Promise.all(copiesOf(placements).map(set));
}

/** No partition takes writes or records from here on. */
async function holdStill(parts: ReplicationParts, database: DatabaseDefinition): Promise<void> {
  const masters = await readMasters(parts, database);
  await forEachPartition(database, async ({ ordinal }) => {
    const key = { database: database.name, ordinal };
    const { role, link } = must(masters.find((master) => master.key.ordinal === ordinal));
    const leaf = leafOf(parts, database, ordinal);
    if (link !== null) await leaf.call('pauseLink', { key });
    if (role === 'primary') await leaf.call('demote', { key });
  });
}

/** False when what it did cannot be taken back: its copy begins anew. */
async function goBack(
  parts: ReplicationParts,
  database: DatabaseDefinition,
  { ordinal, lsn }: PartingPoint,
): Promise<boolean> {
  const key = { database: database.name, ordinal };
  const leaf = leafOf(parts, database, ordinal);
  if (lsn !== null && (await leaf.call('rewind', { key, lsn })).done) return true;
  await leaf.call('abandonHistory', { key });
  return false;
}

/** It followed once, and is followed now: nothing is kept for it any more. */
async function forgetNewPrimary(
  parts: ReplicationParts,
  of: {
    readonly database: DatabaseDefinition;
    readonly ordinal: number;
    readonly record: LinkRecord;
  },
): Promise<void> {
  const { database, ordinal, record } = of;
  const there = partitionName({ database: record.remoteDatabase, ordinal });
  await leafOf(parts, database, ordinal).call('forgetFollower', {
    key: { database: database.name, ordinal },
    followerId: `${record.primaryClusterId}/${there}`,
  });
}

/** The schema that all partitions have gone back to; none while one waits for a snapshot. */
async function withReachedSchema(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<DatabaseDefinition> {
  const masters = await readMasters(parts, database);
  if (masters.some(({ state }) => state === 'provisioning')) {
    return { ...database, state: 'provisioning', catalogVersion: 0, tables: {} };
  }
  const lowest = masters.reduce((a: PartitionStatus, b) =>
    b.catalogVersion < a.catalogVersion ? b : a,
  );
  const leaf = leafOf(parts, database, lowest.key.ordinal);
  const schema = await leaf.call('partitionSchema', { key: lowest.key });
  return { ...withSchema(database, schema), state: 'replicating' };
}
