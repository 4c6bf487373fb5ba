// The many ways in which MySQL lets one write a date, a moment or a time of day.

import {
  hasOpenPart,
  isInCalendar,
  linear,
  microsecondsOfDay,
  momentOfLinear,
  ZERO_MOMENT,
  type Moment,
} from './temporal.ts';
import { MICROSECONDS_PER_SECOND, TIME_MAX_MICROSECONDS } from './time-of-day.ts';

export interface ParsedMoment {
  readonly moment: Moment;
  /** False for a date alone. */
  readonly hasTime: boolean;
  /** False when something follows that means nothing. */
  readonly complete: boolean;
  /** Of a literal with one, '2024-01-01 12:00+02:00': minutes east of UTC; else null. */
  readonly offsetMinutes: number | null;
}

export interface ParsedTime {
  /** Signed; clipped to the range of TIME. */
  readonly microseconds: number;
  /** False when something follows that means nothing, or when it was clipped. */
  readonly complete: boolean;
}

/** Two-digit years below this one are of this century. */
const CENTURY_TURN = 70;

/** A date with separators, and a time of day behind it. */
const DATE_AND_TIME = /^\d{1,4}[^\w\s:.]\d{1,2}[^\w\s:.]\d{1,2}(?:T|\s+|[^\w\s])\d/;

/** From so many characters on, a time is first read as a whole moment. */
const MOMENT_LENGTH_MIN = 12;

/**
 * '2024-1-5', '24/01/05 7:30', '20240105', '240105073000.5', '2024-01-05T07:30:00.123456'.
 * Null for what is no date at all or none of the calendar; zero dates and parts are let through.
 */
export function parseMoment(text: string): ParsedMoment | null {
  const trimmed = text.trim();
  const { fields, rest } =
    /^\d+(?:\D*$|[T ]|\.)/.test(trimmed) && isPacked(trimmed)
      ? packedFields(trimmed)
      : delimitedFields(trimmed);
  if (fields === null) return null;
  const offset = /^\s*([+-])(\d{1,2}):(\d{2})$/.exec(rest);
  const hasTime = fields.length > 3;
  const moment = momentOfFields(fields);
  if (moment === null) return null;
  return {
    moment,
    hasTime,
    complete: rest === '' || (hasTime && offset !== null),
    offsetMinutes: hasTime && offset !== null ? offsetOf(offset) : null,
  };
}

function offsetOf([, sign, hours, minutes]: RegExpExecArray): number {
  const size = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? -size : size;
}

interface Fields {
  /** Year to microsecond, as many as were written; null when it is no date. */
  readonly fields: readonly number[] | null;
  readonly rest: string;
}

/** True for digits without separators: all of a date in one run. */
function isPacked(text: string): boolean {
  const digits = /^\d+/.exec(text)?.[0].length ?? 0;
  return digits >= 5;
}

/** YYMMDD, YYYYMMDD, YYMMDDhhmmss or YYYYMMDDhhmmss, and a fraction. */
function packedFields(text: string): Fields {
  const run = /^\d+/.exec(text)?.[0] ?? '';
  const yearLength = run.length === 8 || run.length >= 14 ? 4 : 2;
  const fields = [yearOf(run.slice(0, yearLength))];
  let at = yearLength;
  while (at < run.length && fields.length < 6) {
    fields.push(Number(run.slice(at, at + 2)));
    at += 2;
  }
  if (fields.length < 3) return { fields: null, rest: '' };
  let rest = text.slice(at);
  if (fields.length === 6) {
    const fraction = /^\.(\d*)/.exec(rest);
    if (fraction !== null) {
      fields.push(fractionMicroseconds(fraction[1] ?? ''));
      rest = rest.slice(fraction[0].length);
    }
  } else if (fields.length === 3) {
    return withTime(fields, rest);
  }
  return { fields, rest };
}

