// A stored value as MySQL prints it: what the text protocol sends and what CAST AS CHAR gives.

import { must } from '#shared/assert.ts';
import type { ColumnType, StoredValue } from './column-type.ts';
import { decimalOfStored, formatDecimal, rescale } from './decimal.ts';
import { doubleText, fixedText, floatText } from './double-text.ts';
import { timeText } from './time-of-day.ts';
import { integerOfStored } from './unsigned-integer.ts';

/** Text, or bytes for binary and BIT. Timestamps come in UTC: `inTimeZone` first (time-zone.ts). */
export function formatValue(
  value: Exclude<StoredValue, null>,
  type: ColumnType,
): string | Uint8Array {
  switch (type.kind) {
    case 'integer':
      return integerOfStored(value).toString();
    case 'null':
    case 'string':
    case 'json':
    case 'date':
    case 'datetime':
    case 'timestamp':
      return String(value);
    case 'decimal':
      return formatDecimal(rescale(decimalOfStored(value, type), type.scale));
    case 'float':
      return floatText(Number(value));
    case 'double':
      return type.decimals === undefined
        ? doubleText(Number(value))
        : fixedText(Number(value), type.decimals);
    case 'bit':
      return bitBytes(integerOfStored(value), type.length);
    case 'year':
      return String(value).padStart(4, '0');
    case 'binary':
      return value as Uint8Array;
    case 'enum':
      return Number(value) === 0 ? '' : must(type.members[Number(value) - 1]);
    case 'set':
      return setText(integerOfStored(value), type.members);
    case 'time':
      return timeText(Number(value), type.fsp);
  }
}

/** The bits, most significant byte first, in as many bytes as the length needs. */
function bitBytes(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(length / 8));
  let rest = value;
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** The members whose bits are set, in their order: 'a,c'. */
function setText(mask: bigint, members: readonly string[]): string {
  return members.filter((_, i) => (mask >> BigInt(i)) & 1n).join(',');
}
