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

/** Where the part that begins with row `from` ends: the number of rows where it is the last. */
export function endOfPart(insert: ResolvedInsert, rows: readonly Row[], from: number): number {
  const rowsMax = asksForRows(insert) ? ASKED_ROWS_MAX : ROWS_MAX;
  const last = Math.min(rows.length, from + rowsMax);
  let size = 0;
  for (let end = from; end < last; end += 1) {
    size += sizeOf(rows[end] ?? []);
    if (size > SIZE_MAX && end > from) return end;
  }
  return last;
}

function sizeOf(row: Row): number {
  let size = 0;
  for (const value of row) {
    if (typeof value === 'string' || value instanceof Uint8Array) size += value.length;
  }
  return size;
}

/** The rows from `from` to before `to`, as by themselves. */
export function partOf(
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
