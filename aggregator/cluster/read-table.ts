// Reads a table in every partition that has rows of it, at one version of its database's schema.

import { planVersion } from '#shared/cluster/plan-version.ts';
import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import type { Breather } from '#aggregator/breather.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { livesIn, placeOf } from '#aggregator/metadata/sqlite-table.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { ColumnType, Row } from '#shared/sql/column-type.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';

/** A question to each partition by itself. */
export interface TableQuestion {
  readonly table: TableDefinition;
  /** Of SQLite. */
  readonly sql: string;
  /** What it answers with. */
  readonly columns: readonly ColumnType[];
}

/** What a table is read with. */
export interface TableReader {
  readonly leaves: LeafDirectory;
  readonly breather: Breather;
}

/** The answers, a batch of one partition at a time. Throws queryInterrupted. */
export async function* readTable(
  { leaves, breather }: TableReader,
  database: DatabaseDefinition,
  { table, sql, columns }: TableQuestion,
): AsyncGenerator<{ readonly ordinal: number; readonly rows: readonly Row[] }> {
  for (const placement of database.placements) {
    const { ordinal } = placement;
    if (!livesIn(table, placeOf(ordinal))) continue;
    const request = {
      key: { database: database.name, ordinal },
      catalogVersion: planVersion(database),
      transaction: null,
      statement: { sql, parameters: [] },
      columns,
      forUpdate: false,
      lockWaitTimeoutMs: 0,
    };
    const batches = leaves.leaf(placement.leafId).stream('read', request, breather.signal);
    for await (const batch of batches) {
      if (breather.isDue) await breather.pause();
      yield { ordinal, rows: rowsOfBatch(batch) };
    }
    // One that is interrupted ends early, without an error.
    breather.check();
  }
}
