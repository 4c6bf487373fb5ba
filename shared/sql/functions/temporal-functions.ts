// SQLite functions of dates and times: arithmetic and formats.
//
// Dates and moments are TEXT in their stored form; a time of day is an INTEGER of microseconds.
// A `kind` says in what form a moment is answered: 'date', or 'datetime0' to 'datetime6'.

import { formatMoment } from '#shared/sql/date-format.ts';
import {
  addInterval,
  negateInterval,
  readInterval,
  unitsBetween,
  type Interval,
} from '#shared/sql/interval.ts';
import { dayNumber } from '#shared/sql/calendar.ts';
import { parseByFormat } from '#shared/sql/str-to-date.ts';
import {
  dateTimeText,
  hasOpenPart,
  linear,
  microsecondsOfDay,
  momentText,
  readMoment,
  roundTime,
  ZERO_MOMENT,
  type Moment,
} from '#shared/sql/temporal.ts';
import { clipTime } from '#shared/sql/temporal-literal.ts';
import { MICROSECONDS_PER_SECOND } from '#shared/sql/time-of-day.ts';
import type { TypeTextReader } from '#shared/sql/type-text.ts';
import { strict, type SqlFunction } from './sql-function.ts';

/** The functions that move, compare and format moments. */
export function temporalFunctions(types: TypeTextReader): readonly SqlFunction[] {
  return [
    /** tl_date_add(moment, sign, amount, unit, kind): sign 1 or -1; NULL out of the calendar. */
    strict('tl_date_add', (d: string, ...rest: [bigint, Amount, string, string]) => {
      const [sign, amount, unit, kind] = rest;
      const moment = addInterval(readMoment(d), signed(readInterval(amount, unit), sign));
      return moment === null ? null : inKind(moment, kind);
    }),
    /** tl_time_add(time, sign, amount, unit): a time of day, NULL for months and out of range. */
    strict('tl_time_add', (t: bigint, sign: bigint, amount: Amount, unit: string) => {
      const { months, microseconds } = signed(readInterval(amount, unit), sign);
      const sum = Number(t + microseconds);
      return months === 0 && clipTime(sum, true).complete ? BigInt(sum) : null;
    }),
    /** tl_datediff(a, b): days from b to a. */
    strict('tl_datediff', (a: string, b: string) => {
      const [left, right] = [readMoment(a), readMoment(b)];
      if (hasOpenPart(left) || hasOpenPart(right)) return null;
      return BigInt(dayNumber(left) - dayNumber(right));
    }),
    /** tl_timestampdiff(unit, a, b): whole units from a to b. */
    strict('tl_timestampdiff', (unit: string, a: string, b: string) => {
      const [from, to] = [readMoment(a), readMoment(b)];
      return hasOpenPart(from) || hasOpenPart(to) ? null : unitsBetween(unit, from, to);
    }),
    /** tl_timediff(a, b): a minus b of two moments, as a time. tl_time_sum(a, b): of two times. */
    strict('tl_timediff', (a: string, b: string) =>
      clipped(Number(linear(readMoment(a)) - linear(readMoment(b)))),
    ),
    strict('tl_time_sum', (a: bigint, b: bigint) => clipped(Number(a + b))),
    /** tl_addtime(moment, time, kind): the time may be negative. */
    strict('tl_addtime', (d: string, t: bigint, kind: string) => {
      const moment = addInterval(readMoment(d), { months: 0, microseconds: t });
      return moment === null ? null : inKind(moment, kind);
    }),
    /** tl_date_format(moment, format), tl_time_format(time, format). */
    strict('tl_date_format', (d: string, format: string) => formatMoment(readMoment(d), format)),
    strict('tl_time_format', (t: bigint, format: string) => {
      const text = formatMoment(momentOfTime(t), format);
      return text === null || t >= 0n ? text : `-${text}`;
    }),
    /** tl_str_to_date(text, format, type): NULL when the text is not so. */
    strict('tl_str_to_date', (text: string, format: string, type: string) => {
      const moment = parseByFormat(text, format);
      const to = types.read(type);
      if (moment === null) return null;
      if (to.kind === 'time') return BigInt(microsecondsOfDay(moment));
      if (hasOpenPart(moment)) return null;
      return to.kind === 'date' ? inKind(moment, 'date') : dateTimeText(moment, fspOf(to));
    }),
    /** tl_maketime(hour, minute, second): NULL for what is no time. */
    strict('tl_maketime', (hour: bigint, minute: bigint, second: number | bigint) => {
      const seconds = Number(second);
      if (minute < 0n || minute > 59n || seconds < 0 || seconds >= 60) return null;
      const size = (Math.abs(Number(hour)) * 3600 + Number(minute) * 60) * MICROSECONDS_PER_SECOND;
      const total = size + Math.round(seconds * MICROSECONDS_PER_SECOND);
      return clipped(hour < 0n ? -total : total);
    }),
    /** tl_time_to_sec(time): whole seconds. tl_sec_to_time(seconds): clipped to a TIME. */
    strict('tl_time_to_sec', (t: bigint) => t / BigInt(MICROSECONDS_PER_SECOND)),
    strict('tl_sec_to_time', (seconds: number | bigint) =>
      clipped(roundTime(Math.round(Number(seconds) * MICROSECONDS_PER_SECOND), 6)),
    ),
  ];
}

type Amount = bigint | number | string;

function signed(interval: Interval, sign: bigint): Interval {
  return sign < 0n ? negateInterval(interval) : interval;
}

/** The moment as a 'date', or as a 'datetime' with so many digits of its fraction. */
export function inKind(moment: Moment, kind: string): string {
  if (kind === 'date') return momentText(moment, 'date', 0);
  return momentText(moment, 'datetime', Number(kind.slice('datetime'.length)));
}

function clipped(microseconds: number): bigint {
  return BigInt(clipTime(microseconds, true).microseconds);
}

/** A time of day as the time of no date; its hours may be more than a day has. */
function momentOfTime(t: bigint): Moment {
  const size = Number(t < 0n ? -t : t);
  const seconds = Math.floor(size / MICROSECONDS_PER_SECOND);
  return {
    ...ZERO_MOMENT,
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    microsecond: size % MICROSECONDS_PER_SECOND,
  };
}

function fspOf(type: { readonly kind: string; readonly fsp?: number }): number {
  return type.fsp ?? 0;
}
