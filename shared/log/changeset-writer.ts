// Lays out inserted rows in SQLite's changeset format (changeset.ts says what it is).

import { assert } from '#shared/assert.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';

const TABLE_MARK = 0x54;
const INSERT = 18;
/** Operation and indirect flag. */
const CHANGE_BYTES = 2;
/** A kind and eight bytes, or a kind and the longest varint. */
const VALUE_BYTES_MAX = 10;
const BYTES_A_UTF16_UNIT_MAX = 3;

/** Rows of one table. */
export interface InsertedRows {
  readonly header: Uint8Array;
  /** Of each column, the place of its value in a row. */
  readonly places: readonly number[];
  readonly rows: readonly Row[];
}

/** The header of a table; `keys`: of each column its 1-based place in the key, or 0. */
export function tableHeader(table: string, keys: readonly number[]): Uint8Array {
  assert(keys.length < 0x80 && keys.every((key) => key < 0x80), 'a varint of one byte');
  const name = Buffer.from(table);
  return Buffer.concat([Uint8Array.of(TABLE_MARK, keys.length, ...keys), name, Uint8Array.of(0)]);
}

/** A changeset that inserts these rows; empty when there are none. INTEGERs are `bigint`s. */
export function encodeInserts(tables: readonly InsertedRows[]): Uint8Array {
  const filled = tables.filter(({ rows }) => rows.length > 0);
  const changeset = Buffer.allocUnsafe(
    filled.reduce((sum, { header, rows }) => sum + header.length + bytesMax(rows), 0),
  );
  let at = 0;
  for (const { header, places, rows } of filled) {
    changeset.set(header, at);
    at += header.length;
    for (const row of rows) {
      changeset[at] = INSERT;
      changeset[at + 1] = 0;
      at += CHANGE_BYTES;
      for (const place of places) at = writeValue(changeset, at, row[place] ?? null);
    }
  }
  return changeset.subarray(0, at);
}

/** Bytes that suffice for these rows: a little more than they take. */
function bytesMax(rows: readonly Row[]): number {
  let bytes = 0;
  for (const row of rows) {
    bytes += CHANGE_BYTES + row.length * VALUE_BYTES_MAX;
    for (const value of row) {
      if (typeof value === 'string') bytes += value.length * BYTES_A_UTF16_UNIT_MAX;
      else if (value instanceof Uint8Array) bytes += value.length;
    }
  }
  return bytes;
}

function writeValue(to: Buffer, at: number, value: StoredValue): number {
  if (value === null) {
    to[at] = 5;
    return at + 1;
  }
  if (typeof value === 'bigint') {
    to[at] = 1;
    return to.writeBigInt64BE(value, at + 1);
  }
  if (typeof value === 'number') {
    to[at] = 2;
    return to.writeDoubleBE(value, at + 1);
  }
  const isText = typeof value === 'string';
  to[at] = isText ? 3 : 4;
  const length = isText ? Buffer.byteLength(value) : value.length;
  const start = writeVarint(to, at + 1, length);
  if (isText) to.write(value, start);
  else to.set(value, start);
  return start + length;
}

/** SQLite's varint: seven bits a byte, the highest first. */
function writeVarint(to: Buffer, at: number, value: number): number {
  let bytes = 1;
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes += 1;
  let rest = value;
  for (let place = at + bytes - 1; place >= at; place -= 1) {
    to[place] = (rest % 128) + (place === at + bytes - 1 ? 0 : 128);
    rest = Math.floor(rest / 128);
  }
  return at + bytes;
}
