// Gathers rows into an in-memory SQLite and runs the rest of a query there.

import type { GatheredTable } from '#aggregator/planner/plan.ts';
import type { Fragment } from '#aggregator/planner/deparse/fragment.ts';
import { databaseError } from '#shared/error.ts';
import { quoteIdentifier, type SqliteFile } from '#shared/sqlite-file.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { Execution, RowBatches } from './execution.ts';
import { bindFragment, isRealType, rowToBind } from './statement-values.ts';

/** What one query may gather at the aggregator, in bytes: above it the query is refused. */
export const GATHERED_BYTES_MAX = 512 * 1024 * 1024;

/** Rows that are handed on together. */
const BATCH_ROWS = 256;

/** A gathered table with its rows as they come. */
export interface GatheredSource {
  readonly table: GatheredTable;
  readonly rows: RowBatches;
}

/** Gathers all sources, then yields the rows of `statement` over them. */
export async function* combine(
  execution: Execution,
  sources: readonly GatheredSource[],
  statement: Fragment,
): RowBatches {
  const file = execution.gatherFiles.take();
  const room = { bytes: GATHERED_BYTES_MAX };
  const tables: string[] = [];
  try {
    for (const source of sources) {
      makeTable(file, source.table);
      tables.push(source.table.name);
      await gather(execution, file, source, room);
    }
    const compiled = bindFragment(statement, execution.values);
    let batch: Row[] = [];
    for (const row of file.iterate(compiled.sql, compiled.parameters)) {
      batch.push(row);
      if (batch.length < BATCH_ROWS) continue;
      if (execution.signal.aborted) throw databaseError('queryInterrupted', {});
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  } finally {
    execution.gatherFiles.giveBack(file, { tables, bytes: GATHERED_BYTES_MAX - room.bytes });
  }
}

/** Without types its columns have no affinity: values stay as they came. */
function makeTable(file: SqliteFile, { name, columns }: GatheredTable): void {
  const names = columns.map((column) => quoteIdentifier(column.name));
  file.exec(`CREATE TABLE ${quoteIdentifier(name)} (${names.join(', ') || '"_"'})`);
}

async function gather(
  execution: Execution,
  file: SqliteFile,
  { table, rows }: GatheredSource,
  room: { bytes: number },
): Promise<void> {
  const { columns } = table;
  const holes = columns.map(() => '?').join(', ') || 'NULL';
  const insert = `INSERT INTO ${quoteIdentifier(table.name)} VALUES (${holes})`;
  const isReal = table.columns.map(({ type }) => isRealType(type));
  for await (const batch of rows) {
    if (execution.signal.aborted) throw databaseError('queryInterrupted', {});
    file.exec('BEGIN');
    for (const row of batch) {
      room.bytes -= rowBytes(row);
      file.run(insert, columns.length === 0 ? [] : rowToBind(row, isReal));
    }
    file.exec('COMMIT');
    if (room.bytes < 0) throw databaseError('gatheredTooMuch', { bytes: GATHERED_BYTES_MAX });
  }
}

/** About what a row takes in memory. */
export function rowBytes(row: Row): number {
  let bytes = 16;
  for (const value of row) {
    bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length + 8 : 8;
  }
  return bytes;
}
