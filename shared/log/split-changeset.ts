// Cuts a long changeset into shorter ones, which applied in their order do the same.

import { operationCodes, tableMark } from './changeset-format.ts';

/** The kind of value that says nothing: the column stays. */
const UNDEFINED = 0;

/** Walks over the format that changeset-format.ts describes, without reading any value. */
class Walker {
  readonly #bytes: Uint8Array;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.offset >= this.#bytes.length;
  }

  get atTable(): boolean {
    return this.#bytes[this.offset] === tableMark;
  }

  /** Goes past a table's header; answers its columns. */
  table(): number {
    this.offset += 1;
    const columns = this.#varint();
    this.offset = this.#bytes.indexOf(0, this.offset + columns) + 1;
    if (this.offset === 0) throw new RangeError('a changeset is cut off');
    return columns;
  }

  /** Goes past one change. */
  change(columns: number): void {
    const records = this.#bytes[this.offset] === operationCodes.update ? 2 : 1;
    this.offset += 2;
    for (let value = 0; value < columns * records; value += 1) this.value();
    if (this.offset > this.#bytes.length) throw new RangeError('a changeset is cut off');
  }

  /** Goes past an update; answers whether it changes one of the wanted columns. */
  update(columns: number, wanted: readonly boolean[]): boolean {
    let isWanted = false;
    this.offset += 2;
    for (let value = 0; value < columns; value += 1) this.value();
    for (let column = 0; column < columns; column += 1) {
      if (this.#bytes[this.offset] !== UNDEFINED && wanted[column] === true) isWanted = true;
      this.value();
    }
    if (this.offset > this.#bytes.length) throw new RangeError('a changeset is cut off');
    return isWanted;
  }

  /** Goes past one value. */
  value(): void {
    const kind = this.#bytes[this.offset];
    this.offset += 1;
    if (kind === 1 || kind === 2) this.offset += 8;
    else if (kind === 3 || kind === 4) {
      const length = this.#varint();
      this.offset += length;
    }
  }

  #varint(): number {
    let value = 0;
    for (;;) {
      const byte = this.#bytes[this.offset];
      if (byte === undefined) throw new RangeError('a changeset is cut off');
      this.offset += 1;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
  }
}

/**
 * Changesets of about `bytesMax` bytes each, asked anew for each, and of one table each. Throws
 * RangeError on malformed bytes.
 */
export function* splitChangeset(
  changeset: Uint8Array,
  bytesMax: () => number,
): Generator<Uint8Array, void, undefined> {
  const walker = new Walker(changeset);
  while (!walker.atEnd) {
    const headerStart = walker.offset;
    const columns = walker.table();
    const header = changeset.subarray(headerStart, walker.offset);
    while (!walker.atEnd && !walker.atTable) {
      const start = walker.offset;
      const end = start + bytesMax();
      while (!walker.atEnd && !walker.atTable && walker.offset < end) {
        walker.change(columns);
      }
      yield Buffer.concat([header, changeset.subarray(start, walker.offset)]);
    }
  }
}

/** How many changes there are. Throws RangeError on malformed bytes. */
export function countChanges(changeset: Uint8Array): number {
  const walker = new Walker(changeset);
  let count = 0;
  for (let columns = 0; !walker.atEnd;) {
    if (walker.atTable) columns = walker.table();
    else {
      walker.change(columns);
      count += 1;
    }
  }
  return count;
}

/**
 * How many updates change one of some columns; counts up to `countMax`. `columnsOf` answers, for
 * the header of a table (as ChangesetCursor has it), which of its columns those are; null: none.
 * Throws RangeError on malformed bytes.
 */
export function countUpdates(
  changeset: Uint8Array,
  columnsOf: (header: string) => readonly boolean[] | null,
  countMax: number,
): number {
  const walker = new Walker(changeset);
  let count = 0;
  let wanted: readonly boolean[] | null = null;
  for (let columns = 0; !walker.atEnd && count < countMax;) {
    if (walker.atTable) {
      const start = walker.offset;
      columns = walker.table();
      wanted = columnsOf(
        Buffer.from(changeset.subarray(start, walker.offset - 1)).toString('latin1'),
      );
    } else if (wanted === null || changeset[walker.offset] !== operationCodes.update) {
      walker.change(columns);
    } else if (walker.update(columns, wanted)) count += 1;
  }
  return count;
}

/** The values of one change, the old ones first, as they are laid out. */
export function laidOutValues(change: Uint8Array): Uint8Array[] {
  const walker = new Walker(change);
  const values: Uint8Array[] = [];
  for (walker.offset = 2; !walker.atEnd;) {
    const start = walker.offset;
    walker.value();
    values.push(change.subarray(start, walker.offset));
  }
  return values;
}

/** A table's header, and how many columns it tells of. */
export interface TableHeader {
  readonly bytes: Uint8Array;
  readonly columns: number;
}

/** The whole changes at the beginning of some bytes. */
export interface WholeChanges {
  /** A changeset for each table. */
  readonly parts: readonly Uint8Array[];
  /** The table that the next change is of; null before the first. */
  readonly table: TableHeader | null;
  /** Where the first that is not whole begins. */
  readonly length: number;
}

/** `table`: the one that the first change is of, where its header stands before the bytes. */
export function takeWholeChanges(bytes: Uint8Array, table: TableHeader | null): WholeChanges {
  const walker = new Walker(bytes);
  const parts: Uint8Array[] = [];
  let current = table;
  let start = 0;
  let end = 0;
  const cut = (): void => {
    if (end > start && current !== null) {
      parts.push(Buffer.concat([current.bytes, bytes.subarray(start, end)]));
    }
  };
  try {
    while (!walker.atEnd) {
      const at = walker.offset;
      if (walker.atTable) {
        const columns = walker.table();
        cut();
        current = { bytes: bytes.slice(at, walker.offset), columns };
        start = walker.offset;
      } else {
        if (current === null) throw new RangeError('a change stands before any table');
        walker.change(current.columns);
      }
      end = walker.offset;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  cut();
  return { parts, table: current, length: end };
}
