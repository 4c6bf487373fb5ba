// A comparison with a constant, told in the column's own type, so that an index can answer it.
//
// `int_column < 2.5` is `int_column <= 2`, and `int_column = 2.5` holds for no row at all.

import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { compareStrings } from '#shared/sql/collation.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import {
  compareDecimals,
  decimalOfStored,
  pow10,
  rescale,
  truncateDecimal,
  type Decimal,
} from '#shared/sql/decimal.ts';
import { readingToDecimal, sourceNumber, sourceText } from '#shared/sql/source-value.ts';
import { encodeWideDecimal } from '#shared/sql/wide-decimal.ts';
import {
  BIGINT,
  DATE,
  call,
  constant,
  datetime,
  decimalType,
  integerConstant,
  time,
  type ConstantExpression,
  type DecimalType,
} from './functions/build.ts';
import { callLibrary, castConstant, timeZoneOf } from './functions/convert.ts';
import { INT64_MAX, INT64_MIN } from './functions/integer-range.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { TypedExpression } from './typed-expression.ts';

export type Comparison = '=' | '<=>' | '<>' | '<' | '<=' | '>' | '>=';

/** A constant between two values of a type: `floor` is the last value not above it. */
interface Bound {
  readonly floor: ConstantExpression;
  readonly exact: boolean;
}

/** A constant for a YEAR: two figures are a year of 1970 to 2069, and '0' is 2000. */
export function yearConstant(type: ColumnType, right: ConstantExpression): ConstantExpression {
  const number = type.kind === 'year' ? exactNumber(right) : null;
  if (number === null) return right;
  const year = rescale(number, 0).unscaled;
  const isZero = typeof right.value === 'string' && /^\s*0+\s*$/.test(right.value);
  if (year < 0n || year > 99n || (year === 0n && !isZero)) return right;
  return constant(year < 70n ? year + 2000n : year + 1900n, BIGINT);
}

/** False for every value, NULL for NULL. */
export function never(operand: TypedExpression): TypedExpression {
  return call('never', [operand], BIGINT);
}

/** True for every value, NULL for NULL. */
export function always(operand: TypedExpression): TypedExpression {
  return call('always', [operand], BIGINT);
}

/** `left operator bound`. */
function compareToBound(
  operator: Comparison,
  left: TypedExpression,
  { floor, exact }: Bound,
): TypedExpression {
  if (exact) return plainComparison(operator, left, floor);
  switch (operator) {
    case '=':
      return never(left);
    case '<>':
      return always(left);
    case '<=>':
      return integerConstant(0);
    case '<':
    case '<=':
      return plainComparison('<=', left, floor);
    case '>':
    case '>=':
      return plainComparison('>', left, floor);
  }
}

/** A comparison of two values that SQLite can compare as they are stored. */
export function plainComparison(
  operator: Comparison,
  left: TypedExpression,
  right: TypedExpression,
): TypedExpression {
  const nullable = operator !== '<=>' && (left.nullable || right.nullable);
  return call(operator, [left, right], BIGINT, { nullable });
}

/** A number column against a constant number; null where it is not a finite number. */
export function compareToNumber(
  operator: Comparison,
  left: TypedExpression,
  right: ConstantExpression,
): TypedExpression | null {
  const value = exactNumber(right);
  if (value === null) return null;
  const { type } = left;
  if (type.kind === 'decimal' && type.precision > 18) {
    const shape = decimalType(Math.max(type.precision, 19), Math.max(type.scale, value.scale));
    const floor = constant(encodeWideDecimal(value), shape);
    return compareToBound(operator, left, { floor, exact: true });
  }
  const scale = type.kind === 'decimal' ? type.scale : 0;
  const cut = floorDecimal(value, scale);
  if (cut > INT64_MAX) return compareBeyond(operator, left, 'above');
  if (cut < INT64_MIN) return compareBeyond(operator, left, 'below');
  const exact = compareDecimals({ unscaled: cut, scale }, value) === 0;
  const shown: ColumnType = type.kind === 'decimal' ? narrow(type) : BIGINT;
  return compareToBound(operator, left, { floor: constant(cut, shown), exact });
}

