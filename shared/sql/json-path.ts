// JSON paths: '$.a[0]."b c"', with * and ** and ranges, over JSON documents.

import { databaseError } from '#shared/error.ts';
import { isJsonArray, isJsonObject, type JsonValue } from './json-value.ts';

/** One step of a path. An index counts from the end when `last` is true. */
export type JsonStep =
  | { readonly kind: 'member'; readonly key: string }
  | { readonly kind: 'anyMember' }
  | { readonly kind: 'element'; readonly index: number; readonly last: boolean }
  | { readonly kind: 'anyElement' }
  | { readonly kind: 'range'; readonly from: Bound; readonly to: Bound }
  | { readonly kind: 'anyDepth' };

interface Bound {
  readonly index: number;
  readonly last: boolean;
}

export type JsonPath = readonly JsonStep[];

/** The steps of a path. Throws invalidJsonPath. */
export function parseJsonPath(text: string): JsonPath {
  const source = text.trim();
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const sticky = new RegExp(pattern.source, `${pattern.flags}y`);
    sticky.lastIndex = at;
    const match = sticky.exec(source);
    if (match !== null) at += match[0].length;
    return match;
  };
  if (take(/\$\s*/) === null) throw databaseError('invalidJsonPath', { position: 1 });
  const steps: JsonStep[] = [];
  while (at < source.length) {
    const step = readStep(take);
    if (step === null) throw databaseError('invalidJsonPath', { position: at + 1 });
    steps.push(step);
  }
  if (steps.at(-1)?.kind === 'anyDepth') throw databaseError('invalidJsonPath', { position: at });
  return steps;
}

function readStep(take: (pattern: RegExp) => RegExpExecArray | null): JsonStep | null {
  if (take(/\*\*\s*/) !== null) return { kind: 'anyDepth' };
  if (take(/\.\s*\*\s*/) !== null) return { kind: 'anyMember' };
  const quoted = take(/\.\s*("(?:[^"\\]|\\.)*")\s*/)?.[1];
  if (quoted !== undefined) return { kind: 'member', key: JSON.parse(quoted) as string };
  const name = take(/\.\s*([\p{L}_$][\p{L}\p{N}_$]*|[^\s.[\]"*\x00-\x2f:-@]+)\s*/u)?.[1];
  if (name !== undefined) return { kind: 'member', key: name };
  if (take(/\[\s*\*\s*\]\s*/) !== null) return { kind: 'anyElement' };
  const bound = '(?:(\\d+)|last(?:\\s*-\\s*(\\d+))?)';
  const range = take(new RegExp(`\\[\\s*${bound}\\s+to\\s+${bound}\\s*\\]\\s*`));
  if (range !== null) {
    return { kind: 'range', from: boundOf(range[1], range[2]), to: boundOf(range[3], range[4]) };
  }
  const element = take(new RegExp(`\\[\\s*${bound}\\s*\\]\\s*`));
  return element === null ? null : { kind: 'element', ...boundOf(element[1], element[2]) };
}

function boundOf(index: string | undefined, fromLast: string | undefined): Bound {
  if (index !== undefined) return { index: Number(index), last: false };
  return { index: Number(fromLast ?? 0), last: true };
}

/** True when the path can name several values. */
export function isMultiple(path: JsonPath): boolean {
  return path.some(({ kind }) => kind !== 'member' && kind !== 'element');
}

/** All values that the path names, in the order of the document. */
export function select(document: JsonValue, path: JsonPath): JsonValue[] {
  return locate(document, path).map(({ value }) => value);
}

/** A value of a document and the single path to it. */
export interface Located {
  readonly value: JsonValue;
  readonly path: JsonPath;
}

/** As `select`, with the path of each. */
export function locate(document: JsonValue, path: JsonPath): Located[] {
  let found: Located[] = [{ value: document, path: [] }];
  for (const step of path) {
    const next = found.flatMap((from) => follow(from, step));
    found = step.kind === 'anyDepth' ? distinct(next) : next;
  }
  return found;
}

/** Overlapping ** lead to the same value twice. */
function distinct(found: readonly Located[]): Located[] {
  const seen = new Map(found.map((item) => [pathText(item.path), item]));
  return [...seen.values()];
}

function follow(from: Located, step: JsonStep): Located[] {
  const { value } = from;
  switch (step.kind) {
    case 'member': {
      const member = isJsonObject(value) ? value.get(step.key) : undefined;
      return member === undefined ? [] : [child(from, step, member)];
    }
    case 'anyMember':
      return isJsonObject(value) ? members(from, value) : [];
    case 'anyElement':
      return isJsonArray(value) ? elements(from, value, 0, value.length - 1) : [];
    case 'element':
    case 'range':
      return followIndexes(from, step);
    case 'anyDepth':
      return descend(from);
  }
}

/** A value that is no array counts as an array of itself. */
function followIndexes(
  from: Located,
  step: Extract<JsonStep, { kind: 'element' | 'range' }>,
): Located[] {
  const { value } = from;
  const items = isJsonArray(value) ? value : [value];
  const [low, high] = step.kind === 'element' ? [step, step] : [step.from, step.to];
  const first = positionOf(low, items.length);
  const last = positionOf(high, items.length);
  if (!isJsonArray(value)) return first <= 0 && last >= 0 ? [from] : [];
  if (step.kind === 'element' && (first < 0 || first >= items.length)) return [];
  return elements(from, value, Math.max(0, first), Math.min(items.length - 1, last));
}

/** The index that a bound means in an array of that length; it may lie outside. */
export function positionOf(bound: Bound, length: number): number {
  return bound.last ? length - 1 - bound.index : bound.index;
}

function child(from: Located, step: JsonStep, value: JsonValue): Located {
  return { value, path: [...from.path, step] };
}

function members(from: Located, object: ReadonlyMap<string, JsonValue>): Located[] {
  return [...object].map(([key, value]) => child(from, { kind: 'member', key }, value));
}

function elements(
  from: Located,
  array: readonly JsonValue[],
  ...[first, last]: [number, number]
): Located[] {
  const found: Located[] = [];
  for (let index = first; index <= last; index++) {
    found.push(child(from, { kind: 'element', index, last: false }, array[index] ?? null));
  }
  return found;
}

function descend(from: Located): Located[] {
  const { value } = from;
  const children = isJsonArray(value)
    ? elements(from, value, 0, value.length - 1)
    : isJsonObject(value)
      ? members(from, value)
      : [];
  return [from, ...children.flatMap(descend)];
}

/** The text of a single path: '$.a[0]'. */
export function pathText(path: JsonPath): string {
  return path.reduce((text, step) => {
    if (step.kind === 'element') return `${text}[${step.index}]`;
    if (step.kind !== 'member') return text;
    const isPlain = /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(step.key);
    return `${text}.${isPlain ? step.key : JSON.stringify(step.key)}`;
  }, '$');
}
