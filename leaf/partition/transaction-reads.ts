// Results that a transaction reads on the writer's connection, among its own writes.
//
// A write, a savepoint or the end of the transaction would change or abort a result that is under
// way. So what is left of it is read into memory first.

import { databaseError, type DatabaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { rowBytes, type RowSource } from './row-batches.ts';

/** What the rest of one result may take in memory. */
const DRAINED_BYTES_MAX = 256 * 1024 * 1024;

/** One result under way; a source of rows itself. */
class TransactionRead implements Iterator<Row, void, undefined> {
  #source: RowSource | null;
  #drained: Row[] = [];
  #next = 0;
  #error: unknown = null;
  #ended: (read: TransactionRead) => void;

  constructor(source: RowSource, ended: (read: TransactionRead) => void) {
    this.#source = source;
    this.#ended = ended;
  }

  next(): IteratorResult<Row, void> {
    const row = this.#drained[this.#next];
    if (row !== undefined) {
      this.#next += 1;
      return { done: false, value: row };
    }
    if (this.#error !== null) throw this.#error;
    if (this.#source === null) return { done: true, value: undefined };
    const result = this.#source.next();
    if (result.done === true) this.#end();
    return result;
  }

  return(): IteratorResult<Row, void> {
    this.#drained = [];
    this.#end();
    return { done: true, value: undefined };
  }

  /** Reads the rest into memory. */
  drain(): void {
    let sizeBytes = 0;
    for (let result = this.#source?.next(); result?.done === false; result = this.#source?.next()) {
      this.#drained.push(result.value);
      sizeBytes += rowBytes(result.value);
      if (sizeBytes > DRAINED_BYTES_MAX) {
        this.fail(databaseError('internal', { reason: 'an unread result is too large to keep' }));
        return;
      }
    }
    this.#end();
  }

  /** Ends it: its consumer gets the error. */
  fail(error: DatabaseError): void {
    this.#error = error;
    this.#drained = [];
    this.#end();
  }

  #end(): void {
    this.#source?.return?.();
    this.#source = null;
    this.#ended(this);
  }
}

/** The results under way of one transaction. */
export class TransactionReads {
  #open = new Set<TransactionRead>();

  /** Makes a source part of the transaction. */
  add(source: RowSource): RowSource {
    const read = new TransactionRead(source, (ended) => this.#open.delete(ended));
    this.#open.add(read);
    return read;
  }

  drain(): void {
    for (const read of [...this.#open]) read.drain();
  }

  fail(reason: () => DatabaseError): void {
    for (const read of [...this.#open]) read.fail(reason());
  }
}
