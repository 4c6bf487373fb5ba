// Lays out row changes in SQLite's changeset format.

import { assert } from '#shared/assert.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import { operationCodes, tableMark, type ChangeValue } from './changeset-format.ts';

const UNDEFINED = 0;
/** Operation and indirect flag. */
const CHANGE_BYTES = 2;
const VARINT_BYTES_MAX = 9;
/** A kind and eight bytes, or a kind and the longest varint. */
const VALUE_BYTES_MAX = 1 + VARINT_BYTES_MAX;
const BYTES_A_UTF16_UNIT_MAX = 3;

/** What happened to rows of one table. INTEGERs are `bigint`s. */
export type WrittenChange =
  | {
      readonly kind: 'insert';
      readonly header: Uint8Array;
      /** Of each column, the place of its value in a row. */
      readonly places: readonly number[];
      readonly rows: readonly Row[];
    }
  | { readonly kind: 'delete'; readonly header: Uint8Array; readonly before: Row }
  | {
      readonly kind: 'update';
      readonly header: Uint8Array;
      /** Of each column: is it part of the key? No such column changes. */
      readonly isKey: readonly boolean[];
      readonly before: Row;
      readonly after: Row;
    };

/** The header of a table; `keys`: of each column its 1-based place in the key, or 0. */
export function tableHeader(table: string, keys: readonly number[]): Uint8Array {
  assert(
    keys.every((key) => key <= 0xff),
    'one byte a column',
  );
  const columns = Buffer.alloc(VARINT_BYTES_MAX);
  const count = columns.subarray(0, writeVarint(columns, 0, keys.length));
  const name = Buffer.from(`${table}\0`);
  return Buffer.concat([Uint8Array.of(tableMark), count, Uint8Array.from(keys), name]);
}

/** A changeset of these changes, one after another; empty when there are none. */
export function encodeChanges(changes: readonly WrittenChange[]): Uint8Array {
  const changeset = Buffer.allocUnsafe(changes.reduce((sum, change) => sum + bytesMax(change), 0));
  let at = 0;
  let header: Uint8Array | null = null;
  for (const change of changes) {
    if (change.kind === 'insert' && change.rows.length === 0) continue;
    if (change.header !== header) {
      ({ header } = change);
      changeset.set(header, at);
      at += header.length;
    }
    at = writeChange(changeset, at, change);
  }
  return changeset.subarray(0, at);
}

function writeChange(to: Buffer, start: number, change: WrittenChange): number {
  let at = start;
  switch (change.kind) {
    case 'insert':
      for (const row of change.rows) {
        at = writeOperation(to, at, operationCodes.insert);
        for (const place of change.places) at = writeValue(to, at, row[place] ?? null);
      }
      return at;
    case 'delete':
      at = writeOperation(to, at, operationCodes.delete);
      for (const value of change.before) at = writeValue(to, at, value);
      return at;
    case 'update': {
      const { before, after, isKey } = change;
      const stays = before.map((value, column) => isSame(value, after[column] ?? null));
      at = writeOperation(to, at, operationCodes.update);
      for (const [column, value] of before.entries()) {
        at = stays[column] && !isKey[column] ? writeUndefined(to, at) : writeValue(to, at, value);
      }
      for (const [column, value] of after.entries()) {
        at = stays[column] || isKey[column] ? writeUndefined(to, at) : writeValue(to, at, value);
      }
      return at;
    }
  }
}

/** True when a row is stored with the same bytes before and after. */
export function isSameRow(before: Row, after: Row): boolean {
  return before.every((value, column) => isSame(value, after[column] ?? null));
}

function isSame(a: StoredValue, b: StoredValue): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return Object.is(a, b);
}

/** Bytes that suffice for a change and its table's header: a little more than they take. */
function bytesMax(change: WrittenChange): number {
  const rows = change.kind === 'insert' ? change.rows : [change.before];
  const all = change.kind === 'update' ? [...rows, change.after] : rows;
  let bytes = change.header.length;
  for (const row of all) {
    bytes += CHANGE_BYTES;
    for (const value of row) bytes += valueBytesMax(value);
  }
  return bytes;
}

function valueBytesMax(value: ChangeValue): number {
  if (typeof value === 'string') return VALUE_BYTES_MAX + value.length * BYTES_A_UTF16_UNIT_MAX;
  return VALUE_BYTES_MAX + (value instanceof Uint8Array ? value.length : 0);
}

/** One value of a row by itself. */
export function encodeValue(value: ChangeValue): Uint8Array {
  const to = Buffer.allocUnsafe(valueBytesMax(value));
  const end = value === undefined ? writeUndefined(to, 0) : writeValue(to, 0, value);
  return to.subarray(0, end);
}

function writeOperation(to: Buffer, at: number, operation: number): number {
  to[at] = operation;
  to[at + 1] = 0;
  return at + CHANGE_BYTES;
}

function writeUndefined(to: Buffer, at: number): number {
  to[at] = UNDEFINED;
  return at + 1;
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
