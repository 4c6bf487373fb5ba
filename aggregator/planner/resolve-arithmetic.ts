// + - * / DIV % and the bit operators: on integers, exact decimals or doubles.

import { must } from '#shared/assert.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import { decimalOfStored, storedOfDecimal } from '#shared/sql/decimal.ts';
import {
  BIGINT,
  DOUBLE,
  UNSIGNED_BIGINT,
  call,
  constant,
  decimalType,
  isConstant,
  isNullConstant,
  nullConstant,
  nullableCall,
  type ConstantExpression,
  type DecimalType,
} from './functions/build.ts';
import { asDouble, asNumber, convert, withNumbers } from './functions/convert.ts';
import { INT64_MIN, integerOfStored, isInt64 } from '#shared/sql/unsigned-integer.ts';
import {
  combineRanges,
  digitsOfRange,
  fitsInt64,
  integerRange,
  mayExceedInt64,
  roughRange,
} from './functions/integer-range.ts';
import { digitsOf, isIntegerLike, isReal, isUnsigned } from './functions/result-type.ts';
import {
  DIVISION_DIGITS,
  doubleResult,
  quotientScale,
  shown,
  unrounded,
} from './functions/shown-digits.ts';
import { divisor } from './functions/strict-write.ts';
import { derivedConstant, judged } from './slot-constant.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { TypedExpression } from './typed-expression.ts';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | 'div' | '%';

const CHECKED = { '+': 'tl_add', '-': 'tl_sub', '*': 'tl_mul' } as const;
const UNSIGNED = {
  '+': 'tl_unsigned_add',
  '-': 'tl_unsigned_sub',
  '*': 'tl_unsigned_mul',
} as const;
const DECIMAL = { '+': 'tl_decimal_add', '-': 'tl_decimal_sub', '*': 'tl_decimal_mul' } as const;

export function resolveArithmetic(
  operator: ArithmeticOperator,
  leftOperand: TypedExpression,
  rightOperand: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const left = asNumber(leftOperand, scope);
  const right = asNumber(rightOperand, scope);
  switch (operator) {
    case '+':
    case '-':
    case '*':
      return sumOrProduct(operator, left, right, scope);
    case '/':
      return quotient(left, right, scope);
    case 'div':
      return wholeQuotient(left, right, scope);
    case '%':
      return remainder(left, right, scope);
  }
}

function sumOrProduct(
  operator: '+' | '-' | '*',
  left: TypedExpression,
  right: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  if (isReal(left.type) || isReal(right.type)) {
    const type = doubleResult(operator, left.type, right.type);
    return finite(call(operator, [asDouble(left, scope), asDouble(right, scope)], type));
  }
  if (isIntegerLike(left.type) && isIntegerLike(right.type)) {
    return integerArithmetic(operator, left, right);
  }
  const [a, b] = [unrounded(left), unrounded(right)];
  const exact = decimalArithmetic(operator, a, b, scope);
  if (a === left && b === right) return exact;
  return shown(exact, decimalResult(operator, left, right));
}

/** Beyond the greatest double MySQL answers an error. */
function finite(expression: TypedExpression): TypedExpression {
  return call('tl_finite', [expression], expression.type);
}

function integerArithmetic(
  operator: '+' | '-' | '*',
  left: TypedExpression,
  right: TypedExpression,
): TypedExpression {
  const unsigned = isUnsigned(left.type) || isUnsigned(right.type);
  const type = unsigned ? UNSIGNED_BIGINT : BIGINT;
  if (isNullConstant(left) || isNullConstant(right)) return nullConstant(type);
  const range = combineRanges(operator, roughRange(left), roughRange(right));
  const fits = range !== null && fitsInt64(range);
  if (!fits && unsigned) return call(UNSIGNED[operator], [left, right], type);
  const result = call(fits ? operator : CHECKED[operator], [left, right], type);
  if (!unsigned || (range !== null && range.low >= 0n)) return result;
  return call('tl_unsigned', [result], type);
}

