// Promotion: every partition of a secondary becomes a primary, and the database takes writes.
//
// let what is on its way arrive → pause the links → cut where every transaction is whole →
// promote each partition → settle what is prepared → one schema for all → AUTO_INCREMENT above
// what has arrived. Every step may be done again, so a promotion that a crash has cut off is run
// from its beginning.

import { planVersion } from '#shared/cluster/plan-version.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { livesIn, placeOf } from '#aggregator/metadata/sqlite-table.ts';
import { must } from '#shared/assert.ts';
import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import { partitionName } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import { quoteIdentifier } from '#shared/sqlite-file.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import type { LinkStatus, PartitionStatus } from '#shared/wire/message.ts';
import {
  committedSomewhere,
  findConsistentCut,
  versionAt,
  type ConsistentCut,
} from './consistent-cut.ts';
import { forEachPartition, leafOf, readMasters } from './master-leaves.ts';
import type { ReplicationParts } from './replication-parts.ts';
import { rescueChanges } from './rescue-changes.ts';
import { listShared } from './shared-transactions.ts';
import { positionText } from './status-columns.ts';
import { isAltered, unifySchema } from './unify-schema.ts';

/** How long links that run may bring what is on its way, before they are paused. */
const drainMs = 3000;
const drainPollMs = 50;
/** A transaction may be in doubt on each partition, and settling one may show another. */
const settleRoundsMax = 16;
const lockWaitTimeoutMs = 10_000;
const nothingKnown = 'nothing known to be missing';

/** What a promotion has done. */
export interface Promoted {
  /** The database as a primary. */
  readonly database: DatabaseDefinition;
  /** Transactions that had come by halves, and were taken back. */
  readonly dropped: readonly string[];
  /** Rows that were put into <db>_rescued. */
  readonly rescued: number;
  /** A sentence for each partition: where it was promoted, and what it had missed. */
  readonly sentences: readonly string[];
}

/**
 * `anyway`: even where the first copy has not been found whole.
 * Throws leafUnreachable, promotionBlocked: do it again.
 */
