// MySQL's functions of dates and times.

import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import type { ResolveScope } from '#aggregator/planner/resolve-scope.ts';
import type { ContextValueName, TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { typeText } from '#shared/sql/type-text.ts';
import {
  BIGINT,
  DATE,
  call,
  datetime,
  decimalType,
  integerConstant,
  isConstant,
  nullableCall,
  textConstant,
  time,
  varchar,
} from './build.ts';
import { asDouble, asInteger, asText, castConstant, convert, timeZoneOf } from './convert.ts';
import { resultKind } from './date-arithmetic.ts';
import {
  argument,
  direct,
  special,
  type FunctionFamily,
  type Parts,
} from './function-definition.ts';
import { fspOf, isIntegerLike, isMoment } from './result-type.ts';
import { asMoment, asTime } from './temporal-argument.ts';

/** The moment the statement began. */
function moment(name: Extract<ContextValueName, 'now' | 'utcNow'>, parts: Parts): TypedExpression {
  const [precision] = parts;
  const fsp = precision !== undefined && isConstant(precision) ? Number(precision.value) : 0;
  if (!(fsp >= 0 && fsp <= 6)) {
    throw databaseError('tooBigPrecision', { precision: fsp, name: 'now' });
  }
  return { kind: 'context', name, fsp, type: datetime(fsp), nullable: false };
}

function clock(name: 'now' | 'utcNow'): FunctionFamily[string] {
  return special(0, 1, (parts) => moment(name, parts));
}

function today(name: 'now' | 'utcNow'): FunctionFamily[string] {
  return special(0, 0, () => call('tl_date', [moment(name, [])], DATE));
}

function timeOfDay(name: 'now' | 'utcNow'): FunctionFamily[string] {
  return special(0, 1, (parts) => {
    const now = moment(name, parts);
    return call('tl_time_of', [now], time(fspOf(now.type)));
  });
}

/** A part of a date: YEAR, QUARTER, …. */
function datePart(unit: string): FunctionFamily[string] {
  return special(1, 1, (parts, scope) =>
    nullableCall('tl_part', [textConstant(unit), asMoment(argument(parts, 0), scope)], BIGINT),
  );
}

/** A part of a time of day: of a moment, or of a TIME, which can be longer than a day. */
function timePart(unit: string): FunctionFamily[string] {
  return special(1, 1, (parts, scope) => {
    const part = argument(parts, 0);
    if (isMoment(part.type)) {
      return nullableCall('tl_part', [textConstant(unit), asMoment(part, scope)], BIGINT);
    }
    return nullableCall('tl_time_part', [textConstant(unit), asTime(part, scope)], BIGINT);
  });
}

/** WEEK and YEARWEEK, whose mode is the session's where it is not written. */
function week(name: string): FunctionFamily[string] {
  return special(1, 2, (parts, scope) => {
    const usual = name === 'tl_week' ? scope.systemVariable('session', 'default_week_format') : 0n;
    const mode = parts[1] === undefined ? integerConstant(BigInt(usual ?? 0)) : parts[1];
    const all = [asMoment(argument(parts, 0), scope), asInteger(mode, scope)];
    return nullableCall(name, all, BIGINT);
  });
}

/** ADDTIME and SUBTIME. */
function addTime(sign: 1 | -1): FunctionFamily[string] {
  return special(2, 2, (parts, scope) => {
    const [operand, given] = [argument(parts, 0), asTime(argument(parts, 1), scope)];
    const amount = sign === 1 ? given : call('negate', [given], given.type);
    const dated =
      isMoment(operand.type) ||
      (operand.type.kind === 'string' &&
        isConstant(operand) &&
        /\d-\d/.test(String(operand.value)));
    if (dated) {
      const start = asMoment(operand, scope);
      const type = datetime(Math.max(fspOf(start.type), fspOf(amount.type)));
      return nullableCall('tl_addtime', [start, amount, resultKind(type)], type);
    }
    const start = asTime(operand, scope);
    const type = time(Math.max(fspOf(start.type), fspOf(amount.type)));
    return nullableCall('tl_time_sum', [start, amount], type);
  });
}

function timeDifference(parts: Parts, scope: ResolveScope): TypedExpression {
  const [left, right] = [argument(parts, 0), argument(parts, 1)];
  const dated = (part: TypedExpression) =>
    isMoment(part.type) || (isConstant(part) && /\d-\d/.test(String(part.value)));
  if (dated(left) && dated(right)) {
    const moments = [asMoment(left, scope), asMoment(right, scope)];
    return nullableCall(
      'tl_timediff',
      moments,
      time(Math.max(...moments.map((m) => fspOf(m.type)))),
    );
  }
  const [a, b] = [asTime(left, scope), asTime(right, scope)];
  const negative = call('negate', [b], b.type);
  return nullableCall('tl_time_sum', [a, negative], time(Math.max(fspOf(a.type), fspOf(b.type))));
}

/** UNIX_TIMESTAMP: whole seconds, or with the fraction that its argument has. */
function unixTimestamp(parts: Parts, scope: ResolveScope): TypedExpression {
  const start = parts[0] === undefined ? moment('now', []) : asMoment(parts[0], scope);
  const fsp = fspOf(start.type);
  const count = [start, textConstant(timeZoneOf(scope))];
  const micros = nullableCall('tl_unix_timestamp', count, BIGINT);
  const unit = integerConstant(10n ** BigInt(6 - fsp));
  const type: ColumnType = fsp === 0 ? BIGINT : decimalType(12 + fsp, fsp);
  return nullableCall('retype', [nullableCall('/', [micros, unit], BIGINT)], type);
}

function fromUnixTime(parts: Parts, scope: ResolveScope): TypedExpression {
  const number = argument(parts, 0);
  const whole = isIntegerLike(number.type);
  const scale = number.type.kind === 'decimal' ? Math.min(number.type.scale, 6) : 6;
  const type = datetime(whole ? 0 : scale);
  const micros = convert(number, decimalType(18, 6), scope);
  const all = [micros, textConstant(timeZoneOf(scope)), resultKind(type)];
  const result = nullableCall('tl_from_unixtime', all, type);
  return parts[1] === undefined ? result : dateFormat([result, parts[1]], scope);
}

function dateFormat(parts: Parts, scope: ResolveScope): TypedExpression {
  if (parts[2] !== undefined) throw databaseError('unsupported', { what: 'a locale' });
  const all = [asMoment(argument(parts, 0), scope), asText(argument(parts, 1), scope)];
  return nullableCall('tl_date_format', all, varchar(255));
}

/** STR_TO_DATE gives a date, a time or both, as its format says. */
function stringToDate(parts: Parts, scope: ResolveScope): TypedExpression {
  const [source, format] = [asText(argument(parts, 0), scope), asText(argument(parts, 1), scope)];
  const written = isConstant(format) ? String(format.value) : '%Y%H';
  const hasDate = /%[abcDdejMmUuVvWwXxYy]/.test(written);
  const hasTime = /%[fHhIiklprSsT]/.test(written);
  const fsp = written.includes('%f') ? 6 : 0;
  const type = !hasTime ? DATE : hasDate ? datetime(fsp) : time(fsp);
  return nullableCall('tl_str_to_date', [source, format, textConstant(typeText(type))], type);
}

function makeTime(parts: Parts, scope: ResolveScope): TypedExpression {
  const [hours, minutes, seconds] = parts;
  const whole = isIntegerLike(must(seconds).type);
  const last = whole ? must(seconds) : asDouble(must(seconds), scope);
  const decimal = must(seconds).type.kind === 'decimal' ? must(seconds).type : null;
  const fsp = whole
    ? 0
    : decimal !== null && decimal.kind === 'decimal'
      ? Math.min(decimal.scale, 6)
      : 6;
  const all = [asInteger(must(hours), scope), asInteger(must(minutes), scope), last];
  return nullableCall('tl_maketime', all, time(fsp));
}

function secondsToTime(parts: Parts, scope: ResolveScope): TypedExpression {
  const number = argument(parts, 0);
  if (isIntegerLike(number.type)) return nullableCall('tl_sec_to_time', [number], time(0));
  const fsp = number.type.kind === 'decimal' ? Math.min(number.type.scale, 6) : 6;
  return nullableCall('tl_sec_to_time', [asDouble(number, scope)], time(fsp));
}

/** TIMESTAMP(moment) and TIMESTAMP(moment, time). */
function timestamp(parts: Parts, scope: ResolveScope): TypedExpression {
  const start = asMoment(argument(parts, 0), scope);
  const whole = convert(start, datetime(fspOf(start.type)), scope);
  if (parts[1] === undefined) return whole;
  return addTime(1).resolve([whole, parts[1]], scope);
}

function toDate(parts: Parts, scope: ResolveScope): TypedExpression {
  const start = asMoment(argument(parts, 0), scope);
  return isConstant(start)
    ? castConstant(start, DATE, scope)
    : nullableCall('tl_date', [start], DATE);
}

const now = clock('now');
const day = datePart('day');

export const temporalFunctions: FunctionFamily = {
  now,
  current_timestamp: now,
  localtime: now,
  localtimestamp: now,
  sysdate: now,
  utc_timestamp: clock('utcNow'),
  curdate: today('now'),
  current_date: today('now'),
  utc_date: today('utcNow'),
  curtime: timeOfDay('now'),
  current_time: timeOfDay('now'),
  utc_time: timeOfDay('utcNow'),
  year: datePart('year'),
  month: datePart('month'),
  day,
  dayofmonth: day,
  quarter: datePart('quarter'),
  dayofweek: datePart('dayofweek'),
  weekday: datePart('weekday'),
  dayofyear: datePart('dayofyear'),
  hour: timePart('hour'),
  minute: timePart('minute'),
  second: timePart('second'),
  microsecond: timePart('microsecond'),
  week: week('tl_week'),
  yearweek: week('tl_yearweek'),
  weekofyear: direct('tl_weekofyear', 'm', BIGINT),
  dayname: direct('tl_dayname', 'm', varchar(9)),
  monthname: direct('tl_monthname', 'm', varchar(9)),
  last_day: direct('tl_last_day', 'm', DATE),
  to_days: direct('tl_to_days', 'm', BIGINT),
  from_days: direct('tl_from_days', 'i', DATE),
  to_seconds: direct('tl_to_seconds', 'm', BIGINT),
  datediff: direct('tl_datediff', 'mm', BIGINT),
  timediff: special(2, 2, timeDifference),
  addtime: addTime(1),
  subtime: addTime(-1),
  date: special(1, 1, toDate),
  time: special(1, 1, (parts, scope) => asTime(argument(parts, 0), scope)),
  timestamp: special(1, 2, timestamp),
  makedate: direct('tl_makedate', 'ii', DATE),
  maketime: special(3, 3, makeTime),
  sec_to_time: special(1, 1, secondsToTime),
  time_to_sec: direct('tl_time_to_sec', 'r', BIGINT),
  period_add: direct('tl_period_add', 'ii', BIGINT),
  period_diff: direct('tl_period_diff', 'ii', BIGINT),
  date_format: special(2, 3, dateFormat),
  time_format: direct('tl_time_format', 'rt', varchar(255)),
  str_to_date: special(2, 2, stringToDate),
  unix_timestamp: special(0, 1, unixTimestamp),
  from_unixtime: special(1, 2, fromUnixTime),
  convert_tz: special(3, 3, (parts, scope) => {
    const start = asMoment(argument(parts, 0), scope);
    const type = datetime(fspOf(start.type));
    const zones = parts.slice(1).map((part) => asText(part, scope));
    return nullableCall('tl_convert_tz', [start, ...zones, resultKind(type)], type);
  }),
};