/** Digits before and after the point that the operand can have. */
function shapeOf(operand: TypedExpression): { readonly whole: number; readonly scale: number } {
  if (!isIntegerLike(operand.type)) return digitsOf(operand.type);
  return { whole: digitsOfRange(integerRange(operand)), scale: 0 };
}

function scaleOf(operand: TypedExpression): number {
  return operand.type.kind === 'decimal' ? operand.type.scale : 0;
}

function decimalArithmetic(
  operator: '+' | '-' | '*',
  left: TypedExpression,
  right: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const product = operator === '*';
  const type = decimalResult(operator, left, right);
  if (type.precision > 18) return decimalCall(DECIMAL[operator], left, right, type);
  if (product) return call('*', [left, right], type);
  const common = decimalType(type.precision, type.scale);
  const aligned = [left, right].map((operand) => convert(operand, common, scope));
  return call(operator, aligned, type);
}

/** The type of a sum, difference or product of two exact numbers. */
function decimalResult(
  operator: '+' | '-' | '*',
  left: TypedExpression,
  right: TypedExpression,
): DecimalType {
  const [a, b] = [shapeOf(left), shapeOf(right)];
  const product = operator === '*';
  const scale = product ? a.scale + b.scale : Math.max(a.scale, b.scale);
  const whole = product ? a.whole + b.whole : Math.max(a.whole, b.whole) + 1;
  return decimalType(whole + scale, scale);
}

function remainderType(left: TypedExpression, right: TypedExpression): DecimalType {
  const [a, b] = [shapeOf(left), shapeOf(right)];
  const scale = Math.max(a.scale, b.scale);
  return decimalType(Math.max(a.whole, b.whole) + scale, scale);
}

function decimalCall(
  name: string,
  left: TypedExpression,
  right: TypedExpression,
  type: DecimalType,
): TypedExpression {
  const parts = [left, scaleOf(left), right, scaleOf(right), type.precision, type.scale];
  return call(name, withNumbers(parts), type);
}

function quotient(
  left: TypedExpression,
  right: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  if (isReal(left.type) || isReal(right.type)) {
    const parts = [asDouble(left, scope), divisor(asDouble(right, scope), scope)];
    const type = doubleResult('/', left.type, right.type);
    return nullableCall('tl_finite', [nullableCall('/', parts, type)], type);
  }
  const [dividend, exactDivisor] = [unrounded(left), unrounded(right)];
  const [a, b] = [shapeOf(dividend), shapeOf(exactDivisor)];
  const digits = quotientScale(a.scale, b.scale);
  const exact = decimalType(a.whole + b.scale + digits, digits);
  const quotient = nullableCall('/', [dividend, divisor(exactDivisor, scope)], exact);
  const scale = Math.min(shapeOf(left).scale + DIVISION_DIGITS, 30);
  return shown(quotient, decimalType(a.whole + b.scale + scale, scale));
}

function wholeQuotient(
  left: TypedExpression,
  right: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const unsigned = isUnsigned(left.type) || isUnsigned(right.type);
  const type = unsigned ? UNSIGNED_BIGINT : BIGINT;
  if (isIntegerLike(left.type) && isIntegerLike(right.type)) {
    if (mayExceedInt64(left) || mayExceedInt64(right)) {
      return nullableCall('tl_unsigned_div', [left, divisor(right, scope)], type);
    }
    const { low } = integerRange(left);
    const parts = [left, divisor(right, scope)];
    const whole = nullableCall(low > INT64_MIN ? '/' : 'tl_int_div', parts, type);
    const natural = !unsigned || (low >= 0n && integerRange(right).low >= 0n);
    return natural ? whole : nullableCall('tl_unsigned', [whole], type);
  }
  const [a, b] = [left, right].map((operand) => exactOperand(operand, scope));
  const parts = [must(a), scaleOf(must(a)), divisor(must(b), scope), scaleOf(must(b))];
  return nullableCall('tl_decimal_int_div', withNumbers(parts), type);
}

