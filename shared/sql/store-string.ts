// Values stored in columns of characters and bytes: strings, BINARY, ENUM, SET and JSON.

import { databaseError } from '#shared/error.ts';
import { collationKey } from './collation.ts';
import type { Collation, ColumnType } from './column-type.ts';
import { toJsonValue } from './json-of-value.ts';
import { jsonText, parseJson } from './json-value.ts';
import {
  decodeUtf8,
  readNumber,
  sourceBytes,
  sourceText,
  type PresentValue,
} from './source-value.ts';
import {
  noteTruncated,
  refuseLength,
  refuseTruncated,
  refuseValue,
  type StoreColumn,
  type StoreColumnOf,
  type StoreContext,
} from './store-context.ts';
import { storedInteger } from './unsigned-integer.ts';

export function storeString(
  column: StoreColumnOf<'string'>,
  source: PresentValue,
  context: StoreContext,
): string {
  const { form, length } = column.type;
  const text = checkedText(column, source, context);
  const inCharacters = form === 'char' || form === 'varchar';
  const fitting = inCharacters ? cutCharacters(text, length) : cutBytes(text, length);
  if (fitting.length < text.length) {
    // Spaces beyond the end are lost without an error.
    if (!/^ *$/.test(text.slice(fitting.length)) || !inCharacters) refuseLength(column, context);
    else if (form === 'varchar') noteTruncated(column, context);
  }
  return form === 'char' ? fitting.replace(/ +$/, '') : fitting;
}

/** The text of any value; bytes that are not UTF-8 are 1366. */
function checkedText(column: StoreColumn, source: PresentValue, context: StoreContext): string {
  if (source.type.kind !== 'binary') return sourceText(source);
  const bytes = sourceBytes(source);
  const text = decodeUtf8(bytes);
  if (text !== null) return text;
  const value = Array.from(bytes.subarray(0, 6), escapeByte).join('');
  refuseValue(column, context, { type: 'string', value });
  return sourceText(source);
}

function escapeByte(byte: number): string {
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** At most so many characters (code points). */
export function cutCharacters(text: string, length: number): string {
  if (text.length <= length) return text;
  let at = 0;
  for (let count = 0; count < length && at < text.length; count++) {
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, at);
}

/** At most so many bytes of UTF-8, and no half character. */
function cutBytes(text: string, length: number): string {
  if (text.length * 3 <= length) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= length) return text;
  let end = length;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

/** BINARY is filled up with zero bytes. */
export function storeBinary(
  column: StoreColumnOf<'binary'>,
  source: PresentValue,
  context: StoreContext,
): Uint8Array {
  const { form, length } = column.type;
  const bytes = sourceBytes(source);
  if (bytes.length > length) {
    refuseLength(column, context);
    return bytes.slice(0, length);
  }
  if (form !== 'binary' || bytes.length === length) return bytes;
  const filled = new Uint8Array(length);
  filled.set(bytes);
  return filled;
}

/** By the member's name, else by its number. 0 is the error value. */
export function storeEnum(
  column: StoreColumnOf<'enum'>,
  source: PresentValue,
  context: StoreContext,
): bigint {
  const { members, collation } = column.type;
  if (isNumeric(source)) {
    const ordinal = Math.trunc(Number(sourceText({ ...source, type: numericType(source) })));
    if (ordinal >= 1 && ordinal <= members.length) return BigInt(ordinal);
  } else {
    const text = sourceText(source);
    const named = memberIndex(text, members, collation);
    if (named >= 0) return BigInt(named + 1);
    const ordinal = /^\d+$/.test(text) ? Number(text) : 0;
    if (ordinal >= 1 && ordinal <= members.length) return BigInt(ordinal);
  }
  refuseTruncated(column, context);
  return 0n;
}

/** By names with commas between them, else by the mask. */
export function storeSet(
  column: StoreColumnOf<'set'>,
  source: PresentValue,
  context: StoreContext,
): bigint | Uint8Array {
  const { members, collation } = column.type;
  const all = (1n << BigInt(members.length)) - 1n;
  const text = sourceText(isNumeric(source) ? { ...source, type: numericType(source) } : source);
  if (text === '') return 0n;
  if (!isNumeric(source)) {
    const indexes = text.split(',').map((name) => memberIndex(name, members, collation));
    const known = indexes.filter((index) => index >= 0);
    const mask = known.reduce((bits, index) => bits | (1n << BigInt(index)), 0n);
    if (known.length === indexes.length) return storedInteger(mask);
    if (!/^\d+$/.test(text)) {
      refuseTruncated(column, context);
      return storedInteger(mask);
    }
  }
  const reading = readNumber(text);
  const mask = reading.kind === 'exact' && reading.value.scale === 0 ? reading.value.unscaled : -1n;
  if (mask >= 0n && mask <= all) return storedInteger(mask);
  refuseTruncated(column, context);
  return storedInteger(mask & all);
}

/** A SET or ENUM among the sources is a name and no number. */
function isNumeric({ type }: PresentValue): boolean {
  const numeric: readonly ColumnType['kind'][] = [
    'integer',
    'decimal',
    'float',
    'double',
    'bit',
    'year',
  ];
  return numeric.includes(type.kind);
}

/** BIT prints bytes: as a number it is an integer. */
function numericType({ type }: PresentValue): ColumnType {
  return type.kind === 'bit' ? { kind: 'integer', bits: 64, unsigned: true } : type;
}

function memberIndex(text: string, members: readonly string[], collation: Collation): number {
  const exact = members.indexOf(text);
  if (exact >= 0) return exact;
  const key = collationKey(text, collation);
  return members.findIndex((member) => collationKey(member, collation) === key);
}

/** Text is parsed and normalised; a value of any other type becomes the JSON of that value. */
export function storeJson(source: PresentValue): string {
  if (source.type.kind === 'json') return String(source.value);
  if (source.type.kind === 'string') return jsonText(parseJson(String(source.value)));
  if (source.type.kind === 'binary') {
    const text = decodeUtf8(sourceBytes(source));
    if (text === null) {
      throw databaseError('invalidJson', { reason: 'Invalid encoding in string.', position: 0 });
    }
    return jsonText(parseJson(text));
  }
  return jsonText(toJsonValue(source));
}
