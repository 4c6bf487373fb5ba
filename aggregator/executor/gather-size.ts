// How much a query has gathered so far, and whether that is little enough for the event loop.

import type { RowBatch } from '#shared/wire/message.ts';
import { rowCountOf } from '#shared/wire/row-batch.ts';
import { rowBytes } from './gather-table.ts';

/** Up to so many rows and bytes a query is computed on the event loop: some milliseconds. */
export const HERE_ROWS_MAX = 4096;
const HERE_BYTES_MAX = 1024 * 1024;

/** What one query may gather in a worker's file, in bytes: above it the query is refused. */
export const GATHERED_BYTES_MAX = 4 * 1024 * 1024 * 1024;

/** And only while its tables have no more rows than this multiplied: a join may look at each. */
const HERE_PAIRS_MAX = 250_000;

export class GatherSize {
  /** Of each table. */
  readonly #rows: number[];
  #bytes = 0;

  constructor(tables: number) {
    this.#rows = Array.from({ length: tables }, () => 0);
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(table: number, batch: RowBatch): void {
    this.#rows[table] = (this.#rows[table] ?? 0) + rowCountOf(batch);
    if ('encoded' in batch) this.#bytes += batch.encoded.length;
    else for (const row of batch.rows) this.#bytes += rowBytes(row);
  }

  /** True while the query may be computed here. */
  get isSmall(): boolean {
    return this.isSmallWith(1);
  }

  /** The same with a table of so many rows more. */
  isSmallWith(rows: number): boolean {
    const sum = this.#rows.reduce((total, each) => total + each, 0);
    if (sum > HERE_ROWS_MAX || this.#bytes > HERE_BYTES_MAX) return false;
    const pairs = this.#rows.reduce((product, each) => product * Math.max(each, 1), rows);
    return pairs <= HERE_PAIRS_MAX;
  }
}
