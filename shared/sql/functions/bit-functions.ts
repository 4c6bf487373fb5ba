// SQLite functions of bits: MySQL's operators work on unsigned 64-bit numbers, SQLite's on the same
// bits as numbers with a sign.

import type { StoredValue } from '#shared/sql/column-type.ts';
import { UINT64_MAX, integerOfStored, storedInteger } from '#shared/sql/unsigned-integer.ts';
import { aggregate, scalar, strict, type SqlFunction } from './sql-function.ts';

type Whole = bigint | Uint8Array;

export const bitFunctions: readonly SqlFunction[] = [
  /** tl_bits(a): the bits of a whole number, as a number with a sign. */
  strict('tl_bits', (a: Whole) => BigInt.asIntN(64, integerOfStored(a))),
  /** tl_from_bits(bits): the unsigned number that has them. */
  strict('tl_from_bits', (a: bigint) => storedInteger(bits(a))),
  /** tl_shift_left(bits, n), tl_shift_right(bits, n): unsigned numbers; 0 from 64 on. */
  strict('tl_shift_left', (a: bigint, n: bigint) =>
    bits(n) >= 64n ? 0n : storedInteger(bits(bits(a) << n)),
  ),
  strict('tl_shift_right', (a: bigint, n: bigint) =>
    bits(n) >= 64n ? 0n : storedInteger(bits(a) >> n),
  ),
  /** tl_bit_count(a): the bits that are 1. */
  strict('tl_bit_count', (a: bigint) => BigInt(bits(a).toString(2).replaceAll('0', '').length)),
  /** tl_make_set(bits, a, b, …): the texts whose bits are 1, with commas; NULLs are left out. */
  scalar('tl_make_set', (mask: bigint | null, ...texts: (string | null)[]) =>
    mask === null
      ? null
      : texts.filter((text, i) => text !== null && (bits(mask) >> BigInt(i)) & 1n).join(','),
  ),
  /** tl_export_set(bits, on, off, separator, count). */
  strict(
    'tl_export_set',
    (mask: bigint, on: string, off: string, separator: string, count: bigint) => {
      const length = count < 0n || count > 64n ? 64 : Number(count);
      const parts = Array.from({ length }, (_, i) => ((bits(mask) >> BigInt(i)) & 1n ? on : off));
      return parts.join(separator);
    },
  ),
  /** tl_agg_bit_and(i), tl_agg_bit_or(i), tl_agg_bit_xor(i): NULLs do not count. */
  bitAggregate('and', UINT64_MAX, (a, b) => a & b),
  bitAggregate('or', 0n, (a, b) => a | b),
  bitAggregate('xor', 0n, (a, b) => a ^ b),
];

function bits(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function bitAggregate(
  name: string,
  start: bigint,
  combine: (a: bigint, b: bigint) => bigint,
): SqlFunction {
  return aggregate<bigint>({
    name: `tl_agg_bit_${name}`,
    start: () => start,
    step: (state, value: StoredValue = null) =>
      value === null ? state : combine(state, bits(integerOfStored(value))),
    result: storedInteger,
  });
}
