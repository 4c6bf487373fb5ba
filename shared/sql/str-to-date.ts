// STR_TO_DATE: a text read by a format.

import { dayNumber, dayOfNumber, weekdayFromSunday, weekdayOf } from './calendar.ts';
import { DAY_NAMES, MONTH_NAMES } from './date-format.ts';
import { isInCalendar, ZERO_MOMENT, type Moment } from './temporal.ts';

/** What the format has found so far. */
interface Found {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  microsecond: number;
  afternoon: boolean | null;
  dayOfYear: number | null;
  /** 0 for Sunday to 6. */
  weekday: number | null;
  week: number | null;
  weekYear: number | null;
  weekMondayFirst: boolean;
}

/** Where in the text the reading is. */
class Cursor {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Up to `digits` digits as a number; null when there is none. */
  number(digits: number): number | null {
    const match = new RegExp(`\\d{1,${digits}}`, 'y');
    const found = this.#take(match);
    return found === null ? null : Number(found);
  }

  /** The index of the name that comes next, in full or by its first three letters; else null. */
  name(names: readonly string[]): number | null {
    const word = this.#take(/[a-z]+/iy)?.toLowerCase();
    if (word === undefined) return null;
    const index = names.findIndex((name) => {
      const full = name.toLowerCase();
      return full === word || full.slice(0, 3) === word;
    });
    return index < 0 ? null : index;
  }

  literal(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }

  skipSpace(): void {
    this.#take(/\s+/y);
  }

  /** Skips all that the expression matches. */
  skip(expression: RegExp): void {
    this.#take(new RegExp(expression.source, 'uy'));
  }

  #take(expression: RegExp): string | null {
    expression.lastIndex = this.at;
    const match = expression.exec(this.text);
    if (match === null) return null;
    this.at += match[0].length;
    return match[0];
  }
}

/** The moment that the text says, or null. What the format leaves out is 0. */
export function parseByFormat(text: string, format: string): Moment | null {
  const found: Found = {
    ...ZERO_MOMENT,
    afternoon: null,
    dayOfYear: null,
    weekday: null,
    week: null,
    weekYear: null,
    weekMondayFirst: false,
  };
  const cursor = new Cursor(text);
  for (const piece of format.match(/%?[^]|%$/gu) ?? []) {
    cursor.skipSpace();
    if (cursor.at >= text.length) break;
    const isDirective = piece.startsWith('%') && piece.length > 1;
    if (!isDirective && /^\s$/.test(piece)) continue;
    const isRead = isDirective
      ? readDirective(cursor, piece.slice(1), found)
      : cursor.literal(piece);
    if (!isRead) return null;
  }
  return settle(found);
}

function settle(found: Found): Moment | null {
  const moment = withDayOfYear(found);
  if (moment === null) return null;
  let { hour } = moment;
  if (found.afternoon !== null) {
    if (hour < 1 || hour > 12) return null;
    hour = (hour % 12) + (found.afternoon ? 12 : 0);
  }
  const result = { ...moment, hour };
  return isInCalendar(result) ? result : null;
}

function withDayOfYear(found: Found): Moment | null {
  const { year, month, day, hour, minute, second, microsecond } = found;
  const moment = { year, month, day, hour, minute, second, microsecond };
  if (found.dayOfYear !== null && found.dayOfYear > 0) {
    const first = dayNumber({ year, month: 1, day: 1 });
    return { ...moment, ...dayOfNumber(first + found.dayOfYear - 1) };
  }
  if (found.week !== null && found.weekday !== null) return withWeek(moment, found);
  return moment;
}

/** The day by its week (%V with %X, %v with %x, %U, %u) and its weekday. */
function withWeek(moment: Moment, found: Found): Moment | null {
  const { week, weekday, weekMondayFirst } = found;
  if (week === null || weekday === null) return null;
  const year = found.weekYear ?? moment.year;
  const first = dayNumber({ year, month: 1, day: 1 });
  let days: number;
  if (weekMondayFirst) {
    const offset = weekdayOf(first);
    days = first + (offset <= 3 ? 0 : 7) - offset + (week - 1) * 7 + ((weekday + 6) % 7);
  } else {
    const offset = weekdayFromSunday(first);
    days = first + (offset === 0 ? 0 : 7) - offset + (week - 1) * 7 + weekday;
  }
  if (days <= 0) return null;
  return { ...moment, ...dayOfNumber(days) };
}

