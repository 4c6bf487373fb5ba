// JSON documents changed at a path, compared, merged and searched.

import { compareStrings } from './collation.ts';
import { positionOf, type JsonPath, type JsonStep } from './json-path.ts';
import {
  isJsonArray,
  isJsonObject,
  jsonObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from './json-value.ts';

/** set: there or not. insert: only where there is nothing. replace: only where there is. */
export type ChangeMode = 'set' | 'insert' | 'replace';

/** The document with the value at the path: JSON_SET, JSON_INSERT, JSON_REPLACE. */
export function changeAt(
  document: JsonValue,
  path: JsonPath,
  ...[value, mode]: [JsonValue, ChangeMode]
): JsonValue {
  const [step, ...rest] = path;
  if (step === undefined) return mode === 'insert' ? document : value;
  const change = (inner: JsonValue) => changeAt(inner, rest, value, mode);
  if (step.kind === 'member') return changeMember(document, step, { change, mode, rest, value });
  return step.kind === 'element'
    ? changeElement(document, step, { change, mode, rest, value })
    : document;
}

interface Change {
  readonly change: (inner: JsonValue) => JsonValue;
  readonly mode: ChangeMode;
  readonly rest: JsonPath;
  readonly value: JsonValue;
}

function changeMember(
  document: JsonValue,
  step: Extract<JsonStep, { kind: 'member' }>,
  { change, mode, rest, value }: Change,
): JsonValue {
  if (!isJsonObject(document)) return document;
  const member = document.get(step.key);
  if (member !== undefined) return jsonObject([...document, [step.key, change(member)]]);
  if (rest.length > 0 || mode === 'replace') return document;
  return jsonObject([...document, [step.key, value]]);
}

/** Beyond the end a value is appended; a value that is no array becomes the first of one. */
function changeElement(
  document: JsonValue,
  step: Extract<JsonStep, { kind: 'element' }>,
  { change, mode, rest, value }: Change,
): JsonValue {
  const isArray = isJsonArray(document);
  const items: JsonArray = isArray ? document : [document];
  const index = positionOf(step, items.length);
  if (index >= 0 && index < items.length) {
    const changed = change(items[index] ?? null);
    return isArray ? items.with(index, changed) : changed;
  }
  if (rest.length > 0 || mode === 'replace') return document;
  return index < 0 ? [value, ...items] : [...items, value];
}

/** The document without what is at the path: JSON_REMOVE. */
export function removeAt(document: JsonValue, path: JsonPath): JsonValue {
  const [step, ...rest] = path;
  if (step?.kind === 'member' && isJsonObject(document)) {
    const member = document.get(step.key);
    if (member === undefined) return document;
    if (rest.length > 0) return jsonObject([...document, [step.key, removeAt(member, rest)]]);
    return jsonObject([...document].filter(([key]) => key !== step.key));
  }
  if (step?.kind === 'element' && isJsonArray(document)) {
    const index = positionOf(step, document.length);
    if (index < 0 || index >= document.length) return document;
    if (rest.length > 0) return document.with(index, removeAt(document[index] ?? null, rest));
    return document.toSpliced(index, 1);
  }
  return document;
}

/** JSON_ARRAY_INSERT: before the element that the path names. */
export function insertBefore(document: JsonValue, path: JsonPath, value: JsonValue): JsonValue {
  const last = path.at(-1);
  if (last?.kind !== 'element') return document;
  return updateAt(document, path.slice(0, -1), (array) => {
    if (!isJsonArray(array)) return array;
    const index = Math.max(0, Math.min(array.length, positionOf(last, array.length)));
    return array.toSpliced(index, 0, value);
  });
}

/** The document with what is at the path changed by `change`; nothing there, nothing changed. */
export function updateAt(
  document: JsonValue,
  path: JsonPath,
  change: (value: JsonValue) => JsonValue,
): JsonValue {
  const [step, ...rest] = path;
  if (step === undefined) return change(document);
  if (step.kind === 'member' && isJsonObject(document)) {
    const member = document.get(step.key);
    if (member === undefined) return document;
    return jsonObject([...document, [step.key, updateAt(member, rest, change)]]);
  }
  if (step.kind !== 'element') return document;
  if (!isJsonArray(document)) {
    return positionOf(step, 1) === 0 ? updateAt(document, rest, change) : document;
  }
  const index = positionOf(step, document.length);
  const item = document[index];
  return item === undefined ? document : document.with(index, updateAt(item, rest, change));
}

/** JSON_MERGE_PATCH (RFC 7396). */
export function mergePatch(document: JsonValue, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const merged = new Map<string, JsonValue>(isJsonObject(document) ? document : []);
  for (const [key, value] of patch) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key) ?? null, value));
  }
  return jsonObject(merged);
}

/** JSON_MERGE_PRESERVE: arrays are joined, members merged, everything else becomes an array. */
export function mergePreserve(a: JsonValue, b: JsonValue): JsonValue {
  if (isJsonObject(a) && isJsonObject(b)) {
    const merged = new Map<string, JsonValue>(a);
    for (const [key, value] of b) {
      const present = merged.get(key);
      merged.set(key, present === undefined ? value : mergePreserve(present, value));
    }
    return jsonObject(merged);
  }
  return [...asArray(a), ...asArray(b)];
}

function asArray(value: JsonValue): JsonArray {
  return isJsonArray(value) ? value : [value];
}

/** Numbers are equal by value, objects whatever the order of their keys. */
function jsonEqual(a: JsonValue, b: JsonValue): boolean {
  if (isNumber(a) && isNumber(b)) return a == b;
  if (isJsonArray(a) && isJsonArray(b)) {
    return a.length === b.length && a.every((item, i) => jsonEqual(item, b[i] ?? null));
  }
  if (isJsonObject(a) && isJsonObject(b)) {
    return a.size === b.size && [...a].every(([key, value]) => hasEqual(b, key, value));
  }
  if (typeof a === 'string' && typeof b === 'string') {
    return compareStrings(a, b, 'binary') === 0;
  }
  return a === b;
}

function hasEqual(object: JsonObject, key: string, value: JsonValue): boolean {
  const other = object.get(key);
  return other !== undefined && jsonEqual(value, other);
}

function isNumber(value: JsonValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** JSON_CONTAINS: every element or member of the candidate is somewhere in the target. */
export function jsonContains(target: JsonValue, candidate: JsonValue): boolean {
  if (isJsonArray(target)) {
    if (isJsonArray(candidate)) return candidate.every((item) => jsonContains(target, item));
    return target.some((item) => jsonContains(item, candidate));
  }
  if (isJsonObject(target) && isJsonObject(candidate)) {
    return [...candidate].every(([key, value]) => {
      const member = target.get(key);
      return member !== undefined && jsonContains(member, value);
    });
  }
  return jsonEqual(target, candidate);
}

/** JSON_OVERLAPS: an element, or a member with its value, in common. */
export function jsonOverlaps(a: JsonValue, b: JsonValue): boolean {
  if (isJsonObject(a) && isJsonObject(b)) {
    return [...a].some(([key, value]) => hasEqual(b, key, value));
  }
  if (isJsonArray(a) || isJsonArray(b)) {
    return asArray(a).some((left) => asArray(b).some((right) => jsonEqual(left, right)));
  }
  return jsonEqual(a, b);
}
