// A statement's rows, taken from SQLite in batches of bounded bytes.

import type { ColumnType, Row, StoredValue } from '#shared/sql/column-type.ts';
import { shrinkInteger, type SqliteFile } from '#shared/sqlite-file.ts';
import type { CompiledStatement, RowBatch } from '#shared/wire/message.ts';

/** A batch is sent when it holds about so many bytes. */
const BATCH_BYTES = 64 * 1024;
/** What a row and a value cost besides their bytes. */
const ROW_BYTES = 16;
const VALUE_BYTES = 8;

/** The rows of a statement one by one. */
export type RowSource = Iterator<Row, void, undefined>;

/** True when every INTEGER of such columns fits a `number`. */
export function fitsNumbers(columns: readonly ColumnType[]): boolean {
  return columns.every((type) => {
    switch (type.kind) {
      case 'integer':
        return type.bits < 64;
      case 'decimal':
        return type.precision > 18 || type.precision < 16;
      case 'bit':
        return type.length < 53;
      case 'set':
      case 'null':
        return false;
      default:
        return true;
    }
  });
}

/** Runs the statement; INTEGERs that fit are `number`s. */
export function readRows(
  connection: SqliteFile,
  statement: CompiledStatement,
  options: { readonly cached: boolean; readonly columns: readonly ColumnType[] },
): RowSource {
  const numbers = fitsNumbers(options.columns);
  const { sql, parameters } = statement;
  const rows = connection.iterate(sql, parameters, { cached: options.cached, numbers });
  return numbers ? rows : shrinkRows(rows);
}

function* shrinkRows(rows: Iterable<Row>): Generator<Row, void, undefined> {
  for (const row of rows) yield row.map(shrinkInteger);
}

/** Takes rows from the source up to a batch; `done` when there is none left. */
export function takeBatch(source: RowSource): {
  readonly batch: Extract<RowBatch, { readonly rows: unknown }>;
  readonly done: boolean;
} {
  const rows: Row[] = [];
  let sizeBytes = 0;
  while (sizeBytes < BATCH_BYTES) {
    const next = source.next();
    if (next.done === true) return { batch: { rows }, done: true };
    rows.push(next.value);
    sizeBytes += rowBytes(next.value);
  }
  return { batch: { rows }, done: false };
}

/** About what a row costs in memory and on the wire. */
export function rowBytes(row: Row): number {
  let bytes = ROW_BYTES;
  for (const value of row) bytes += valueBytes(value);
  return bytes;
}

function valueBytes(value: StoredValue): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return VALUE_BYTES + value.length;
  return VALUE_BYTES;
}
