// Values stored in numeric columns: integers, decimals, floating point, BIT and YEAR.

import type { ColumnType } from './column-type.ts';
import {
  compareDecimals,
  decimal,
  decimalToInteger,
  fitsDecimal,
  greatestDecimal,
  rescale,
  storedOfDecimal,
  type Decimal,
} from './decimal.ts';
import {
  readingToDecimal,
  readingToDouble,
  sourceBytes,
  sourceForMessage,
  sourceNumber,
  type NumberReading,
  type PresentValue,
} from './source-value.ts';
import { roundHalfEven } from './round-half-even.ts';
import { storedInteger } from './unsigned-integer.ts';
import {
  noteTruncated,
  refuseLength,
  refuseRange,
  refuseTruncated,
  refuseValue,
  type StoreColumn,
  type StoreColumnOf,
  type StoreContext,
} from './store-context.ts';

/** The least and the greatest value of an integer type. */
export function integerRange(type: Extract<ColumnType, { kind: 'integer' }>): {
  readonly min: bigint;
  readonly max: bigint;
} {
  const bits = BigInt(type.bits);
  if (!type.unsigned) return { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n };
  return { min: 0n, max: (1n << bits) - 1n };
}

export function storeInteger(
  column: StoreColumnOf<'integer'>,
  source: PresentValue,
  context: StoreContext,
): bigint | Uint8Array {
  const reading = checkedReading(column, { source, expected: 'integer' }, context);
  const { min, max } = integerRange(column.type);
  const value = roundReading(reading);
  // Of a decimal already the sign is refused, of a double only what is left after rounding.
  const isRefused = min === 0n && source.type.kind === 'decimal' && isNegative(reading);
  if (!isRefused && value !== null && value >= min && value <= max) return storedInteger(value);
  refuseRange(column, context);
  const above = value === null ? readingToDouble(reading) > 0 : value > max;
  return storedInteger(above ? max : min);
}

function isNegative(reading: NumberReading): boolean {
  return reading.kind === 'exact' ? reading.value.unscaled < 0n : reading.value < 0;
}

/** Rounded: a decimal half away from zero, a double half to even. Null for what has no end. */
export function roundReading(reading: NumberReading): bigint | null {
  if (reading.kind === 'exact') return decimalToInteger(reading.value);
  return Number.isFinite(reading.value) ? BigInt(roundHalfEven(reading.value)) : null;
}

/** The number, after saying so when the text is none or goes on behind it. */
function checkedReading(
  column: StoreColumn,
  { source, expected }: { source: PresentValue; expected: string },
  context: StoreContext,
): NumberReading {
  const reading = sourceNumber(source);
  if (reading.read === 'none') {
    refuseValue(column, context, { type: expected, value: sourceForMessage(source) });
  } else if (reading.read === 'part') {
    refuseTruncated(column, context);
  }
  return reading;
}

export function storeDecimal(
  column: StoreColumnOf<'decimal'>,
  source: PresentValue,
  context: StoreContext,
): bigint | string {
  const { type } = column;
  const reading = checkedReading(column, { source, expected: 'decimal' }, context);
  const value = readingToDecimal(reading);
  if (value === null || !isInDecimalRange(value, type)) {
    refuseRange(column, context);
    const double = readingToDouble(reading);
    return storedOfDecimal(clipDecimal(double > 0, type), type);
  }
  if (compareDecimals(rescale(value, type.scale), value) !== 0) noteTruncated(column, context);
  return storedOfDecimal(value, type);
}

function isInDecimalRange(value: Decimal, type: StoreColumnOf<'decimal'>['type']): boolean {
  return fitsDecimal(value, type) && !(type.unsigned && value.unscaled < 0n);
}

function clipDecimal(positive: boolean, type: StoreColumnOf<'decimal'>['type']): Decimal {
  const greatest = greatestDecimal(type);
  if (positive) return greatest;
  return type.unsigned ? decimal(0n) : { ...greatest, unscaled: -greatest.unscaled };
}

const FLOAT_MAX = 3.4028234663852886e38;

export function storeDouble(
  column: StoreColumnOf<'float' | 'double'>,
  source: PresentValue,
  context: StoreContext,
): number {
  const { kind, unsigned } = column.type;
  const value = readingToDouble(checkedReading(column, { source, expected: kind }, context));
  const max = kind === 'float' ? FLOAT_MAX : Number.MAX_VALUE;
  const stored = kind === 'float' ? Math.fround(value) : value;
  if (unsigned && value < 0) {
    refuseRange(column, context);
    return 0;
  }
  if (Math.abs(stored) <= max) return stored;
  refuseRange(column, context);
  return value < 0 ? -max : max;
}

/** A number as it is; text and bytes by their bits, most significant byte first. */
export function storeBit(
  column: StoreColumnOf<'bit'>,
  source: PresentValue,
  context: StoreContext,
): bigint | Uint8Array {
  const max = (1n << BigInt(column.type.length)) - 1n;
  const isText = source.type.kind === 'string' || source.type.kind === 'binary';
  const value = isText
    ? BigInt(`0x0${Buffer.from(sourceBytes(source)).toString('hex')}`)
    : roundReading(sourceNumber(source));
  if (value !== null && value >= 0n && value <= max) return storedInteger(value);
  refuseLength(column, context);
  return storedInteger(max);
}

/** 1901 to 2155, and 0; 1 to 69 and 70 to 99 are of 2000 and 1900, and so is the text '0'. */
export function storeYear(
  column: StoreColumn,
  source: PresentValue,
  context: StoreContext,
): bigint {
  const { kind } = source.type;
  if (kind === 'date' || kind === 'datetime' || kind === 'timestamp') {
    return BigInt(String(source.value).slice(0, 4));
  }
  const reading = checkedReading(column, { source, expected: 'integer' }, context);
  const value = roundReading(reading);
  if (reading.read === 'none') return 0n;
  const isShortText = kind === 'string' && sourceForMessage(source).trim().length < 4;
  if (value === 0n) return isShortText ? 2000n : 0n;
  if (value !== null && value >= 1n && value <= 69n) return value + 2000n;
  if (value !== null && value >= 70n && value <= 99n) return value + 1900n;
  if (value !== null && value >= 1901n && value <= 2155n) return value;
  refuseRange(column, context);
  return 0n;
}
