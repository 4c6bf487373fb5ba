// Promotion: every partition of a secondary becomes a primary, and the database takes writes.
//
// let what is on its way arrive → pause the links → cut where every transaction is whole →
// promote each partition → settle what is prepared → one schema for all → AUTO_INCREMENT above
// what has arrived. Every step may be done again, so a promotion that a crash has cut off is run
// from its beginning.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { livesIn } from '#aggregator/metadata/sqlite-table.ts';
import { must } from '#shared/assert.ts';
import {
  partitionName,
  REFERENCE_ORDINAL,
  type PartitionPlacement,
} from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import { quoteIdentifier } from '#shared/sqlite-file.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import type { SharedTransactions } from '#shared/wire/message.ts';
import { findConsistentCut } from './consistent-cut.ts';
import { leafOf, placeOf, readMasters } from './master-leaves.ts';
import type { ReplicationParts } from './replication-parts.ts';
import { unifySchema } from './unify-schema.ts';

/** How long links that run may bring what is on its way, before they are paused. */
const drainMs = 3000;
const drainPollMs = 50;
/** A transaction may be in doubt on each partition, and settling one may show another. */
const settleRoundsMax = 16;
const lockWaitTimeoutMs = 10_000;

/** Answers the database as a primary. Throws leafUnreachable, promotionBlocked: do it again. */
export async function promoteDatabase(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<DatabaseDefinition> {
  await drainLinks(parts, database);
  const committed = await cutToWhole(parts, database);
  await forEachPartition(parts, database, async (placement) => {
    const key = { database: database.name, ordinal: placement.ordinal };
    await parts.leaves.leaf(placement.leafId).call('promote', { key });
  });
  await settleInDoubt(parts, database, committed);
  const promoted = await unifySchema(parts, database);
  await raiseSequences(parts, promoted);
  return { ...promoted, role: 'primary', state: 'online', primaryUri: '' };
}

/** While links still bring records: lets them arrive, so that partitions end near each other. */
async function drainLinks(parts: ReplicationParts, database: DatabaseDefinition): Promise<void> {
  const deadline = parts.clock.monotonicMs() + drainMs;
  while (parts.clock.monotonicMs() < deadline) {
    const masters = await readMasters(parts, database);
    const isMoving = masters.some(
      ({ link }) => link !== null && link.state === 'streaming' && link.lagRecords > 0,
    );
    if (!isMoving) return;
    await parts.clock.sleep(drainPollMs);
  }
}

/**
 * Pauses the links and takes back what has come by halves; answers the transactions that some
 * partition has committed. Partitions that are promoted already have been cut before.
 */
async function cutToWhole(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<ReadonlySet<string>> {
  const masters = await readMasters(parts, database);
  const logs = new Map<number, SharedTransactions>();
  await forEachPartition(parts, database, async ({ ordinal }) => {
    const key = { database: database.name, ordinal };
    const leaf = leafOf(parts, database, ordinal);
    const status = masters.find((master) => master.key.ordinal === ordinal);
    if (status !== undefined && status.link !== null) await leaf.call('pauseLink', { key });
    logs.set(ordinal, await leaf.call('sharedTransactions', { key }));
  });
  const { lsns, dropped, committed } = findConsistentCut(logs);
  for (const { key, role } of masters) {
    const lsn = must(lsns.get(key.ordinal));
    if (role === 'primary' || lsn === must(logs.get(key.ordinal)).tail) continue;
    const { done } = await leafOf(parts, database, key.ordinal).call('rewind', { key, lsn });
    const fields = { partition: partitionName(key), lsn, dropped: dropped.join(' ') };
    if (done) parts.logger.warn('taken back what had come by halves', fields);
    else parts.logger.error('what had come by halves could not be taken back', fields);
    if (done && key.ordinal === REFERENCE_ORDINAL) await remakeReplicas(parts, database);
  }
  return committed;
}

/** The copies on other leaves have what their master has no more. */
async function remakeReplicas(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<void> {
  const key = { database: database.name, ordinal: REFERENCE_ORDINAL };
  const reference = must(database.placements.find(({ ordinal }) => ordinal === key.ordinal));
  for (const leafId of reference.replicaLeafIds) {
    await parts.leaves.leaf(leafId).call('dropPartition', { key });
  }
  await parts.partitions.linkReplicas(database);
}

async function forEachPartition(
  parts: ReplicationParts,
  database: DatabaseDefinition,
  work: (placement: PartitionPlacement) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(database.placements.map(work));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/**
 * What is prepared gets its verdict: commit where another partition has it committed, else what
 * the first participant says, which writes `abort` down where it knows of none.
 */
async function settleInDoubt(
  parts: ReplicationParts,
  database: DatabaseDefinition,
  committed: ReadonlySet<string>,
): Promise<void> {
  for (let round = 0; round < settleRoundsMax; round++) {
    const masters = await readMasters(parts, database);
    const inDoubt = masters.filter((status) => status.inDoubt !== null);
    if (inDoubt.length === 0) return;
    for (const { key, inDoubt: prepared } of inDoubt) {
      const { transactionId, participants } = must(prepared);
      const decider = { database: database.name, ordinal: must(participants[0]) };
      const known = committed.has(transactionId) ? ('commit' as const) : null;
      const verdict =
        known ??
        (
          await leafOf(parts, database, decider.ordinal).call('verdict', {
            key: decider,
            transactionId,
          })
        ).verdict;
      await leafOf(parts, database, key.ordinal).call('decide', { key, transactionId, verdict });
    }
  }
  throw databaseError('promotionBlocked', {
    partition: database.name,
    reason: 'transactions stay in doubt',
  });
}

/** Numbers given from here on are above every one that has arrived. */
async function raiseSequences(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<void> {
  for (const table of Object.values(database.tables)) {
    const counted = table.columns.filter(({ autoIncrement, hidden }) => autoIncrement || hidden);
    for (const { name, type } of counted) {
      const column = quoteIdentifier(name);
      const sql = `SELECT max(${column}) FROM ${quoteIdentifier(table.name)}`;
      for (const { ordinal } of database.placements) {
        if (!livesIn(table, placeOf(ordinal))) continue;
        const rows = leafOf(parts, database, ordinal).stream('read', {
          key: { database: database.name, ordinal },
          catalogVersion: database.catalogVersion,
          transaction: null,
          statement: { sql, parameters: [] },
          columns: [type],
          forUpdate: false,
          lockWaitTimeoutMs,
        });
        for await (const batch of rows) {
          const newest = rowsOfBatch(batch)[0]?.[0];
          if (typeof newest !== 'bigint' && typeof newest !== 'number') continue;
          await parts.sequences.observe(database.name, table.id, BigInt(newest));
        }
      }
    }
  }
}
