// Arguments of date functions: moments and times, read from whatever they are given as.

import { databaseError } from '#shared/error.ts';
import type { ResolveScope } from '#aggregator/planner/resolve-scope.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { DATE, constant, datetime, isConstant, nullConstant, time } from './build.ts';
import { castConstant, convert, localised } from './convert.ts';
import { wholly } from './strict-write.ts';
import { fspOf, isMoment } from './result-type.ts';

/** A DATE or DATETIME: text and numbers are read as one, NULL where they are none. */
export function asMoment(part: TypedExpression, scope: ResolveScope): TypedExpression {
  const { type } = part;
  if (isMoment(type)) return localised(part, scope);
  if (type.kind === 'null') return nullConstant(DATE);
  if (type.kind === 'time') {
    throw databaseError('unsupported', { what: 'a TIME where a date is needed' });
  }
  const whole = wholly(part, datetime(6), scope);
  if (isConstant(part) && whole === part) return momentConstant(part, scope);
  return convert(whole, datetime(type.kind === 'integer' ? 0 : 6), scope);
}

/** As precise as it was written: '2024-01-05' is a DATE. */
function momentConstant(
  part: Extract<TypedExpression, { kind: 'constant' }>,
  scope: ResolveScope,
): TypedExpression {
  const value = castConstant(part, datetime(6), scope).value;
  if (typeof value !== 'string') return nullConstant(datetime(0));
  if (isDateOnly(part)) return constant(value.slice(0, 10), DATE);
  const fraction = value.slice(20).replace(/0+$/, '');
  const fsp = Math.max(fraction.length, writtenFraction(part));
  return constant(value.slice(0, fsp === 0 ? 19 : 20 + fsp), datetime(fsp));
}

function writtenFraction(part: Extract<TypedExpression, { kind: 'constant' }>): number {
  if (typeof part.value !== 'string') return 0;
  return Math.min(/\.(\d+)\s*$/.exec(part.value)?.[1]?.length ?? 0, 6);
}

function isDateOnly({ value }: Extract<TypedExpression, { kind: 'constant' }>): boolean {
  if (typeof value === 'bigint') return value < 100_000_000n;
  if (typeof value !== 'string') return false;
  const text = value.trim();
  if (/^\d+$/.test(text)) return text.length <= 8;
  return text.split(/[^\d]+/).filter((figures) => figures !== '').length <= 3;
}

/** A TIME: of a moment its time of day. */
export function asTime(part: TypedExpression, scope: ResolveScope): TypedExpression {
  const { type } = part;
  if (type.kind === 'time') return part;
  if (type.kind === 'null') return nullConstant(time(0));
  if (isMoment(type)) return convert(localised(part, scope), time(fspOf(type)), scope);
  const whole = wholly(part, time(6), scope);
  if (!isConstant(part) || whole !== part) {
    return convert(whole, time(type.kind === 'integer' ? 0 : 6), scope);
  }
  const fsp = typeof part.value === 'string' ? writtenFraction(part) : fspOfNumber(part);
  return castConstant(part, time(fsp), scope);
}

function fspOfNumber({ type }: TypedExpression): number {
  return type.kind === 'decimal' ? Math.min(type.scale, 6) : type.kind === 'integer' ? 0 : 6;
}
