// Walks over a changeset from change to change: for who applies many, and keeps none.
//
// changeset.ts describes the format.

import type { ChangeOperation, ChangeValue } from './changeset.ts';

const TABLE_MARK = 0x54;
const DELETE = 9;
const INSERT = 18;
const UPDATE = 23;
const NONE: readonly ChangeValue[] = [];
/** What stands in a text for bytes that are no UTF-8. */
const REPLACED = '\ufffd';

/** The change that it stands at; before the first `next` there is none. */
export class ChangesetCursor {
  readonly #bytes: Buffer;
  #at = 0;
  #columns = 0;
  /** The header of the table as it stands: equal for equal tables, keys and numbers of columns. */
  header = '';
  operation: ChangeOperation = 'insert';
  /** As RowChange has them; a BLOB is a view of the changeset. Empty where there are none. */
  before: readonly ChangeValue[] = NONE;
  after: readonly ChangeValue[] = NONE;
  /** A text has bytes that a string cannot hold: it is not what stands in the changeset. */
  isForeign = false;

  constructor(changeset: Uint8Array) {
    const { buffer, byteOffset, length } = changeset;
    this.#bytes = Buffer.from(buffer, byteOffset, length);
  }

  /** Goes on to the next change; false behind the last. Throws RangeError on malformed bytes. */
  next(): boolean {
    while (this.#bytes[this.#at] === TABLE_MARK) this.#header();
    if (this.#at >= this.#bytes.length) return false;
    const code = this.#bytes[this.#at];
    this.#at += 2;
    this.before = code === INSERT ? NONE : this.#values();
    this.after = code === DELETE ? NONE : this.#values();
    if (code === INSERT) this.operation = 'insert';
    else if (code === DELETE) this.operation = 'delete';
    else if (code === UPDATE) this.operation = 'update';
    else throw new RangeError(`a changeset has no operation ${code ?? ''}`);
    return true;
  }

  #header(): void {
    const start = this.#at;
    this.#at += 1;
    this.#columns = this.#varint();
    const end = this.#bytes.indexOf(0, this.#at + this.#columns);
    if (end < 0) throw new RangeError('a changeset is cut off');
    this.#at = end + 1;
    this.header = this.#bytes.toString('latin1', start, end);
  }

  #values(): ChangeValue[] {
    const values: ChangeValue[] = [];
    for (let column = 0; column < this.#columns; column += 1) values.push(this.#value());
    return values;
  }

  #value(): ChangeValue {
    const bytes = this.#bytes;
    const kind = bytes[this.#at];
    this.#at += 1;
    switch (kind) {
      case 0:
        return undefined;
      case 1:
        this.#at += 8;
        return bytes.readBigInt64BE(this.#at - 8);
      case 2:
        this.#at += 8;
        return bytes.readDoubleBE(this.#at - 8);
      case 3: {
        const end = this.#end();
        const text = bytes.toString('utf8', this.#at, end);
        if (text.includes(REPLACED)) this.isForeign = true;
        this.#at = end;
        return text;
      }
      case 4: {
        const end = this.#end();
        const blob = new Uint8Array(bytes.buffer, bytes.byteOffset + this.#at, end - this.#at);
        this.#at = end;
        return blob;
      }
      case 5:
        return null;
      default:
        throw new RangeError(`a changeset has no value of kind ${kind ?? 'none'}`);
    }
  }

  /** Where the value ends whose length stands here. */
  #end(): number {
    const length = this.#varint();
    if (this.#at + length > this.#bytes.length) throw new RangeError('a changeset is cut off');
    return this.#at + length;
  }

  #varint(): number {
    let value = 0;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new RangeError('a changeset is cut off');
      this.#at += 1;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
  }
}

/** The table and the key of a header: `keyPlaces` has each column's place in the key, or 0. */
export function readHeader(header: string): {
  readonly table: string;
  readonly keyPlaces: readonly number[];
} {
  const bytes = Buffer.from(header, 'latin1');
  let at = 1;
  let columns = 0;
  for (let more = true; more; at += 1) {
    const byte = bytes[at] ?? 0;
    columns = columns * 128 + (byte & 0x7f);
    more = byte >= 0x80;
  }
  return {
    table: bytes.toString('utf8', at + columns),
    keyPlaces: [...bytes.subarray(at, at + columns)],
  };
}