function narrow(type: DecimalType): DecimalType {
  return { ...type, precision: 18 };
}

function exactNumber(value: ConstantExpression): Decimal | null {
  const present = must(value.value);
  if (value.type.kind === 'decimal') return decimalOfStored(present, value.type);
  return readingToDecimal(sourceNumber({ type: value.type, value: present }));
}

function floorDecimal(value: Decimal, scale: number): bigint {
  if (scale >= value.scale) return rescale(value, scale).unscaled;
  const cut = truncateDecimal(value, scale).unscaled;
  const lost = value.unscaled % pow10(value.scale - scale) !== 0n;
  return lost && value.unscaled < 0n ? cut - 1n : cut;
}

/** The constant lies above or below everything that the column can hold. */
function compareBeyond(
  operator: Comparison,
  left: TypedExpression,
  side: 'above' | 'below',
): TypedExpression {
  switch (operator) {
    case '<=>':
      return integerConstant(0);
    case '=':
      return never(left);
    case '<>':
      return always(left);
    case '<':
    case '<=':
      return side === 'above' ? always(left) : never(left);
    case '>':
    case '>=':
      return side === 'above' ? never(left) : always(left);
  }
}

/** A date or a moment against a constant, which is read as a moment. Throws wrongTemporal. */
export function compareToMoment(
  operator: Comparison,
  left: TypedExpression,
  right: ConstantExpression,
  scope: ResolveScope,
): TypedExpression {
  const moment = castConstant(right, datetime(6), scope).value;
  if (typeof moment !== 'string') throw wrongValue(left.type, right);
  const { type } = left;
  if (type.kind === 'date') {
    const floor = constant(moment.slice(0, 10), DATE);
    const exact = moment.slice(11) === '00:00:00.000000';
    return compareToBound(operator, left, { floor, exact });
  }
  const fsp = 'fsp' in type ? type.fsp : 0;
  const kept = fsp === 0 ? 19 : 20 + fsp;
  const exact = /^\.?0*$/.test(moment.slice(kept));
  const local = moment.slice(0, kept);
  if (type.kind !== 'timestamp') {
    return compareToBound(operator, left, { floor: constant(local, datetime(fsp)), exact });
  }
  const utc = callLibrary('tl_from_zone', [local, timeZoneOf(scope), BigInt(fsp)]);
  return compareToBound(operator, left, { floor: constant(utc, type), exact });
}

/** A TIME against a constant. Throws wrongTemporal. */
export function compareToTime(
  operator: Comparison,
  left: TypedExpression,
  right: ConstantExpression,
  scope: ResolveScope,
): TypedExpression {
  const value = castConstant(right, time(6), scope);
  if (value.value === null) throw wrongValue(left.type, right);
  return plainComparison(operator, left, value);
}

function wrongValue(type: ColumnType, right: ConstantExpression): Error {
  const name = type.kind === 'timestamp' ? 'DATETIME' : type.kind.toUpperCase();
  const value = sourceText({ type: right.type, value: must(right.value) });
  return databaseError('wrongTemporal', { type: name, value });
}

/** An ENUM against a constant string: by its ordinal. Null for an order comparison. */
export function compareToMember(
  operator: Comparison,
  left: TypedExpression,
  right: ConstantExpression,
): TypedExpression | null {
  if (left.type.kind !== 'enum' || typeof right.value !== 'string') return null;
  if (operator !== '=' && operator !== '<>' && operator !== '<=>') return null;
  const { members, collation } = left.type;
  const text = right.value;
  const place = members.findIndex((member) => compareStrings(member, text, collation) === 0);
  if (place < 0 && text !== '') return compareBeyond(operator, left, 'above');
  return plainComparison(operator, left, constant(BigInt(place + 1), left.type));
}
