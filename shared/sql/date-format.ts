// DATE_FORMAT and TIME_FORMAT: what each % means.

import {
  dayNumber,
  dayOfYear,
  weekdayFromSunday,
  weekdayOf,
  weekMode,
  weekOf,
} from './calendar.ts';
import { hasOpenPart, type Moment } from './temporal.ts';

export const MONTH_NAMES = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** From Monday. */
export const DAY_NAMES = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
];

/** Letters in short names of months and days. */
const SHORT_NAME_LENGTH = 3;

/** The moment by the format; null when a part of a zero date would have to be named. */
export function formatMoment(moment: Moment, format: string): string | null {
  let result = '';
  for (const piece of format.match(/%?[^]|%$/gu) ?? []) {
    const text =
      piece.startsWith('%') && piece.length > 1 ? directive(moment, piece.slice(1)) : piece;
    if (text === null) return null;
    result += text;
  }
  return result;
}

function directive(moment: Moment, letter: string): string | null {
  return timeDirective(moment, letter) ?? dateDirective(moment, letter);
}

/** Undefined-like null for what is no time of day. */
function timeDirective(moment: Moment, letter: string): string | null {
  const { hour, minute, second, microsecond } = moment;
  const hour12 = ((hour + 11) % 12) + 1;
  switch (letter) {
    case 'H':
      return two(hour);
    case 'k':
      return String(hour);
    case 'h':
    case 'I':
      return two(hour12);
    case 'l':
      return String(hour12);
    case 'i':
      return two(minute);
    case 's':
    case 'S':
      return two(second);
    case 'f':
      return String(microsecond).padStart(6, '0');
    case 'p':
      return hour % 24 < 12 ? 'AM' : 'PM';
    case 'r':
      return `${two(hour12)}:${two(minute)}:${two(second)} ${hour % 24 < 12 ? 'AM' : 'PM'}`;
    case 'T':
      return `${two(hour)}:${two(minute)}:${two(second)}`;
    default:
      return null;
  }
}

function dateDirective(moment: Moment, letter: string): string | null {
  const { year, month, day } = moment;
  switch (letter) {
    case 'Y':
      return String(year).padStart(4, '0');
    case 'y':
      return two(year % 100);
    case 'm':
      return two(month);
    case 'c':
      return String(month);
    case 'M':
      return MONTH_NAMES[month - 1] ?? null;
    case 'b':
      return MONTH_NAMES[month - 1]?.slice(0, SHORT_NAME_LENGTH) ?? null;
    case 'd':
      return two(day);
    case 'e':
      return String(day);
    case 'D':
      return `${day}${ordinalSuffix(day)}`;
    default:
      return dayDirective(moment, letter);
  }
}

/** What depends on the day's place in the calendar, and any other character as it is. */
function dayDirective(moment: Moment, letter: string): string | null {
  const name = () => (hasOpenPart(moment) ? null : DAY_NAMES[weekdayOf(dayNumber(moment))]);
  switch (letter) {
    case 'j':
      return String(dayOfYear(moment)).padStart(3, '0');
    case 'W':
      return name() ?? null;
    case 'a':
      return name()?.slice(0, SHORT_NAME_LENGTH) ?? null;
    case 'w':
      return hasOpenPart(moment) ? null : String(weekdayFromSunday(dayNumber(moment)));
    case 'U':
      return two(weekOf(moment, weekMode(0)).week);
    case 'u':
      return two(weekOf(moment, weekMode(1)).week);
    case 'V':
      return two(weekOf(moment, weekMode(2)).week);
    case 'v':
      return two(weekOf(moment, weekMode(3)).week);
    case 'X':
      return String(weekOf(moment, weekMode(2)).year).padStart(4, '0');
    case 'x':
      return String(weekOf(moment, weekMode(3)).year).padStart(4, '0');
    default:
      return letter;
  }
}

function ordinalSuffix(day: number): string {
  if (day >= 10 && day <= 19) return 'th';
  return ['th', 'st', 'nd', 'rd'][day % 10] ?? 'th';
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
