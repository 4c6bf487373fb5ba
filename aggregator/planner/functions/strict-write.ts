// What a strict sql_mode refuses of a statement that writes: values that lose something on the way
// to a number or a moment, and divisions by zero. Elsewhere they are 0 and NULL.

import type { ColumnType } from '#shared/sql/column-type.ts';
import { lostKindOf, isZero, losesSomething, type LostKind } from '#shared/sql/strict-value.ts';
import type { ResolveEnvironment } from '#aggregator/planner/resolve-environment.ts';
import { isStrict } from '#aggregator/sql-mode.ts';
import { judged } from '#aggregator/planner/slot-constant.ts';
import { zeroOf } from '#aggregator/planner/zero-of.ts';
import type { ResolveScope } from '#aggregator/planner/resolve-scope.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { call, constant, isConstant, isNullConstant, textConstant } from './build.ts';

const WHOLLY = 'tl_wholly';

/** The environment of a statement that writes. */
export function writing(
  environment: ResolveEnvironment,
  { ignore }: { readonly ignore: boolean },
): ResolveEnvironment {
  return { ...environment, strictWrite: !ignore && isStrict(environment.sqlMode) };
}

/** The expression, a text on its way to `type`: an error of each run where it is not wholly one. */
export function wholly(
  expression: TypedExpression,
  type: ColumnType,
  scope: ResolveScope,
): TypedExpression {
  if (scope.strictWrite !== true || expression.type.kind !== 'string') return expression;
  if (expression.kind === 'call' && expression.name === WHOLLY) return expression;
  const kind = lostKindOf(type);
  if (kind === null || isNullConstant(expression)) return expression;
  if (isConstant(expression) && !loses(expression, kind)) return expression;
  return call(WHOLLY, [expression, textConstant(kind)], expression.type);
}

function loses(text: Extract<TypedExpression, { kind: 'constant' }>, kind: LostKind): boolean {
  return judged(text, (value) => losesSomething(value as string, kind));
}

/** The number that another one is divided by: an error of each run where it is zero. */
export function divisor(number: TypedExpression, scope: ResolveScope): TypedExpression {
  const isRefused = scope.strictWrite === true && scope.sqlMode.has('ERROR_FOR_DIVISION_BY_ZERO');
  if (!isRefused || isNullConstant(number)) return number;
  const zero = zeroOf(number.type);
  if (isConstant(number) && !judged(number, (value) => isZero(value, zero))) return number;
  return call('tl_divisor', [number, constant(zero, number.type)], number.type);
}
