// SQLite functions of exact decimals.
//
// A decimal argument is two: its stored value, and the scale that tells what an INTEGER means
// (a wide decimal, TEXT, does not need it). A decimal result is told its precision and scale, and
// comes in that type's stored form; error 1690 when it has more digits.

import { databaseError } from '#shared/error.ts';
import { doubleText } from '#shared/sql/double-text.ts';
import {
  addDecimals,
  compareDecimals,
  decimalToDouble,
  divideDecimals,
  fitsDecimal,
  formatDecimal,
  moduloDecimals,
  multiplyDecimals,
  parseDecimal,
  rescale,
  roundDecimal,
  storedOfDecimal,
  subtractDecimals,
  truncateDecimal,
  type Decimal,
} from '#shared/sql/decimal.ts';
import { integerOfStored } from '#shared/sql/unsigned-integer.ts';
import { decodeWideDecimal } from '#shared/sql/wide-decimal.ts';
import { checkInt64, clampPlaces } from './numeric-functions.ts';
import { strict, type SqlFunction } from './sql-function.ts';

type Stored = bigint | string | Uint8Array;

export const decimalFunctions: readonly SqlFunction[] = [
  /** tl_decimal_add(a, aScale, b, bScale, precision, scale); _sub, _mul, _div, _mod alike. */
  binary('tl_decimal_add', addDecimals),
  binary('tl_decimal_sub', subtractDecimals),
  binary('tl_decimal_mul', multiplyDecimals),
  /** NULL for a divisor of 0. */
  binary('tl_decimal_div', (a, b, scale) => divideDecimals(a, b, scale)),
  binary('tl_decimal_mod', moduloDecimals),
  /** tl_decimal_int_div(a, aScale, b, bScale): DIV, an INTEGER; NULL for a divisor of 0. */
  strict('tl_decimal_int_div', (a: Stored, as: bigint, b: Stored, bs: bigint) => {
    const [left, right] = [read(a, as), read(b, bs)];
    if (right.unscaled === 0n) return null;
    const scale = Math.max(left.scale, right.scale);
    return checkInt64(rescale(left, scale).unscaled / rescale(right, scale).unscaled, 'DIV');
  }),
  /** tl_decimal_compare(a, aScale, b, bScale): -1, 0 or 1. */
  strict('tl_decimal_compare', (a: Stored, as: bigint, b: Stored, bs: bigint) =>
    BigInt(compareDecimals(read(a, as), read(b, bs))),
  ),
  /** tl_decimal_rescale(a, aScale, precision, scale): rounded, half away from zero. */
  unary('tl_decimal_rescale', (a) => a),
  unary('tl_decimal_neg', ({ unscaled, scale }) => ({ unscaled: -unscaled, scale })),
  unary('tl_decimal_abs', (a) => (a.unscaled < 0n ? { ...a, unscaled: -a.unscaled } : a)),
  unary('tl_decimal_ceil', (a) => towards(a, 1n)),
  unary('tl_decimal_floor', (a) => towards(a, -1n)),
  /** tl_decimal_sign(a, aScale): -1, 0 or 1. */
  strict('tl_decimal_sign', (a: Stored, as: bigint) => {
    const { unscaled } = read(a, as);
    return unscaled < 0n ? -1n : unscaled > 0n ? 1n : 0n;
  }),
  /** tl_decimal_double(a, aScale): the nearest REAL. tl_decimal_text(a, aScale): all its digits. */
  strict('tl_decimal_double', (a: Stored, as: bigint) => decimalToDouble(read(a, as))),
  strict('tl_decimal_text', (a: Stored, as: bigint) =>
    formatDecimal(rescale(read(a, as), Number(as))),
  ),
  /** tl_decimal_round(a, aScale, places, precision, scale); tl_decimal_truncate alike. */
  places('tl_decimal_round', roundDecimal),
  places('tl_decimal_truncate', truncateDecimal),
  /** tl_double_decimal(x, precision, scale): a REAL by its shortest digits. */
  strict('tl_double_decimal', (x: number, precision: bigint, scale: bigint) => {
    const value = Number.isFinite(x) ? parseDecimal(String(x)) : null;
    if (value === null) throw databaseError('valueOutOfRange', overflow);
    return store(value, precision, scale);
  }),
  /** tl_format_decimal(a, aScale, places), tl_format_double(x, places): '1,234.50'. */
  strict('tl_format_decimal', (a: Stored, as: bigint, count: bigint) =>
    withCommas(read(a, as), count),
  ),
  strict('tl_format_double', (x: number | bigint, count: bigint) =>
    withCommas(parseDecimal(String(x)) ?? { unscaled: 0n, scale: 0 }, count),
  ),
  /** tl_double_text(x): as MySQL prints a DOUBLE. */
  strict('tl_double_text', (x: number | bigint) => doubleText(Number(x))),
];

const overflow = { type: 'DECIMAL', expression: 'decimal' };

/** Decimal places that FORMAT goes up to. */
const FORMAT_PLACES_MAX = 30n;

/** The decimal that a stored value means: also one of the integers of 64 bits. */
export function read(value: Stored | number, scale: bigint): Decimal {
  if (typeof value === 'string') return decodeWideDecimal(value);
  return { unscaled: integerOfStored(value), scale: Number(scale) };
}

/** Its stored form for that precision and scale. Throws valueOutOfRange. */
export function store(value: Decimal, precision: bigint, scale: bigint): bigint | string {
  const type = {
    kind: 'decimal',
    precision: Number(precision),
    scale: Number(scale),
    unsigned: false,
  } as const;
  if (!fitsDecimal(value, type)) throw databaseError('valueOutOfRange', overflow);
  return storedOfDecimal(value, type);
}

function binary(
  name: string,
  operation: (a: Decimal, b: Decimal, scale: number) => Decimal | null,
): SqlFunction {
  return strict(
    name,
    (a: Stored, as: bigint, b: Stored, bs: bigint, precision: bigint, scale: bigint) => {
      const result = operation(read(a, as), read(b, bs), Number(scale));
      return result === null ? null : store(result, precision, scale);
    },
  );
}

function unary(name: string, operation: (a: Decimal) => Decimal): SqlFunction {
  return strict(name, (a: Stored, as: bigint, precision: bigint, scale: bigint) =>
    store(operation(read(a, as)), precision, scale),
  );
}

function places(name: string, operation: (a: Decimal, places: number) => Decimal): SqlFunction {
  return strict(name, (a: Stored, as: bigint, count: bigint, precision: bigint, scale: bigint) =>
    store(operation(read(a, as), clampPlaces(count)), precision, scale),
  );
}

/** The next whole number in the direction, or the number itself. */
function towards(value: Decimal, direction: 1n | -1n): Decimal {
  const whole = truncateDecimal(value, 0);
  const isBeyond = compareDecimals(value, whole) === Number(direction);
  return isBeyond ? { unscaled: whole.unscaled + direction, scale: 0 } : whole;
}

function withCommas(value: Decimal, count: bigint): string {
  const limited = count < 0n ? 0n : count > FORMAT_PLACES_MAX ? FORMAT_PLACES_MAX : count;
  const text = formatDecimal(rescale(value, Number(limited)));
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(.*)$/.exec(text) ?? [];
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${fraction}`;
}
