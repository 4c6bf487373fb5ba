// What a gather worker does: each gather is a SQLite of its own, which it fills and then reads.

import { tmpdir } from 'node:os';
import { AssertionError, must } from '#shared/assert.ts';
import { encode } from '#shared/codec.ts';
import { databaseError, type WireError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { SqliteError } from '#shared/sqlite-error.ts';
import { toDatabaseError } from '#shared/to-database-error.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import type { GatherReply, GatherRequest } from './gather-message.ts';
import { recurse, type Recursion } from './recurse.ts';
import { GATHERED_BYTES_MAX } from './gather-size.ts';
import { definitionOf, insertRows, rowBytes, type TableShape } from './gather-table.ts';

/** What SQLite keeps of a gather in memory, in KiB; the rest is in a file without a name. */
const CACHE_KIB = 64 * 1024;

/** A batch is answered when it holds about so many bytes. */
const BATCH_BYTES = 64 * 1024;

interface Gather {
  readonly file: SqliteFile;
  readonly tables: readonly TableShape[];
  /** Null until the query runs. */
  rows: Iterator<Row> | null;
}

type Request<K extends GatherRequest['kind']> = Extract<GatherRequest, { readonly kind: K }>;

/** Serves one request at a time, each to its end. */
export class GatherService {
  readonly #gathers = new Map<number, Gather>();

  serve(request: GatherRequest): GatherReply {
    try {
      return this.#serve(request);
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      return { kind: 'failed', error: toWire(error) };
    }
  }

  #serve(request: GatherRequest): GatherReply {
    switch (request.kind) {
      case 'open':
        return this.#open(request);
      case 'rows': {
        const { file, tables } = this.#gather(request);
        const { encoded } = request;
        insertRows(file, must(tables[request.table]), rowsOfBatch({ encoded }));
        return { kind: 'done' };
      }
      case 'recurse':
        recursed(this.#gather(request).file, request.recursion);
        return { kind: 'done' };
      case 'run': {
        const gather = this.#gather(request);
        gather.rows = gather.file.iterate(request.sql, request.parameters);
        return takeBatch(gather.rows);
      }
      case 'next':
        return takeBatch(must(this.#gather(request).rows, 'rows are asked for once it runs'));
      case 'close':
        this.#close(request.gather);
        return { kind: 'done' };
      case 'reset':
        for (const number of [...this.#gathers.keys()]) this.#close(number);
        return { kind: 'done' };
    }
  }

  #open({ gather, tables }: Request<'open'>): GatherReply {
    const file = openWithFunctions('', { cacheSize: -CACHE_KIB });
    this.#gathers.set(gather, { file, tables, rows: null });
    // Nobody reads it but its worker, and nobody needs it after a crash.
    file.exec('PRAGMA journal_mode = OFF');
    file.exec('PRAGMA synchronous = OFF');
    file.exec('PRAGMA temp_store = FILE');
    for (const table of tables) file.exec(definitionOf(table));
    return { kind: 'done' };
  }

  #close(number: number): void {
    const gather = this.#gathers.get(number);
    if (gather === undefined) return;
    this.#gathers.delete(number);
    gather.rows?.return?.();
    gather.file.close();
  }

  #gather({ gather }: { readonly gather: number }): Gather {
    return must(this.#gathers.get(gather), 'the aggregator names a gather under way');
  }
}

function recursed(file: SqliteFile, recursion: Recursion): void {
  recurse(file, recursion, () => {
    const [pages] = must(file.get('PRAGMA page_count'));
    const [pageBytes] = must(file.get('PRAGMA page_size'));
    if (Number(pages) * Number(pageBytes) <= GATHERED_BYTES_MAX) return true;
    throw databaseError('gatheredTooMuch', { bytes: GATHERED_BYTES_MAX });
  });
}

function takeBatch(source: Iterator<Row>): GatherReply {
  const rows: Row[] = [];
  let sizeBytes = 0;
  while (sizeBytes < BATCH_BYTES) {
    const next = source.next();
    if (next.done === true) return { kind: 'batch', done: true, encoded: encode({ rows }) };
    rows.push(next.value);
    sizeBytes += rowBytes(next.value);
  }
  return { kind: 'batch', done: false, encoded: encode({ rows }) };
}

function toWire(error: unknown): WireError {
  if (error instanceof SqliteError && error.failure.kind === 'full') {
    return databaseError('diskFull', { path: tmpdir() }).toWire();
  }
  return toDatabaseError(error).toWire();
}
