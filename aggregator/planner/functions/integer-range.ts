// Between which numbers an integer expression lies: where it cannot overflow, SQLite's own
// arithmetic is right; elsewhere it would silently turn into floating point.

import { judged } from '#aggregator/planner/slot-constant.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import { integerRange as rangeOfIntegers } from '#shared/sql/store-number.ts';
import { INT64_MAX, INT64_MIN, isInt64, isUint64 } from '#shared/sql/unsigned-integer.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import type { ConstantExpression } from './build.ts';

export interface IntegerRange {
  readonly low: bigint;
  readonly high: bigint;
}

/** What literals are about as great as each other: they are added to columns as to no constants. */
const SMALL_MAX = 2n ** 31n - 1n;

const BOOLEAN_RANGE: IntegerRange = { low: 0n, high: 1n };

const PREDICATES: readonly string[] = (
  '= <=> <> < <= > >= not xor any all tl_like tl_regexp_like|is null|is not null|is true|' +
  'is false|is not true|is not false'
)
  .split('|')
  .flatMap((part) => (part.startsWith('is ') ? [part] : part.split(' ')));

/** Functions that count characters, bytes or parts of a moment. */
const COUNTS: readonly string[] = [
  'tl_length',
  'tl_char_length',
  'tl_part',
  'tl_locate',
  'tl_week',
  'tl_weekofyear',
  'tl_ascii',
];

type ConstantRange = (constant: ConstantExpression) => IntegerRange;

/** The numbers that an expression of an integer type can yield. */
export function integerRange(
  expression: TypedExpression,
  ofConstant: ConstantRange = exactRange,
): IntegerRange {
  switch (expression.kind) {
    case 'constant':
      return ofConstant(expression);
    case 'and':
    case 'or':
    case 'in':
    case 'inQuery':
    case 'exists':
      return BOOLEAN_RANGE;
    case 'call': {
      if (PREDICATES.includes(expression.name)) return BOOLEAN_RANGE;
      if (COUNTS.includes(expression.name)) return { low: 0n, high: 2n ** 32n };
      return rangeOfCall(expression, ofConstant) ?? rangeOfType(expression.type);
    }
    default:
      return rangeOfType(expression.type);
  }
}

/**
 * A range around the numbers that an expression can yield, which is the same for literals of the
 * same sign and about the same size: a plan that is kept holds for all of them.
 */
export function roughRange(expression: TypedExpression): IntegerRange {
  return integerRange(expression, rangeAround);
}

function exactRange({ value, type }: ConstantExpression): IntegerRange {
  return typeof value === 'bigint' ? { low: value, high: value } : rangeOfType(type);
}

function rangeAround(constant: ConstantExpression): IntegerRange {
  const size = judged(constant, sizeOf);
  switch (size) {
    case 'small':
      return { low: 0n, high: SMALL_MAX };
    case 'negative':
      return { low: -SMALL_MAX, high: -1n };
    default:
      return exactRange(constant);
  }
}

function sizeOf(value: StoredValue): 'small' | 'negative' | 'great' {
  if (typeof value !== 'bigint' || value > SMALL_MAX || value < -SMALL_MAX) return 'great';
  return value < 0n ? 'negative' : 'small';
}

function rangeOfCall(
  expression: Extract<TypedExpression, { kind: 'call' }>,
  ofConstant: ConstantRange,
): IntegerRange | null {
  const [left, right] = expression.arguments;
  if (left === undefined || expression.type.kind !== 'integer') return null;
  if (expression.name === 'negate') {
    const { low, high } = integerRange(left, ofConstant);
    return { low: -high, high: -low };
  }
  if (right === undefined) return null;
  const [a, b] = [integerRange(left, ofConstant), integerRange(right, ofConstant)];
  return bitRange(expression.name, a, b) ?? combineRanges(expression.name, a, b);
}

/** The range of `&`, `|` and `^`, where the highest bit of the result cannot be set. */
function bitRange(operator: string, left: IntegerRange, right: IntegerRange): IntegerRange | null {
  const positive = [left, right].filter(({ low, high }) => low >= 0n && high <= INT64_MAX);
  const [one, other] = positive;
  if (operator === '&' && one !== undefined) {
    return { low: 0n, high: other !== undefined && other.high < one.high ? other.high : one.high };
  }
  const isOr = operator === '|' || operator === 'bits ^';
  return isOr && positive.length === 2 ? { low: 0n, high: INT64_MAX } : null;
}

/** The range of a sum, difference or product; null for any other operator. */
export function combineRanges(
  operator: string,
  left: IntegerRange,
  right: IntegerRange,
): IntegerRange | null {
  switch (operator) {
    case '+':
      return { low: left.low + right.low, high: left.high + right.high };
    case '-':
      return { low: left.low - right.high, high: left.high - right.low };
    case '*': {
      const corners = [
        left.low * right.low,
        left.low * right.high,
        left.high * right.low,
        left.high * right.high,
      ];
      return {
        low: corners.reduce((a, b) => (a < b ? a : b)),
        high: corners.reduce((a, b) => (a > b ? a : b)),
      };
    }
    default:
      return null;
  }
}

/** True when every number of the range is an int64. */
export function fitsInt64(range: IntegerRange): boolean {
  return isInt64(range.low) && isInt64(range.high);
}

/** True when a value may be above 2^63-1: then it is no INTEGER in SQLite. */
export function mayExceedInt64(expression: TypedExpression): boolean {
  return isUint64(expression.type) && roughRange(expression).high > INT64_MAX;
}

/** Digits of the greatest number of the range. */
export function digitsOfRange({ low, high }: IntegerRange): number {
  const size = -low > high ? -low : high;
  return size.toString().length;
}

function rangeOfType(type: ColumnType): IntegerRange {
  switch (type.kind) {
    case 'integer': {
      const { min, max } = rangeOfIntegers(type);
      return { low: min, high: max };
    }
    case 'bit':
      return { low: 0n, high: 2n ** BigInt(type.length) - 1n };
    case 'set':
      return { low: 0n, high: 2n ** BigInt(type.members.length) - 1n };
    case 'year':
      return { low: 0n, high: 2155n };
    default:
      return { low: INT64_MIN, high: INT64_MAX };
  }
}
