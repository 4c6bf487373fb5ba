// What a JSON document is like: its type, length, depth, place in an order, and its pretty text.

import {
  isJsonArray,
  isJsonObject,
  jsonString,
  jsonText,
  type JsonValue,
} from '#shared/sql/json-value.ts';
import { INT64_MAX } from '#shared/sql/unsigned-integer.ts';

export function jsonType(value: JsonValue): string {
  if (value === null) return 'NULL';
  switch (typeof value) {
    case 'boolean':
      return 'BOOLEAN';
    case 'bigint':
      return value > INT64_MAX ? 'UNSIGNED INTEGER' : 'INTEGER';
    case 'number':
      return 'DOUBLE';
    case 'string':
      return 'STRING';
    default:
      return isJsonArray(value) ? 'ARRAY' : 'OBJECT';
  }
}

/** Members or elements; 1 for a scalar. */
export function jsonLength(value: JsonValue): number {
  if (isJsonArray(value)) return value.length;
  return isJsonObject(value) ? value.size : 1;
}

/** 1 for a scalar or an empty container. */
export function jsonDepth(value: JsonValue): number {
  const children = isJsonArray(value) ? value : isJsonObject(value) ? [...value.values()] : [];
  return 1 + Math.max(0, ...children.map(jsonDepth));
}

/** Two spaces a level, as JSON_PRETTY has it. */
export function jsonPretty(value: JsonValue, indent: string): string {
  const inner = `${indent}  `;
  if (isJsonArray(value) && value.length > 0) {
    const items = value.map((item) => `${inner}${jsonPretty(item, inner)}`);
    return `[\n${items.join(',\n')}\n${indent}]`;
  }
  if (isJsonObject(value) && value.size > 0) {
    const members = [...value].map(
      ([key, item]) => `${inner}${jsonString(key)}: ${jsonPretty(item, inner)}`,
    );
    return `{\n${members.join(',\n')}\n${indent}}`;
  }
  return jsonText(value);
}

/** The order of JSON types: null, numbers, strings, objects, arrays, booleans. */
export function jsonSortKey(value: JsonValue): string {
  if (value === null) return '0';
  switch (typeof value) {
    case 'bigint':
    case 'number':
      return `1${doubleKey(Number(value))}`;
    case 'string':
      return `2${value}`;
    case 'boolean':
      return value ? '51' : '50';
    default:
      if (isJsonArray(value))
        return `4${value.map((item) => `${jsonSortKey(item)}\u0001`).join('')}`;
      return `3${jsonText(value)}`;
  }
}

/** The bits of a double, turned so that their hexadecimal digits sort as the numbers do. */
function doubleKey(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value === 0 ? 0 : value);
  const bits = view.getBigUint64(0);
  const sign = 1n << 63n;
  const turned = bits & sign ? BigInt.asUintN(64, ~bits) : bits | sign;
  return turned.toString(16).padStart(16, '0');
}
