// Completes the rows of an INSERT: defaults, numbers, conversions; every column that is stored.

import type { ColumnDefinition, TableDefinition } from '#shared/cluster/table-definition.ts';
import { storedColumns } from '#aggregator/planner/insert-planner.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { forEachInTurn, type Breather } from '#aggregator/breather.ts';

/** A value for a column, or DEFAULT. */
export type GivenValue = SourceValue | 'default';

/** What completing rows asks of the session and the aggregator. */
export interface RowCompletion {
  readonly database: string;
  readonly table: TableDefinition;
  /** The columns that the rows give values for, in their order. */
  readonly columns: readonly ColumnDefinition[];
  /** NO_AUTO_VALUE_ON_ZERO: only NULL asks for a number. */
  readonly zeroIsValue: boolean;
  store(column: ColumnDefinition, value: SourceValue, row: number): StoredValue;
  /** The value of a column that is left to its default. */
  defaultOf(column: ColumnDefinition, row: number): StoredValue;
  /** Gives way to others amid many rows. */
  readonly breather: Breather;
  allocate(count: number): bigint | Promise<bigint>;
  /** No row was written, and the statement runs again: its numbers may be given anew. */
  giveBack(): void;
  observe(value: bigint): Promise<void>;
}

export interface CompletedRows {
  /** In the order of storedColumns. */
  readonly rows: readonly Row[];
  /** The first number that was made for an AUTO_INCREMENT column, or null. */
  readonly firstGenerated: bigint | null;
}

/** `firstRow` counts from 1, for errors. A promise only where there is something to wait for. */
export function completeRows(
  completion: RowCompletion,
  given: readonly (readonly GivenValue[])[],
  firstRow: number,
): CompletedRows | Promise<CompletedRows> {
  const columns = storedColumns(completion.table);
  const places = columns.map((column) =>
    completion.columns.findIndex((other) => other.name === column.name),
  );
  const rows: StoredValue[][] = [];
  const converted = forEachInTurn(completion.breather, given, (values, index) => {
    const row = columns.map((column, i) => {
      const place = must(places[i]);
      const value = place < 0 ? 'default' : must(values[place]);
      return completeValue(completion, column, { value, row: firstRow + index });
    });
    rows.push(row);
  });
  const place = columns.findIndex((column) => isNumbered(column));
  const column = columns[place];
  const numbered = column === undefined ? null : { column, place };
  if (converted === undefined) return numberRows(completion, rows, numbered);
  return numberLater(completion, { rows, converted }, numbered);
}

async function numberLater(
  completion: RowCompletion,
  { rows, converted }: { readonly rows: StoredValue[][]; readonly converted: Promise<void> },
  numbered: NumberedColumn | null,
): Promise<CompletedRows> {
  await converted;
  return await numberRows(completion, rows, numbered);
}

function isNumbered(column: ColumnDefinition): boolean {
  return column.autoIncrement || column.hidden;
}

/** NULL in a numbered column stands for a number to be made. */
function completeValue(
  completion: RowCompletion,
  column: ColumnDefinition,
  given: { readonly value: GivenValue; readonly row: number },
): StoredValue {
  const { value, row } = given;
  if (value === 'default') {
    return isNumbered(column) ? null : completion.defaultOf(column, row);
  }
  if (!isNumbered(column)) return completion.store(column, value, row);
  if (value.value === null) return null;
  const stored = completion.store(column, value, row);
  // Numbers are given out from 1 to 2^63-1 (sqlite-table.ts).
  if (stored instanceof Uint8Array) throw databaseError('outOfRange', { column: column.name, row });
  const isZero = BigInt(stored as bigint | number) === 0n;
  return isZero && !completion.zeroIsValue ? null : stored;
}

/** The column whose numbers are made, and its place among those that are stored. */
interface NumberedColumn {
  readonly column: ColumnDefinition;
  readonly place: number;
}

function numberRows(
  completion: RowCompletion,
  rows: readonly StoredValue[][],
  numbered: NumberedColumn | null,
): CompletedRows | Promise<CompletedRows> {
  if (numbered === null) return { rows, firstGenerated: null };
  const { place } = numbered;
  let greatest: bigint | null = null;
  const missing: StoredValue[][] = [];
  for (const row of rows) {
    const value = row[place] ?? null;
    if (value === null) missing.push(row);
    else {
      const number = BigInt(value as bigint | number);
      if (greatest === null || number > greatest) greatest = number;
    }
  }
  if (greatest !== null) return observeFirst(completion, greatest, { rows, missing, numbered });
  return giveNumbers(completion, { rows, missing, numbered });
}

interface Unnumbered {
  readonly rows: readonly StoredValue[][];
  readonly missing: readonly StoredValue[][];
  readonly numbered: NumberedColumn;
}

async function observeFirst(
  completion: RowCompletion,
  greatest: bigint,
  unnumbered: Unnumbered,
): Promise<CompletedRows> {
  await completion.observe(greatest);
  return await giveNumbers(completion, unnumbered);
}

function giveNumbers(
  completion: RowCompletion,
  unnumbered: Unnumbered,
): CompletedRows | Promise<CompletedRows> {
  const { rows, missing } = unnumbered;
  if (missing.length === 0) return { rows, firstGenerated: null };
  const first = completion.allocate(missing.length);
  return typeof first === 'bigint' ? numberFrom(first, unnumbered) : numberOnce(first, unnumbered);
}

async function numberOnce(first: Promise<bigint>, unnumbered: Unnumbered): Promise<CompletedRows> {
  return numberFrom(await first, unnumbered);
}

function numberFrom(first: bigint, { rows, missing, numbered }: Unnumbered): CompletedRows {
  const { column, place } = numbered;
  missing.forEach((row, i) => {
    row[place] = first + BigInt(i);
  });
  checkRange(column, first + BigInt(missing.length) - 1n);
  return { rows, firstGenerated: column.hidden ? null : first };
}

/** The numbers are used up: as in MySQL, the last one is never given twice. */
function checkRange(column: ColumnDefinition, last: bigint): void {
  if (column.type.kind !== 'integer') return;
  const { bits, unsigned } = column.type;
  const limit = 2n ** BigInt(unsigned && bits < 64 ? bits : bits - 1);
  if (last >= limit) throw databaseError('autoIncrementExhausted', {});
}
