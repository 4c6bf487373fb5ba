// Integers of 64 bits without a sign: how SQLite, whose integers have one, holds them.
//
// Up to 2^63-1 such a number is an INTEGER, above it the BLOB of its 8 bytes, the most significant
// first. SQLite sorts BLOBs behind all numbers and by their bytes, so that the values compare,
// sort, group and are found by an index as the numbers do. It cannot compute with the BLOBs: what
// computes is given the number, or is kept from them (`tl_int64`).

import type { ColumnType, StoredValue } from './column-type.ts';

export const INT64_MAX = 2n ** 63n - 1n;
export const INT64_MIN = -(2n ** 63n);
export const UINT64_MAX = 2n ** 64n - 1n;

const BYTES = 8;

/** True of what an integer of 64 bits with a sign holds. */
export function isInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** BIGINT UNSIGNED, BIT(64) and a SET of 64 members. */
export function isUint64(type: ColumnType): boolean {
  switch (type.kind) {
    case 'integer':
      return type.unsigned && type.bits === 64;
    case 'bit':
      return type.length === 64;
    case 'set':
      return type.members.length === 64;
    default:
      return false;
  }
}

/** The stored form of a whole number from -2^63 to 2^64-1. */
export function storedInteger(value: bigint): bigint | Uint8Array {
  if (value <= INT64_MAX) return value;
  const bytes = new Uint8Array(BYTES);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

/** The number that an integer, BIT, YEAR, ENUM or SET is stored as. */
export function integerOfStored(value: Exclude<StoredValue, null>): bigint {
  if (!(value instanceof Uint8Array)) return BigInt(value);
  if (value.length !== BYTES) throw new RangeError('an integer of 64 bits has 8 bytes');
  return new DataView(value.buffer, value.byteOffset, BYTES).getBigUint64(0);
}
