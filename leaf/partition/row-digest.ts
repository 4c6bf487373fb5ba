// Digests of rows, for comparing copies: fast rather than safe against an adversary.
//
// The values are laid out one after another, each with its kind and length, and mixed word by word
// into four lanes of 32 bits. Both sides of a comparison must do this alike: a change of either
// raises the wire version.

import type { StoredValue } from '#shared/sql/column-type.ts';

/** Lanes of a digest, 32 bits each. */
export const digestLanes = 4;

const START_BYTES = 64 * 1024;
/** What precedes each value: its kind and its length. */
const PREFIX_BYTES = 8;
const kinds = { null: 0, integer: 1, real: 2, text: 3, blob: 4 } as const;

/** Digests one row after another; what it answers is overwritten by the next. */
export class RowDigester {
  #bytes = Buffer.alloc(START_BYTES);
  #words = wordsOf(this.#bytes);
  readonly #lanes = new Uint32Array(digestLanes);

  digest(values: readonly StoredValue[]): Uint32Array {
    const length = this.#layOut(values);
    return mix(this.#words, Math.ceil(length / 4), this.#lanes);
  }

  /** Answers the bytes written; the last word is filled with zeros. */
  #layOut(values: readonly StoredValue[]): number {
    let at = 0;
    for (const value of values) {
      this.#makeRoom(at + PREFIX_BYTES + sizeMax(value) + 4);
      const bytes = this.#bytes;
      const size = writeValue(bytes, at + PREFIX_BYTES, value);
      bytes.writeUInt32LE(kindOf(value), at);
      bytes.writeUInt32LE(size, at + 4);
      const end = at + PREFIX_BYTES + size;
      at = Math.ceil(end / 4) * 4;
      bytes.fill(0, end, at);
    }
    return at;
  }

  #makeRoom(size: number): void {
    if (size <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(size, this.#bytes.length * 2));
    this.#bytes.copy(larger);
    this.#bytes = larger;
    this.#words = wordsOf(larger);
  }
}

function wordsOf(bytes: Buffer): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
}

function kindOf(value: StoredValue): number {
  if (value === null) return kinds.null;
  if (typeof value === 'bigint') return kinds.integer;
  if (typeof value === 'number') return kinds.real;
  return typeof value === 'string' ? kinds.text : kinds.blob;
}

function sizeMax(value: StoredValue): number {
  if (typeof value === 'string') return value.length * 3;
  return value instanceof Uint8Array ? value.length : 8;
}

function writeValue(bytes: Buffer, at: number, value: StoredValue): number {
  if (value === null) return 0;
  if (typeof value === 'bigint') return bytes.writeBigInt64LE(value, at) - at;
  if (typeof value === 'number') return bytes.writeDoubleLE(value, at) - at;
  if (typeof value === 'string') return bytes.write(value, at);
  bytes.set(value, at);
  return value.length;
}

function mix(words: Int32Array, count: number, lanes: Uint32Array): Uint32Array {
  let a = 0x243f6a88;
  let b = 0x85a308d3;
  let c = 0x13198a2e;
  let d = 0x03707344 ^ count;
  for (let index = 0; index < count; index++) {
    const word = Math.imul(words[index] ?? 0, 0x9e3779b1);
    a = Math.imul(a ^ word ^ (d >>> 15), 0x85ebca6b);
    b = Math.imul((b + word) ^ (a >>> 13), 0xc2b2ae35);
    c = Math.imul((c ^ word) + (b >>> 16), 0x27d4eb2f);
    d = Math.imul((d + a) ^ (c >>> 14), 0x165667b1);
  }
  lanes[0] = finish(a ^ c);
  lanes[1] = finish(b ^ d);
  lanes[2] = finish(c + Math.imul(a, 3));
  lanes[3] = finish(d + Math.imul(b, 5));
  return lanes;
}

function finish(lane: number): number {
  let mixed = lane ^ (lane >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
