// & | ^ ~ << >>: on the 64 bits of integers.
//
// MySQL's results are unsigned. SQLite computes the same bits, and shows those above 2^63 - 1 as
// negative numbers: such a number goes into the next bit operator as it is (`flags & ~4`), and is
// made the unsigned one where it is seen.

import { BIGINT, UNSIGNED_BIGINT, call, isConstant } from './functions/build.ts';
import { asBits } from './functions/convert.ts';
import { roughRange } from './functions/integer-range.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { TypedExpression } from './typed-expression.ts';

export type BitOperator = '&' | '|' | '^' | '<<' | '>>';

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
      return seen(operator, [left, right]);
    case '^':
      return seen('bits ^', [left, right]);
    case '<<':
      return shiftLeft(left, right);
    case '>>':
      return call('tl_shift_right', [left, right], UNSIGNED_BIGINT);
  }
}

/** ~operand. */
export function resolveBitNot(operand: TypedExpression, scope: ResolveScope): TypedExpression {
  return seen('bits ~', [bitsOf(operand, scope)]);
}

function shiftLeft(left: TypedExpression, count: TypedExpression): TypedExpression {
  const known = isConstant(count) && typeof count.value === 'bigint' ? count.value : -1n;
  if (known < 0n) return call('tl_shift_left', [left, count], UNSIGNED_BIGINT);
  return seen('<<', [left, count]);
}

/** The operand's bits, with a sign: those of another bit operator as they were computed. */
function bitsOf(operand: TypedExpression, scope: ResolveScope): TypedExpression {
  const [inner] = operand.kind === 'call' ? operand.arguments : [];
  const isSeen = operand.kind === 'call' && operand.name === 'tl_from_bits';
  return isSeen && inner !== undefined ? inner : asBits(operand, scope);
}

/** The unsigned number that the operator yields: a step of its own where it could be negative. */
function seen(name: string, operands: readonly TypedExpression[]): TypedExpression {
  const bits = call(name, operands, BIGINT);
  if (roughRange(bits).low >= 0n) return { ...bits, type: UNSIGNED_BIGINT };
  return call('tl_from_bits', [bits], UNSIGNED_BIGINT);
}