/** A date whose parts any punctuation may separate. */
function delimitedFields(text: string): Fields {
  const match = /^(\d{1,4})[^\w\s](\d{1,2})[^\w\s](\d{1,2})(?!\d)/.exec(text);
  if (match === null) return { fields: null, rest: '' };
  const [whole, year = '', month, day] = match;
  return withTime([yearOf(year), Number(month), Number(day)], text.slice(whole.length));
}

const TWO_DIGITS = String.raw`(\d{1,2})(?!\d)`;
const SEPARATOR = String.raw`[^\w\s+-]`;
const TIME_AFTER_DATE = new RegExp(
  String.raw`^(?:T|\s+|${SEPARATOR})${TWO_DIGITS}` +
    String.raw`(?:${SEPARATOR}${TWO_DIGITS}(?:${SEPARATOR}${TWO_DIGITS}(?:\.(\d*))?)?)?`,
);

/** The time after a date: after a 'T', spaces or punctuation. */
function withTime(date: number[], rest: string): Fields {
  const match = TIME_AFTER_DATE.exec(rest);
  if (match === null) return { fields: date, rest: rest.trim() };
  const [whole, hour, minute = '0', second = '0', fraction = ''] = match;
  const time = [Number(hour), Number(minute), Number(second), fractionMicroseconds(fraction)];
  return { fields: [...date, ...time], rest: rest.slice(whole.length).trim() };
}

function yearOf(digits: string): number {
  const year = Number(digits);
  if (digits.length !== 2) return year;
  return year + (year < CENTURY_TURN ? 2000 : 1900);
}

/** '5' is 500000; a seventh digit rounds. May be 1000000. */
function fractionMicroseconds(digits: string): number {
  const six = Number(digits.slice(0, 6).padEnd(6, '0'));
  return digits.charCodeAt(6) >= 0x35 ? six + 1 : six;
}

function momentOfFields(fields: readonly number[]): Moment | null {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, fraction = 0] = fields;
  // A date of nothing but zeros has no century.
  const zero = month === 0 && day === 0 && year === 2000 && fields.slice(3).every((f) => f === 0);
  const date = { year: zero ? 0 : year, month, day };
  const moment = { ...date, hour, minute, second, microsecond: fraction };
  if (!isInCalendar(moment)) return null;
  if (fraction < MICROSECONDS_PER_SECOND) return moment;
  const whole = { ...moment, microsecond: 0 };
  return hasOpenPart(whole) ? whole : momentOfLinear(linear(whole) + BigInt(fraction));
}

/** 20240105, 240105, 20240105073000: null for a number that is no moment. 0 is the zero moment. */
export function momentOfNumber(number: bigint): ParsedMoment | null {
  const packed = packedNumber(number);
  if (packed === null) return null;
  const hasTime = number > 99_991_231n;
  if (packed === 0n) return { moment: ZERO_MOMENT, hasTime, complete: true, offsetMinutes: null };
  const digits = packed.toString().padStart(14, '0');
  const part = (from: number, to: number) => Number(digits.slice(from, to));
  const moment = {
    year: part(0, 4),
    month: part(4, 6),
    day: part(6, 8),
    hour: part(8, 10),
    minute: part(10, 12),
    second: part(12, 14),
    microsecond: 0,
  };
  return isInCalendar(moment) ? { moment, hasTime, complete: true, offsetMinutes: null } : null;
}

/** The number as YYYYMMDDhhmmss. */
function packedNumber(number: bigint): bigint | null {
  const million = 1_000_000n;
  if (number === 0n || number >= 10_000_101_000_000n) {
    return number > 99_991_231_235_959n ? null : number;
  }
  if (number < 101n) return null;
  if (number <= 691_231n) return (number + 20_000_000n) * million;
  if (number < 700_101n) return null;
  if (number <= 991_231n) return (number + 19_000_000n) * million;
  if (number < 10_000_101n) return null;
  if (number <= 99_991_231n) return number * million;
  if (number < 101_000_000n) return null;
  if (number <= 691_231_235_959n) return number + 20_000_000_000_000n;
  if (number < 700_101_000_000n) return null;
  return number <= 991_231_235_959n ? number + 19_000_000_000_000n : null;
}

