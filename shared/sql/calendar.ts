// Days of the proleptic Gregorian calendar as MySQL numbers them: TO_DAYS, 1 is 0000-01-01.

/** A day; the year 0, the month 0 and the day 0 stand for what a zero date leaves open. */
export interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** TO_DAYS('0001-01-01'): arithmetic does not go before it. */
export const DAY_NUMBER_MIN = 366;

/** TO_DAYS('9999-12-31'). */
export const DAY_NUMBER_MAX = 3_652_424;

/** TO_DAYS('1970-01-01'). */
export const DAY_NUMBER_1970 = 719_528;

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || (year % 400 === 0 && year !== 0);
}

/** The days of month 1 to 12; 31 for a month that is left open. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2 && isLeapYear(year)) return 29;
  return MONTH_DAYS[month - 1] ?? 31;
}

/** TO_DAYS. A month or a day of 0 counts as the arithmetic has it. */
export function dayNumber({ year, month, day }: CalendarDay): number {
  if (year === 0 && month === 0) return 0;
  let days = 365 * year + 31 * (month - 1) + day;
  let lastYear = year;
  if (month <= 2) lastYear--;
  else days -= Math.floor((month * 4 + 23) / 10);
  return days + Math.floor(lastYear / 4) - Math.floor(((Math.floor(lastYear / 100) + 1) * 3) / 4);
}

/** FROM_DAYS: the day of that number, 0000-00-00 below 366 and above the last day. */
export function dayOfNumber(number: number): CalendarDay {
  if (number < DAY_NUMBER_MIN || number > DAY_NUMBER_MAX) return { year: 0, month: 0, day: 0 };
  let year = Math.floor((number * 100) / 36525);
  const leaps = Math.floor(((Math.floor((year - 1) / 100) + 1) * 3) / 4);
  let dayOfYear = number - year * 365 - Math.floor((year - 1) / 4) + leaps;
  while (dayOfYear > daysInYear(year)) {
    dayOfYear -= daysInYear(year);
    year++;
  }
  let month = 1;
  while (dayOfYear > daysInMonth(year, month)) {
    dayOfYear -= daysInMonth(year, month);
    month++;
  }
  return { year, month, day: dayOfYear };
}

function daysInYear(year: number): number {
  return isLeapYear(year) ? 366 : 365;
}

/** 0 for Monday to 6 for Sunday. */
export function weekdayOf(number: number): number {
  return (number + 5) % 7;
}

/** The same with Sunday as 0 to Saturday as 6. */
export function weekdayFromSunday(number: number): number {
  return (number + 6) % 7;
}

/** 1 for 1 January. */
export function dayOfYear(date: CalendarDay): number {
  return dayNumber(date) - dayNumber({ year: date.year, month: 1, day: 1 }) + 1;
}

/** How WEEK(date, mode) counts; the three bits of its mode. */
export interface WeekMode {
  readonly mondayFirst: boolean;
  /** Weeks run 1 to 53: a day before the first week belongs to the last one of the year before. */
  readonly fromOne: boolean;
  /** The first week is the first that begins in the year, else the first with four days in it. */
  readonly firstFull: boolean;
}

/** Modes 0 to 7 of WEEK; with Monday first, the last bit means the opposite. */
export function weekMode(mode: number): WeekMode {
  const mondayFirst = (mode & 1) !== 0;
  return { mondayFirst, fromOne: (mode & 2) !== 0, firstFull: ((mode & 4) !== 0) === mondayFirst };
}

/** The week that the day is in, and the year which that week belongs to. */
export function weekOf(date: CalendarDay, mode: WeekMode): { year: number; week: number } {
  const { mondayFirst, firstFull } = mode;
  const number = dayNumber(date);
  const weekday = (of: number) => (mondayFirst ? weekdayOf(of) : weekdayFromSunday(of));
  let year = date.year;
  let firstDay = dayNumber({ year, month: 1, day: 1 });
  let firstWeekday = weekday(firstDay);
  let fromOne = mode.fromOne;
  if (date.month === 1 && date.day <= 7 - firstWeekday) {
    const startsBefore = firstFull ? firstWeekday !== 0 : firstWeekday >= 4;
    if (!fromOne && startsBefore) return { year, week: 0 };
    fromOne = true;
    if (startsBefore) {
      year--;
      const days = daysInYear(year);
      firstDay -= days;
      firstWeekday = (firstWeekday + 53 * 7 - days) % 7;
    }
  }
  const late = firstFull ? firstWeekday !== 0 : firstWeekday >= 4;
  const days = late ? number - (firstDay + 7 - firstWeekday) : number - (firstDay - firstWeekday);
  if (fromOne && days >= 52 * 7) {
    const next = (firstWeekday + daysInYear(year)) % 7;
    if (firstFull ? next === 0 : next < 4) return { year: year + 1, week: 1 };
  }
  return { year, week: Math.floor(days / 7) + 1 };
}
