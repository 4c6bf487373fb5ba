// EXPLAIN STOP REPLICATING: how far each partition is, and what a promotion now would lose.

import { must } from '#shared/assert.ts';
import { partitionName, REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { findConsistentCut } from './consistent-cut.ts';
import { readMasters } from './master-leaves.ts';
import { knownLag } from './replication-status.ts';
import type { ReplicationParts } from './replication-parts.ts';
import { listShared } from './shared-transactions.ts';
import { positionText, statusColumns, type StatusTable } from './status-columns.ts';

const columns = statusColumns({
  Ordinal: 'integer',
  Partition: 'text',
  State: 'text',
  Link_State: 'text',
  Position: 'text',
  Primary_Position: 'text',
  Records_Behind: 'integer',
  Bytes_Behind: 'integer',
  Seconds_Behind: 'real',
  Records_Taken_Back: 'integer',
  Transactions_Taken_Back: 'long',
});

/**
 * The newest that is known of the primary; what it has not told of is lost, too: how far it is
 * behind is NULL where nothing is known to be missing of a primary that is not heard. Records that
 * are taken back belong to transactions that have come by halves, or follow them. Throws
 * notReplicating, leafUnreachable.
 */
export async function explainStop(parts: ReplicationParts, name: string): Promise<StatusTable> {
  const database = parts.catalog.database(name);
  if (database.role !== 'secondary') throw databaseError('notReplicating', { name });
  const logs = await listShared(parts, database);
  const { lsns, dropped } = findConsistentCut(logs);
  const masters = await readMasters(parts, database);
  const rows = masters
    .toSorted((a, b) => a.key.ordinal - b.key.ordinal)
    .map(({ key, state, link, replay }): Row => {
      const log = must(logs.get(key.ordinal));
      const records = link === null ? null : knownLag(link, link.lagRecords);
      const cut = must(lsns.get(key.ordinal));
      const here = log.prepared.filter(({ lsn, transactionId }) => {
        return lsn > cut && dropped.includes(transactionId);
      });
      return [
        key.ordinal === REFERENCE_ORDINAL ? null : BigInt(key.ordinal),
        partitionName(key),
        state,
        link?.state ?? null,
        positionText(replay),
        link === null ? null : positionText(link.primaryTail),
        records === null ? null : BigInt(records),
        link === null || records === null ? null : BigInt(link.lagBytes),
        link === null ? null : link.lagMs / 1000,
        log.tail - cut,
        here.map(({ transactionId }) => transactionId).join(' '),
      ];
    });
  return { columns, rows };
}
