// Where a database here and its new primary part, partition by partition. Changes nothing.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { must } from '#shared/assert.ts';
import { partitionName } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import { readLinkRecord, type PartingPoint } from './link-record.ts';
import { leafOf } from './master-leaves.ts';
import type { PrimaryLogin } from './primary-client.ts';
import type { ReplicationParts } from './replication-parts.ts';
import type { ReplicationSource } from './replication-source.ts';
import { uriText } from './status-columns.ts';

/** The new primary, as it was asked. */
export interface NewPrimary {
  readonly source: ReplicationSource;
  readonly login: PrimaryLogin;
}

function impossible(database: DatabaseDefinition, login: PrimaryLogin, reason: string) {
  const address = uriText(login, login.database);
  return databaseError('failbackImpossible', { name: database.name, address, reason });
}

/**
 * Throws failbackImpossible when the database cannot follow it, whatever their histories. One that
 * is a secondary itself is followed on by who follows it: any other could follow us, in a circle.
 */
export async function checkFailback(
  { store }: Pick<ReplicationParts, 'store'>,
  database: DatabaseDefinition,
  { source, login }: NewPrimary,
): Promise<void> {
  const before = await readLinkRecord(store, database.name);
  const followsIt =
    before?.primaryClusterId === source.clusterId && before.remoteDatabase === login.database;
  if (source.role !== 'primary' && !followsIt) {
    const reason = `it is a secondary itself; run STOP REPLICATING ${login.database} there first`;
    throw impossible(database, login, reason);
  }
  if (source.partitionCount !== database.partitionCount) {
    const [theirs, ours] = [source.partitionCount, database.partitionCount];
    throw impossible(database, login, `it has ${theirs} partitions, and there are ${ours} here`);
  }
}

/**
 * Asks the leaves on both sides. Throws failbackImpossible when the two are not one database with
 * two histories, leafUnreachable when a leaf is away.
 */
export async function findPartings(
  parts: ReplicationParts,
  database: DatabaseDefinition,
  { source, login }: NewPrimary,
): Promise<PartingPoint[]> {
  return await Promise.all(
    database.placements.map(async ({ ordinal }) => {
      const key = { database: database.name, ordinal };
      const { address } = must(source.partitions.find((entry) => entry.ordinal === ordinal));
      const sourceKey = { database: login.database, ordinal };
      const { shared } = await leafOf(parts, database, ordinal).call('sharedPosition', {
        key,
        source: { address, key: sourceKey, ticket: source.ticket },
      });
      if (shared?.lsn === 0n) {
        const reason = `${partitionName(key)} has nothing in common with it; DROP DATABASE here`;
        const way = 'and REPLICATE DATABASE without FORCE DIFFERENTIAL';
        throw impossible(database, login, `${reason} ${way}`);
      }
      return { ordinal, lsn: shared?.lsn ?? null };
    }),
  );
}
