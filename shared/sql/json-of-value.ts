// A typed SQL value as a JSON value: what JSON_ARRAY and JSON_OBJECT put in.

import { decimalOfStored, decimalToDouble } from './decimal.ts';
import { parseJson, type JsonValue } from './json-value.ts';
import { sourceBytes, sourceText, type PresentValue } from './source-value.ts';
import { dateTimeText, readMoment } from './temporal.ts';
import { timeText } from './time-of-day.ts';
import { integerOfStored } from './unsigned-integer.ts';

/** Digits of the fraction that a moment has in JSON. */
const JSON_FSP = 6;

/** Numbers stay numbers, JSON stays what it is, everything else is a JSON string. */
export function toJsonValue(source: PresentValue): JsonValue {
  const { type, value } = source;
  switch (type.kind) {
    case 'null':
      return null;
    case 'integer':
      return type.boolean === true ? Number(value) !== 0 : integerOfStored(value);
    case 'year':
      return BigInt(value as bigint | number);
    case 'decimal':
      return decimalToDouble(decimalOfStored(value, type));
    case 'float':
    case 'double':
      return Number(value);
    case 'json':
      return parseJson(String(value));
    case 'datetime':
    case 'timestamp':
      return dateTimeText(readMoment(String(value)), JSON_FSP);
    case 'time':
      return timeText(Number(value), JSON_FSP);
    case 'binary':
    case 'bit': {
      const prefix = type.kind === 'bit' ? 'type16' : 'type15';
      const bytes = Buffer.from(sourceBytes(source));
      return `base64:${prefix}:${bytes.toString('base64')}`;
    }
    case 'string':
    case 'enum':
    case 'set':
    case 'date':
      return sourceText(source);
  }
}
