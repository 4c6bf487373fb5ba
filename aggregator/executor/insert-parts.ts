// Cuts the rows of a large INSERT into parts, which are written one after another.
//
// What is made, sent, read and answered for a part takes a few milliseconds, at the aggregator as
// at the leaf: in between each event loop belongs to others.

import { asksForViolations, storedColumns } from '#aggregator/planner/insert-planner.ts';
import type { ResolvedInsert } from '#aggregator/planner/resolve-insert.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import type { CompletedRows } from './insert-rows.ts';

/** Rows of a part; of one of which each row is preceded by a question. */
const ROWS_MAX = 10_000;
const ASKED_ROWS_MAX = 1_000;
/** Characters and bytes of a part, unless it is one row. */
const SIZE_MAX = 1024 * 1024;

/** True where SQLite does not say all that became of a row: a question goes before each. */
export function asksForRows(insert: ResolvedInsert): boolean {
  const { mode, onDuplicate } = insert;
  return mode === 'replace' || onDuplicate !== null || asksForViolations(insert);
}

/** The rows in parts, in their order; null where they are one. */
export function partsOf(
  insert: ResolvedInsert,
  completed: CompletedRows,
): readonly CompletedRows[] | null {
  const { rows } = completed;
  const rowsMax = asksForRows(insert) ? ASKED_ROWS_MAX : ROWS_MAX;
  const parts: CompletedRows[] = [];
  let from = 0;
  let size = 0;
  for (const [index, row] of rows.entries()) {
    const rowSize = sizeOf(row);
    if (index > from && (index - from === rowsMax || size + rowSize > SIZE_MAX)) {
      parts.push(partOf(insert, completed, { from, to: index }));
      from = index;
      size = 0;
    }
    size += rowSize;
  }
  return from === 0 ? null : [...parts, partOf(insert, completed, { from, to: rows.length })];
}

function sizeOf(row: Row): number {
  let size = 0;
  for (const value of row) {
    if (typeof value === 'string' || value instanceof Uint8Array) size += value.length;
  }
  return size;
}

function partOf(
  { target }: ResolvedInsert,
  { rows, firstGenerated }: CompletedRows,
  { from, to }: { readonly from: number; readonly to: number },
): CompletedRows {
  const part = rows.slice(from, to);
  if (firstGenerated === null) return { rows: part, firstGenerated };
  const place = storedColumns(target.table).findIndex(({ autoIncrement }) => autoIncrement);
  // What was made is above all that was given, and rises in the rows' order.
  const made = part.find((row) => numberOf(row[place]) >= firstGenerated);
  return { rows: part, firstGenerated: made === undefined ? null : numberOf(made[place]) };
}

function numberOf(value: StoredValue | undefined): bigint {
  return BigInt((value ?? 0n) as bigint | number);
}
