// date + INTERVAL, EXTRACT and TIMESTAMPDIFF.

import type { IntervalUnit } from '#aggregator/parser/ast.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import type { ResolveScope } from '#aggregator/planner/resolve-scope.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import {
  BIGINT,
  DATE,
  datetime,
  integerConstant,
  isConstant,
  isNullConstant,
  nullConstant,
  nullableCall,
  textConstant,
  time,
} from './build.ts';
import { asInteger, asText } from './convert.ts';
import { fspOf, isIntegerLike } from './result-type.ts';
import { asMoment, asTime } from './temporal-argument.ts';

const DATE_UNITS: readonly IntervalUnit[] = [
  'day',
  'week',
  'month',
  'quarter',
  'year',
  'year_month',
];

/** What a date function is told of the form of its result. */
export function resultKind(type: ColumnType): TypedExpression {
  return textConstant(type.kind === 'date' ? 'date' : `datetime${fspOf(type)}`);
}

export interface DateArithmetic {
  readonly operator: '+' | '-';
  readonly operand: TypedExpression;
  readonly amount: TypedExpression;
  readonly unit: IntervalUnit;
}

/** `operand ± INTERVAL amount unit`. */
export function dateArithmetic(parts: DateArithmetic, scope: ResolveScope): TypedExpression {
  const { operator, unit } = parts;
  const sign = integerConstant(operator === '+' ? 1 : -1);
  const { amount, fsp } = intervalAmount(parts.amount, unit, scope);
  const name = textConstant(unit);
  if (parts.operand.type.kind === 'time') {
    const type = time(Math.max(fspOf(parts.operand.type), fsp));
    return nullableCall('tl_time_add', [parts.operand, sign, amount, name], type);
  }
  const operand = asMoment(parts.operand, scope);
  const keepsDate = operand.type.kind === 'date' && DATE_UNITS.includes(unit);
  const type = keepsDate ? DATE : datetime(Math.max(fspOf(operand.type), fsp));
  if (isNullConstant(operand) || isNullConstant(amount)) return nullConstant(type);
  return nullableCall('tl_date_add', [operand, sign, amount, name, resultKind(type)], type);
}

/** The amount as the function takes it, and the digits of a second that it brings. */
function intervalAmount(
  amount: TypedExpression,
  unit: IntervalUnit,
  scope: ResolveScope,
): { readonly amount: TypedExpression; readonly fsp: number } {
  if (unit.includes('_')) {
    return { amount: asText(amount, scope), fsp: unit.endsWith('microsecond') ? 6 : 0 };
  }
  if (unit === 'microsecond') return { amount: asInteger(amount, scope), fsp: 6 };
  if (unit !== 'second' || isIntegerLike(amount.type)) {
    return { amount: asInteger(amount, scope), fsp: 0 };
  }
  const whole =
    isConstant(amount) && typeof amount.value === 'string' && !amount.value.includes('.');
  const text = asText(amount, scope);
  const isWhole = whole && amount.type.kind === 'string';
  const digits = amount.type.kind === 'decimal' ? Math.min(amount.type.scale, 6) : 6;
  return { amount: text, fsp: isWhole || isNullConstant(amount) ? 0 : digits };
}

/** EXTRACT(unit FROM operand). */
export function extract(
  unit: IntervalUnit,
  operand: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const name = textConstant(unit);
  if (operand.type.kind === 'time') {
    return nullableCall('tl_time_extract', [name, operand], BIGINT);
  }
  const timeOnly = /^(?:hour|minute|second|microsecond)/.test(unit);
  const moment = asMoment(operand, scope);
  const unread = operand.type.kind === 'string' && isConstant(operand) && isNullConstant(moment);
  if (timeOnly && (unread || (operand.type.kind === 'string' && !isConstant(operand)))) {
    return nullableCall('tl_time_extract', [name, asTime(operand, scope)], BIGINT);
  }
  return nullableCall('tl_extract', [name, moment], BIGINT);
}

/** TIMESTAMPDIFF(unit, from, to). */
export function timestampDiff(
  unit: IntervalUnit,
  from: TypedExpression,
  to: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const parts = [textConstant(unit), asMoment(from, scope), asMoment(to, scope)];
  return nullableCall('tl_timestampdiff', parts, BIGINT);
}
