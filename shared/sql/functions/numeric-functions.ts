// SQLite functions of whole and floating point numbers, with MySQL's errors on overflow.

import { databaseError } from '#shared/error.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import { roundDecimal, truncateDecimal, decimal } from '#shared/sql/decimal.ts';
import { readNumber, readingToDouble } from '#shared/sql/source-value.ts';
import { crc32 } from 'node:zlib';
import { roundHalfEven } from '#shared/sql/round-half-even.ts';
import {
  INT64_MAX,
  INT64_MIN,
  UINT64_MAX,
  integerOfStored,
  storedInteger,
} from '#shared/sql/unsigned-integer.ts';
import { scalar, strict, type SqlFunction } from './sql-function.ts';

type Whole = bigint | Uint8Array;

/** Doubles have no more decimal places than this: beyond it rounding changes nothing. */
const DOUBLE_PLACES_MAX = 308;

export const numericFunctions: readonly SqlFunction[] = [
  /** tl_add(a, b), tl_sub, tl_mul, tl_neg(a): whole numbers, error 1690 beyond int64. */
  strict('tl_add', (a: bigint, b: bigint) => checkInt64(a + b, '+')),
  strict('tl_sub', (a: bigint, b: bigint) => checkInt64(a - b, '-')),
  strict('tl_mul', (a: bigint, b: bigint) => checkInt64(a * b, '*')),
  strict('tl_neg', (a: Whole) => checkInt64(-integerOfStored(a), '-')),
  /** tl_unsigned_add(a, b), _sub, _mul, _div, _mod: results up to 2^64-1, error 1690 beyond. */
  unsigned('add', '+', (a, b) => a + b),
  unsigned('sub', '-', (a, b) => a - b),
  unsigned('mul', '*', (a, b) => a * b),
  /** NULL for b = 0. */
  unsigned('div', 'DIV', (a, b) => (b === 0n ? null : a / b)),
  /** The remainder with the sign of a; NULL for b = 0. */
  strict('tl_unsigned_mod', (a: Whole, b: Whole) => {
    const divisor = integerOfStored(b);
    return divisor === 0n ? null : storedInteger(integerOfStored(a) % divisor);
  }),
  /** tl_int64(a): a, or error 1690 where a is above 2^63-1. */
  strict('tl_int64', (a: Whole) => checkInt64(integerOfStored(a), 'integer')),
  /** tl_int_double(a): a as a REAL. */
  strict('tl_int_double', (a: Whole) => Number(integerOfStored(a))),
  /** tl_int_div(a, b): a DIV b of whole numbers; NULL for b = 0. */
  strict('tl_int_div', (a: bigint, b: bigint) => (b === 0n ? null : checkInt64(a / b, 'DIV'))),
  /** tl_mod_double(a, b): the remainder with the sign of a; NULL for b = 0. */
  strict('tl_mod_double', (a: number | bigint, b: number | bigint) =>
    Number(b) === 0 ? null : Number(a) % Number(b),
  ),
  /** tl_finite(x): error 1690 when a computed REAL is infinite, else the REAL itself. */
  strict('tl_finite', (x: number | bigint) => checkDouble(Number(x), 'double')),
  /** tl_unsigned(a): error 1690 for a negative result of unsigned arithmetic, else a. */
  strict('tl_unsigned', (a: bigint) => {
    if (a >= 0n) return a;
    throw databaseError('valueOutOfRange', { type: 'BIGINT UNSIGNED', expression: '-' });
  }),
  /** tl_int_round(a, places), tl_int_truncate(a, places): whole numbers, places may be negative. */
  strict('tl_int_round', (a: bigint, places: bigint) =>
    checkInt64(roundDecimal(decimal(a), clampPlaces(places)).unscaled, 'round'),
  ),
  strict(
    'tl_int_truncate',
    (a: bigint, places: bigint) => truncateDecimal(decimal(a), clampPlaces(places)).unscaled,
  ),
  /** tl_unsigned_round(a, places), tl_unsigned_truncate(a, places): the same up to 2^64-1. */
  strict('tl_unsigned_round', (a: Whole, places: bigint) =>
    checkUnsigned(roundDecimal(decimal(integerOfStored(a)), clampPlaces(places)).unscaled, 'round'),
  ),
  strict('tl_unsigned_truncate', (a: Whole, places: bigint) =>
    storedInteger(truncateDecimal(decimal(integerOfStored(a)), clampPlaces(places)).unscaled),
  ),
  /** tl_round(x, places), tl_truncate(x, places): REAL, ties to even as MySQL's doubles have it. */
  strict('tl_round', (x: number | bigint, places: bigint) =>
    scaleDouble(Number(x), clampPlaces(places), roundHalfEven),
  ),
  strict('tl_truncate', (x: number | bigint, places: bigint) =>
    scaleDouble(Number(x), clampPlaces(places), Math.trunc),
  ),
  /** tl_pow(x, y), tl_exp(x), tl_cot(x): error 1690 beyond a double. */
  strict('tl_pow', (x: number | bigint, y: number | bigint) =>
    checkDouble(Math.pow(Number(x), Number(y)), 'pow'),
  ),
  strict('tl_exp', (x: number | bigint) => checkDouble(Math.exp(Number(x)), 'exp')),
  strict('tl_cot', (x: number | bigint) => checkDouble(1 / Math.tan(Number(x)), 'cot')),
  /** tl_log(base, x): NULL outside of its domain. */
  strict('tl_log', (base: number | bigint, x: number | bigint) => {
    const [b, value] = [Number(base), Number(x)];
    return b <= 0 || b === 1 || value <= 0 ? null : Math.log(value) / Math.log(b);
  }),
  /** tl_number(text): the number it begins with, a REAL: '1.5abc' is 1.5, 'abc' is 0. */
  strict('tl_number', (text: StoredValue) => {
    const plain = text instanceof Uint8Array ? Buffer.from(text).toString() : String(text);
    return readingToDouble(readNumber(plain));
  }),
  /** tl_conv(text, from, to), tl_bin(i), tl_oct(i), tl_hex_int(i): digits of unsigned 64 bits. */
  strict('tl_conv', (text: string, from: bigint, to: bigint) => convert(text, from, to)),
  strict('tl_bin', (i: bigint) => BigInt.asUintN(64, i).toString(2)),
  strict('tl_oct', (i: bigint) => BigInt.asUintN(64, i).toString(8)),
  strict('tl_hex_int', (i: bigint) => BigInt.asUintN(64, i).toString(16).toUpperCase()),
  /** tl_crc32(text or bytes). */
  strict('tl_crc32', (data: string | Uint8Array) => BigInt(crc32(data))),
  /** tl_interval(n, a, b, …): how many of the ascending numbers are not above n; -1 for NULL. */
  scalar('tl_interval', (n: number | bigint | null, ...steps: (number | bigint | null)[]) => {
    if (n === null) return -1n;
    const above = steps.findIndex((step) => step !== null && step > n);
    return BigInt(above < 0 ? steps.length : above);
  }),
];