/**
 * '12:30', '1 2:03:04.5', '-100:00:00', '123456', or a whole moment, whose time is taken.
 * Null for what is no time at all.
 */
export function parseTime(text: string): ParsedTime | null {
  const trimmed = text.trim();
  if (trimmed.length >= MOMENT_LENGTH_MIN) {
    const parsed = parseMoment(trimmed);
    const isMoment =
      DATE_AND_TIME.test(trimmed) || (parsed?.hasTime === true && !/[:-]/.test(trimmed));
    if (isMoment && parsed === null) return null;
    if (isMoment && parsed !== null) {
      return { microseconds: microsecondsOfDay(parsed.moment), complete: parsed.complete };
    }
  }
  const match = /^([+-]?)(?:(\d+)\s+(?=\d))?(\d+)?(?::(\d+))?(?::(\d+))?(?:\.(\d*))?/.exec(trimmed);
  if (match === null || match[0].replace(/[+-]/, '') === '') return null;
  const [whole, sign, days, first = '0', second, third, fraction = ''] = match;
  // A number with an exponent is no time, whatever it begins with.
  if (/^e[+-]?\d/i.test(trimmed.slice(whole.length))) return null;
  const parts = timeParts(first, second, third, days !== undefined);
  if (parts === null) return null;
  const seconds =
    (Number(days ?? 0) * 24 + parts.hours) * 3600 + parts.minutes * 60 + parts.seconds;
  const size = seconds * MICROSECONDS_PER_SECOND + fractionMicroseconds(fraction);
  return clipTime(sign === '-' ? -size : size, whole.length === trimmed.length);
}

/** 'hh:mm:ss', 'hh:mm', 'd hh', or digits that are read from the right: hhmmss. */
function timeParts(
  first: string,
  second: string | undefined,
  third: string | undefined,
  afterDays: boolean,
): { hours: number; minutes: number; seconds: number } | null {
  let parts = { hours: Number(first), minutes: Number(second ?? 0), seconds: Number(third ?? 0) };
  if (second === undefined && !afterDays) {
    const number = Number(first);
    parts = {
      hours: Math.floor(number / 10_000),
      minutes: Math.floor(number / 100) % 100,
      seconds: number % 100,
    };
  }
  return parts.minutes > 59 || parts.seconds > 59 ? null : parts;
}

/** hhmmss as a number; a number of twelve digits or more is a moment, whose time is taken. */
export function timeOfNumber(number: bigint): ParsedTime | null {
  const size = number < 0n ? -number : number;
  if (size > 8_385_959n) {
    const parsed = size >= 10_000_000_000n && number > 0n ? momentOfNumber(number) : null;
    if (parsed !== null) return { microseconds: microsecondsOfDay(parsed.moment), complete: true };
    return clipTime(number < 0n ? -Infinity : Infinity, false);
  }
  const parts = timeParts(size.toString(), undefined, undefined, false);
  if (parts === null) return null;
  const seconds = parts.hours * 3600 + parts.minutes * 60 + parts.seconds;
  const microseconds = seconds * MICROSECONDS_PER_SECOND;
  return clipTime(number < 0n ? -microseconds : microseconds, true);
}

/** The time, at most the greatest TIME on either side. */
export function clipTime(microseconds: number, complete: boolean): ParsedTime {
  if (microseconds > TIME_MAX_MICROSECONDS) {
    return { microseconds: TIME_MAX_MICROSECONDS, complete: false };
  }
  if (microseconds < -TIME_MAX_MICROSECONDS) {
    return { microseconds: -TIME_MAX_MICROSECONDS, complete: false };
  }
  return { microseconds, complete };
}
