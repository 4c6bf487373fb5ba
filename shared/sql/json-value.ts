// JSON documents as MySQL has them: parsed, normalised and printed.
//
// Normalised: no key twice (the last one stays), keys by length and then by their bytes, one
// space after ',' and ':'. A JSON column holds this text.

import { databaseError } from '#shared/error.ts';
import { doubleText } from './double-text.ts';
import { INT64_MIN, UINT64_MAX } from './unsigned-integer.ts';

/** A whole number is a `bigint`, any other a `number`. The keys of an object are in their order. */
export type JsonValue = null | boolean | bigint | number | string | JsonArray | JsonObject;
export type JsonArray = readonly JsonValue[];
export type JsonObject = ReadonlyMap<string, JsonValue>;

/** Deeper documents are refused. */
const DEPTH_MAX = 100;

/** Parses any JSON text. Throws invalidJson. */
export function parseJson(text: string): JsonValue {
  const reader = new JsonReader(text);
  return reader.document();
}

/** As parseJson; undefined for what is not JSON. */
export function tryParseJson(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** The document as its normalised text. */
export function jsonText(value: JsonValue): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      return jsonDouble(value);
    case 'string':
      return jsonString(value);
    default:
      if (isJsonArray(value)) return `[${value.map(jsonText).join(', ')}]`;
      return `{${[...value].map(([k, v]) => `${jsonString(k)}: ${jsonText(v)}`).join(', ')}}`;
  }
}

/** An object whose keys are in their order. */
export function jsonObject(entries: Iterable<readonly [string, JsonValue]>): JsonObject {
  const last = new Map<string, JsonValue>();
  for (const [key, value] of entries) last.set(key, value);
  return new Map([...last].sort(([a], [b]) => compareKeys(a, b)));
}

export function isJsonArray(value: JsonValue): value is JsonArray {
  return Array.isArray(value);
}

export function isJsonObject(value: JsonValue): value is JsonObject {
  return value instanceof Map;
}

/** The text in quotes, with what JSON must escape escaped. */
export function jsonString(text: string): string {
  return JSON.stringify(text);
}

/** A double keeps a sign that it is one: 1.0 and not 1. */
function jsonDouble(value: number): string {
  const text = doubleText(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function compareKeys(a: string, b: string): number {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length ? left.compare(right) : left.length - right.length;
}

class JsonReader {
  #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonValue {
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) {
      this.#fail('The document root must not be followed by other values.');
    }
    return value;
  }

  #value(depth: number): JsonValue {
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth + 1);
      case '[':
        return this.#array(depth + 1);
      case '"':
        return this.#string();
      case undefined:
        return this.#fail('The document is empty.');
      default:
        return this.#word();
    }
  }

  #object(depth: number): JsonObject {
    this.#enter(depth);
    const entries: [string, JsonValue][] = [];
    if (this.#take('}')) return new Map();
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') this.#fail('Missing a name for object member.');
      const key = this.#string();
      if (!this.#take(':')) this.#fail('Missing a colon after a name of object member.');
      entries.push([key, this.#value(depth)]);
    } while (this.#take(','));
    if (!this.#take('}')) this.#fail('Missing a comma or } after an object member.');
    return jsonObject(entries);
  }

  #array(depth: number): JsonArray {
    this.#enter(depth);
    const items: JsonValue[] = [];
    if (this.#take(']')) return items;
    do items.push(this.#value(depth));
    while (this.#take(','));
    if (!this.#take(']')) this.#fail('Missing a comma or ] after an array element.');
    return items;
  }

  #enter(depth: number): void {
    if (depth > DEPTH_MAX) this.#fail('The JSON document exceeds the maximum depth.');
    this.#at++;
  }

  #string(): string {
    const pattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return this.#fail('Missing a closing quotation mark in string.');
    this.#at += match[0].length;
    return JSON.parse(match[0]) as string;
  }

  #word(): JsonValue {
    const pattern = /true|false|null|-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return this.#fail('Invalid value.');
    this.#at += match[0].length;
    const [word, fraction, exponent] = match;
    if (word === 'true') return true;
    if (word === 'false') return false;
    if (word === 'null') return null;
    if (fraction === undefined && exponent === undefined) {
      const whole = BigInt(word);
      // Greater ones than BIGINT UNSIGNED holds are doubles.
      if (whole >= INT64_MIN && whole <= UINT64_MAX) return whole;
    }
    const double = Number(word);
    return Number.isFinite(double) ? double : this.#fail('Number too big to be stored in double.');
  }

  #take(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? '-')) this.#at++;
  }

  #fail(reason: string): never {
    throw databaseError('invalidJson', { reason, position: this.#at });
  }
}
