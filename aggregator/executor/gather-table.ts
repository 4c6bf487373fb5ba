// A table of gathered rows in a SQLite of the aggregator: its definition, and rows put into it.

import type { GatheredTable } from '#aggregator/planner/plan.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { quoteIdentifier, type SqliteFile } from '#shared/sqlite-file.ts';
import { isRealType, rowToBind } from './statement-values.ts';

/** Many rows a statement: most of what an INSERT costs is the call. */
const ROWS_TOGETHER = 32;

/** Of wider rows each is inserted by itself: SQLite binds so many values and no more. */
const COLUMNS_TOGETHER = 64;

/** What a table's rows are put by. */
export interface TableShape {
  readonly name: string;
  readonly columns: readonly string[];
  /** Of each column: its values are REALs in SQLite. */
  readonly isReal: readonly boolean[];
}

export function shapeOf({ name, columns }: Pick<GatheredTable, 'name' | 'columns'>): TableShape {
  return {
    name,
    columns: columns.map((column) => column.name),
    isReal: columns.map(({ type }) => isRealType(type)),
  };
}

/** Without types its columns have no affinity: values stay as they came. */
export function definitionOf({ name, columns }: Pick<TableShape, 'name' | 'columns'>): string {
  const names = columns.map(quoteIdentifier);
  return `CREATE TABLE ${quoteIdentifier(name)} (${names.join(', ') || '"_"'})`;
}

/** Puts the rows into their table, all in one transaction. */
export function insertRows(
  file: SqliteFile,
  { name, columns, isReal }: TableShape,
  rows: readonly Row[],
): void {
  const holes = `(${columns.map(() => '?').join(', ') || 'NULL'})`;
  const insert = `INSERT INTO ${quoteIdentifier(name)} VALUES `;
  const many = insert + Array.from({ length: ROWS_TOGETHER }, () => holes).join(', ');
  const bind = (row: Row) => (columns.length === 0 ? [] : rowToBind(row, isReal));
  const whole = columns.length > COLUMNS_TOGETHER ? 0 : rows.length - (rows.length % ROWS_TOGETHER);
  file.run('BEGIN');
  for (let at = 0; at < whole; at += ROWS_TOGETHER) {
    file.run(many, rows.slice(at, at + ROWS_TOGETHER).flatMap(bind));
  }
  for (const row of rows.slice(whole)) file.run(insert + holes, bind(row));
  file.run('COMMIT');
}

/** About what a row takes in memory. */
export function rowBytes(row: Row): number {
  let bytes = 16;
  for (const value of row) {
    bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length + 8 : 8;
  }
  return bytes;
}
