// A comparison with a constant, told in the column's own type, so that an index can answer it.
//
// `int_column < 2.5` is `int_column <= 2`, and `int_column = 2.5` holds for no row at all.

import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { compareStrings } from '#shared/sql/collation.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
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
  UNSIGNED_BIGINT,
  call,
  constant,
  datetime,
  decimalType,
  integerConstant,
  isNullConstant,
  nullConstant,
  time,
  type ConstantExpression,
  type DecimalType,
} from './functions/build.ts';
import { callLibrary, castConstant, timeZoneOf } from './functions/convert.ts';
import {
  INT64_MAX,
  INT64_MIN,
  UINT64_MAX,
  isUint64,
  storedInteger,
} from '#shared/sql/unsigned-integer.ts';
import { derivedConstant, judged, slotConstant } from './slot-constant.ts';
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
  const number = type.kind === 'year' ? exactNumber(right.type, right.value) : null;
  if (number === null) return right;
  const year = rescale(number, 0).unscaled;
  const isZero = typeof right.value === 'string' && /^\s*0+\s*$/.test(right.value);
  if (year < 0n || year > 99n || (year === 0n && !isZero)) return right;
  return constant(year < 70n ? year + 2000n : year + 1900n, BIGINT);
}

/** False for every value, NULL for NULL. */
function never(operand: TypedExpression): TypedExpression {
  return call('never', [operand], BIGINT);
}

/** True for every value, NULL for NULL. */
function always(operand: TypedExpression): TypedExpression {
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
  const { type } = left;
  const isWide = type.kind === 'decimal' && type.precision > 18;
  const scale = type.kind === 'decimal' && !isWide ? type.scale : 0;
  const greatest = isUint64(type) ? UINT64_MAX : INT64_MAX;
  const integer = isUint64(type) ? UNSIGNED_BIGINT : BIGINT;
  const shown: ColumnType = type.kind === 'decimal' ? narrow(type) : integer;
  // The commonest of all needs no look at the value: every BIGINT is one.
  const isInteger = right.type.kind === 'integer' && !right.type.unsigned;
  if (right.slot !== undefined && isInteger && type.kind === 'integer') {
    return plainComparison(operator, left, slotConstant(right.slot, BIGINT));
  }
  if (isWide) return compareToWide(operator, left, right);
  const numberOf = (value: StoredValue) => exactNumber(right.type, value);
  const place = judged(right, (value) => placeOf(numberOf(value), scale, greatest));
  if (place === 'none') return null;
  if (place === 'above' || place === 'below') return compareBeyond(operator, left, place);
  const floor = derivedConstant(right, shown, (value) => {
    return storedInteger(floorDecimal(must(numberOf(value)), scale));
  });
  return compareToBound(operator, left, { floor, exact: place === 'exact' });
}

/** Where a number lies among those up to `greatest` with so many digits after the point. */
function placeOf(
  value: Decimal | null,
  scale: number,
  greatest: bigint,
): 'none' | 'above' | 'below' | 'exact' | 'between' {
  if (value === null) return 'none';
  const cut = floorDecimal(value, scale);
  if (cut > greatest) return 'above';
  if (cut < INT64_MIN) return 'below';
  return compareDecimals({ unscaled: cut, scale }, value) === 0 ? 'exact' : 'between';
}

function compareToWide(
  operator: Comparison,
  left: TypedExpression,
  right: ConstantExpression,
): TypedExpression | null {
  const { type } = left;
  const value = exactNumber(right.type, right.value);
  if (value === null || type.kind !== 'decimal') return null;
  const shape = decimalType(Math.max(type.precision, 19), Math.max(type.scale, value.scale));
  const floor = constant(encodeWideDecimal(value), shape);
  return compareToBound(operator, left, { floor, exact: true });
}

function narrow(type: DecimalType): DecimalType {
  return { ...type, precision: 18 };
}

function exactNumber(type: ColumnType, value: StoredValue): Decimal | null {
  const present = must(value);
  if (type.kind === 'decimal') return decimalOfStored(present, type);
  return readingToDecimal(sourceNumber({ type, value: present }));
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
  const moment = castConstant(right, datetime(6), scope);
  if (isNullConstant(moment)) throw wrongValue(left.type, right);
  const { type } = left;
  if (type.kind === 'date') {
    const floor = derivedConstant(moment, DATE, (value) => String(value).slice(0, 10));
    const exact = judged(moment, (value) => String(value).slice(11) === '00:00:00.000000');
    return compareToBound(operator, left, { floor, exact });
  }
  const fsp = 'fsp' in type ? type.fsp : 0;
  const kept = fsp === 0 ? 19 : 20 + fsp;
  const exact = judged(moment, (value) => /^\.?0*$/.test(String(value).slice(kept)));
  const local = derivedConstant(moment, datetime(fsp), (value) => String(value).slice(0, kept));
  if (type.kind !== 'timestamp') return compareToBound(operator, left, { floor: local, exact });
  const zone = timeZoneOf(scope);
  const toUtc = (value: StoredValue) => callLibrary('tl_from_zone', [value, zone, BigInt(fsp)]);
  if (judged(local, (value) => toUtc(value) === null)) {
    return compareToBound(operator, left, { floor: nullConstant(type), exact });
  }
  return compareToBound(operator, left, { floor: derivedConstant(local, type, toUtc), exact });
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
