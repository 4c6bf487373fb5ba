// Cuts a long changeset into shorter ones, which applied in their order do the same.

import { operationCodes, tableMark } from './changeset-format.ts';

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
    for (let value = 0; value < columns * records; value += 1) this.#value();
    if (this.offset > this.#bytes.length) throw new RangeError('a changeset is cut off');
  }

  #value(): void {
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
 * Changesets of about `bytesMax` bytes each, and of one table each. Throws RangeError on malformed
 * bytes.
 */
export function* splitChangeset(
  changeset: Uint8Array,
  bytesMax: number,
): Generator<Uint8Array, void, undefined> {
  const walker = new Walker(changeset);
  while (!walker.atEnd) {
    const headerStart = walker.offset;
    const columns = walker.table();
    const header = changeset.subarray(headerStart, walker.offset);
    while (!walker.atEnd && !walker.atTable) {
      const start = walker.offset;
      while (!walker.atEnd && !walker.atTable && walker.offset - start < bytesMax) {
        walker.change(columns);
      }
      yield Buffer.concat([header, changeset.subarray(start, walker.offset)]);
    }
  }
}
