// What an INSERT has done, as MySQL tells it: rows counted, and the numbers that they were given.

import { storedColumns } from '#aggregator/planner/insert-planner.ts';
import type { ResolvedInsert } from '#aggregator/planner/resolve-insert.ts';
import { must } from '#shared/assert.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import type { WriteStepResult } from '#shared/wire/message.ts';
import type { TaskResults } from '#aggregator/transaction/partition-writes.ts';

export interface InsertedRows {
  /** Rows that the statement brought. */
  readonly records: number;
  /** As MySQL counts: 1 for a new row, 2 for a replaced or updated one, 0 for one left as it is. */
  readonly affected: number;
  /** Rows that met one that was there already. */
  readonly duplicates: number;
  /** The first number made for an AUTO_INCREMENT column of a row that was put in: else null. */
  readonly firstGenerated: bigint | null;
  /** The same; or else the number of the last row that was put in or changed; 0 for none. */
  readonly insertId: bigint;
}

/** What was asked of the partitions. */
export interface InsertAsked {
  readonly insert: ResolvedInsert;
  /** CLIENT_FOUND_ROWS: a row that was found but left as it is counts as 1. */
  readonly foundRows: boolean;
  /** In the statement's order, all columns that are stored. */
  readonly rows: readonly Row[];
  /** The same rows by partition, in the order of the results. */
  readonly groups: readonly (readonly Row[])[];
  /** The first number that was made, whatever became of its row. */
  readonly firstGenerated: bigint | null;
}

/** What became of one row; `met` is the number of the row in its way, where that was changed. */
interface RowOutcome {
  readonly row: Row;
  readonly kind: 'inserted' | 'changed' | 'left';
  readonly met: StoredValue;
  readonly affected: number;
  readonly isDuplicate: boolean;
}

/** The counts and numbers of one statement, or of a part of it. */
export function countInserted(asked: InsertAsked, results: TaskResults): InsertedRows {
  const { insert, rows, groups } = asked;
  const outcomes = groups.flatMap((group, index) => outcomesOf(asked, group, must(results[index])));
  const columns = storedColumns(insert.target.table);
  const place = columns.findIndex(({ autoIncrement }) => autoIncrement);
  return {
    records: rows.length,
    affected: outcomes.reduce((sum, outcome) => sum + outcome.affected, 0),
    duplicates: outcomes.filter((outcome) => outcome.isDuplicate).length,
    ...(place < 0 ? { firstGenerated: null, insertId: 0n } : numbersOf(asked, outcomes, place)),
  };
}

function outcomesOf(
  { insert, foundRows }: InsertAsked,
  rows: readonly Row[],
  steps: readonly WriteStepResult[],
): RowOutcome[] {
  const { mode, onDuplicate } = insert;
  if (mode !== 'replace' && onDuplicate === null) {
    const changes = steps[0]?.changesPerRow ?? [];
    return rows.map((row, index) => {
      const affected = changes[index] ?? 0;
      const kind = affected > 0 ? 'inserted' : 'left';
      return { row, kind, met: null, affected, isDuplicate: affected === 0 };
    });
  }
  // Each row is preceded by the question who is in its way.
  return rows.map((row, index) => {
    const [count, met = null] = steps[2 * index]?.rows[0] ?? [];
    const inTheWay = Number(count ?? 0);
    const { changes } = must(steps[2 * index + 1]);
    const isDuplicate = inTheWay > 0;
    if (mode === 'replace' || !isDuplicate) {
      return { row, kind: 'inserted', met: null, affected: changes + inTheWay, isDuplicate };
    }
    if (changes > 0) return { row, kind: 'changed', met, affected: 2, isDuplicate };
    return { row, kind: 'left', met, affected: foundRows ? 1 : 0, isDuplicate };
  });
}

/** `place` is that of the AUTO_INCREMENT column. Generated numbers rise in the rows' order. */
function numbersOf(
  { rows, firstGenerated }: InsertAsked,
  outcomes: readonly RowOutcome[],
  place: number,
): Pick<InsertedRows, 'firstGenerated' | 'insertId'> {
  const made = new Map<Row, bigint>();
  let first: bigint | null = null;
  for (const { kind, row, met } of outcomes) {
    if (kind === 'left') continue;
    const number = BigInt(((kind === 'changed' ? met : row[place]) ?? 0n) as bigint | number);
    made.set(row, number);
    // What was made is above all that was given.
    if (kind === 'changed' || firstGenerated === null || number < firstGenerated) continue;
    if (first === null || number < first) first = number;
  }
  if (first !== null) return { firstGenerated: first, insertId: first };
  const last = rows.findLast((row) => made.has(row));
  // As MySQL's packet has it, which knows no negative numbers.
  const number = last === undefined ? 0n : must(made.get(last));
  return { firstGenerated: null, insertId: BigInt.asUintN(64, number) };
}
