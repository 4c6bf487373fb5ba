// Exact decimal numbers: their text, their arithmetic, and how they are stored.

import { assert } from '#shared/assert.ts';
import type { ColumnType, StoredValue } from './column-type.ts';
import { decodeWideDecimal, encodeWideDecimal } from './wide-decimal.ts';

/** The number unscaled / 10^scale. */
export interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
}

export type DecimalType = Extract<ColumnType, { kind: 'decimal' }>;

export const DECIMAL_PRECISION_MAX = 65;

/** Up to this precision a decimal is stored as a scaled INTEGER; beyond it as sortable TEXT. */
const NARROW_PRECISION_MAX = 18;

/** The greatest exponent that a decimal's text may have: beyond it every value is out of range. */
const EXPONENT_MAX = 1000;

export function decimal(unscaled: bigint, scale = 0): Decimal {
  return { unscaled, scale };
}

/** The number of a whole text like '-12.50' or '1.5e3'; null when it is anything else. */
export function parseDecimal(text: string): Decimal | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > EXPONENT_MAX) return null;
  const unscaled = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  const scale = fraction.length - exponent;
  return scale < 0 ? { unscaled: unscaled * pow10(-scale), scale: 0 } : { unscaled, scale };
}

/** The text of a number with all the digits of its scale: '-0.50'. */
export function formatDecimal(value: Decimal): string {
  if (value.scale === 0) return value.unscaled.toString();
  const negative = value.unscaled < 0n;
  const digits = (negative ? -value.unscaled : value.unscaled)
    .toString()
    .padStart(value.scale + 1, '0');
  const point = digits.length - value.scale;
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** The same number with the fewest digits after the point. */
export function normaliseDecimal(value: Decimal): Decimal {
  let { unscaled, scale } = value;
  while (scale > 0 && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale--;
  }
  return { unscaled, scale };
}

/** 10^exponent. */
export function pow10(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}

export function isWide(type: { readonly precision: number }): boolean {
  return type.precision > NARROW_PRECISION_MAX;
}

/** The number that a decimal column or expression of this type holds. */
export function decimalOfStored(value: Exclude<StoredValue, null>, type: DecimalType): Decimal {
  if (typeof value === 'string') return decodeWideDecimal(value);
  assert(typeof value === 'bigint' || Number.isSafeInteger(value), 'a decimal is an integer');
  return { unscaled: BigInt(value as bigint | number), scale: type.scale };
}

/** How the number is stored in that type, rounded to its scale. Says nothing about its range. */
export function storedOfDecimal(value: Decimal, type: DecimalType): bigint | string {
  const rounded = rescale(value, type.scale);
  return isWide(type) ? encodeWideDecimal(rounded) : rounded.unscaled;
}

/** True when the number, rounded to the scale, has no more digits than the precision. */
export function fitsDecimal(value: Decimal, type: { precision: number; scale: number }): boolean {
  return absolute(rescale(value, type.scale).unscaled) < pow10(type.precision);
}

/** The greatest number of the type. */
export function greatestDecimal(type: { precision: number; scale: number }): Decimal {
  return { unscaled: pow10(type.precision) - 1n, scale: type.scale };
}

/** The number at another scale, half away from zero. */
export function rescale(value: Decimal, scale: number): Decimal {
  if (scale >= value.scale) {
    if (scale === value.scale) return value;
    return { unscaled: value.unscaled * pow10(scale - value.scale), scale };
  }
  return { unscaled: divideRounded(value.unscaled, pow10(value.scale - scale)), scale };
}

/** The number with at most `places` digits after the point; negative places round before it. */
export function roundDecimal(value: Decimal, places: number): Decimal {
  if (places >= 0) return rescale(value, Math.min(places, value.scale));
  const unit = pow10(-places);
  return { unscaled: divideRounded(value.unscaled, pow10(value.scale) * unit) * unit, scale: 0 };
}

/** As roundDecimal, towards zero. */
export function truncateDecimal(value: Decimal, places: number): Decimal {
  if (places >= value.scale) return value;
  if (places >= 0) {
    return { unscaled: value.unscaled / pow10(value.scale - places), scale: places };
  }
  const unit = pow10(-places);
  return { unscaled: (value.unscaled / (pow10(value.scale) * unit)) * unit, scale: 0 };
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { unscaled: rescale(a, scale).unscaled + rescale(b, scale).unscaled, scale };
}

export function subtractDecimals(a: Decimal, b: Decimal): Decimal {
  return addDecimals(a, { unscaled: -b.unscaled, scale: b.scale });
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  return { unscaled: a.unscaled * b.unscaled, scale: a.scale + b.scale };
}

/** a / b at `scale`, half away from zero; null when b is zero. */
export function divideDecimals(a: Decimal, b: Decimal, scale: number): Decimal | null {
  if (b.unscaled === 0n) return null;
  const shift = scale - a.scale + b.scale;
  const numerator = shift >= 0 ? a.unscaled * pow10(shift) : a.unscaled;
  const denominator = shift >= 0 ? b.unscaled : b.unscaled * pow10(-shift);
  return { unscaled: divideRounded(numerator, denominator), scale };
}

/** The remainder, with the sign of a; null when b is zero. */
export function moduloDecimals(a: Decimal, b: Decimal): Decimal | null {
  if (b.unscaled === 0n) return null;
  const scale = Math.max(a.scale, b.scale);
  return { unscaled: rescale(a, scale).unscaled % rescale(b, scale).unscaled, scale };
}

/** Less than 0, 0, or more than 0. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const { unscaled } = subtractDecimals(a, b);
  return unscaled < 0n ? -1 : unscaled > 0n ? 1 : 0;
}

/** The nearest double. */
export function decimalToDouble(value: Decimal): number {
  return Number(`${value.unscaled}e${-value.scale}`);
}

/** The whole number nearest to it, half away from zero. */
export function decimalToInteger(value: Decimal): bigint {
  return rescale(value, 0).unscaled;
}

/** numerator / denominator, half away from zero. */
function divideRounded(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const remainder = absolute(numerator % denominator);
  if (remainder * 2n < absolute(denominator)) return quotient;
  return numerator < 0n === denominator < 0n ? quotient + 1n : quotient - 1n;
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
