// Promotion: every partition of a secondary becomes a primary, and the database takes writes.
//
// pause the links → apply what came → promote each partition → settle what is prepared → one
// schema for all → AUTO_INCREMENT above what has arrived. Every step may be done again, so a
// promotion that a crash has cut off is run from its beginning.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { createTableStatements, livesIn } from '#aggregator/metadata/sqlite-table.ts';
import { must } from '#shared/assert.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import {
  partitionName,
  REFERENCE_ORDINAL,
  type PartitionPlacement,
} from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import { quoteIdentifier } from '#shared/sqlite-file.ts';
import type { PartitionStatus } from '#shared/wire/message.ts';
import { withSchema } from './catalog-follower.ts';
import { gatherLeafStatuses, masterCopies } from './leaf-statuses.ts';
import type { ReplicationParts } from './replication-parts.ts';

/** How long links that run may bring what is on its way, before they are paused. */
const drainMs = 3000;
const drainPollMs = 50;
/** A transaction may be in doubt on each partition, and settling one may show another. */
const settleRoundsMax = 16;
const lockWaitTimeoutMs = 10_000;

type Place = 'first' | 'other' | 'reference';

/** Answers the database as a primary. Throws leafUnreachable, promotionBlocked: do it again. */
export async function promoteDatabase(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<DatabaseDefinition> {
  await drainLinks(parts, database);
  await forEachPartition(parts, database, async (placement) => {
    const key = { database: database.name, ordinal: placement.ordinal };
    await parts.leaves.leaf(placement.leafId).call('promote', { key });
  });
  await settleInDoubt(parts, database);
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

/** Throws leafUnreachable when a leaf with a master copy does not answer. */
async function readMasters(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<PartitionStatus[]> {
  const leaves = await gatherLeafStatuses(parts, database.name);
  const masters = masterCopies(database, leaves);
  return database.placements.map(({ ordinal, leafId }) => {
    const status = masters.get(ordinal);
    if (status !== undefined) return status;
    const away = leaves.find(({ node }) => node.id === leafId);
    const name = away === undefined ? `node ${leafId}` : nodeName(away.node.address);
    const reason = away?.error || `it does not hold ${database.name}_${ordinal}`;
    throw databaseError('leafUnreachable', { leaf: name, reason });
  });
}

function nodeName(address: { readonly host: string; readonly port: number }): string {
  return `${address.host}:${address.port}`;
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

/** What is prepared gets the verdict of its first participant, which writes one where it has none. */
async function settleInDoubt(parts: ReplicationParts, database: DatabaseDefinition): Promise<void> {
  for (let round = 0; round < settleRoundsMax; round++) {
    const masters = await readMasters(parts, database);
    const inDoubt = masters.filter((status) => status.inDoubt !== null);
    if (inDoubt.length === 0) return;
    for (const { key, inDoubt: prepared } of inDoubt) {
      const { transactionId, participants } = must(prepared);
      const decider = { database: database.name, ordinal: must(participants[0]) };
      const { verdict } = await leafOf(parts, database, decider.ordinal).call('verdict', {
        key: decider,
        transactionId,
      });
      await leafOf(parts, database, key.ordinal).call('decide', { key, transactionId, verdict });
    }
  }
  throw databaseError('promotionBlocked', {
    partition: database.name,
    reason: 'transactions stay in doubt',
  });
}

function leafOf(parts: ReplicationParts, database: DatabaseDefinition, ordinal: number) {
  const placement = must(database.placements.find((entry) => entry.ordinal === ordinal));
  return parts.leaves.leaf(placement.leafId);
}

/**
 * All partitions reach the newest schema that one of them has. A table that is new or gone is
 * made or dropped where that had not arrived; one that was altered meanwhile blocks.
 */
async function unifySchema(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<DatabaseDefinition> {
  const masters = await readMasters(parts, database);
  const newest = masters.reduce((a, b) => (b.catalogVersion > a.catalogVersion ? b : a));
  const schema = await leafOf(parts, database, newest.key.ordinal).call('partitionSchema', {
    key: newest.key,
  });
  for (const { key, catalogVersion } of masters) {
    if (catalogVersion >= schema.version) continue;
    const leaf = leafOf(parts, database, key.ordinal);
    const behind = await leaf.call('partitionSchema', { key });
    const place = placeOf(key.ordinal);
    const put = newTables(behind.tables, schema.tables, partitionName(key));
    const names = new Set(schema.tables.map(({ name }) => name));
    const gone = behind.tables.filter(({ name }) => !names.has(name));
    const sqlite = [
      ...gone
        .filter((table) => livesIn(table, place))
        .map(({ name }) => `DROP TABLE IF EXISTS ${quoteIdentifier(name)}`),
      ...put.flatMap((table) => createTableStatements(table, place)),
    ];
    const drop = gone.map(({ name }) => name);
    await leaf.call('define', { key, change: { version: schema.version, sqlite, put, drop } });
  }
  return withSchema(database, schema);
}

function placeOf(ordinal: number): Place {
  if (ordinal === REFERENCE_ORDINAL) return 'reference';
  return ordinal === 0 ? 'first' : 'other';
}

function newTables(
  behind: readonly TableDefinition[],
  newest: readonly TableDefinition[],
  partition: string,
): TableDefinition[] {
  const known = new Map(behind.map((table) => [table.name, table]));
  return newest.filter((table) => {
    const before = known.get(table.name);
    if (before === undefined) return true;
    if (JSON.stringify(before, plain) === JSON.stringify(table, plain)) return false;
    const reason = `a change of table '${table.name}' has not arrived there; continue replicating`;
    throw databaseError('promotionBlocked', { partition, reason });
  });
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
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
          const newest = batch.rows[0]?.[0];
          if (typeof newest !== 'bigint' && typeof newest !== 'number') continue;
          await parts.sequences.observe(database.name, table.id, BigInt(newest));
        }
      }
    }
  }
}
