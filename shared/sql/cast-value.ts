// CAST and implicit conversion: what does not fit is cut or clipped, and a bad moment is NULL.

import { databaseError } from '#shared/error.ts';
import type { ColumnType, StoredValue } from './column-type.ts';
import { decodeUtf8, sourceBytes, sourceText, type PresentValue } from './source-value.ts';
import { integerRange, roundReading } from './store-number.ts';
import { cutCharacters } from './store-string.ts';
import { readMomentOf, readTime } from './store-temporal.ts';
import { sourceNumber } from './source-value.ts';
import { storeValue } from './store-value.ts';
import { dateText, dateTimeText, hasOpenPart, roundMoment, roundTime } from './temporal.ts';
import { clipTime } from './temporal-literal.ts';
import { zoneToUtc, type TimeZone } from './time-zone.ts';
import { INT64_MIN, UINT64_MAX, storedInteger } from './unsigned-integer.ts';

/** The value as one of the type; in `zone` where that is a TIMESTAMP. */
export function castValue(source: PresentValue, to: ColumnType, zone: TimeZone): StoredValue {
  switch (to.kind) {
    case 'integer':
      return castInteger(source, to);
    case 'string':
      return castText(source, to.length);
    case 'binary':
      return castBytes(source, to);
    case 'date':
    case 'datetime':
    case 'timestamp':
      return castMoment(source, to, zone);
    case 'time': {
      const parsed = readTime(source);
      if (parsed === null) return null;
      return BigInt(clipTime(roundTime(parsed.microseconds, to.fsp), true).microseconds);
    }
    default:
      return storeValue({ name: 'CAST', type: to, nullable: true }, source, {
        row: 1,
        strict: false,
        timeZone: zone,
        warn: () => undefined,
      });
  }
}

/** Of a text the whole number that it begins with; other numbers are rounded. */
function castInteger(
  source: PresentValue,
  to: Extract<ColumnType, { kind: 'integer' }>,
): bigint | Uint8Array {
  const { min, max } = integerRange(to);
  const isWhole = isText(source) || isInteger(source);
  const value = isText(source) ? integerPrefix(sourceText(source)) : roundedNumber(source);
  if (isWhole && to.bits === 64) return storedInteger(complement(value, to.unsigned));
  // MySQL's versions differ in what a negative decimal or double AS UNSIGNED is.
  if (value < min && to.unsigned) {
    throw databaseError('valueOutOfRange', { type: 'BIGINT UNSIGNED', expression: 'cast' });
  }
  return storedInteger(clip(value, min, max));
}

/** A negative number AS UNSIGNED is its two's complement, as is one above 2^63-1 AS SIGNED. */
function complement(value: bigint, unsigned: boolean): bigint {
  const held = clip(value, INT64_MIN, UINT64_MAX);
  return unsigned ? BigInt.asUintN(64, held) : BigInt.asIntN(64, held);
}

/** A number rounded, and brought within what 64 bits hold with a sign or without. */
export function nearestInteger(source: PresentValue): bigint {
  return clip(roundedNumber(source), INT64_MIN, UINT64_MAX);
}

function clip(value: bigint, min: bigint, max: bigint): bigint {
  return value < min ? min : value > max ? max : value;
}

function isInteger({ type }: PresentValue): boolean {
  return ['integer', 'bit', 'year', 'enum', 'set'].includes(type.kind);
}

function isText({ type }: PresentValue): boolean {
  return type.kind === 'string' || type.kind === 'binary';
}

/** CAST(text AS SIGNED): '12abc' and '12.9' are 12, 'abc' is 0. */
export function integerPrefix(text: string): bigint {
  return BigInt(/^\s*([+-]?\d+)/.exec(text)?.[1]?.replace('+', '') ?? '0');
}

function roundedNumber(source: PresentValue): bigint {
  const reading = sourceNumber(source);
  const rounded = roundReading(reading);
  if (rounded !== null) return rounded;
  return Number(reading.value) > 0 ? UINT64_MAX : INT64_MIN;
}

function castText(source: PresentValue, length: number): string | null {
  if (source.type.kind !== 'binary') return cutCharacters(sourceText(source), length);
  const text = decodeUtf8(sourceBytes(source));
  return text === null ? null : cutCharacters(text, length);
}

function castBytes(source: PresentValue, to: Extract<ColumnType, { kind: 'binary' }>): Uint8Array {
  const bytes = sourceBytes(source);
  if (bytes.length > to.length) return bytes.slice(0, to.length);
  if (to.form !== 'binary' || bytes.length === to.length) return bytes;
  const filled = new Uint8Array(to.length);
  filled.set(bytes);
  return filled;
}

function castMoment(
  source: PresentValue,
  to: Extract<ColumnType, { kind: 'date' | 'datetime' | 'timestamp' }>,
  zone: TimeZone,
): string | null {
  const parsed = readMomentOf(source);
  if (parsed === null) return null;
  const isStored = ['date', 'datetime', 'timestamp'].includes(source.type.kind);
  if (!isStored && hasOpenPart(parsed.moment)) return null;
  if (to.kind === 'date') return dateText(parsed.moment);
  const rounded = roundMoment(parsed.moment, to.fsp);
  if (rounded === null) return null;
  const moment = to.kind === 'timestamp' ? zoneToUtc(rounded, zone) : rounded;
  return moment === null ? null : dateTimeText(moment, to.fsp);
}
