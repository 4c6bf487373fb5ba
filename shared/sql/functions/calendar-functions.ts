// SQLite functions of dates: their parts, their place in the calendar, and time zones.

import {
  DAY_NUMBER_MAX,
  dayNumber,
  dayOfNumber,
  dayOfYear,
  daysInMonth,
  weekdayFromSunday,
  weekdayOf,
  weekMode,
  weekOf,
} from '#shared/sql/calendar.ts';
import { DAY_NAMES, MONTH_NAMES } from '#shared/sql/date-format.ts';
import { unitParts } from '#shared/sql/interval.ts';
import {
  dateText,
  epochMicroseconds,
  hasOpenPart,
  linear,
  microsecondsOfDay,
  momentOfEpoch,
  readMoment,
  ZERO_MOMENT,
  dateTimeText,
  type Moment,
} from '#shared/sql/temporal.ts';
import { MICROSECONDS_PER_SECOND } from '#shared/sql/time-of-day.ts';
import { timestampInZone, utcToZone, zoneToUtc } from '#shared/sql/time-zone.ts';
import { strict, type SqlFunction } from './sql-function.ts';
import { inKind } from './temporal-functions.ts';
import type { ZoneReader } from './zone-reader.ts';

export const calendarFunctions: readonly SqlFunction[] = [
  /**
   * tl_part(unit, moment): 'year' … 'microsecond', 'quarter', 'week', 'dayofweek' (Sunday is 1),
   * 'weekday' (Monday is 0), 'dayofyear'. tl_time_part(unit, time): 'hour' … 'microsecond'.
   */
  strict('tl_part', (unit: string, d: string) => momentPart(unit, readMoment(d))),
  strict('tl_time_part', (unit: string, t: bigint) => BigInt(timePart(unit, t < 0n ? -t : t))),
  /** tl_extract(unit, moment), tl_time_extract(unit, time): any unit of INTERVAL. */
  strict('tl_extract', (unit: string, d: string) => {
    const moment = readMoment(d);
    if (['week', 'quarter'].includes(unit)) return momentPart(unit, moment);
    return joinParts(unit, (part) => momentPart(part, moment) ?? 0n);
  }),
  strict('tl_time_extract', (unit: string, t: bigint) => {
    const size = t < 0n ? -t : t;
    const joined = joinParts(unit, (part) => BigInt(timePart(part, size)));
    return t < 0n ? -joined : joined;
  }),
  /** tl_date(moment): its date. tl_time_of(moment): its time of day in microseconds. */
  strict('tl_date', (d: string) => d.slice(0, 10)),
  strict('tl_time_of', (d: string) => BigInt(microsecondsOfDay(readMoment(d)))),
  strict('tl_last_day', (d: string) => {
    const { year, month } = readMoment(d);
    return month === 0 ? null : dateText({ year, month, day: daysInMonth(year, month) });
  }),
  strict('tl_dayname', (d: string) => {
    const moment = readMoment(d);
    return hasOpenPart(moment) ? null : (DAY_NAMES[weekdayOf(dayNumber(moment))] ?? null);
  }),
  strict('tl_monthname', (d: string) => MONTH_NAMES[readMoment(d).month - 1] ?? null),
  /** tl_week(moment, mode), tl_weekofyear(moment), tl_yearweek(moment, mode): modes 0 to 7. */
  strict('tl_week', (d: string, mode: bigint) => {
    const moment = readMoment(d);
    return hasOpenPart(moment) ? null : BigInt(weekOf(moment, weekMode(Number(mode & 7n))).week);
  }),
  strict('tl_weekofyear', (d: string) => {
    const moment = readMoment(d);
    return hasOpenPart(moment) ? null : BigInt(weekOf(moment, weekMode(3)).week);
  }),
  strict('tl_yearweek', (d: string, mode: bigint) => {
    const moment = readMoment(d);
    if (hasOpenPart(moment)) return null;
    const { year, week } = weekOf(moment, { ...weekMode(Number(mode & 7n)), fromOne: true });
    return BigInt(year * 100 + week);
  }),
  /** tl_to_days(moment), tl_from_days(n), tl_to_seconds(moment): MySQL's day and second numbers. */
  strict('tl_to_days', (d: string) => {
    const moment = readMoment(d);
    return hasOpenPart(moment) ? null : BigInt(dayNumber(moment));
  }),
  strict('tl_from_days', (n: bigint) => dateText(dayOfNumber(clampDay(n)))),
  strict('tl_to_seconds', (d: string) => {
    const moment = readMoment(d);
    return hasOpenPart(moment) ? null : linear(moment) / BigInt(MICROSECONDS_PER_SECOND);
  }),
  /** tl_makedate(year, day of year): NULL for a day below 1. */
  strict('tl_makedate', (year: bigint, day: bigint) => {
    if (year < 0n || year > 9999n || day < 1n) return null;
    const full = Number(year) + (year < 70n ? 2000 : year < 100n ? 1900 : 0);
    const number = dayNumber({ year: full, month: 1, day: 1 }) + Number(clampCount(day)) - 1;
    return number > DAY_NUMBER_MAX ? null : dateText(dayOfNumber(number));
  }),
  /** tl_period_add(period, months), tl_period_diff(a, b): periods are YYYYMM or YYMM. */
  strict('tl_period_add', (period: bigint, months: bigint) => {
    const sum = periodMonths(period) + months;
    return (sum / 12n) * 100n + (sum % 12n) + 1n;
  }),
  strict('tl_period_diff', (a: bigint, b: bigint) => periodMonths(a) - periodMonths(b)),
];