function exactOperand(operand: TypedExpression, scope: ResolveScope): TypedExpression {
  return isReal(operand.type) ? convert(operand, decimalType(65, 30), scope) : unrounded(operand);
}

function remainder(
  left: TypedExpression,
  right: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  if (isReal(left.type) || isReal(right.type)) {
    const type = doubleResult('%', left.type, right.type);
    const parts = [asDouble(left, scope), divisor(asDouble(right, scope), scope)];
    return nullableCall('tl_mod_double', parts, type);
  }
  if (isIntegerLike(left.type) && isIntegerLike(right.type)) {
    const type = isUnsigned(left.type) ? UNSIGNED_BIGINT : BIGINT;
    const great = mayExceedInt64(left) || mayExceedInt64(right);
    return nullableCall(great ? 'tl_unsigned_mod' : '%', [left, divisor(right, scope)], type);
  }
  const [dividend, modulus] = [unrounded(left), unrounded(right)];
  const type = remainderType(dividend, modulus);
  const exact: TypedExpression = {
    ...decimalCall('tl_decimal_mod', dividend, divisor(modulus, scope), type),
    nullable: true,
  };
  if (dividend === left && modulus === right) return exact;
  return shown(exact, remainderType(left, right));
}

/** -x; a constant becomes the negative constant. */
export function resolveNegation(operand: TypedExpression, scope: ResolveScope): TypedExpression {
  const number = asNumber(operand, scope);
  const { type } = number;
  const exact = unrounded(number);
  if (exact !== number) return shown(resolveNegation(exact, scope), type);
  if (isConstant(number)) {
    return negatedSlot(number) ?? negatedConstant(number.value, type);
  }
  if (isReal(type)) return call('negate', [number], type);
  if (type.kind === 'decimal') {
    if (type.precision <= 18) return call('negate', [number], { ...type, unsigned: false });
    const parts = [number, type.scale, type.precision, type.scale];
    return call('tl_decimal_neg', withNumbers(parts), type);
  }
  const safe = integerRange(number).low > INT64_MIN && !mayExceedInt64(number);
  return call(safe ? 'negate' : 'tl_neg', [number], BIGINT);
}

/** The opposite of a literal whose value each run brings; null where its type would change. */
function negatedSlot(number: ConstantExpression): ConstantExpression | null {
  const { slot, type } = number;
  if (slot === undefined) return null;
  if (isReal(type)) return derivedConstant(number, DOUBLE, (value) => -Number(value));
  if (type.kind === 'decimal') {
    if (type.scale === 0) return null;
    return derivedConstant(number, type, (value) => {
      const { unscaled, scale } = decimalOfStored(value as bigint, type);
      return storedOfDecimal({ unscaled: -unscaled, scale }, type);
    });
  }
  const opposite = (value: StoredValue) => -integerOfStored(must(value));
  if (!judged(number, (value) => isInt64(opposite(value)))) return null;
  return derivedConstant(number, BIGINT, opposite);
}

function negatedConstant(
  value: Extract<TypedExpression, { kind: 'constant' }>['value'],
  type: ColumnType,
): TypedExpression {
  if (value === null) return nullConstant(type);
  if (typeof value === 'number' && isReal(type)) return constant(-value, DOUBLE);
  if (type.kind !== 'decimal') {
    const negative = -integerOfStored(value);
    if (isInt64(negative)) return constant(negative, BIGINT);
    const exact = decimalType(20, 0);
    return constant(storedOfDecimal({ unscaled: negative, scale: 0 }, exact), exact);
  }
  const { unscaled, scale } = decimalOfStored(value, type);
  if (type.scale === 0 && -unscaled >= INT64_MIN) return constant(-unscaled, BIGINT);
  return constant(storedOfDecimal({ unscaled: -unscaled, scale }, type), type);
}
