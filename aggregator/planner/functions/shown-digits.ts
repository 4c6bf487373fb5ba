// How many digits MySQL shows of a number, and how many more it computes with.
//
// A quotient has four digits more than its dividend when it is shown, but nine or eighteen while
// an expression goes on with it: 1 / 3 is 0.3333, and 1 / 3 * 3 is 1.0000. So a division, and all
// that is computed from it, is a call of `shown`, around the expression with all its digits.

import type { ColumnType } from '#shared/sql/column-type.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { DOUBLE, call } from './build.ts';

/** Digits that a quotient has after the point, beyond those of the dividend. */
export const DIVISION_DIGITS = 4;

/** Digits in a word of MySQL's decimals, whose fractions are whole words. */
const WORD_DIGITS = 9;

/** Beyond so many digits after the point a DOUBLE is shown as long as it is. */
const FIXED_DIGITS_MAX = 30;

/** The expression as a client sees it: rounded to its type. */
export function shown(exact: TypedExpression, type: ColumnType): TypedExpression {
  return call('shown', [exact], type);
}

/** What arithmetic goes on with. */
export function unrounded(expression: TypedExpression): TypedExpression {
  const isShown = expression.kind === 'call' && expression.name === 'shown';
  return isShown ? (expression.arguments[0] ?? expression) : expression;
}

/** Digits after the point that MySQL computes for a quotient; further ones are cut off. */
export function quotientScale(dividendScale: number, divisorScale: number): number {
  const [a, b] = [wholeWords(dividendScale), wholeWords(divisorScale)];
  const missing = Math.max(0, DIVISION_DIGITS - (a - dividendScale) - (b - divisorScale));
  return Math.min(wholeWords(a + b + missing), 30);
}

function wholeWords(digits: number): number {
  return Math.ceil(digits / WORD_DIGITS) * WORD_DIGITS;
}

/** Digits after the point that every number of the type is shown with; null: as many as it has. */
export function fixedDigits(type: ColumnType): number | null {
  switch (type.kind) {
    case 'integer':
    case 'bit':
    case 'year':
      return 0;
    case 'decimal':
      return type.scale;
    case 'double':
      return type.decimals ?? null;
    default:
      return null;
  }
}

/** DOUBLE that is shown with so many digits after the point. */
export function fixedDouble(decimals: number | null): ColumnType {
  if (decimals === null || decimals > FIXED_DIGITS_MAX) return DOUBLE;
  return { ...DOUBLE, decimals } as ColumnType;
}

/** The type of a double that is computed from two numbers. */
export function doubleResult(
  operator: '+' | '-' | '*' | '/' | '%',
  left: ColumnType,
  right: ColumnType,
): ColumnType {
  const [a, b] = [fixedDigits(left), fixedDigits(right)];
  if (a === null || b === null) return DOUBLE;
  if (operator === '*') return fixedDouble(a + b);
  return fixedDouble(Math.max(a, b) + (operator === '/' ? DIVISION_DIGITS : 0));
}
