// Reads that differ in their partition and values alone: what they have in common crosses a
// connection once, and has a number from then on.

import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import type { LeafStreams } from './message.ts';
import type { PacketBatch, PacketFormat } from './packet-batch.ts';

type Request = LeafStreams['readPackets']['request'];

/** Numbers that are in use at once; then the first one means something else. */
export const shapesMax = 4096;

/** A read without its partition and values. */
export interface ReadShape {
  readonly database: string;
  readonly catalogVersion: number;
  readonly sql: string;
  readonly columns: readonly ColumnType[];
  readonly mayLimit: boolean;
  readonly lockWaitTimeoutMs: number;
  readonly format: PacketFormat;
}

/** What one read adds to its shape. */
export interface ReadValues {
  readonly ordinal: number;
  readonly parameters: readonly StoredValue[];
}

/** The answering end's part of a shape that has been checked. */
export interface ServedRead {
  /** The rows at once; null where the read is to be served as a stream. Throws DatabaseError. */
  now(values: ReadValues): PacketBatch | null;
  request(values: ReadValues): Request;
}

/** The whole request. */
export function requestOf(shape: ReadShape, { ordinal, parameters }: ReadValues): Request {
  const { database, catalogVersion, sql, columns, mayLimit, lockWaitTimeoutMs, format } = shape;
  return {
    key: { database, ordinal },
    catalogVersion,
    transaction: null,
    statement: { sql, parameters },
    columns,
    forUpdate: false,
    lockWaitTimeoutMs,
    mayLimit,
    format,
  };
}

function shapeOf(request: Request): ReadShape {
  const { key, catalogVersion, statement, columns, mayLimit, lockWaitTimeoutMs, format } = request;
  return {
    database: key.database,
    catalogVersion,
    sql: statement.sql,
    columns,
    mayLimit: mayLimit === true,
    lockWaitTimeoutMs,
    format,
  };
}

interface Numbered {
  readonly shape: ReadShape;
  readonly number: number;
  readonly epoch: number;
}

/** The asking end's numbers. A kept plan's columns are one and the same array in all its reads. */
export class ReadShapes {
  readonly #known = new WeakMap<readonly ColumnType[], Numbered>();
  #last = 0;
  #epoch = 0;

  /** The number of the request's shape; `define` is told of it where it is new. */
  numberOf(request: Request, define: (number: number, shape: ReadShape) => void): number {
    const known = this.#known.get(request.columns);
    if (known !== undefined && known.epoch === this.#epoch && isOf(known.shape, request)) {
      return known.number;
    }
    if (this.#last === shapesMax) {
      this.#last = 0;
      this.#epoch += 1;
    }
    const number = ++this.#last;
    const shape = shapeOf(request);
    this.#known.set(request.columns, { shape, number, epoch: this.#epoch });
    define(number, shape);
    return number;
  }
}

function isOf(shape: ReadShape, request: Request): boolean {
  return (
    shape.sql === request.statement.sql &&
    shape.catalogVersion === request.catalogVersion &&
    shape.database === request.key.database &&
    shape.lockWaitTimeoutMs === request.lockWaitTimeoutMs &&
    shape.format.protocol === request.format.protocol &&
    shape.format.timeZone === request.format.timeZone
  );
}
