// Walks over a changeset from change to change, and keeps none of them.

import {
  operationCodes,
  tableMark,
  type ChangeOperation,
  type ChangeValue,
} from './changeset-format.ts';

const NONE: readonly ChangeValue[] = [];
/** Far beyond any changeset. */
const LENGTH_MAX = 2 ** 42;
/** What stands in a text for bytes that are no UTF-8. */
const REPLACED = '\ufffd';

/** The change that it stands at; before the first `next` there is none. */
export class ChangesetCursor {
  readonly #bytes: Buffer;
  #at = 0;
  #columns = 0;
  /** Where the change begins, behind the header of its table. */
  start = 0;
  /** The table's header without its last zero: equal for equal tables, keys, numbers of columns. */
  header = '';
  /** Counts the headers: changes that were captured apart have different ones. */
  section = 0;
  operation: ChangeOperation = 'insert';
  /** True for what a foreign key's action did. */
  indirect = false;
  /** As RowChange has them; a BLOB is a view of the changeset. Empty where there are none. */
  before: readonly ChangeValue[] = NONE;
  after: readonly ChangeValue[] = NONE;
  /** A text has bytes that a string cannot hold: it is not what stands in the changeset. */
  isForeign = false;

  constructor(changeset: Uint8Array) {
    const { buffer, byteOffset, length } = changeset;
    this.#bytes = Buffer.from(buffer, byteOffset, length);
  }

  /** Where the change ends. */
  get end(): number {
    return this.#at;
  }

  /** Goes on to the next change; false behind the last. Throws RangeError on malformed bytes. */
  next(): boolean {
    while (this.#bytes[this.#at] === tableMark) this.#header();
    if (this.#at >= this.#bytes.length) return false;
    this.start = this.#at;
    this.operation = operationOf(this.#bytes[this.start]);
    this.indirect = this.#bytes[this.start + 1] !== 0;
    this.#at += 2;
    this.before = this.operation === 'insert' ? NONE : this.#values();
    this.after = this.operation === 'delete' ? NONE : this.#values();
    return true;
  }

  #header(): void {
    const start = this.#at;
    this.#at += 1;
    this.#columns = this.#varint();
    const end = this.#bytes.indexOf(0, this.#at + this.#columns);
    if (end < 0) throw new RangeError('a changeset is cut off');
    this.#at = end + 1;
    this.section += 1;
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
      if (value > LENGTH_MAX) throw new RangeError('a length of a changeset is impossible');
    }
  }
}

function operationOf(code: number | undefined): ChangeOperation {
  switch (code) {
    case operationCodes.insert:
      return 'insert';
    case operationCodes.delete:
      return 'delete';
    case operationCodes.update:
      return 'update';
    default:
      throw new RangeError(`a changeset has no operation ${code ?? ''}`);
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
