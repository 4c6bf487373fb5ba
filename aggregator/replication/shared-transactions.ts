// What all logs of a database say of its transactions over several partitions.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { SharedTransactions } from '#shared/wire/message.ts';
import { forEachPartition, leafOf } from './master-leaves.ts';
import type { ReplicationParts } from './replication-parts.ts';

/** What one partition tells: the end of its log and, of what came before, what was asked. */
export interface PartitionTransactions extends SharedTransactions {
  /** Transactions that its log no longer holds, and that have ended there. */
  readonly arrived: ReadonlySet<string>;
  /** True: no other transaction has arrived there. */
  readonly arrivedIsWhole: boolean;
}

/** By ordinal. The partitions should be at rest. Throws leafUnreachable. */
export async function listShared(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<Map<number, PartitionTransactions>> {
  const logs = new Map<number, SharedTransactions>();
  await forEachPartition(database, async ({ ordinal }) => {
    const key = { database: database.name, ordinal };
    logs.set(ordinal, await leafOf(parts, database, ordinal).call('sharedTransactions', { key }));
  });
  const told = new Map<number, PartitionTransactions>();
  await forEachPartition(database, async ({ ordinal }) => {
    const log = logs.get(ordinal);
    if (log === undefined) return;
    const key = { database: database.name, ordinal };
    const transactionIds = unknownTo(ordinal, log, logs);
    const leaf = leafOf(parts, database, ordinal);
    const asked = transactionIds.length > 0;
    const answer = asked
      ? await leaf.call('knownTransactions', { key, transactionIds })
      : { known: [], isWhole: true };
    told.set(ordinal, {
      ...log,
      arrived: new Set(answer.known),
      arrivedIsWhole: answer.isWhole,
    });
  });
  return told;
}

/** What other logs tell of this partition, and its own does not. */
function unknownTo(
  ordinal: number,
  log: SharedTransactions,
  logs: ReadonlyMap<number, SharedTransactions>,
): string[] {
  const own = new Set(log.prepared.map(({ transactionId }) => transactionId));
  const ids = new Set<string>();
  for (const { prepared } of logs.values()) {
    for (const { transactionId, participants } of prepared) {
      if (participants.includes(ordinal) && !own.has(transactionId)) ids.add(transactionId);
    }
  }
  return [...ids];
}
