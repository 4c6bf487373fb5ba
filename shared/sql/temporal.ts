// DATE, DATETIME and TIMESTAMP: a moment by its fields, its stored text, and its arithmetic.

import { assert } from '#shared/assert.ts';
import {
  DAY_NUMBER_1970,
  DAY_NUMBER_MAX,
  DAY_NUMBER_MIN,
  dayNumber,
  dayOfNumber,
  daysInMonth,
  type CalendarDay,
} from './calendar.ts';
import { fractionText, MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND } from './time-of-day.ts';

/** A moment without a time zone. Its date may be a zero date, in whole or in part. */
export interface Moment extends CalendarDay {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
}

/** What a stored temporal text holds. */
export type TemporalKind = 'date' | 'datetime';

export const ZERO_MOMENT: Moment = {
  year: 0,
  month: 0,
  day: 0,
  hour: 0,
  minute: 0,
  second: 0,
  microsecond: 0,
};

/** Reads the stored form: 'YYYY-MM-DD' or 'YYYY-MM-DD hh:mm:ss[.ffffff]'. */
export function readMoment(stored: string): Moment {
  const date = {
    year: Number(stored.slice(0, 4)),
    month: Number(stored.slice(5, 7)),
    day: Number(stored.slice(8, 10)),
  };
  assert(!Number.isNaN(date.year + date.month + date.day), 'a moment is in its stored form');
  if (stored.length < 19) return { ...ZERO_MOMENT, ...date };
  return {
    ...date,
    hour: Number(stored.slice(11, 13)),
    minute: Number(stored.slice(14, 16)),
    second: Number(stored.slice(17, 19)),
    microsecond: stored.length > 20 ? Number(stored.slice(20, 26).padEnd(6, '0')) : 0,
  };
}

/** 'YYYY-MM-DD'. */
export function dateText({ year, month, day }: CalendarDay): string {
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

/** 'YYYY-MM-DD hh:mm:ss' and `fsp` digits of the fraction. */
export function dateTimeText(moment: Moment, fsp: number): string {
  const time = `${pad(moment.hour, 2)}:${pad(moment.minute, 2)}:${pad(moment.second, 2)}`;
  return `${dateText(moment)} ${time}${fractionText(moment.microsecond, fsp)}`;
}

/** The moment as the stored form of that kind. */
export function momentText(moment: Moment, kind: TemporalKind, fsp: number): string {
  return kind === 'date' ? dateText(moment) : dateTimeText(moment, fsp);
}

/** True for 0000-00-00 00:00:00. */
export function isZeroMoment(moment: Moment): boolean {
  return isZeroDate(moment) && microsecondsOfDay(moment) === 0;
}

export function isZeroDate({ year, month, day }: CalendarDay): boolean {
  return year === 0 && month === 0 && day === 0;
}

/** True when the month or the day is left open: no arithmetic is possible. */
export function hasOpenPart({ month, day }: CalendarDay): boolean {
  return month === 0 || day === 0;
}

/** True when every field is in its range; a zero month or day is in it. */
export function isInCalendar(moment: Moment): boolean {
  return (
    moment.year <= 9999 &&
    moment.month <= 12 &&
    moment.day <= daysInMonth(moment.year, moment.month) &&
    moment.hour <= 23 &&
    moment.minute <= 59 &&
    moment.second <= 59
  );
}

/** The time of day alone. */
export function microsecondsOfDay({ hour, minute, second, microsecond }: Moment): number {
  return (hour * 3600 + minute * 60 + second) * MICROSECONDS_PER_SECOND + microsecond;
}

/** A linear count that never rounds: microseconds since day number 0. */
export function linear(moment: Moment): bigint {
  const day = BigInt(dayNumber(moment)) * BigInt(MICROSECONDS_PER_DAY);
  return day + BigInt(microsecondsOfDay(moment));
}

/** The moment of a linear count; null outside of the years 1 to 9999. */
export function momentOfLinear(count: bigint): Moment | null {
  const perDay = BigInt(MICROSECONDS_PER_DAY);
  if (count < 0n) return null;
  const day = Number(count / perDay);
  if (day < DAY_NUMBER_MIN || day > DAY_NUMBER_MAX) return null;
  return momentAt(dayOfNumber(day), Number(count % perDay));
}

/** The date with the time of day of so many microseconds. */
function momentAt(date: CalendarDay, microseconds: number): Moment {
  const seconds = Math.floor(microseconds / MICROSECONDS_PER_SECOND);
  return {
    year: date.year,
    month: date.month,
    day: date.day,
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    microsecond: microseconds % MICROSECONDS_PER_SECOND,
  };
}

/** The moment with at most `fsp` digits of its fraction, half up; null past the last day. */
export function roundMoment(moment: Moment, fsp: number): Moment | null {
  const unit = 10 ** (6 - fsp);
  const rest = moment.microsecond % unit;
  if (rest === 0) return moment;
  if (rest * 2 < unit) return { ...moment, microsecond: moment.microsecond - rest };
  const whole = moment.microsecond - rest + unit;
  if (whole < MICROSECONDS_PER_SECOND) return { ...moment, microsecond: whole };
  if (hasOpenPart(moment)) return { ...moment, microsecond: 0 };
  return momentOfLinear(linear({ ...moment, microsecond: 0 }) + BigInt(MICROSECONDS_PER_SECOND));
}

/** Microseconds since 1970 of a moment in UTC. */
export function epochMicroseconds(moment: Moment): bigint {
  return linear(moment) - EPOCH_LINEAR;
}

/** The moment in UTC; null outside of the calendar. */
export function momentOfEpoch(microseconds: bigint): Moment | null {
  return momentOfLinear(microseconds + EPOCH_LINEAR);
}

const EPOCH_LINEAR = BigInt(DAY_NUMBER_1970) * BigInt(MICROSECONDS_PER_DAY);

/** A time of day of any size, rounded to `fsp` digits, half away from zero. */
export function roundTime(microseconds: number, fsp: number): number {
  const unit = 10 ** (6 - fsp);
  const size = Math.floor((Math.abs(microseconds) + unit / 2) / unit) * unit;
  return microseconds < 0 ? -size : size;
}

function pad(value: number, length: number): string {
  return String(value).padStart(length, '0');
}
