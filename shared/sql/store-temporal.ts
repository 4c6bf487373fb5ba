// Values stored in DATE, DATETIME, TIMESTAMP and TIME columns.

import type { ColumnType } from './column-type.ts';
import { readingToDecimal, sourceNumber, sourceText, type PresentValue } from './source-value.ts';
import {
  noteTruncated,
  refuseTemporal,
  type StoreColumn,
  type StoreContext,
} from './store-context.ts';
import {
  dateText,
  dateTimeText,
  epochMicroseconds,
  hasOpenPart,
  isZeroDate,
  isZeroMoment,
  microsecondsOfDay,
  momentOfEpoch,
  readMoment,
  roundMoment,
  roundTime,
  ZERO_MOMENT,
  type Moment,
} from './temporal.ts';
import {
  clipTime,
  momentOfNumber,
  parseMoment,
  parseTime,
  timeOfNumber,
  type ParsedMoment,
  type ParsedTime,
} from './temporal-literal.ts';
import { MICROSECONDS_PER_SECOND } from './time-of-day.ts';
import { utcToZone, zoneToUtc } from './time-zone.ts';

type Of<K extends ColumnType['kind']> = StoreColumn & {
  readonly type: Extract<ColumnType, { kind: K }>;
};

/** The last moment of TIMESTAMP, 2038-01-19 03:14:07.999999 UTC, in microseconds since 1970. */
const TIMESTAMP_MAX = (1n << 31n) * 1_000_000n - 1n;
const TIMESTAMP_MIN = 1_000_000n;

export function storeDate(
  column: StoreColumn,
  source: PresentValue,
  context: StoreContext,
): string {
  const moment = storedMoment(column, source, context);
  if (moment === null) return dateText(ZERO_MOMENT);
  if (microsecondsOfDay(moment) !== 0) noteTruncated(column, context);
  return dateText(moment);
}

export function storeDateTime(
  column: Of<'datetime'>,
  source: PresentValue,
  context: StoreContext,
): string {
  const { fsp } = column.type;
  const moment = storedMoment(column, source, context);
  const rounded = moment === null ? ZERO_MOMENT : roundMoment(moment, fsp);
  if (rounded !== null) return dateTimeText(rounded, fsp);
  refuseTemporal(column, context, source);
  return dateTimeText(ZERO_MOMENT, fsp);
}

/** Read in the session's zone, kept in UTC. */
export function storeTimestamp(
  column: Of<'timestamp'>,
  source: PresentValue,
  context: StoreContext,
): string {
  const { fsp } = column.type;
  const zero = dateTimeText(ZERO_MOMENT, fsp);
  const moment = storedMoment(column, source, context);
  if (moment === null || isZeroMoment(moment)) return zero;
  const rounded = roundMoment(moment, fsp);
  const utc =
    rounded === null || hasOpenPart(rounded) ? null : zoneToUtc(rounded, context.timeZone);
  if (utc !== null) {
    const epoch = epochMicroseconds(utc);
    if (epoch >= TIMESTAMP_MIN && epoch <= TIMESTAMP_MAX) return dateTimeText(utc, fsp);
  }
  refuseTemporal(column, context, source);
  return zero;
}

export function storeTime(column: Of<'time'>, source: PresentValue, context: StoreContext): bigint {
  const parsed = readTime(source);
  if (parsed?.complete !== true) refuseTemporal(column, context, source);
  if (parsed === null) return 0n;
  return BigInt(clipTime(roundTime(parsed.microseconds, column.type.fsp), true).microseconds);
}

/** The moment that a value means, null after a refusal that was only a warning. */
function storedMoment(
  column: StoreColumn,
  source: PresentValue,
  context: StoreContext,
): Moment | null {
  const parsed = readMomentOf(source);
  if (parsed === null || !isAllowed(parsed.moment, context)) {
    refuseTemporal(column, context, source);
    return null;
  }
  if (!parsed.complete) refuseTemporal(column, context, source);
  return parsed.offsetMinutes === null ? parsed.moment : withoutOffset(parsed, context);
}

function isAllowed(moment: Moment, context: StoreContext): boolean {
  const zeroDates = context.zeroDates ?? !context.strict;
  return zeroDates || !(isZeroDate(moment) || hasOpenPart(moment));
}

/** A literal that names its zone means that moment, shown in the session's zone. */
function withoutOffset({ moment, offsetMinutes }: ParsedMoment, context: StoreContext): Moment {
  const shift = BigInt(offsetMinutes ?? 0) * 60n * BigInt(MICROSECONDS_PER_SECOND);
  const utc = momentOfEpoch(epochMicroseconds(moment) - shift);
  return (utc === null ? null : utcToZone(utc, context.timeZone)) ?? moment;
}

/** The moment of a value of any type but TIME; null where it is none. */
export function readMomentOf(source: PresentValue): ParsedMoment | null {
  const { type, value } = source;
  switch (type.kind) {
    case 'date':
    case 'datetime':
    case 'timestamp': {
      const hasTime = type.kind !== 'date';
      const moment = readMoment(String(value));
      return { moment, hasTime, complete: true, offsetMinutes: null };
    }
    case 'string':
    case 'binary':
    case 'enum':
    case 'set':
    case 'json':
      return parseMoment(sourceText(source));
    case 'integer':
    case 'decimal':
    case 'float':
    case 'double':
    case 'bit':
    case 'year':
      return momentOfNumeric(source);
    case 'time':
    case 'null':
      return null;
  }
}

/** A number's fraction is that of the second. */
function momentOfNumeric(source: PresentValue): ParsedMoment | null {
  const { number, microsecond } = splitNumber(source);
  const parsed = number === null || number < 0n ? null : momentOfNumber(number);
  return parsed === null ? null : { ...parsed, moment: { ...parsed.moment, microsecond } };
}

function splitNumber(source: PresentValue): { number: bigint | null; microsecond: number } {
  const value = readingToDecimal(sourceNumber(source));
  if (value === null) return { number: null, microsecond: 0 };
  const { unscaled, scale } = value;
  const unit = 10n ** BigInt(scale);
  const rest = unscaled < 0n ? -(unscaled % unit) : unscaled % unit;
  const microsecond = Number((rest * 1_000_000n) / unit);
  return { number: unscaled / unit, microsecond };
}

/** The time of day of a value of any type; null where it is none. */
export function readTime(source: PresentValue): ParsedTime | null {
  const { type, value } = source;
  switch (type.kind) {
    case 'time':
      return { microseconds: Number(value), complete: true };
    case 'date':
    case 'datetime':
    case 'timestamp': {
      const moment = readMoment(String(value));
      return { microseconds: microsecondsOfDay(moment), complete: true };
    }
    case 'string':
    case 'binary':
    case 'enum':
    case 'set':
    case 'json':
      return parseTime(sourceText(source));
    case 'integer':
    case 'decimal':
    case 'float':
    case 'double':
    case 'bit':
    case 'year':
      return timeOfNumeric(source);
    case 'null':
      return null;
  }
}

function timeOfNumeric(source: PresentValue): ParsedTime | null {
  const { number, microsecond } = splitNumber(source);
  const parsed = number === null ? null : timeOfNumber(number);
  if (parsed === null || !parsed.complete) return parsed;
  const fraction = number !== null && number < 0n ? -microsecond : microsecond;
  return { ...parsed, microseconds: parsed.microseconds + fraction };
}
