// SQLite functions of bits: MySQL's operators work on unsigned 64-bit numbers.

import { databaseError } from '#shared/error.ts';
import { aggregate, scalar, strict, type SqlFunction } from './sql-function.ts';

const ALL_BITS = 2n ** 64n - 1n;
const INT64_MAX = 2n ** 63n - 1n;

export const bitFunctions: readonly SqlFunction[] = [
  /** tl_bit_and(a, b), tl_bit_or, tl_bit_xor: a negative number is its two's complement. */
  strict('tl_bit_and', (a: bigint, b: bigint) => unsigned(bits(a) & bits(b), '&')),
  strict('tl_bit_or', (a: bigint, b: bigint) => unsigned(bits(a) | bits(b), '|')),
  strict('tl_bit_xor', (a: bigint, b: bigint) => unsigned(bits(a) ^ bits(b), '^')),
  strict('tl_bit_not', (a: bigint) => unsigned(bits(~a), '~')),
  /** tl_shift_left(a, n), tl_shift_right(a, n): 0 from 64 on. */
  strict('tl_shift_left', (a: bigint, n: bigint) =>
    bits(n) >= 64n ? 0n : unsigned(bits(bits(a) << n), '<<'),
  ),
  strict('tl_shift_right', (a: bigint, n: bigint) =>
    bits(n) >= 64n ? 0n : unsigned(bits(a) >> n, '>>'),
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
  bitAggregate('and', ALL_BITS, (a, b) => a & b),
  bitAggregate('or', 0n, (a, b) => a | b),
  bitAggregate('xor', 0n, (a, b) => a ^ b),
];

function bits(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

/** A result above 2^63-1 has no INTEGER to be stored in. */
function unsigned(value: bigint, operator: string): bigint {
  if (value <= INT64_MAX) return value;
  throw databaseError('valueOutOfRange', { type: 'BIGINT UNSIGNED', expression: operator });
}

function bitAggregate(
  name: string,
  start: bigint,
  combine: (a: bigint, b: bigint) => bigint,
): SqlFunction {
  return aggregate<bigint>({
    name: `tl_agg_bit_${name}`,
    start: () => start,
    step: (state, value) => (typeof value === 'bigint' ? combine(state, bits(value)) : state),
    result: (state) => unsigned(state, `bit_${name}`),
  });
}
