// What a statement answers: an OK, or columns and rows as they come.

import type { ColumnType, Row } from '#shared/sql/column-type.ts';

export interface ResultColumn {
  /** The header: the alias, else the source text of the select item. */
  readonly name: string;
  /** Column, table, alias of the table and database it comes from; '' where it is computed. */
  readonly originalName: string;
  readonly table: string;
  readonly originalTable: string;
  readonly database: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  readonly primaryKey: boolean;
  readonly autoIncrement: boolean;
}

export interface OkResult {
  readonly kind: 'ok';
  readonly affectedRows: number;
  readonly lastInsertId: bigint;
  /** As the MySQL client prints it: 'Rows matched: 1  Changed: 1  Warnings: 0'. */
  readonly info: string;
}

/** Rows come in batches, so that a wait is per batch and not per row. Not consuming is waiting. */
export interface RowsResult {
  readonly kind: 'rows';
  readonly columns: readonly ResultColumn[];
  readonly rows: AsyncIterable<readonly Row[]>;
}

export type StatementResult = OkResult | RowsResult;

/** An OK without anything to say. */
export function ok(affectedRows = 0, lastInsertId = 0n, info = ''): OkResult {
  return { kind: 'ok', affectedRows, lastInsertId, info };
}

/** Rows that are all there already. */
export function rowsResult(columns: readonly ResultColumn[], rows: readonly Row[]): RowsResult {
  async function* batches() {
    if (rows.length > 0) yield rows;
  }
  return { kind: 'rows', columns, rows: batches() };
}

/** A column that belongs to no table, as SHOW and computed items have. */
export function computedColumn(name: string, type: ColumnType, nullable = true): ResultColumn {
  return {
    name,
    originalName: '',
    table: '',
    originalTable: '',
    database: '',
    type,
    nullable,
    primaryKey: false,
    autoIncrement: false,
  };
}
