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

/** Of wider rows each is inserted by itself: SQLite binds so many values and no more. */
const COLUMNS_TOGETHER = 64;

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
  const gathered = execution.gatherFiles.take(sources.map(({ table }) => table));
  const { file } = gathered;
  const room = { bytes: GATHERED_BYTES_MAX };
  try {
    for (const { table, rows } of sources) {
      for await (const batch of rows) {
        if (execution.signal.aborted) throw databaseError('queryInterrupted', {});
        insertRows(file, table, batch, room);
      }
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
    execution.gatherFiles.giveBack(gathered, GATHERED_BYTES_MAX - room.bytes);
  }
}

/** As combine, of one table whose rows are all there, and few. */
export function combineNow(
  execution: Execution,
  { table, rows }: { readonly table: GatheredTable; readonly rows: readonly Row[] },
  statement: Fragment,
): readonly Row[] {
  const gathered = execution.gatherFiles.take([table]);
  const { file } = gathered;
  const room = { bytes: GATHERED_BYTES_MAX };
  try {
    insertRows(file, table, rows, room);
    const compiled = bindFragment(statement, execution.values);
    return file.rows(compiled.sql, compiled.parameters, false);
  } finally {
    execution.gatherFiles.giveBack(gathered, GATHERED_BYTES_MAX - room.bytes);
  }
}

/** Many rows a statement: most of what an INSERT costs is the call. */
const ROWS_TOGETHER = 32;

function insertRows(
  file: SqliteFile,
  { name, columns }: GatheredTable,
  rows: readonly Row[],
  room: { bytes: number },
): void {
  const holes = `(${columns.map(() => '?').join(', ') || 'NULL'})`;
  const insert = `INSERT INTO ${quoteIdentifier(name)} VALUES `;
  const many = insert + Array.from({ length: ROWS_TOGETHER }, () => holes).join(', ');
  const isReal = columns.map(({ type }) => isRealType(type));
  const bind = (row: Row) => {
    room.bytes -= rowBytes(row);
    return columns.length === 0 ? [] : rowToBind(row, isReal);
  };
  const whole = columns.length > COLUMNS_TOGETHER ? 0 : rows.length - (rows.length % ROWS_TOGETHER);
  file.run('BEGIN');
  for (let at = 0; at < whole; at += ROWS_TOGETHER) {
    file.run(many, rows.slice(at, at + ROWS_TOGETHER).flatMap(bind));
  }
  for (const row of rows.slice(whole)) file.run(insert + holes, bind(row));
  file.run('COMMIT');
  if (room.bytes < 0) throw databaseError('gatheredTooMuch', { bytes: GATHERED_BYTES_MAX });
}

/** About what a row takes in memory. */
export function rowBytes(row: Row): number {
  let bytes = 16;
  for (const value of row) {
    bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length + 8 : 8;
  }
  return bytes;
}
