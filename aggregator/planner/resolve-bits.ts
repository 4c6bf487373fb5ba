// & | ^ ~ << >>: on the 64 bits of integers.
//
// MySQL's results are unsigned. SQLite computes the same bits, and shows those above 2^63 - 1 as
// negative numbers: such a number may go into the next bit operator (`flags & ~4`), but is refused
// where it would be seen.

import { UNSIGNED_BIGINT, call, isConstant } from './functions/build.ts';
import { asInteger } from './functions/convert.ts';
import { integerRange } from './functions/integer-range.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { TypedExpression } from './typed-expression.ts';

export type BitOperator = '&' | '|' | '^' | '<<' | '>>';

const BIT_CALLS: readonly string[] = ['&', '|', 'bits ^', 'bits ~', '<<'];

/** `left operator right`. */
export function resolveBitOperation(
  operator: BitOperator,
  leftOperand: TypedExpression,
  rightOperand: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const [left, right] = [bitsOf(leftOperand, scope), bitsOf(rightOperand, scope)];
  switch (operator) {
    case '&':
    case '|':
      return seen(call(operator, [left, right], UNSIGNED_BIGINT), [left, right], operator);
    case '^':
      return seen(call('bits ^', [left, right], UNSIGNED_BIGINT), [left, right], operator);
    case '<<':
      return shiftLeft(left, right);
    case '>>':
      return call('tl_shift_right', [left, right], UNSIGNED_BIGINT);
  }
}

/** ~operand. */
export function resolveBitNot(operand: TypedExpression, scope: ResolveScope): TypedExpression {
  const bits = call('bits ~', [bitsOf(operand, scope)], UNSIGNED_BIGINT);
  return call('tl_unsigned', [bits], UNSIGNED_BIGINT);
}

function shiftLeft(left: TypedExpression, count: TypedExpression): TypedExpression {
  const known = isConstant(count) && typeof count.value === 'bigint' ? count.value : -1n;
  if (known < 0n) return call('tl_shift_left', [left, count], UNSIGNED_BIGINT);
  const shifted = call('<<', [left, count], UNSIGNED_BIGINT);
  return call('tl_unsigned', [shifted], UNSIGNED_BIGINT);
}

/** The operand's bits: what another bit operator has not yet shown. */
function bitsOf(operand: TypedExpression, scope: ResolveScope): TypedExpression {
  const [inner] = operand.kind === 'call' ? operand.arguments : [];
  const isBits = inner?.kind === 'call' && BIT_CALLS.includes(inner.name);
  const hidden = operand.kind === 'call' && operand.name === 'tl_unsigned' && isBits;
  return hidden ? inner : asInteger(operand, scope);
}

/** The result, checked where its highest bit can be set. */
function seen(
  bits: TypedExpression,
  operands: readonly TypedExpression[],
  operator: '&' | '|' | '^',
): TypedExpression {
  const positive = (operand: TypedExpression) => !isRaw(operand) && integerRange(operand).low >= 0n;
  const safe = operator === '&' ? operands.some(positive) : operands.every(positive);
  return safe ? bits : call('tl_unsigned', [bits], UNSIGNED_BIGINT);
}

function isRaw(operand: TypedExpression): boolean {
  return operand.kind === 'call' && BIT_CALLS.includes(operand.name);
}
