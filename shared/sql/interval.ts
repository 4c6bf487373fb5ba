// INTERVAL: its units, its amounts as they are written, and their sum with a moment.

import { databaseError } from '#shared/error.ts';
import { daysInMonth } from './calendar.ts';
import { hasOpenPart, linear, momentOfLinear, type Moment } from './temporal.ts';
import { roundHalfEven } from './round-half-even.ts';
import { MICROSECONDS_PER_DAY } from './time-of-day.ts';

/** A span: whole months, and microseconds. */
export interface Interval {
  readonly months: number;
  readonly microseconds: bigint;
}

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const DAY = BigInt(MICROSECONDS_PER_DAY);

/** The parts of each unit, from the largest: what an amount's numbers mean, read from the right. */
const UNIT_PARTS: Readonly<Record<string, readonly string[]>> = {
  microsecond: ['microsecond'],
  second: ['second'],
  minute: ['minute'],
  hour: ['hour'],
  day: ['day'],
  week: ['week'],
  month: ['month'],
  quarter: ['quarter'],
  year: ['year'],
  second_microsecond: ['second', 'microsecond'],
  minute_microsecond: ['minute', 'second', 'microsecond'],
  minute_second: ['minute', 'second'],
  hour_microsecond: ['hour', 'minute', 'second', 'microsecond'],
  hour_second: ['hour', 'minute', 'second'],
  hour_minute: ['hour', 'minute'],
  day_microsecond: ['day', 'hour', 'minute', 'second', 'microsecond'],
  day_second: ['day', 'hour', 'minute', 'second'],
  day_minute: ['day', 'hour', 'minute'],
  day_hour: ['day', 'hour'],
  year_month: ['year', 'month'],
};

const PART_MICROSECONDS: Readonly<Record<string, bigint>> = {
  microsecond: 1n,
  second: SECOND,
  minute: MINUTE,
  hour: HOUR,
  day: DAY,
  week: 7n * DAY,
};

const PART_MONTHS: Readonly<Record<string, number>> = { month: 1, quarter: 3, year: 12 };

/** The parts of a unit. Throws unsupported for a name that is none. */
export function unitParts(unit: string): readonly string[] {
  const parts = UNIT_PARTS[unit.toLowerCase()];
  if (parts === undefined) throw databaseError('unsupported', { what: `INTERVAL ${unit}` });
  return parts;
}

/**
 * The span of an amount. A REAL is rounded, but for seconds; a text is read part by part, and with
 * fewer numbers than parts they are the rightmost: '1:30' DAY_SECOND is a minute and a half.
 */
export function readInterval(amount: bigint | number | string, unit: string): Interval {
  const parts = unitParts(unit);
  const [only = ''] = parts;
  if (parts.length > 1) return compoundInterval(String(amount), parts);
  if (only === 'second') return { months: 0, microseconds: readSeconds(String(amount)) };
  return intervalOf(only, wholeAmount(amount));
}

function wholeAmount(amount: bigint | number | string): bigint {
  if (typeof amount === 'bigint') return amount;
  if (typeof amount === 'number') return BigInt(roundHalfEven(amount));
  return BigInt(/^\s*(-?\d+)/.exec(amount)?.[1] ?? '0');
}

function intervalOf(part: string, count: bigint): Interval {
  const microseconds = PART_MICROSECONDS[part];
  if (microseconds !== undefined) return { months: 0, microseconds: count * microseconds };
  return { months: Number(count) * (PART_MONTHS[part] ?? 0), microseconds: 0n };
}

/** '1.5', '-3', '1e1'. */
function readSeconds(text: string): bigint {
  const plain = /e/i.test(text) ? Number(text).toFixed(6) : text;
  const [, sign, whole = '', fraction = ''] = /^\s*([+-]?)(\d*)(?:\.(\d*))?/.exec(plain) ?? [];
  const rounding = (fraction[6] ?? '0') >= '5' ? 1n : 0n;
  const micros = BigInt(fraction.slice(0, 6).padEnd(6, '0')) + rounding;
  const size = BigInt(whole === '' ? '0' : whole) * SECOND + micros;
  return sign === '-' ? -size : size;
}

function compoundInterval(text: string, parts: readonly string[]): Interval {
  const negative = /^\s*-/.test(text);
  const numbers = (text.match(/\d+/g) ?? []).slice(0, parts.length);
  const last = numbers.length - 1;
  const isFraction = parts.at(-1) === 'microsecond' && last >= 0;
  if (isFraction) numbers[last] = (numbers[last] ?? '').slice(0, 6).padEnd(6, '0');
  const used = parts.slice(parts.length - numbers.length);
  const spans = used.map((part, i) => intervalOf(part, BigInt(numbers[i] ?? '0')));
  const total = {
    months: spans.reduce((sum, span) => sum + span.months, 0),
    microseconds: spans.reduce((sum, span) => sum + span.microseconds, 0n),
  };
  return negative ? negateInterval(total) : total;
}

export function negateInterval({ months, microseconds }: Interval): Interval {
  return { months: -months, microseconds: -microseconds };
}

/** The moment after the span. A day that the month has not becomes its last. Null out of range. */
export function addInterval(moment: Moment, interval: Interval): Moment | null {
  if (hasOpenPart(moment)) return null;
  const moved = interval.months === 0 ? moment : addMonths(moment, interval.months);
  if (moved === null || interval.microseconds === 0n) return moved;
  return momentOfLinear(linear(moved) + interval.microseconds);
}

function addMonths(moment: Moment, count: number): Moment | null {
  const months = moment.year * 12 + (moment.month - 1) + count;
  if (months < 0 || months >= 120_000) return null;
  const year = Math.floor(months / 12);
  const month = (months % 12) + 1;
  return { ...moment, year, month, day: Math.min(moment.day, daysInMonth(year, month)) };
}

/** TIMESTAMPDIFF: whole units from `a` to `b`, towards zero. */
export function unitsBetween(unit: string, a: Moment, b: Moment): bigint {
  const difference = linear(b) - linear(a);
  const [part = ''] = unitParts(unit);
  const size = PART_MICROSECONDS[part];
  if (size !== undefined) return difference / size;
  const [from, to] = difference < 0n ? [b, a] : [a, b];
  let months = (to.year - from.year) * 12 + (to.month - from.month);
  if (restOfMonth(to) < restOfMonth(from)) months--;
  const count = BigInt(Math.trunc(months / (PART_MONTHS[part] ?? 1)));
  return difference < 0n ? -count : count;
}

/** What lies between the start of the month and the moment. */
function restOfMonth(moment: Moment): bigint {
  return (
    linear(moment) - linear({ ...moment, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 })
  );
}
