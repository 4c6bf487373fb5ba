// A typed value read as another sort of value: as text, as a number, as a moment.

import type { ColumnType, StoredValue } from './column-type.ts';
import {
  decimal,
  decimalOfStored,
  decimalToDouble,
  formatDecimal,
  parseDecimal,
  type Decimal,
} from './decimal.ts';
import { formatValue } from './format-value.ts';
import { unquoteJson } from './json-text.ts';
import { MICROSECONDS_PER_SECOND } from './time-of-day.ts';
import { integerOfStored } from './unsigned-integer.ts';

/**
 * A value with its type: what a literal, a parameter or an expression gives. The value is in the
 * stored form of the type, so that 1, 1.0, 1e0 and '1' differ.
 */
export interface SourceValue {
  readonly type: ColumnType;
  readonly value: StoredValue;
}

/** A SourceValue that is not NULL. */
export interface PresentValue {
  readonly type: ColumnType;
  readonly value: Exclude<StoredValue, null>;
}

/** A number that was read: exact, or a double. */
export type NumberReading = {
  /** `none`: the text does not begin with a number. `part`: something follows it. */
  readonly read: 'whole' | 'part' | 'none';
} & (
  | { readonly kind: 'exact'; readonly value: Decimal }
  | { readonly kind: 'double'; readonly value: number }
);

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The value as MySQL prints it; bytes are read as UTF-8, and what is none becomes U+FFFD. */
export function sourceText(source: PresentValue): string {
  const printed = formatValue(source.value, source.type);
  return typeof printed === 'string' ? printed : decoder.decode(printed);
}

/** Bytes as text; null when they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return null;
  }
}

/** The value as bytes: of text its UTF-8. */
export function sourceBytes(source: PresentValue): Uint8Array {
  const printed = formatValue(source.value, source.type);
  return typeof printed === 'string' ? Buffer.from(printed) : printed;
}

/** The value as a number: of text the number that it begins with. */
export function sourceNumber(source: PresentValue): NumberReading {
  const { type, value } = source;
  switch (type.kind) {
    case 'integer':
    case 'bit':
    case 'year':
    case 'enum':
    case 'set':
      return exact(decimal(integerOfStored(value)));
    case 'decimal':
      return exact(decimalOfStored(value, type));
    case 'float':
    case 'double':
      return { kind: 'double', read: 'whole', value: Number(value) };
    case 'date':
    case 'datetime':
    case 'timestamp':
      return exact(momentNumber(String(value)));
    case 'time':
      return exact(timeNumber(Number(value)));
    case 'json':
      return readNumber(jsonNumberText(String(value)));
    case 'null':
    case 'string':
    case 'binary':
      return readNumber(sourceText(source));
  }
}

/** The number that a text begins with: exact without an exponent, else a double. */
export function readNumber(text: string): NumberReading {
  const match = /^\s*([+-]?(?:\d+\.?\d*|\.\d+))([eE][+-]?\d+)?/.exec(text);
  if (match === null) return { kind: 'exact', read: 'none', value: decimal(0n) };
  const [whole, digits = '', exponent] = match;
  const read = text.slice(whole.length).trim() === '' ? 'whole' : 'part';
  const value = exponent === undefined ? parseDecimal(digits) : null;
  if (value !== null) return { kind: 'exact', read, value };
  return { kind: 'double', read, value: Number(`${digits}${exponent}`) };
}

/** The reading as a double. */
export function readingToDouble(reading: NumberReading): number {
  return reading.kind === 'double' ? reading.value : decimalToDouble(reading.value);
}

/** The reading as an exact number; null for what is not finite. */
export function readingToDecimal(reading: NumberReading): Decimal | null {
  if (reading.kind === 'exact') return reading.value;
  return Number.isFinite(reading.value) ? parseDecimal(String(reading.value)) : null;
}

function exact(value: Decimal): NumberReading {
  return { kind: 'exact', read: 'whole', value };
}

/** '2024-01-05' is 20240105, '2024-01-05 12:00:00.5' is 20240105120000.5. */
function momentNumber(stored: string): Decimal {
  const digits = stored.replace(/[- :]/g, '');
  return parseDecimal(digits) ?? decimal(0n);
}

/** 12:30:00.5 is 123000.5. */
function timeNumber(microseconds: number): Decimal {
  const size = Math.abs(microseconds);
  const seconds = Math.floor(size / MICROSECONDS_PER_SECOND);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const whole = hours * 10_000 + minutes * 100 + (seconds % 60);
  const unscaled = BigInt(whole) * 1_000_000n + BigInt(size % MICROSECONDS_PER_SECOND);
  return { unscaled: microseconds < 0 ? -unscaled : unscaled, scale: 6 };
}

function jsonNumberText(json: string): string {
  if (json === 'true') return '1';
  if (json === 'false') return '0';
  return unquoteJson(json);
}

/** The value as an error's sentence shows it. */
export function sourceForMessage(source: PresentValue): string {
  if (source.type.kind === 'decimal') {
    return formatDecimal(decimalOfStored(source.value, source.type));
  }
  return sourceText(source);
}