function unsigned(
  name: string,
  operator: string,
  compute: (a: bigint, b: bigint) => bigint | null,
): SqlFunction {
  return strict(`tl_unsigned_${name}`, (a: Whole, b: Whole) => {
    const result = compute(integerOfStored(a), integerOfStored(b));
    return result === null ? null : checkUnsigned(result, operator);
  });
}

/** The stored form of a number from 0 to 2^64-1, or error 1690. */
function checkUnsigned(value: bigint, operation: string): Whole {
  if (value >= 0n && value <= UINT64_MAX) return storedInteger(value);
  throw databaseError('valueOutOfRange', { type: 'BIGINT UNSIGNED', expression: operation });
}

/** The value, or error 1690. */
export function checkInt64(value: bigint, operation: string): bigint {
  if (value <= INT64_MAX && value >= INT64_MIN) return value;
  throw databaseError('valueOutOfRange', { type: 'BIGINT', expression: operation });
}

function checkDouble(value: number, operation: string): number {
  if (Number.isFinite(value)) return value;
  throw databaseError('valueOutOfRange', { type: 'DOUBLE', expression: operation });
}

/** Decimal places within what any number has. */
export function clampPlaces(places: bigint): number {
  return Math.max(-DOUBLE_PLACES_MAX, Math.min(DOUBLE_PLACES_MAX, Number(places)));
}

function scaleDouble(x: number, places: number, round: (x: number) => number): number {
  const power = 10 ** Math.abs(places);
  const scaled = places < 0 ? x / power : x * power;
  if (places >= 0 && !Number.isFinite(scaled)) return x;
  if (places < 0 && !Number.isFinite(power)) return 0;
  return places < 0 ? round(scaled) * power : round(scaled) / power;
}

/** CONV: bases 2 to 36; a negative `to` means that the result is signed. */
function convert(text: string, from: bigint, to: bigint): string | null {
  const [base, target] = [Number(from < 0n ? -from : from), Number(to < 0n ? -to : to)];
  if (base < 2 || base > 36 || target < 2 || target > 36) return null;
  const [, sign, digits = ''] = /^\s*([+-]?)([0-9a-z]*)/i.exec(text) ?? [];
  let value = 0n;
  for (const digit of digits) {
    const number = parseInt(digit, 36);
    if (number >= base) break;
    value = value * BigInt(base) + BigInt(number);
  }
  if (value > UINT64_MAX) value = UINT64_MAX;
  const bits = BigInt.asUintN(64, sign === '-' ? -value : value);
  return (to < 0n ? BigInt.asIntN(64, bits) : bits).toString(target).toUpperCase();
}
