// CHECK REPLICATION: has each partition of a secondary the rows that its primary has?

import type { Command } from '#aggregator/commands/command.ts';
import { leafOf } from '#aggregator/replication/master-leaves.ts';
import type { ReplicationParts } from '#aggregator/replication/replication-parts.ts';
import { statusColumns } from '#aggregator/replication/status-columns.ts';
import { rowsResult } from '#aggregator/statement-result.ts';
import { partitionName } from '#shared/cluster/topology.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { CheckReport } from '#shared/wire/content-message.ts';

/** Between two questions whether a partition is done. */
const pollMs = 100;
/** How long the primary may take to begin. */
const beginWaitMs = 30_000;

const summaryColumns = statusColumns({
  Database: 'text',
  Partition: 'text',
  Result: 'text',
  LSN: 'integer',
  Table: 'text',
  Rows_At_Primary: 'integer',
  Rows_At_Secondary: 'integer',
});

const rowColumns = statusColumns({
  Database: 'text',
  Partition: 'text',
  Table: 'text',
  Key: 'long',
  Difference: 'text',
  Columns: 'long',
});

type Checked = { readonly partition: string; readonly report: CheckReport };

/**
 * One row a partition, and one more a further table that differs; WITH ROWS: one a row that
 * differs, and one a partition that could not be compared. Throws notReplicating.
 */
export function checkReplication(parts: ReplicationParts): Command<'checkReplication'> {
  return async (_context, session, { database: name, rows: withRows }) => {
    const database = parts.catalog.database(name);
    if (database.role !== 'secondary') throw databaseError('notReplicating', { name });
    const check = async ({ ordinal }: { readonly ordinal: number }): Promise<Checked> => {
      const key = { database: name, ordinal };
      const partition = partitionName(key);
      try {
        const leaf = leafOf(parts, database, ordinal);
        const { number } = await leaf.call('checkLink', { key, rows: withRows });
        const deadline = parts.clock.monotonicMs() + beginWaitMs;
        for (;;) {
          if (session.signal.aborted) throw databaseError('queryInterrupted', {});
          const { report } = await leaf.call('linkReport', { key });
          if (report !== null && isDone(report, number)) return { partition, report };
          const isLate = report?.result === 'asked' && parts.clock.monotonicMs() > deadline;
          if (isLate) return { partition, report: failed('the primary did not answer in time') };
          await parts.clock.sleep(pollMs);
        }
      } catch (error) {
        if (!(error instanceof DatabaseError) || error.is('queryInterrupted')) throw error;
        return { partition, report: failed(error.message) };
      }
    };
    const checked = await Promise.all(database.placements.map(check));
    if (withRows)
      return rowsResult(
        rowColumns,
        checked.flatMap((each) => rowsOf(name, each)),
      );
    return rowsResult(
      summaryColumns,
      checked.flatMap((each) => tablesOf(name, each)),
    );
  };
}

function isDone(report: CheckReport, number: number): boolean {
  return report.number >= number && report.result !== 'asked' && report.result !== 'running';
}

function failed(reason: string): CheckReport {
  const counts = { number: 0, lsn: 0n, endedMs: 0, differences: 0 };
  return { ...counts, result: 'failed', reason, tables: [], rows: [], isComplete: false };
}

function resultText({ result, reason }: CheckReport): string {
  return result === 'failed' ? `not checked: ${reason}` : result;
}

function tablesOf(database: string, { partition, report }: Checked): Row[] {
  const start = [database, partition, resultText(report), report.lsn];
  if (report.tables.length === 0) return [[...start, null, null, null]];
  return report.tables.map(({ table, rowsAtPrimary, rowsAtSecondary }) => [
    ...start,
    table,
    BigInt(rowsAtPrimary),
    BigInt(rowsAtSecondary),
  ]);
}

function rowsOf(database: string, { partition, report }: Checked): Row[] {
  const found = report.rows.map(({ table, key, difference, columns }) => {
    return [database, partition, table, key, difference, columns.join(', ')];
  });
  if (report.result === 'failed') {
    return [[database, partition, null, null, resultText(report), null]];
  }
  if (report.isComplete) return found;
  return [...found, [database, partition, null, null, 'and more rows differ', null]];
}
