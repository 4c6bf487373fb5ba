// A statement's rows in batches of bounded bytes, letting others on the event loop in between.

import { setImmediate as yieldToOthers } from 'node:timers/promises';
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
export function* readRows(
  connection: SqliteFile,
  statement: CompiledStatement,
  options: { readonly cached: boolean; readonly columns: readonly ColumnType[] },
): Generator<Row, void, undefined> {
  const numbers = fitsNumbers(options.columns);
  const { sql, parameters } = statement;
  const rows = connection.iterate(sql, parameters, { cached: options.cached, numbers });
  if (numbers) {
    yield* rows;
    return;
  }
  for (const row of rows) yield row.map(shrinkInteger);
}

/** Takes rows from the source up to a batch; null when there is none left. */
export function takeBatch(source: RowSource): { readonly batch: RowBatch; readonly done: boolean } {
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

/** All batches of a source; the source is ended when the consumer returns early. */
export async function* rowBatches(
  source: RowSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<RowBatch, void, undefined> {
  try {
    for (;;) {
      const { batch, done } = takeBatch(source);
      if (batch.rows.length > 0) yield batch;
      if (done || signal?.aborted === true) return;
      await yieldToOthers();
    }
  } finally {
    source.return?.();
  }
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
