// SQLite's changeset format: reads, inverts and joins what a session has captured.
//
//     table:   'T' · varint columns · one byte a column (1-based place in the key, 0: not part of
//              it) · name, ended by 0
//     change:  operation (18 insert, 9 delete, 23 update) · indirect flag · old values (delete,
//              update) · new values (insert, update)
//     value:   0 undefined · 1 INTEGER, 8 bytes · 2 REAL, 8 bytes · 3 TEXT and 4 BLOB, varint
//              length and bytes · 5 NULL
//
// Numbers are big-endian. (https://www.sqlite.org/session.html, sqlite3session.c)

import { assert, must } from '#shared/assert.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';

const TABLE_MARK = 0x54;
const INSERT = 18;
const DELETE = 9;
const UPDATE = 23;

export type ChangeOperation = 'insert' | 'delete' | 'update';

/** `undefined`: an UPDATE leaves this column alone. */
export type ChangeValue = StoredValue | undefined;

/** One row changed. */
export interface RowChange {
  readonly table: string;
  readonly operation: ChangeOperation;
  /** The columns of the key, as places in the row. */
  readonly keyColumns: readonly number[];
  /** The row before, INTEGERs as `bigint`; of an update its key and what changes; else null. */
  readonly before: readonly ChangeValue[] | null;
  /** The row after; of an update only what changes; of a delete null. */
  readonly after: readonly ChangeValue[] | null;
  /** True for what a foreign key's action did. */
  readonly indirect: boolean;
  /** A changeset of this change alone. */
  readonly bytes: Uint8Array;
}

/** The changes of a changeset, in their order. Throws RangeError on malformed bytes. */
export function* readChangeset(changeset: Uint8Array): Generator<RowChange, void, undefined> {
  const reader = new ChangesetReader(changeset);
  let header = new Uint8Array(0);
  let table = '';
  let columnCount = 0;
  let keyColumns: number[] = [];
  while (!reader.atEnd) {
    const start = reader.offset;
    if (reader.peek() === TABLE_MARK) {
      reader.byte();
      columnCount = reader.varint();
      const places = [...reader.bytes(columnCount)];
      keyColumns = keyPlaces(places);
      table = reader.name();
      header = changeset.subarray(start, reader.offset) as Uint8Array<ArrayBuffer>;
      continue;
    }
    const operation = toOperation(reader.byte());
    const indirect = reader.byte() !== 0;
    const before = operation === 'insert' ? null : reader.values(columnCount);
    const after = operation === 'delete' ? null : reader.values(columnCount);
    const bytes = joinBytes([header, changeset.subarray(start, reader.offset)]);
    yield { table, operation, keyColumns, before, after, indirect, bytes };
  }
}

/** A changeset that takes the changes back. */
export function invertChangeset(changeset: Uint8Array): Uint8Array {
  const inverted = [...readChangeset(changeset)].map(invertChange);
  return joinBytes(inverted.reverse());
}

/** One changeset after another. */
export function concatChangesets(changesets: readonly Uint8Array[]): Uint8Array {
  return joinBytes(changesets);
}

/** The key's values of a changed row: of the row before, or of an inserted one. */
export function changeKey(change: RowChange): StoredValue[] {
  const row = must(change.before ?? change.after);
  return change.keyColumns.map((column) => row[column] ?? null);
}

/** `update of "account" key (17)`: for an error, so without the other values. */
export function describeChange(change: RowChange): string {
  const key = changeKey(change).map((value) =>
    value instanceof Uint8Array ? `x'${Buffer.from(value).toString('hex')}'` : String(value),
  );
  return `${change.operation} of "${change.table}" key (${key.join(', ')})`;
}