export async function promoteDatabase(
  parts: ReplicationParts,
  database: DatabaseDefinition,
  { anyway }: { readonly anyway: boolean },
): Promise<Promoted> {
  await drainLinks(parts, database);
  const sentences = new Map<number, string>();
  const { committed, dropped, rescued, lags } = await cutToWhole(parts, database);
  parts.failpoint('stop-cut');
  await forEachPartition(database, async (placement) => {
    const key = { database: database.name, ordinal: placement.ordinal };
    const leaf = parts.leaves.leaf(placement.leafId);
    const { position } = await leaf.call('promote', { key, anyway });
    const lag = lags.get(placement.ordinal) ?? nothingKnown;
    const sentence = `${partitionName(key)} begins term ${positionText(position)}; ${lag}`;
    sentences.set(placement.ordinal, sentence);
  });
  parts.failpoint('stop-promoted');
  await settleInDoubt(parts, database, committed);
  parts.failpoint('stop-settled');
  const unified = await unifySchema(parts, database);
  parts.failpoint('stop-unified');
  await raiseSequences(parts, unified);
  const promoted = { ...unified, role: 'primary', state: 'online', primaryUri: '' } as const;
  const inOrder = [...sentences].toSorted(([a], [b]) => a - b).map(([, sentence]) => sentence);
  return { database: promoted, dropped, rescued, sentences: inOrder };
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

type Logs = Awaited<ReturnType<typeof listShared>>;

/** What was taken back, because it had come by halves. */
interface Cut {
  /** Transactions that some partition has committed within the cut. */
  readonly committed: ReadonlySet<string>;
  readonly dropped: readonly string[];
  readonly rescued: number;
  /** By ordinal: what was known to be missing. */
  readonly lags: ReadonlyMap<number, string>;
}

/**
 * Pauses the links and takes back what has come by halves; it is kept in <db>_rescued first.
 * Partitions that are promoted already have been cut before.
 */
async function cutToWhole(parts: ReplicationParts, database: DatabaseDefinition): Promise<Cut> {
  const masters = await readMasters(parts, database);
  await forEachPartition(database, async ({ ordinal }) => {
    const key = { database: database.name, ordinal };
    const status = must(masters.find((master) => master.key.ordinal === ordinal));
    if (status.link === null) return;
    await leafOf(parts, database, ordinal).call('pauseLink', { key });
  });
  parts.failpoint('stop-paused');
  const logs = await listShared(parts, database);
  const { lsns, dropped, committed } = await findCut(parts, database, { masters, logs });
  const beyond = masters.filter(({ key, role }) => {
    const tail = must(logs.get(key.ordinal)).tail;
    return role !== 'primary' && must(lsns.get(key.ordinal)) < tail;
  });
  const after = new Map(beyond.map(({ key }) => [key.ordinal, must(lsns.get(key.ordinal))]));
  const reason = 'promotion';
  const everywhere = committedSomewhere(logs);
  const rescued = await rescueChanges(parts, {
    ...{ database, after, committed: everywhere, reason },
    lost: new Set(),
  });
  parts.failpoint('stop-rescued');
  for (const { key } of beyond) {
    const lsn = must(lsns.get(key.ordinal));
    const { done } = await leafOf(parts, database, key.ordinal).call('rewind', { key, lsn });
    const fields = { partition: partitionName(key), lsn, dropped: dropped.join(' ') };
    if (done) parts.logger.warn('taken back what had come by halves', fields);
    else parts.logger.error('what had come by halves could not be taken back', fields);
  }
  const lags = new Map(masters.map(({ key, link }) => [key.ordinal, lagText(link)]));
  return { committed, dropped, rescued, lags };
}

/**
 * Definitions that have not arrived everywhere are carried out where they are missing, if that
 * can be done; else, and where one is behind the cut anyway, they are taken back everywhere.
 */
async function findCut(
  parts: ReplicationParts,
  database: DatabaseDefinition,
  { masters, logs }: { masters: readonly PartitionStatus[]; logs: Logs },
): Promise<ConsistentCut> {
  const newest = masters.reduce((a, b) => (b.catalogVersion > a.catalogVersion ? b : a));
  const lowest = Math.min(...masters.map(({ catalogVersion }) => catalogVersion));
  const isBlocked = await isBehindAlteration(parts, database, { masters, newest });
  let versionMax = isBlocked ? lowest : Infinity;
  for (;;) {
    const cut = findConsistentCut(logs, versionMax);
    const versions = masters.map(({ key, catalogVersion }) => {
      const lsn = must(cut.lsns.get(key.ordinal));
      return versionAt(must(logs.get(key.ordinal)), lsn, catalogVersion);
    });
    const isTakenBack = masters.some(({ catalogVersion }, i) => catalogVersion > must(versions[i]));
    const lowestAtCut = Math.min(...versions);
    if (!isTakenBack || lowestAtCut >= versionMax) return cut;
    versionMax = lowestAtCut;
  }
}

/** True when a partition lacks the change of a table that another has. */
async function isBehindAlteration(
  parts: ReplicationParts,
  database: DatabaseDefinition,
  { masters, newest }: { masters: readonly PartitionStatus[]; newest: PartitionStatus },
): Promise<boolean> {
  const behind = masters.filter(({ catalogVersion }) => catalogVersion < newest.catalogVersion);
  if (behind.length === 0) return false;
  const schemaOf = async ({ key }: PartitionStatus) =>
    (await leafOf(parts, database, key.ordinal).call('partitionSchema', { key })).tables;
  const tables = await schemaOf(newest);
  for (const partition of behind) {
    if (isAltered(await schemaOf(partition), tables)) return true;
  }
  return false;
}

function lagText(link: LinkStatus | null): string {
  if (link === null) return nothingKnown;
  const { hears, lagRecords, lagMs } = link;
  const seconds = (lagMs / 1000).toFixed(1);
  if (lagRecords > 0) return `${lagRecords} records of the primary are missing, ${seconds} s`;
  return hears ? nothingKnown : `${nothingKnown}, but the primary was not heard for ${seconds} s`;
}

/**
 * What is prepared gets its verdict: commit where another partition has it committed, else what
 * the first participant says, which writes `abort` down where it knows of none.
 */
export async function settleInDoubt(
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
export async function raiseSequences(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<void> {
  await forEachPartition(database, async ({ ordinal, leafId }) => {
    const place = placeOf(ordinal);
    for (const table of Object.values(database.tables)) {
      const counted = table.columns.filter(({ autoIncrement, hidden }) => autoIncrement || hidden);
      if (counted.length === 0 || !livesIn(table, place)) continue;
      // Each by itself: SQLite looks a single max() up, and scans the table for several.
      const newestOf = ({ name }: ColumnDefinition): string =>
        `(SELECT max(${quoteIdentifier(name)}) FROM ${quoteIdentifier(table.name)})`;
      const sql = `SELECT ${counted.map(newestOf).join(', ')}`;
      const rows = parts.leaves.leaf(leafId).stream('read', {
        key: { database: database.name, ordinal },
        catalogVersion: planVersion(database),
        transaction: null,
        statement: { sql, parameters: [] },
        columns: counted.map(({ type }) => type),
        forUpdate: false,
        lockWaitTimeoutMs,
      });
      for await (const batch of rows) {
        for (const newest of rowsOfBatch(batch).flat()) {
          if (typeof newest !== 'bigint' && typeof newest !== 'number') continue;
          await parts.sequences.observe(database.name, table.id, BigInt(newest));
        }
      }
    }
  });
}