/** Reads what one % stands for; false when it is not there. */
function readDirective(cursor: Cursor, letter: string, found: Found): boolean {
  switch (letter) {
    case 'Y':
      return set(readYear(cursor, 4), (value) => (found.year = value));
    case 'y':
      return set(readYear(cursor, 2), (value) => (found.year = value));
    case 'm':
    case 'c':
      return set(cursor.number(2), (value) => (found.month = value));
    case 'M':
    case 'b':
      return set(cursor.name(MONTH_NAMES), (value) => (found.month = value + 1));
    case 'd':
    case 'e':
      return set(cursor.number(2), (value) => (found.day = value));
    case 'D': {
      const day = cursor.number(2);
      cursor.skip(/[a-z]{2}/i);
      return set(day, (value) => (found.day = value));
    }
    case 'j':
      return set(cursor.number(3), (value) => (found.dayOfYear = value));
    default:
      return readTimeDirective(cursor, letter, found);
  }
}

function readTimeDirective(cursor: Cursor, letter: string, found: Found): boolean {
  switch (letter) {
    case 'H':
    case 'k':
      return set(cursor.number(2), (value) => (found.hour = value));
    case 'h':
    case 'I':
    case 'l':
      found.afternoon ??= false;
      return set(cursor.number(2), (value) => (found.hour = value));
    case 'i':
      return set(cursor.number(2), (value) => (found.minute = value));
    case 's':
    case 'S':
      return set(cursor.number(2), (value) => (found.second = value));
    case 'f': {
      const start = cursor.at;
      const fraction = cursor.number(6);
      const digits = cursor.at - start;
      return set(fraction, (value) => (found.microsecond = value * 10 ** (6 - digits)));
    }
    case 'p':
      return set(cursor.name(['AM', 'PM']), (value) => (found.afternoon = value === 1));
    case 'r':
      return readAll(cursor, ['h', ':', 'i', ':', 's', ' ', 'p'], found);
    case 'T':
      return readAll(cursor, ['H', ':', 'i', ':', 's'], found);
    default:
      return readWeekDirective(cursor, letter, found);
  }
}

function readAll(cursor: Cursor, pieces: readonly string[], found: Found): boolean {
  return pieces.every((piece) => {
    cursor.skipSpace();
    if (cursor.at >= cursor.text.length || piece === ' ') return true;
    return piece === ':' ? cursor.literal(':') : readDirective(cursor, piece, found);
  });
}

function readWeekDirective(cursor: Cursor, letter: string, found: Found): boolean {
  switch (letter) {
    case 'W':
    case 'a':
      return set(cursor.name(DAY_NAMES), (value) => (found.weekday = (value + 1) % 7));
    case 'w':
      return set(cursor.number(1), (value) => (found.weekday = value % 7));
    case 'U':
    case 'V':
      return set(cursor.number(2), (value) => (found.week = value));
    case 'u':
    case 'v':
      found.weekMondayFirst = true;
      return set(cursor.number(2), (value) => (found.week = value));
    case 'X':
    case 'x':
      return set(cursor.number(4), (value) => (found.weekYear = value));
    case '.':
      cursor.skip(/\p{P}+/u);
      return true;
    case '@':
      cursor.skip(/\p{L}+/u);
      return true;
    case '#':
      cursor.skip(/\d+/u);
      return true;
    default:
      return cursor.literal(letter);
  }
}

/** Two digits or fewer are of 1970 to 2069. */
function readYear(cursor: Cursor, digits: number): number | null {
  const start = cursor.at;
  const year = cursor.number(digits);
  if (year === null || cursor.at - start > 2) return year;
  return year + (year < 70 ? 2000 : 1900);
}

function set(value: number | null, assign: (value: number) => void): boolean {
  if (value === null) return false;
  assign(value);
  return true;
}
