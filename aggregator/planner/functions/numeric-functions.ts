// MySQL's numeric functions.

import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { resolveArithmetic } from '#aggregator/planner/resolve-arithmetic.ts';
import type { ResolveScope } from '#aggregator/planner/resolve-scope.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import {
  BIGINT,
  DOUBLE,
  UNSIGNED_BIGINT,
  call,
  constant,
  decimalType,
  integerConstant,
  isConstant,
  isNullConstant,
  nullConstant,
  nullableCall,
  textConstant,
  varchar,
  type DecimalType,
} from './build.ts';
import { aggregateCollation } from './collation-rule.ts';
import { asDouble, asInteger, asNumber, asText, convert, withNumbers } from './convert.ts';
import {
  argument,
  direct,
  special,
  type FunctionFamily,
  type Parts,
} from './function-definition.ts';
import { INT64_MIN } from '#shared/sql/unsigned-integer.ts';
import { integerRange, mayExceedInt64 } from './integer-range.ts';
import { fixedDouble, shown, unrounded } from './shown-digits.ts';
import { isIntegerLike, isMoment, isNumber, mergeTypes } from './result-type.ts';

/** ROUND and TRUNCATE. */
function rounding(name: 'round' | 'truncate', parts: Parts, scope: ResolveScope): TypedExpression {
  const number = unrounded(asNumber(argument(parts, 0), scope));
  const places = parts[1] === undefined ? integerConstant(0) : asInteger(parts[1], scope);
  if (isNullConstant(number) || isNullConstant(places)) return nullConstant(number.type);
  const { type } = number;
  if (type.kind === 'decimal') return decimalRounding(name, number, type, places);
  if (!isIntegerLike(type)) {
    const digits = isConstant(places) ? Math.max(0, Number(places.value)) : null;
    return nullableCall(`tl_${name}`, [number, places], fixedDouble(digits));
  }
  if (isConstant(places) && BigInt(places.value as bigint) >= 0n) return number;
  if (mayExceedInt64(number)) {
    return nullableCall(`tl_unsigned_${name}`, [number, places], UNSIGNED_BIGINT);
  }
  return nullableCall(`tl_int_${name}`, [number, places], BIGINT);
}

function decimalRounding(
  name: string,
  number: TypedExpression,
  type: DecimalType,
  places: TypedExpression,
): TypedExpression {
  const wanted = isConstant(places) ? Number(places.value) : type.scale;
  const scale = Math.max(0, Math.min(30, wanted));
  const result = decimalType(type.precision - type.scale + scale + 1, scale);
  const parts = [number, type.scale, places, result.precision, result.scale];
  return call(`tl_decimal_${name}`, withNumbers(parts), result);
}

/** CEILING and FLOOR. */
function wholeNumber(name: 'ceil' | 'floor', part: TypedExpression, scope: ResolveScope) {
  const number = unrounded(asNumber(part, scope));
  const { type } = number;
  if (isIntegerLike(type)) return number;
  if (type.kind !== 'decimal') return call(name, [number], fixedDouble(0));
  const digits = type.precision - type.scale + 1;
  const result = decimalType(Math.max(digits, type.precision > 18 ? 19 : 1), 0);
  const shown: ColumnType = result.precision <= 18 ? BIGINT : result;
  const parts = [number, type.scale, result.precision, 0];
  return call(`tl_decimal_${name}`, withNumbers(parts), shown);
}

function absolute(part: TypedExpression, scope: ResolveScope): TypedExpression {
  const number = asNumber(part, scope);
  const { type } = number;
  const exact = unrounded(number);
  if (exact !== number) return shown(absolute(exact, scope), type);
  if (mayExceedInt64(number)) return number;
  if (isIntegerLike(type) && integerRange(number).low <= INT64_MIN) return checkedAbsolute(number);
  if (type.kind !== 'decimal' || type.precision <= 18) return call('abs', [number], type);
  const parts = [number, type.scale, type.precision, type.scale];
  return call('tl_decimal_abs', withNumbers(parts), type);
}

/** The smallest BIGINT has no positive counterpart: error 1690. */
function checkedAbsolute(number: TypedExpression): TypedExpression {
  const negative = call('<', [number, integerConstant(0)], BIGINT);
  return {
    kind: 'case',
    branches: [{ when: negative, then: call('tl_neg', [number], BIGINT) }],
    otherwise: number,
    type: BIGINT,
    nullable: number.nullable,
  };
}

function sign(part: TypedExpression, scope: ResolveScope): TypedExpression {
  const number = unrounded(asNumber(part, scope));
  const { type } = number;
  if (mayExceedInt64(number)) return call('>', [number, integerConstant(0)], BIGINT);
  if (type.kind !== 'decimal' || type.precision <= 18) return call('sign', [number], BIGINT);
  return call('tl_decimal_sign', withNumbers([number, type.scale]), BIGINT);
}