function invertChange(change: RowChange): Uint8Array {
  const { bytes, operation, keyColumns, before, after } = change;
  const headerEnd = bytes.indexOf(0, headerNameStart(bytes)) + 1;
  const flag = bytes[headerEnd + 1] ?? 0;
  const header = bytes.subarray(0, headerEnd);
  if (operation !== 'update') {
    const values = bytes.subarray(headerEnd + 2);
    const inverse = operation === 'insert' ? DELETE : INSERT;
    return joinBytes([header, Uint8Array.of(inverse, flag), values]);
  }
  const [old, fresh] = [must(before), must(after)];
  const isKey = (column: number): boolean => keyColumns.includes(column);
  // An update names its key in the old values only; it never changes it.
  const inverseOld = fresh.map((value, column) => (isKey(column) ? old[column] : value));
  const inverseNew = old.map((value, column) => (isKey(column) ? undefined : value));
  const values = [...inverseOld, ...inverseNew].map(encodeValue);
  return joinBytes([header, Uint8Array.of(UPDATE, flag), ...values]);
}

/** Where the table's name begins in a change's own changeset. */
function headerNameStart(bytes: Uint8Array): number {
  const reader = new ChangesetReader(bytes);
  reader.byte();
  reader.bytes(reader.varint());
  return reader.offset;
}

function keyPlaces(places: readonly number[]): number[] {
  const columns = places.map((place, column) => ({ place, column }));
  return columns
    .filter(({ place }) => place > 0)
    .sort((a, b) => a.place - b.place)
    .map(({ column }) => column);
}

function toOperation(code: number): ChangeOperation {
  switch (code) {
    case INSERT:
      return 'insert';
    case DELETE:
      return 'delete';
    case UPDATE:
      return 'update';
    default:
      throw new RangeError(`a changeset has no operation ${code}`);
  }
}

function encodeValue(value: ChangeValue): Uint8Array {
  if (value === undefined) return Uint8Array.of(0);
  if (value === null) return Uint8Array.of(5);
  if (typeof value === 'bigint' || typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes[0] = typeof value === 'bigint' ? 1 : 2;
    if (typeof value === 'bigint') bytes.writeBigInt64BE(value, 1);
    else bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  const content = typeof value === 'string' ? Buffer.from(value) : value;
  const kind = Uint8Array.of(typeof value === 'string' ? 3 : 4);
  return joinBytes([kind, encodeVarint(content.length), content]);
}

/** SQLite's varint: seven bits a byte, the highest first. */
function encodeVarint(value: number): Uint8Array {
  assert(value >= 0 && value < 2 ** 49, 'a length fits seven bytes');
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift((rest % 128) + 128);
  }
  return Uint8Array.from(bytes);
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Reads a changeset's parts, never beyond its end. */
class ChangesetReader {
  #bytes: Uint8Array;
  #view: DataView;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.offset >= this.#bytes.length;
  }

  peek(): number {
    return this.#view.getUint8(this.offset);
  }

  byte(): number {
    const value = this.peek();
    this.offset += 1;
    return value;
  }

  bytes(count: number): Uint8Array {
    if (this.offset + count > this.#bytes.length) throw new RangeError('a changeset is cut off');
    this.offset += count;
    return this.#bytes.subarray(this.offset - count, this.offset);
  }

  varint(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
      if (value > 2 ** 42) throw new RangeError('a length of a changeset is impossible');
    }
  }

  name(): string {
    const end = this.#bytes.indexOf(0, this.offset);
    if (end < 0) throw new RangeError('a changeset is cut off');
    const name = Buffer.from(this.bytes(end - this.offset)).toString();
    this.byte();
    return name;
  }

  values(count: number): ChangeValue[] {
    return Array.from({ length: count }, () => this.#value());
  }

  #value(): ChangeValue {
    const kind = this.byte();
    switch (kind) {
      case 0:
        return undefined;
      case 1:
        this.offset += 8;
        return this.#view.getBigInt64(this.offset - 8);
      case 2:
        this.offset += 8;
        return this.#view.getFloat64(this.offset - 8);
      case 3:
        return Buffer.from(this.bytes(this.varint())).toString();
      case 4:
        return new Uint8Array(this.bytes(this.varint()));
      case 5:
        return null;
      default:
        throw new RangeError(`a changeset has no value of kind ${kind}`);
    }
  }
}
