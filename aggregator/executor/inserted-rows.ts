// What an INSERT has done, as MySQL tells it: rows counted, and the numbers that they were given.

import {
  asksForViolations,
  storedColumns,
  violationAt,
} from '#aggregator/planner/insert-planner.ts';
import type { ResolvedInsert } from '#aggregator/planner/resolve-insert.ts';
import { must } from '#shared/assert.ts';
import type { DatabaseError } from '#shared/error.ts';
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
  /** Of rows that INSERT IGNORE has left out, which are duplicates too: why each was. */
  readonly violated: readonly DatabaseError[];
  /** The first number made for an AUTO_INCREMENT column of a row that was put in: else null. */
  readonly firstGenerated: bigint | null;
  /** The same; or else the number of the last row that was put in or changed; 0 for none. */
  readonly insertId: bigint;
  /** What LAST_INSERT_ID(n) was given for the last row that met one; else null. */
  readonly assignedId: bigint | null;
}

export const nothingInserted: InsertedRows = {
  records: 0,
  affected: 0,
  duplicates: 0,
  violated: [],
  firstGenerated: null,
  insertId: 0n,
  assignedId: null,
};

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
  /** The n of LAST_INSERT_ID(n), where it was evaluated. */
  readonly assigned: StoredValue;
  readonly affected: number;
  readonly isDuplicate: boolean;
}

/** The counts and numbers of one statement, or of a part of it. */
export function countInserted(asked: InsertAsked, results: TaskResults): InsertedRows {
  const { insert, rows, groups } = asked;
  if (isAllInserted(asked, results)) return allInserted(asked);
  const outcomes = groups.flatMap((group, index) => outcomesOf(asked, group, must(results[index])));
  const columns = storedColumns(insert.target.table);
  const place = columns.findIndex(({ autoIncrement }) => autoIncrement);
  const numbers =
    place < 0 ? { firstGenerated: null, insertId: 0n } : numbersOf(asked, outcomes, place);
  const assignedId = assignedIdOf(asked, outcomes);
  return {
    records: rows.length,
    affected: outcomes.reduce((sum, outcome) => sum + outcome.affected, 0),
    duplicates: outcomes.filter((outcome) => outcome.isDuplicate).length,
    violated: asksForViolations(insert)
      ? results.flatMap((steps) => violatedOf(insert, steps))
      : [],
    ...numbers,
    insertId: numbers.firstGenerated ?? assignedId ?? numbers.insertId,
    assignedId,
  };
}

/** What the parts of one statement that were written up to now have done, and one more. */
export function addInserted(total: InsertedRows, part: InsertedRows): InsertedRows {
  const firstGenerated = total.firstGenerated ?? part.firstGenerated;
  const assignedId = part.assignedId ?? total.assignedId;
  const lastId = part.insertId > 0n ? part.insertId : total.insertId;
  return {
    records: total.records + part.records,
    affected: total.affected + part.affected,
    duplicates: total.duplicates + part.duplicates,
    violated: [...total.violated, ...part.violated],
    firstGenerated,
    insertId: firstGenerated ?? assignedId ?? lastId,
    assignedId,
  };
}

/** A plain INSERT of which every row was inserted, all of them with numbers that were made. */
function isAllInserted({ insert, rows, firstGenerated }: InsertAsked, results: TaskResults) {
  const isPlain = insert.mode !== 'replace' && insert.onDuplicate === null;
  if (!isPlain || firstGenerated === null || asksForViolations(insert)) return false;
  let inserted = 0;
  for (const [step] of results) {
    for (const changes of step?.changesPerRow ?? []) if (changes === 1) inserted += 1;
  }
  return inserted === rows.length;
}

function allInserted({ rows, firstGenerated }: InsertAsked): InsertedRows {
  return {
    records: rows.length,
    affected: rows.length,
    duplicates: 0,
    violated: [],
    firstGenerated,
    insertId: must(firstGenerated),
    assignedId: null,
  };
}

/** Each row is preceded by the question which constraint it violates. */
function violatedOf(
  { target }: ResolvedInsert,
  steps: readonly WriteStepResult[],
): readonly DatabaseError[] {
  return steps.flatMap(({ rows: [answer] }, index) => {
    const place = index % 2 === 0 ? (answer?.[0] ?? null) : null;
    return place === null ? [] : [violationAt(target, Number(place))];
  });
}

function outcomesOf(
  { insert, foundRows }: InsertAsked,
  rows: readonly Row[],
  steps: readonly WriteStepResult[],
): RowOutcome[] {
  const { mode, onDuplicate } = insert;
  if (mode !== 'replace' && onDuplicate === null) {
    const changes = asksForViolations(insert)
      ? rows.map((_, index) => steps[2 * index + 1]?.changes)
      : (steps[0]?.changesPerRow ?? []);
    return rows.map((row, index) => {
      const affected = changes[index] ?? 0;
      const kind = affected > 0 ? 'inserted' : 'left';
      return { row, kind, met: null, assigned: null, affected, isDuplicate: affected === 0 };
    });
  }
  // Each row is preceded by the question who is in its way.
  return rows.map((row, index) => {
    const [count, met = null, assigned = null] = steps[2 * index]?.rows[0] ?? [];
    const inTheWay = Number(count ?? 0);
    const { changes } = must(steps[2 * index + 1]);
    const isDuplicate = inTheWay > 0;
    if (mode === 'replace' || !isDuplicate) {
      const known = { row, met: null, assigned: null, isDuplicate };
      return { ...known, kind: 'inserted', affected: changes + inTheWay };
    }
    const known = { row, met, assigned, isDuplicate };
    if (changes > 0) return { ...known, kind: 'changed', affected: 2 };
    return { ...known, kind: 'left', affected: foundRows ? 1 : 0 };
  });
}

/** That of the last row in the statement's order. */
function assignedIdOf(
  { rows }: Pick<InsertAsked, 'rows'>,
  outcomes: readonly RowOutcome[],
): bigint | null {
  const assigned = new Map<Row, bigint>();
  for (const { row, assigned: value } of outcomes) {
    if (typeof value === 'bigint' || typeof value === 'number') assigned.set(row, BigInt(value));
  }
  const last = assigned.size === 0 ? undefined : rows.findLast((row) => assigned.has(row));
  return last === undefined ? null : (assigned.get(last) ?? null);
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