function logarithm(parts: Parts, scope: ResolveScope): TypedExpression {
  const [first, second] = parts.map((part) => asDouble(part, scope));
  if (second === undefined) return nullableCall('ln', [must(first)], DOUBLE);
  return nullableCall('tl_log', [must(first), second], DOUBLE);
}

/** GREATEST and LEAST: all brought to one type. */
function extreme(name: 'greatest' | 'least', parts: Parts, scope: ResolveScope): TypedExpression {
  const collation = aggregateCollation(parts, name);
  const merged = mergeTypes(
    parts.map((part) => part.type),
    collation,
  );
  const type = merged.kind === 'enum' || merged.kind === 'set' ? varchar(255, collation) : merged;
  if (parts.some(isNullConstant)) return nullConstant(type);
  if (isNumber(type) || isMoment(type) || type.kind === 'time') {
    const brought = parts.map((part) => convert(part, type, scope));
    return call(name === 'greatest' ? 'max' : 'min', brought, type);
  }
  const texts = parts.map((part) => asText(part, scope));
  return call(`tl_${name}`, [textConstant(collation), ...texts], type);
}

function base(parts: Parts, radix: number, scope: ResolveScope): TypedExpression {
  const number = digits(argument(parts, 0), scope);
  return nullableCall('tl_conv', withNumbers([number, 10, radix]), varchar(64));
}

/** The digits that are converted: those of a BIT column's number, not its bytes. */
function digits(part: TypedExpression, scope: ResolveScope): TypedExpression {
  return asText(part.type.kind === 'bit' ? convert(part, UNSIGNED_BIGINT, scope) : part, scope);
}

/** A function of doubles that SQLite has as well. */
function real(name: string, signature = 'd'): FunctionFamily[string] {
  return direct(name, signature, DOUBLE);
}

/** A function of one argument whose call is built by hand. */
function unary(
  resolve: (part: TypedExpression, scope: ResolveScope) => TypedExpression,
): FunctionFamily[string] {
  return special(1, 1, (parts, scope) => {
    const part = argument(parts, 0);
    return isNullConstant(part) ? nullConstant(BIGINT) : resolve(part, scope);
  });
}

const power = real('tl_pow', 'dd');
const ceiling = unary((part, scope) => wholeNumber('ceil', part, scope));

export const numericFunctions: FunctionFamily = {
  abs: unary(absolute),
  ceil: ceiling,
  ceiling,
  floor: unary((part, scope) => wholeNumber('floor', part, scope)),
  round: special(1, 2, (parts, scope) => rounding('round', parts, scope)),
  truncate: special(2, 2, (parts, scope) => rounding('truncate', parts, scope)),
  mod: special(2, 2, (parts, scope) =>
    resolveArithmetic('%', argument(parts, 0), argument(parts, 1), scope),
  ),
  pow: power,
  power,
  exp: real('tl_exp'),
  ln: real('ln'),
  log: special(1, 2, logarithm),
  log2: real('log2'),
  log10: real('log10'),
  sqrt: real('sqrt'),
  sin: real('sin'),
  cos: real('cos'),
  tan: real('tan'),
  cot: real('tl_cot'),
  asin: real('asin'),
  acos: real('acos'),
  atan: special(1, 2, (parts, scope) => {
    const doubles = parts.map((part) => asDouble(part, scope));
    return nullableCall(doubles.length === 2 ? 'atan2' : 'atan', doubles, DOUBLE);
  }),
  atan2: special(1, 2, (parts, scope) => {
    const doubles = parts.map((part) => asDouble(part, scope));
    return nullableCall(doubles.length === 2 ? 'atan2' : 'atan', doubles, DOUBLE);
  }),
  degrees: real('degrees'),
  radians: real('radians'),
  pi: special(0, 0, () => constant(Math.PI, fixedDouble(6))),
  sign: unary(sign),
  rand: special(0, 1, (parts) => {
    if (parts.length === 0) return call('random', [], DOUBLE);
    throw databaseError('unsupported', { what: 'RAND(seed)' });
  }),
  greatest: special(2, Infinity, (parts, scope) => extreme('greatest', parts, scope)),
  least: special(2, Infinity, (parts, scope) => extreme('least', parts, scope)),
  conv: special(3, 3, (parts, scope) => {
    const [number, ...bases] = parts;
    const all = [digits(must(number), scope), ...bases];
    return direct('tl_conv', 'tii', varchar(64)).resolve(all, scope);
  }),
  bin: special(1, 1, (parts, scope) => base(parts, 2, scope)),
  oct: special(1, 1, (parts, scope) => base(parts, 8, scope)),
  bit_count: direct('tl_bit_count', 'b', BIGINT),
};
