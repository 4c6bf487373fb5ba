// The SHOW statements about databases that follow, partitions, and who is how far.

import type { ShowWhat } from '#aggregator/parser/ast-administration.ts';
import {
  clusterStatus,
  databasesExtended,
  databaseStatus,
  partitionsOf,
} from '#aggregator/replication/cluster-status.ts';
import { gatherLeafStatuses } from '#aggregator/replication/leaf-statuses.ts';
import { followerVariable } from '#aggregator/replication/primary-client.ts';
import { readLinkRecord } from '#aggregator/replication/link-record.ts';
import type { ReplicationController } from '#aggregator/replication/replication-controller.ts';
import type { ReplicationParts } from '#aggregator/replication/replication-parts.ts';
import { sourceColumns, sourceRow } from '#aggregator/replication/replication-source.ts';
import { replicas, replicationStatus } from '#aggregator/replication/replication-status.ts';
import type { StatusTable } from '#aggregator/replication/status-columns.ts';
import type { Session } from '#aggregator/session.ts';
import { issueTicket, TICKET_LIFETIME_MS } from '#shared/cluster/ticket.ts';
import { databaseError } from '#shared/error.ts';

/**
 * The whole table, before its LIKE or WHERE; null for a kind that is not ours (`databases` is when
 * EXTENDED). Throws unknownDatabase, noDatabase, databaseProvisioning, databaseReturning.
 */
export async function showReplication(
  parts: ReplicationParts & Pick<ReplicationController, 'troubleOf'>,
  session: Session,
  what: ShowWhat,
): Promise<StatusTable | null> {
  const { catalog } = parts;
  switch (what.kind) {
    case 'replicationStatus':
      return replicationStatus(await gatherLeafStatuses(parts, null));
    case 'replicas':
      return replicas(await gatherLeafStatuses(parts, null));
    case 'clusterStatus':
      return clusterStatus(catalog.databases(), await gatherLeafStatuses(parts, null));
    case 'replicationSource':
      return await source(parts, session, what.database);
    case 'databases':
      if (!what.extended) return null;
      return databasesExtended(
        catalog.databases(),
        await gatherLeafStatuses(parts, null),
        parts.troubleOf,
      );
    case 'databaseStatus': {
      const database = catalog.database(named(session, what.database));
      return databaseStatus(database, await gatherLeafStatuses(parts, database.name));
    }
    case 'partitions': {
      const database = catalog.database(named(session, what.database));
      const leaves = await gatherLeafStatuses(parts, database.name);
      return partitionsOf(database, leaves, what.extended);
    }
    default:
      return null;
  }
}

function named(session: Session, database: string | null): string {
  const name = database ?? session.database;
  if (name === null) throw databaseError('noDatabase', {});
  return name;
}

/** What a secondary asks for. It has said in a user variable which cluster it is. */
async function source(
  parts: ReplicationParts,
  session: Session,
  name: string,
): Promise<StatusTable> {
  const { catalog, clusterId, clusterSecret, version, leaves, clock } = parts;
  const database = catalog.database(name);
  if (['provisioning', 'pending', 'transition'].includes(database.state)) {
    throw databaseError('databaseProvisioning', { name });
  }
  const record = await readLinkRecord(parts.store, name);
  if (parts.returning.has(name) || record?.intent === 'returning') {
    throw databaseError('databaseReturning', { name });
  }
  const follower = session.userVariables.get(followerVariable)?.value;
  if (typeof follower !== 'string' || follower === '') {
    throw databaseError('wrongArguments', { command: 'SHOW REPLICATION SOURCE' });
  }
  const expiresAtMs = clock.now() + TICKET_LIFETIME_MS;
  const claims = { database: name, clusterId, follower, expiresAtMs };
  const ticket = issueTicket(clusterSecret, claims);
  const row = sourceRow({ clusterId, version, database, nodes: leaves.nodes(), ticket });
  return { columns: sourceColumns, rows: [row] };
}