export function zoneFunctions(zones: ZoneReader): readonly SqlFunction[] {
  return [
    /** tl_convert_tz(moment, from, to, kind): NULL for an unknown zone. */
    strict('tl_convert_tz', (d: string, from: string, to: string, kind: string) => {
      const [source, target] = [zones.find(from), zones.find(to)];
      const moment = readMoment(d);
      if (source === null || target === null || hasOpenPart(moment)) return null;
      const utc = zoneToUtc(moment, source);
      const moved = utc === null ? null : utcToZone(utc, target);
      return moved === null ? null : inKind(moved, kind);
    }),
    /** tl_in_zone(timestamp, zone, fsp): UTC as the zone sees it. tl_from_zone: the way back. */
    strict('tl_in_zone', (ts: string, zone: string, fsp: bigint) =>
      timestampInZone(ts, zones.read(zone), Number(fsp)),
    ),
    strict('tl_from_zone', (d: string, zone: string, fsp: bigint) => {
      const moment = readMoment(d);
      if (hasOpenPart(moment)) return dateTimeText(ZERO_MOMENT, Number(fsp));
      const utc = zoneToUtc(moment, zones.read(zone));
      return utc === null ? null : dateTimeText(utc, Number(fsp));
    }),
    /** tl_unix_timestamp(moment, zone): microseconds since 1970; 0 for a moment before. */
    strict('tl_unix_timestamp', (d: string, zone: string) => {
      const moment = readMoment(d);
      const utc = hasOpenPart(moment) ? null : zoneToUtc(moment, zones.read(zone));
      const epoch = utc === null ? 0n : epochMicroseconds(utc);
      return epoch < 0n || epoch >= EPOCH_MAX ? 0n : epoch;
    }),
    /** tl_from_unixtime(microseconds since 1970, zone, kind): NULL out of range. */
    strict('tl_from_unixtime', (epoch: bigint, zone: string, kind: string) => {
      const utc = epoch < 0n || epoch >= EPOCH_MAX ? null : momentOfEpoch(epoch);
      const local = utc === null ? null : utcToZone(utc, zones.read(zone));
      return local === null ? null : inKind(local, kind);
    }),
  ];
}

/** The first moment that UNIX_TIMESTAMP and FROM_UNIXTIME do not know: 3001-01-19 03:14:08 UTC. */
const EPOCH_MAX = 32_536_771_200n * 1_000_000n;

function momentPart(unit: string, moment: Moment): bigint | null {
  switch (unit) {
    case 'year':
    case 'month':
    case 'day':
    case 'hour':
    case 'minute':
    case 'second':
    case 'microsecond':
      return BigInt(moment[unit]);
    case 'quarter':
      return BigInt(Math.floor((moment.month + 2) / 3));
    default:
      return hasOpenPart(moment) ? null : dayPart(unit, moment);
  }
}

function dayPart(unit: string, moment: Moment): bigint | null {
  switch (unit) {
    case 'week':
      return BigInt(weekOf(moment, weekMode(0)).week);
    case 'dayofweek':
      return BigInt(weekdayFromSunday(dayNumber(moment)) + 1);
    case 'weekday':
      return BigInt(weekdayOf(dayNumber(moment)));
    case 'dayofyear':
      return BigInt(dayOfYear(moment));
    default:
      return null;
  }
}

function timePart(unit: string, size: bigint): number {
  const seconds = Math.floor(Number(size) / MICROSECONDS_PER_SECOND);
  switch (unit) {
    case 'hour':
      return Math.floor(seconds / 3600);
    case 'minute':
      return Math.floor(seconds / 60) % 60;
    case 'second':
      return seconds % 60;
    case 'microsecond':
      return Number(size) % MICROSECONDS_PER_SECOND;
    default:
      return 0;
  }
}

/** DAY_SECOND of '1 02:03:04' is 1020304: two figures a part, six for microseconds. */
function joinParts(unit: string, valueOf: (part: string) => bigint): bigint {
  return unitParts(unit).reduce(
    (joined, part) => joined * (part === 'microsecond' ? 1_000_000n : 100n) + valueOf(part),
    0n,
  );
}

function periodMonths(period: bigint): bigint {
  if (period === 0n) return 0n;
  const year = period / 100n;
  const full = year < 70n ? year + 2000n : year < 100n ? year + 1900n : year;
  return full * 12n + (period % 100n) - 1n;
}

function clampDay(n: bigint): number {
  return n < 0n || n > BigInt(DAY_NUMBER_MAX) ? 0 : Number(n);
}

function clampCount(n: bigint): bigint {
  return n > BigInt(DAY_NUMBER_MAX) ? BigInt(DAY_NUMBER_MAX) + 1n : n;
}
