// From a shard key to its slot, and from a slot to its partition. Frozen: a change loses rows.
//
// slot = XXH32(canonical bytes of the key, seed 0), the 32-bit hash of the xxHash specification
// (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
//
// The canonical bytes of a key are those of its values one after the other. Of one value: a tag,
// then for all but NULL the length of its text or bytes (4 bytes, little-endian) and these:
//
//   0  NULL
//   1  a number, exact or approximate, as the shortest decimal text: '42', '-1.5', '1e30'.
//      Equal numbers of different types have equal texts.
//   2  characters, by the collation key (collation.ts), in UTF-8
//   3  bytes
//   4  a date or a moment as text, without trailing zeros of its fraction
//   5  a time of day in microseconds, as decimal text
//
// Invariant: values that are equal for MySQL, within one of these groups, have equal bytes.

import { collationKey } from '#shared/sql/collation.ts';
import type { ColumnType, Row, StoredValue } from '#shared/sql/column-type.ts';
import {
  decimalOfStored,
  formatDecimal,
  normaliseDecimal,
  parseDecimal,
} from '#shared/sql/decimal.ts';
import { integerOfStored } from '#shared/sql/unsigned-integer.ts';
import { must } from '#shared/assert.ts';

/** One more than the greatest slot. */
export const SLOT_COUNT = 2 ** 32;

const NULL_TAG = 0;
const NUMBER_TAG = 1;
const STRING_TAG = 2;
const BINARY_TAG = 3;
const DATE_TAG = 4;
const TIME_TAG = 5;

/** The tag and the length. */
const HEAD_BYTES = 5;

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

/** Of an integer of 64 bits, with its sign. */
const INTEGER_TEXT_MAX = 20;
const integerPart = new DataView(new ArrayBuffer(HEAD_BYTES + INTEGER_TEXT_MAX));

/** The slot of a shard key: 0 <= slot < 2^32. `types` are the types of the values, in order. */
export function slotOf(values: Row, types: readonly ColumnType[]): number {
  const [only, second] = values;
  if (only !== undefined && second === undefined) {
    const type = must(types[0]);
    if (type.kind === 'integer' && isWhole(only)) return slotOfInteger(only, type);
    return hash32(canonicalPart(only, type));
  }
  const parts = values.map((value, i) => canonicalPart(value, must(types[i])));
  return hash32(Buffer.concat(parts));
}

/** The partition that owns the slot: floor(slot x P / 2^32). */
export function partitionOfSlot(slot: number, partitionCount: number): number {
  return Math.floor((slot * partitionCount) / SLOT_COUNT);
}

function isWhole(value: StoredValue): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
}

/** The key of most tables, without memory of its own: the canonical bytes are laid out here. */
function slotOfInteger(value: number | bigint, type: ColumnType): number {
  const text = String(value);
  const { length } = text;
  if (length > INTEGER_TEXT_MAX) return hash32(canonicalPart(value, type));
  integerPart.setUint8(0, NUMBER_TAG);
  integerPart.setUint32(1, length, true);
  for (let i = 0; i < length; i += 1) integerPart.setUint8(HEAD_BYTES + i, text.charCodeAt(i));
  return hashOf(integerPart, HEAD_BYTES + length);
}

function canonicalPart(value: StoredValue, type: ColumnType): Buffer {
  if (value === null) return Buffer.from([NULL_TAG]);
  const { tag, content } = canonicalContent(value, type);
  const isText = typeof content === 'string';
  const length = isText ? Buffer.byteLength(content) : content.length;
  const part = Buffer.allocUnsafe(HEAD_BYTES + length);
  part[0] = tag;
  part.writeUInt32LE(length, 1);
  if (isText) part.write(content, HEAD_BYTES);
  else part.set(content, HEAD_BYTES);
  return part;
}

function canonicalContent(
  value: Exclude<StoredValue, null>,
  type: ColumnType,
): { tag: number; content: string | Uint8Array } {
  switch (type.kind) {
    case 'decimal': {
      const decimal = normaliseDecimal(decimalOfStored(value, type));
      return { tag: NUMBER_TAG, content: formatDecimal(decimal) };
    }
    case 'float':
    case 'double':
      return { tag: NUMBER_TAG, content: doubleText(Number(value)) };
    case 'string':
      return { tag: STRING_TAG, content: collationKey(String(value), type.collation) };
    case 'json':
      return { tag: STRING_TAG, content: String(value) };
    case 'binary':
      return { tag: BINARY_TAG, content: value as Uint8Array };
    case 'date':
    case 'datetime':
    case 'timestamp':
      return { tag: DATE_TAG, content: trimFraction(String(value)) };
    case 'time':
      return { tag: TIME_TAG, content: String(value) };
    default:
      return { tag: NUMBER_TAG, content: integerOfStored(value).toString() };
  }
}

/** Keeps what a fraction has before its trailing zeros; a date or a whole second stays. */
function trimFraction(moment: string): string {
  return moment.includes('.') ? moment.replace(/\.?0+$/, '') : moment;
}

/** The decimal text of a double: exact when it is whole, else the shortest that reads back. */
function doubleText(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString();
  return formatDecimal(normaliseDecimal(must(parseDecimal(String(value)))));
}

/** XXH32 with seed 0: an unsigned 32-bit number. */
export function hash32(bytes: Uint8Array): number {
  return hashOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), bytes.length);
}

function hashOf(view: DataView, length: number): number {
  let at = 0;
  let hash: number;
  if (length >= 16) {
    const lanes = [PRIME_1 + PRIME_2, PRIME_2, 0, -PRIME_1];
    for (; at + 16 <= length; at += 16) {
      for (let lane = 0; lane < 4; lane++) {
        const word = view.getUint32(at + lane * 4, true);
        const mixed = (must(lanes[lane]) + Math.imul(word, PRIME_2)) | 0;
        lanes[lane] = Math.imul(rotateLeft(mixed, 13), PRIME_1);
      }
    }
    const [a = 0, b = 0, c = 0, d = 0] = lanes;
    hash = rotateLeft(a, 1) + rotateLeft(b, 7) + rotateLeft(c, 12) + rotateLeft(d, 18);
  } else {
    hash = PRIME_5;
  }
  hash = (hash + length) | 0;
  for (; at + 4 <= length; at += 4) {
    hash = (hash + Math.imul(view.getUint32(at, true), PRIME_3)) | 0;
    hash = Math.imul(rotateLeft(hash, 17), PRIME_4);
  }
  for (; at < length; at++) {
    hash = (hash + Math.imul(view.getUint8(at), PRIME_5)) | 0;
    hash = Math.imul(rotateLeft(hash, 11), PRIME_1);
  }
  return avalanche(hash);
}

function avalanche(value: number): number {
  let hash = Math.imul(value ^ (value >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
